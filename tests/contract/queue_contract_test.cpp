// What every queue must do (store/queue.hpp). Each test runs over PgQueue on a real PostgreSQL and over the queue in memory, which
// may stand in for it because it passes here. Two queue objects are two gateways over one store.

#include "gateway/store/pg_journal.hpp"
#include "gateway/store/pg_queue.hpp"
#include "tests/support/builders.hpp"
#include "tests/support/memory_journal.hpp"
#include "tests/support/postgres.hpp"
#include "tests/support/run_task.hpp"
#include "tests/support/stored_queue.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using namespace std::chrono_literals;
using dossier::State;
using support::PlainDossier;
using Keys = std::vector<std::string>;

class Subject {
public:
    virtual ~Subject() = default;
    virtual runtime::Task<store::Result<store::Stored>> accept_row(store::detail::Row row, runtime::Deadline deadline) = 0;
    virtual store::Queue& queue(unsigned gateway) = 0;  // 0 or 1
};

class MemorySubject final : public Subject {
public:
    runtime::Task<store::Result<store::Stored>> accept_row(store::detail::Row row, runtime::Deadline deadline) override
    {
        return journal_.accept_row(std::move(row), deadline);
    }
    store::Queue& queue(unsigned gateway) override { return gateway == 0 ? one_ : two_; }

private:
    support::MemoryJournal journal_{support::plain_receipt};
    support::StoredQueue one_{journal_.store(), [] { return std::chrono::system_clock::now(); }};
    support::StoredQueue two_{journal_.store(), [] { return std::chrono::system_clock::now(); }};
};

class PostgresSubject final : public Subject {
public:
    PostgresSubject()
    {
        support::Database::shared().reset();
        config_.database_url = support::Database::shared().url();
    }
    runtime::Task<store::Result<store::Stored>> accept_row(store::detail::Row row, runtime::Deadline deadline) override
    {
        return journal_.accept_row(std::move(row), deadline);
    }
    store::Queue& queue(unsigned gateway) override { return gateway == 0 ? one_ : two_; }

private:
    observe::Metrics metrics_;
    store::StoreConfig config_;
    store::detail::PgPool pool_{config_, metrics_};
    store::detail::PgJournal journal_{config_, support::plain_receipt, metrics_, pool_};
    store::detail::PgQueue one_{pool_}, two_{pool_};
};

enum class Kind { memory, postgres };

class QueueContract : public testing::TestWithParam<Kind> {
protected:
    QueueContract()
    {
        if (GetParam() == Kind::memory) subject_ = std::make_unique<MemorySubject>();
        else subject_ = std::make_unique<PostgresSubject>();
    }
    static runtime::Deadline soon() { return runtime::Deadline::after(20s); }
    void add(std::string const& key, std::string const& unit, std::string const& body = "<Hoso/>")
    {
        auto const stored = support::run_task(
            context_, subject_->accept_row(support::row_of({.key = key, .body = body + "<!--" + key + "-->", .unit = unit}), soon()));
        ASSERT_TRUE(stored.has_value()) << stored.error().detail;
    }
    std::vector<store::Claim> claim(unsigned gateway = 0, store::Places rows = 100, std::size_t bytes = 1u << 20)
    {
        auto claims = support::run_task(
            context_, subject_->queue(gateway).claim("gateway-" + std::to_string(gateway), rows, bytes, 60s, now_, soon()));
        EXPECT_TRUE(claims.has_value());
        return claims.has_value() ? *claims : std::vector<store::Claim>{};
    }
    static Keys keys(std::vector<store::Claim> const& claims)
    {
        Keys out;
        for (auto const& one : claims) out.push_back(one.idempotency_key);
        return out;
    }
    void settle(store::Claim const& one, State state, std::chrono::seconds in = 0s, unsigned gateway = 0)
    {
        auto const settlement = support::settlement_of(one, state, now_ + in, state == State::delivered ? 201 : 422, "said so");
        EXPECT_TRUE(support::run_task(context_, subject_->queue(gateway).settle("gateway-" + std::to_string(gateway), {settlement}, soon())).has_value());
    }
    store::QueueDepth depth(unsigned gateway = 0) { return *support::run_task(context_, subject_->queue(gateway).depth(now_, soon())); }

    net::io_context context_{1};
    std::unique_ptr<Subject> subject_;
    runtime::Instant now_ = std::chrono::system_clock::now() + 1s;
};

TEST_P(QueueContract, HandsOverTheOldestOfEachUnitWithItsBytes)
{
    for (auto const* key : {"a1", "a2"}) add(key, "A");
    add("b1", "B", "<Hoso>Đủ</Hoso>");
    auto const first = claim();
    ASSERT_EQ(keys(first), (Keys{"a1", "b1"}));
    EXPECT_EQ(*first[1].body, "<Hoso>Đủ</Hoso><!--b1-->");
    EXPECT_EQ(first[1].unit_code, "B");
    EXPECT_EQ(first[1].attempts, 0u);
    EXPECT_EQ(first[1].content_sha256, signing::hex(signing::sha256(*first[1].body)));
    EXPECT_TRUE(claim().empty());
    settle(first[0], State::delivered);
    EXPECT_EQ(keys(claim()), Keys{"a2"});
}

