// The delivery queue: order per unit, leases, dead letters, several workers at once.

#include "gateway/store/detail/pg_connection.hpp"
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
    void add(std::string const& key, std::string const& unit, std::string const& agency = "00108", std::string const& given = "")
    {
        auto const body = given.empty() ? "<Hoso>" + key + "</Hoso>" : given;
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
    // The first calls after sessions have ended may find dead ones.
    std::vector<store::Claim> claim_at_last(std::string const& worker)
    {
        for (int tries = 0; tries < 20; ++tries) {
            auto claims = support::run_task(context_, gateway_.queue.claim(worker, 10, 1u << 20, 60s, now_, soon()));
            if (claims.has_value() && !claims->empty()) return std::move(*claims);
        }
        return {};
    }
    static std::vector<std::string> keys(std::vector<store::Claim> const& claims)
    {
        std::vector<std::string> out;
        for (auto const& one : claims) out.push_back(one.idempotency_key);
        return out;
    }
    void settle(std::string const& worker, store::Claim const& one, State state, std::chrono::seconds in = 0s, std::string const& reason = "")
    {
        auto const settlement = support::settlement_of(one, state, now_ + in, 503, reason);
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
    EXPECT_EQ(*one.body, "<Hoso>Đủ</Hoso>");
    EXPECT_EQ(one.case_code, "00001.G/2026/07906");
    EXPECT_EQ(one.unit_code, "TA1");
    EXPECT_EQ(one.agency, "07906");
    EXPECT_EQ(one.provider, "THAISON");
    EXPECT_EQ(one.procedure, "600");
    EXPECT_EQ(one.idempotency_key, "a");
    EXPECT_EQ(one.attempts, 0u);
    EXPECT_EQ(one.content_sha256, signing::hex(signing::sha256(*one.body)));
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

void end_sessions()
{
    support::Database::shared().execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'ivan-gateway' AND datname = current_database()");
}

// The next dossier's slot is another one, so that those stored until now can be rotated.
void lay_slots_behind()
{
    support::Database::shared().execute("SELECT setval('ivan.delivery_sequence', last_value + 2 * 65536) FROM ivan.delivery_sequence");
}

// The hold is counted by the database's clock.
void let_the_hold_end() { support::Database::shared().execute("UPDATE ivan.delivery_lease SET until = now() - interval '1 second'"); }

TEST_F(StoreQueue, WhoHoldsTheQueueAloneIsHandedAnythingUntilTheHoldEnds)
{
    add("a1", "A");
    add("b1", "B");
    Gateway second{config()};
    auto const lost = claim("crashed", 1);
    ASSERT_EQ(keys(lost), Keys{"a1"});
    auto const other = [&] {
        auto claims = support::run_task(context_, second.queue.claim("other", 10, 1u << 20, 60s, now_, soon()));
        return claims.has_value() ? *claims : std::vector<store::Claim>{};
    };
    EXPECT_TRUE(other().empty());
    let_the_hold_end();
    auto const taken = other();
    ASSERT_EQ(keys(taken), (Keys{"a1", "b1"}));
    // The first worker wakes up: it holds nothing any more, whatever it remembers.
    settle("crashed", lost[0], State::dead);
    EXPECT_EQ(depth().dead, 0u);
    EXPECT_EQ(delivery("a1"), "stored");
    EXPECT_EQ(support::Database::shared().value("SELECT worker FROM ivan.delivery_lease"), "other");
}

TEST_F(StoreQueue, TheHoldIsRenewedByAClaimOfNothing)
{
    EXPECT_TRUE(claim("w").empty());
    support::Database::shared().execute("UPDATE ivan.delivery_lease SET until = now() + interval '1 second'");
    Gateway same{config()};  // a gateway that has forgotten when it renewed last
    EXPECT_TRUE(support::run_task(context_, same.queue.claim("w", 0, 0, 60s, now_, soon())).has_value());
    EXPECT_EQ(support::Database::shared().value("SELECT until > now() + interval '5 seconds' FROM ivan.delivery_lease"), "t");
}

TEST_F(StoreQueue, WhatIsLetGoIsTheNextOnesAtOnce)
{
    add("a1", "A");
    ASSERT_EQ(claim("leaving").size(), 1u);
    ASSERT_TRUE(support::run_task(context_, gateway_.queue.let_go("leaving", soon())).has_value());
    EXPECT_EQ(keys(claim("next")), Keys{"a1"});
}

TEST_F(StoreQueue, ALateSettlementStillCountsWhereNobodyTookTheQueue)
{
    add("a1", "A");
    auto const claims = claim("slow");
    now_ += 300s;
    let_the_hold_end();
    settle("slow", claims.at(0), State::delivered);
    EXPECT_TRUE(claim("other").empty());
    EXPECT_EQ(delivery("a1"), "delivered");
}

TEST_F(StoreQueue, WhatNobodySettledComesBackAfterItsLease)
{
    add("a1", "A");
    ASSERT_EQ(claim("w", 10, 1u << 20, 60s).size(), 1u);
    now_ += 59s;
    EXPECT_TRUE(claim("w").empty());
    now_ += 2s;
    auto const again = claim("w");
    ASSERT_EQ(keys(again), Keys{"a1"});
    EXPECT_EQ(again[0].attempts, 1u);
}

TEST_F(StoreQueue, AttemptsAndTheirTimeSurviveTheGateway)
{
    add("a1", "A");
    add("a2", "A");
    auto const first = claim("crashed");
    settle("crashed", first.at(0), State::deferred, 30s, "503");
    let_the_hold_end();
    Gateway second{config()};
    auto const other = [&] { return *support::run_task(context_, second.queue.claim("other", 10, 1u << 20, 60s, now_, soon())); };
    EXPECT_TRUE(other().empty()) << "not before its time";
    now_ += 31s;
    auto const again = other();
    ASSERT_EQ(keys(again), Keys{"a1"});
    EXPECT_EQ(again[0].attempts, 1u);
}

// The server starts itself anew after a crash of one process: sessions end, what was not on disk is lost, and numbers of
// transactions are given again. Here the lost outcome is taken out by hand.
TEST_F(StoreQueue, WhatACrashTookFromItsOutcomesIsHandedOverAgain)
{
    auto& database = support::Database::shared();
    add("a1", "A");
    settle("w", claim("w").at(0), State::delivered);
    EXPECT_TRUE(claim("w").empty());
    end_sessions();
    database.execute("DELETE FROM ivan.deliveries");
    EXPECT_EQ(keys(claim_at_last("w")), Keys{"a1"});
}

TEST_F(StoreQueue, WhatIsParkedIsReadAgainAfterALostSession)
{
    auto& database = support::Database::shared();
    for (auto const* key : {"a1", "a2"}) add(key, "A");
    add("b1", "B");
    auto const taken = claim("w", 1);
    ASSERT_EQ(keys(taken), Keys{"a1"});
    lay_slots_behind();
    ASSERT_EQ(database.value("SELECT count(*) FROM ivan.rotate_delivery(1000)"), "3");
    add("c1", "C");
    end_sessions();
    auto const again = claim_at_last("w");
    ASSERT_EQ(keys(again), (Keys{"b1", "c1"})) << "the first waits among the parked, the other in the queue";
    settle("w", taken[0], State::delivered);
    settle("w", again[0], State::delivered);
    EXPECT_EQ(keys(claim_at_last("w")), Keys{"a2"}) << "parked behind one that was in flight meanwhile";
    EXPECT_EQ(database.value("SELECT count(*) FROM ivan.delivery_parked"), "1") << "what is settled is parked no more";
}

// Commits become visible in another order than their transactions began.
TEST_F(StoreQueue, FindsARowWhoseTransactionBeganFirstAndEndedLast)
{
    add("first", "A");
    EXPECT_EQ(keys(claim("w")), Keys{"first"});
    store::detail::PgConnection slow{support::Database::shared().url(), 5s, 20s};
    slow.run_script("BEGIN; INSERT INTO ivan.delivery_queue (slot, sequence, unit_key, dossier_id, agency, received_at, content_bytes, queued_at) "
                 "SELECT slot, 0, '00108/Z', dossier_id, agency, received_at, content_bytes, queued_at FROM ivan.delivery_queue LIMIT 1");
    add("second", "B");
    EXPECT_EQ(keys(claim("w")), Keys{"second"});
    EXPECT_TRUE(claim("w").empty());
    slow.run_script("COMMIT");
    auto const late = claim("w");
    ASSERT_EQ(late.size(), 1u);
    EXPECT_EQ(late[0].sequence, 0);
    EXPECT_TRUE(claim("w").empty());
}

TEST_F(StoreQueue, ReadsALongQueueInPagesAndMissesNothing)
{
    support::Database::shared().execute(
        "INSERT INTO ivan.delivery_queue (slot, sequence, unit_key, dossier_id, agency, received_at, content_bytes, queued_at) "
        "SELECT ivan.delivery_slot(n), n, '00108/U' || n, gen_random_uuid(), '00108', now(), 10, now() FROM generate_series(1, 5000) n; "
        "INSERT INTO ivan.deliveries (sequence, outcome) SELECT n, 'delivered' FROM generate_series(1, 5000, 7) n");
    // Nothing stands behind these rows: only how many there are can be asked.
    EXPECT_TRUE(support::run_task(context_, gateway_.queue.claim("w", 0, 0, 60s, now_, soon())).has_value());
    for (int page = 0; page < 4; ++page) depth();
    EXPECT_EQ(depth().waiting, 5000u - 715u);
    support::Database::shared().execute(
        "INSERT INTO ivan.delivery_queue (slot, sequence, unit_key, dossier_id, agency, received_at, content_bytes, queued_at) "
        "SELECT ivan.delivery_slot(n), n, '00108/U' || n, gen_random_uuid(), '00108', now(), 10, now() FROM generate_series(5001, 9500) n");
    for (int page = 0; page < 5; ++page) depth();
    EXPECT_EQ(depth().waiting, 9500u - 715u);
}

TEST_F(StoreQueue, EmptiesSlotsThatLieBehindAndParksWhatStillWaits)
{
    auto& database = support::Database::shared();
    add("a1", "A");
    add("b1", "B");
    auto const first = claim("w");
    ASSERT_EQ(first.size(), 2u);
    settle("w", first[1], State::delivered);
    lay_slots_behind();
    EXPECT_EQ(database.value("SELECT string_agg(s::text, ',') FROM ivan.rotate_delivery(1000) s"), std::to_string(first[0].sequence));
    EXPECT_EQ(database.value("SELECT count(*) FROM ivan.delivery_queue"), "0");
    EXPECT_EQ(database.value("SELECT count(*) FROM ivan.delivery_parked"), "1");
    EXPECT_EQ(database.value("SELECT count(*) FROM ivan.delivery_waiting"), "1");
    // Another gateway finds it there, and settles it there.
    let_the_hold_end();
    Gateway second{config()};
    auto const taken = *support::run_task(context_, second.queue.claim("other", 10, 1u << 20, 60s, now_, soon()));
    ASSERT_EQ(keys(taken), Keys{"a1"});
    auto const settlement = support::settlement_of(taken[0], State::delivered);
    ASSERT_TRUE(support::run_task(context_, second.queue.settle("other", {settlement}, soon())).has_value());
    EXPECT_EQ(database.value("SELECT count(*) FROM ivan.delivery_parked"), "0");
    EXPECT_EQ(delivery("a1"), "delivered");
}

TEST_F(StoreQueue, ASlotThatIsReadOrMostlyWaitsIsLeftForAnotherTime)
{
    auto& database = support::Database::shared();
    for (int i = 0; i < 3; ++i) add("k" + std::to_string(i), "U" + std::to_string(i));
    lay_slots_behind();
    EXPECT_EQ(database.value("SELECT count(*) FROM ivan.rotate_delivery(2)"), "0");
    store::detail::PgConnection reader{database.url(), 5s, 20s};
    reader.run_script("BEGIN; SELECT count(*) FROM ivan.delivery_queue");
    EXPECT_EQ(database.value("SELECT count(*) FROM ivan.rotate_delivery(1000)"), "0");
    reader.run_script("COMMIT");
    EXPECT_EQ(database.value("SELECT count(*) FROM ivan.rotate_delivery(1000)"), "3");
    EXPECT_EQ(keys(claim("w")).size(), 3u);
}

// One gateway's short cut from commit to delivery; every part of the claim must be what the journal would say.
TEST_F(StoreQueue, WhatIsAtHandIsHandedOverAsTheJournalHasIt)
{
    store::StoreConfig settings = config();
    settings.connections_max = 1;  // a session that begins later makes the queue read everything again
    store::detail::PgPool pool{settings, gateway_.metrics};
    store::detail::PgQueue queue{pool};
    store::detail::PgJournal journal{settings, support::plain_receipt, gateway_.metrics, pool,
                                     [&](auto one, auto body) { queue.committed(std::move(one), std::move(body)); }};
    auto const claim_from = [&](auto& source) { return *support::run_task(context_, source.claim("w", 10, 1u << 20, 60s, now_, soon())); };
    EXPECT_TRUE(claim_from(queue).empty());  // holds the queue from here on
    auto row = support::row_of({.key = "a", .body = "<Hoso>Đủ</Hoso>", .agency = "07906", .unit = "TA1"});
    row.body = std::make_shared<std::string const>("<Hoso>Đủ</Hoso>");
    ASSERT_TRUE(support::run_task(context_, journal.accept_row(std::move(row), soon())).has_value());
    support::Database::shared().execute("ALTER TABLE ivan.dossiers RENAME TO hidden");
    auto const quick = claim_from(queue);
    support::Database::shared().execute("ALTER TABLE ivan.hidden RENAME TO dossiers");
    ASSERT_EQ(quick.size(), 1u);
    now_ += 61s;
    auto const slow = claim_from(queue);
    ASSERT_EQ(slow.size(), 1u);
    EXPECT_EQ(slow[0].attempts, 1u);
    auto const told = [](store::Claim const& one) {
        return std::vector<std::string>{std::to_string(one.sequence), one.dossier_id, one.case_code, one.provider, one.unit_code, one.agency, one.procedure,
                                        one.content_sha256, one.idempotency_key, one.trace_id, *one.body, std::to_string(one.received_at.time_since_epoch().count())};
    };
    EXPECT_EQ(told(quick[0]), told(slow[0]));
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

TEST_F(StoreQueue, TwoWorkersTakeTurnsAndKeepEveryUnitsOrder)
{
    constexpr int units = 10, each = 8;
    for (int n = 0; n < each; ++n)
        for (int u = 0; u < units; ++u) add("k" + std::to_string(u) + "-" + std::to_string(n), "U" + std::to_string(u));
    Gateway other{config()};
    std::map<std::string, std::vector<std::string>> seen;
    std::map<std::string, int> turns;
    auto worker = [&](std::string name, Gateway& gateway) -> runtime::Task<void> {
        for (int idle = 0; idle < 50;) {
            auto claims = co_await gateway.queue.claim(name, 3, 1u << 20, 60s, now_, soon());
            EXPECT_TRUE(claims.has_value());
            if (!claims.has_value() || claims->empty()) {
                ++idle;
                continue;
            }
            ++turns[name];
            std::vector<store::Settlement> settlements;
            for (auto const& one : *claims) {
                seen[one.unit_code].push_back(one.idempotency_key);
                settlements.push_back(support::settlement_of(one, State::delivered));
            }
            auto const settled = co_await gateway.queue.settle(name, std::move(settlements), soon());
            EXPECT_TRUE(settled.has_value());
            auto const gone = co_await gateway.queue.let_go(name, soon());
            EXPECT_TRUE(gone.has_value());
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
    EXPECT_EQ(turns.size(), 2u) << "both had a turn";
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

TEST_F(StoreQueue, NewRowsAreReadByTheIndexAndNotFromTheQueue)
{
    support::Database::shared().execute(
        "INSERT INTO ivan.delivery_queue (slot, sequence, unit_key, dossier_id, agency, received_at, content_bytes, queued_at) "
        "SELECT ivan.delivery_slot(n * 10), n * 10, '00108/U' || n % 7, gen_random_uuid(), '00108', now(), 10, now() FROM generate_series(1, 20000) n; "
        "ANALYZE ivan.delivery_queue");
    for (auto const* condition : {"xid >= pg_current_xact_id()", "xid = ANY('{5,6}'::xid8[])", "sequence > 199000"}) {
        auto const plan = support::Database::shared().value(
            std::string{"EXPLAIN (FORMAT JSON) SELECT sequence FROM ivan.delivery_queue WHERE "} + condition + " ORDER BY sequence LIMIT 10");
        EXPECT_THAT(plan, testing::HasSubstr("Index")) << condition;
        EXPECT_THAT(plan, testing::Not(testing::HasSubstr("Seq Scan"))) << condition;
    }
}

}  // namespace
