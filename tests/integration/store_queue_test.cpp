// The delivery queue: order per unit, leases, dead letters, several workers at once.

#include "tests/support/store.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

namespace {

using namespace std::chrono_literals;
using dossier::State;
using support::Gateway;
using support::PlainDossier;
using support::soon;

class StoreQueue : public testing::Test {
protected:
    StoreQueue() : gateway_{config()} { support::Database::shared().reset(); }
    static store::StoreConfig config()
    {
        store::StoreConfig out;
        out.database_url = support::Database::shared().url();
        return out;
    }
    void add(std::string const& key, std::string const& unit, std::string const& agency = "00108", std::string const& body = "<Hoso/>")
    {
        auto const stored = support::run_task(
            context_, gateway_.journal.accept_row(support::row_of({.key = key, .body = body, .agency = agency, .unit = unit}), soon()));
        ASSERT_TRUE(stored.has_value()) << stored.error().detail;
    }
    std::vector<store::Claim> claim(std::string const& worker, std::size_t rows = 100, std::size_t bytes = 1u << 20, std::chrono::seconds lease = 60s)
    {
        auto claims = support::run_task(context_, gateway_.queue.claim(worker, rows, bytes, lease, now_, soon()));
        EXPECT_TRUE(claims.has_value());
        return claims.has_value() ? *claims : std::vector<store::Claim>{};
    }
    static std::vector<std::string> keys(std::vector<store::Claim> const& claims)
    {
        std::vector<std::string> out;
        for (auto const& one : claims) out.push_back(one.idempotency_key);
        return out;
    }
    void settle(std::string const& worker, store::Claim const& one, State state, std::chrono::seconds in = 0s, std::string const& reason = "")
    {
        store::Settlement settlement;
        settlement.sequence = one.sequence;
        settlement.dossier_id = one.dossier_id;
        settlement.state = state;
        settlement.due_at = now_ + in;
        settlement.http_status = 503;
        settlement.reason = reason;
        EXPECT_TRUE(support::run_task(context_, gateway_.queue.settle(worker, {settlement}, soon())).has_value());
    }
    store::QueueDepth depth() { return *support::run_task(context_, gateway_.queue.depth(now_, soon())); }
    std::string delivery(std::string const& key)
    {
        auto const view = support::run_task(context_, gateway_.archive.by_key("THAISON", key, soon()));
        return view.has_value() ? view->delivery : "nothing";
    }