TEST_P(QueueContract, ADeferredDossierBlocksItsUnitUntilItIsDue)
{
    add("a1", "A");
    add("a2", "A");
    settle(claim().at(0), State::deferred, 30s);
    EXPECT_TRUE(claim().empty());
    now_ += 31s;
    auto const again = claim();
    ASSERT_EQ(keys(again), Keys{"a1"});
    EXPECT_EQ(again[0].attempts, 1u);
}

TEST_P(QueueContract, OneGatewayHoldsTheQueueUntilItLetsGo)
{
    add("a1", "A");
    add("b1", "B");
    auto const first = claim(0, 1);
    ASSERT_EQ(first.size(), 1u);
    EXPECT_TRUE(claim(1).empty()) << "another holds it";
    settle(first[0], State::deferred, 5s);
    EXPECT_TRUE(depth(0).held);
    EXPECT_FALSE(depth(1).held);
    EXPECT_TRUE(support::run_task(context_, subject_->queue(0).let_go("gateway-0", soon())).has_value());
    EXPECT_EQ(keys(claim(1)), Keys{"b1"}) << "a1 is not due yet";
    EXPECT_FALSE(depth(0).held);
    EXPECT_TRUE(depth(1).held);
    EXPECT_TRUE(claim(0).empty());
    now_ += 6s;
    auto const again = claim(1);
    ASSERT_EQ(keys(again), Keys{"a1"});
    EXPECT_EQ(again[0].attempts, 1u) << "the new holder goes on where the old one stood";
}

TEST_P(QueueContract, WhatAHolderLetGoUnsettledIsTheNextOnes)
{
    add("a1", "A");
    auto const lost = claim(0);
    ASSERT_EQ(lost.size(), 1u);
    EXPECT_TRUE(support::run_task(context_, subject_->queue(0).let_go("gateway-0", soon())).has_value());
    ASSERT_EQ(keys(claim(1)), Keys{"a1"});
    settle(lost[0], State::dead);
    EXPECT_EQ(depth(1).dead, 0u) << "who let go has no say any more";
}

TEST_P(QueueContract, AnEntryComesBackWhenItsLeaseEnds)
{
    add("a1", "A");
    ASSERT_EQ(claim().size(), 1u);
    now_ += 59s;
    EXPECT_TRUE(claim().empty());
    now_ += 2s;
    auto const again = claim();
    ASSERT_EQ(keys(again), Keys{"a1"});
    settle(again[0], State::delivered);
    EXPECT_EQ(depth().waiting + depth().leased, 0u);
}

TEST_P(QueueContract, ADeadLetterLetsTheNextPassAndGoesToTheEndWhenReplayed)
{
    add("a1", "A");
    add("a2", "A");
    auto const first = claim();
    settle(first.at(0), State::dead);
    auto const letters = *support::run_task(context_, subject_->queue(0).dead_letters(10, soon()));
    ASSERT_EQ(letters.size(), 1u);
    EXPECT_EQ(letters[0].dossier_id, first[0].dossier_id);
    EXPECT_EQ(letters[0].case_code, first[0].case_code);
    EXPECT_EQ(letters[0].unit_code, "A");
    EXPECT_EQ(letters[0].http_status, 422);
    EXPECT_EQ(letters[0].reason, "said so");
    EXPECT_EQ(letters[0].attempts, 1u);
    EXPECT_TRUE(support::run_task(context_, subject_->queue(0).replay(first[0].dossier_id, soon())).has_value());
    auto const next = claim();
    ASSERT_EQ(keys(next), Keys{"a2"});
    settle(next[0], State::delivered);
    auto const back = claim();
    ASSERT_EQ(keys(back), Keys{"a1"});
    EXPECT_EQ(back[0].attempts, 0u);
    EXPECT_EQ(depth().dead, 0u);
    auto const none = support::run_task(context_, subject_->queue(0).replay(first[0].dossier_id, soon()));
    ASSERT_FALSE(none.has_value());
    EXPECT_EQ(none.error().why, store::Refusal::not_found);
}

TEST_P(QueueContract, BoundsTheRetriesOfAClaimAndKeepsTheOthersDue)
{
    for (auto const* key : {"a1", "b1"}) add(key, key);
    for (auto const& one : claim()) settle(one, State::deferred);
    add("c1", "C");
    now_ += 1s;
    EXPECT_EQ(keys(claim(0, {100, 0})), Keys{"c1"}) << "what was never tried";
    EXPECT_EQ(keys(claim(0, {100, 1})), Keys{"a1"});
    EXPECT_EQ(keys(claim()), Keys{"b1"});
}

TEST_P(QueueContract, BoundsAClaimByRowsAndByBytes)
{
    for (int i = 0; i < 5; ++i) add("k" + std::to_string(i), "U" + std::to_string(i), std::string(1000, 'x'));
    EXPECT_EQ(claim(0, 2).size(), 2u);
    EXPECT_EQ(claim(0, 10, 2100).size(), 2u);
    EXPECT_EQ(claim(0, 10, 10).size(), 1u) << "one, however large, or it would wait for ever";
    EXPECT_TRUE(claim().empty());
    EXPECT_TRUE(claim(0, 0).empty());
}

INSTANTIATE_TEST_SUITE_P(Every, QueueContract, testing::Values(Kind::memory, Kind::postgres), [](auto const& tested) {
    return tested.param == Kind::memory ? std::string{"Memory"} : std::string{"Postgres"};
});

}  // namespace