    net::io_context context_{1};
    Gateway gateway_;
    runtime::Instant now_ = std::chrono::system_clock::now() + 1s;
};

using Keys = std::vector<std::string>;

TEST_F(StoreQueue, HandsOverWhatWasStoredWithEverythingTheBackendNeeds)
{
    add("a", "TA1", "07906", "<Hoso>Đủ</Hoso>");
    auto const claims = claim("w");
    ASSERT_EQ(claims.size(), 1u);
    auto const& one = claims[0];
    EXPECT_EQ(one.body, "<Hoso>Đủ</Hoso>");
    EXPECT_EQ(one.case_code, "00001.G/2026/07906");
    EXPECT_EQ(one.unit_code, "TA1");
    EXPECT_EQ(one.agency, "07906");
    EXPECT_EQ(one.provider, "THAISON");
    EXPECT_EQ(one.procedure, "600");
    EXPECT_EQ(one.idempotency_key, "a");
    EXPECT_EQ(one.attempts, 0u);
    EXPECT_EQ(one.content_sha256, signing::hex(signing::sha256(one.body)));
    EXPECT_EQ(one.trace_id, std::string(32, 'a'));
    EXPECT_EQ(one.received_at, PlainDossier{}.at);
}

TEST_F(StoreQueue, ClaimsOnlyTheOldestOfEachUnit)
{
    for (auto const* key : {"a1", "a2", "a3"}) add(key, "A");
    add("b1", "B");
    add("x1", "A", "07906");  // the same unit code elsewhere is another unit
    auto const first = claim("w");
    EXPECT_EQ(keys(first), (Keys{"a1", "b1", "x1"}));
    EXPECT_TRUE(claim("w").empty()) << "nothing else of these units while they are in flight";
    settle("w", first[0], State::delivered);
    EXPECT_EQ(keys(claim("w")), Keys{"a2"});
}

TEST_F(StoreQueue, ADeferredDossierBlocksItsUnitAndNoOther)
{
    add("a1", "A");
    add("a2", "A");
    auto const first = claim("w");
    settle("w", first[0], State::deferred, 30s);
    EXPECT_TRUE(claim("w").empty());
    EXPECT_EQ(delivery("a1"), "deferred");
    EXPECT_EQ(delivery("a2"), "stored");
    add("b1", "B");
    EXPECT_EQ(keys(claim("w")), Keys{"b1"});
    now_ += 31s;
    auto const again = claim("w");
    ASSERT_EQ(keys(again), Keys{"a1"});
    EXPECT_EQ(again[0].attempts, 1u);
}

TEST_F(StoreQueue, ALeaseThatEndedIsClaimableByAnyone)
{
    add("a1", "A");
    auto const lost = claim("crashed", 10, 1u << 20, 60s);
    ASSERT_EQ(lost.size(), 1u);
    now_ += 59s;
    EXPECT_TRUE(claim("other").empty());
    now_ += 2s;
    auto const taken = claim("other");
    ASSERT_EQ(keys(taken), Keys{"a1"});
    // The first worker wakes up: it holds nothing any more.
    settle("crashed", lost[0], State::dead);
    EXPECT_EQ(depth().dead, 0u);
    EXPECT_EQ(depth().leased, 1u);
    settle("other", taken[0], State::delivered);
    EXPECT_EQ(delivery("a1"), "delivered");
}

TEST_F(StoreQueue, ALateSettlementStillCountsWhereNobodyTookTheLease)
{
    add("a1", "A");
    auto const claims = claim("slow");
    now_ += 300s;
    settle("slow", claims.at(0), State::delivered);
    EXPECT_TRUE(claim("other").empty());
    EXPECT_EQ(delivery("a1"), "delivered");
}

TEST_F(StoreQueue, ADeadLetterLetsTheNextPassAndWaitsForAPerson)
{
    add("a1", "A");
    add("a2", "A");
    auto const first = claim("w");
    settle("w", first[0], State::dead, 0s, "422 schema of the backend");
    EXPECT_EQ(delivery("a1"), "dead");
    auto const letters = *support::run_task(context_, gateway_.queue.dead_letters(10, soon()));
    ASSERT_EQ(letters.size(), 1u);
    EXPECT_EQ(letters[0].case_code, first[0].case_code);
    EXPECT_EQ(letters[0].reason, "422 schema of the backend");
    EXPECT_EQ(letters[0].http_status, 503);
    EXPECT_EQ(letters[0].attempts, 1u);
    EXPECT_EQ(letters[0].unit_code, "A");
    EXPECT_EQ(letters[0].agency, "00108");
    EXPECT_EQ(keys(claim("w")), Keys{"a2"});
}

TEST_F(StoreQueue, ReplayPutsADeadLetterAtTheEndOfItsUnitsLine)
{
    add("a1", "A");
    add("a2", "A");
    auto const first = claim("w");
    settle("w", first[0], State::dead);
    ASSERT_TRUE(support::run_task(context_, gateway_.queue.replay(first[0].dossier_id, soon())).has_value());
    EXPECT_EQ(delivery("a1"), "stored");
    auto const next = claim("w");
    ASSERT_EQ(keys(next), Keys{"a2"});
    settle("w", next[0], State::delivered);
    auto const back = claim("w");
    ASSERT_EQ(keys(back), Keys{"a1"});
    EXPECT_EQ(back[0].attempts, 0u);
    settle("w", back[0], State::delivered);
    EXPECT_EQ(delivery("a1"), "delivered");
    EXPECT_EQ(depth().dead, 0u);

    auto const none = support::run_task(context_, gateway_.queue.replay(first[0].dossier_id, soon()));
    ASSERT_FALSE(none.has_value());
    EXPECT_EQ(none.error().why, store::Refusal::not_found);
    EXPECT_FALSE(support::run_task(context_, gateway_.queue.replay("' OR 1=1", soon())).has_value());
}

TEST_F(StoreQueue, BoundsAClaimByRowsAndByBytes)
{
    for (int i = 0; i < 5; ++i) add("k" + std::to_string(i), "U" + std::to_string(i), "00108", std::string(1000, 'x') + std::to_string(i));
    EXPECT_EQ(claim("w", 2).size(), 2u);
    EXPECT_EQ(claim("w", 10, 2100).size(), 2u);
    EXPECT_EQ(claim("w", 10, 10).size(), 1u) << "one, however large, or it would wait for ever";
    EXPECT_TRUE(claim("w").empty());
}

TEST_F(StoreQueue, CountsWhatWaitsWhatIsLeasedAndHowOldItIs)
{
    EXPECT_EQ(depth().waiting, 0u);
    EXPECT_EQ(depth().oldest, 0s);
    add("a1", "A");
    add("a2", "A");
    add("b1", "B");
    now_ = PlainDossier{}.at + 100s;
    EXPECT_EQ(depth().waiting, 3u);
    EXPECT_EQ(depth().oldest, 100s);
    now_ = std::chrono::system_clock::now() + 1s;
    claim("w", 1);
    EXPECT_EQ(depth().waiting, 2u);
    EXPECT_EQ(depth().leased, 1u);
}

TEST_F(StoreQueue, TwoWorkersShareTheQueueAndKeepEveryUnitsOrder)
{
    constexpr int units = 10, each = 8;
    for (int n = 0; n < each; ++n)
        for (int u = 0; u < units; ++u) add("k" + std::to_string(u) + "-" + std::to_string(n), "U" + std::to_string(u));
    Gateway other{config()};
    std::map<std::string, std::vector<std::string>> seen;
    auto worker = [&](std::string name, Gateway& gateway) -> runtime::Task<void> {
        for (int idle = 0; idle < 50;) {
            auto claims = co_await gateway.queue.claim(name, 3, 1u << 20, 60s, now_, soon());
            EXPECT_TRUE(claims.has_value());
            if (!claims.has_value() || claims->empty()) {
                ++idle;
                continue;
            }
            std::vector<store::Settlement> settlements;
            for (auto const& one : *claims) {
                seen[one.unit_code].push_back(one.idempotency_key);
                store::Settlement settlement;
                settlement.sequence = one.sequence;
                settlement.state = State::delivered;
                settlements.push_back(std::move(settlement));
            }
            auto const settled = co_await gateway.queue.settle(name, std::move(settlements), soon());
            EXPECT_TRUE(settled.has_value());
        }
    };
    int running = 2;
    auto done = [&](std::exception_ptr error) {
        EXPECT_FALSE(error);
        --running;
    };
    net::co_spawn(context_.get_executor(), worker("one", gateway_), done);
    net::co_spawn(context_.get_executor(), worker("two", other), done);
    support::run_until(context_, [&] { return running == 0; });
    ASSERT_EQ(seen.size(), static_cast<std::size_t>(units));
    for (auto const& [unit, order] : seen) {
        Keys expected;
        for (int n = 0; n < each; ++n) expected.push_back("k" + unit.substr(1) + "-" + std::to_string(n));
        EXPECT_EQ(order, expected);
    }
    EXPECT_EQ(depth().waiting + depth().leased, 0u);
}

TEST_F(StoreQueue, DossiersStoredWhileAUnitIsInFlightAreNotForgotten)
{
    add("a1", "A");
    auto const first = claim("w");
    add("a2", "A");  // waits behind a1
    settle("w", first.at(0), State::delivered);
    auto const second = claim("w");
    ASSERT_EQ(keys(second), Keys{"a2"});
    settle("w", second[0], State::delivered);
    add("a3", "A");  // the line is empty again
    EXPECT_EQ(keys(claim("w")), Keys{"a3"});
}

TEST_F(StoreQueue, AClaimReadsTheIndexAndNotTheQueue)
{
    support::Database::shared().execute(
        "INSERT INTO ivan.delivery_queue (sequence, unit_key, dossier_id, agency, received_at, content_bytes, queued_at, ready_at) "
        "SELECT n, '00108/U' || n % 7, gen_random_uuid(), '00108', now(), 10, now(), 'infinity' FROM generate_series(1, 20000) n; "
        "ANALYZE ivan.delivery_queue");
    auto const plan = support::Database::shared().value(
        "EXPLAIN (FORMAT JSON) SELECT sequence FROM ivan.delivery_queue WHERE ready_at <= now() AND ready_at < 'infinity' "
        "ORDER BY ready_at, sequence LIMIT 10 FOR UPDATE SKIP LOCKED");
    EXPECT_THAT(plan, testing::HasSubstr("Index"));
    EXPECT_THAT(plan, testing::Not(testing::HasSubstr("Seq Scan")));
}

}  // namespace
