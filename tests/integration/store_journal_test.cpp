// The journal over a real PostgreSQL, where things go wrong: connections cut, bounds reached, rows the database refuses,
// several gateways at once. What every journal must do is in tests/contract/journal_contract_test.cpp.

#include "tests/support/store.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <set>

namespace {

using support::Answers;
using support::Gateway;
using support::PlainDossier;
using support::soon;

class StoreJournal : public testing::Test {
protected:
    StoreJournal()
    {
        database_.reset();
        config_.database_url = database_.url();
    }
    // Holds the case counters, so that the committer stops in the middle of its transaction.
    struct Blocker {
        explicit Blocker(std::string const& url) : connection{url, std::chrono::seconds{5}, std::chrono::seconds{30}}
        {
            connection.run_plain("BEGIN");
            connection.run_plain("LOCK TABLE ivan.case_counters IN ACCESS EXCLUSIVE MODE");
        }
        void release() { connection.run_plain("COMMIT"); }
        store::detail::PgConnection connection;
    };
    // Backends of the gateway that wait for a lock.
    [[nodiscard]] std::string blocked() const
    {
        return "FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'ivan-gateway' "
               "AND wait_event_type = 'Lock'";
    }
    void wait_for_blocked()
    {
        support::wait_until(context_, [this] { return database_.count("SELECT count(*) " + blocked()) > 0; });
    }
    // In one batch, where the journal's bounds let them: they gather while the one before them is being committed.
    void offer_behind_one(Answers& answers, std::vector<PlainDossier> const& all)
    {
        Blocker blocker{database_.url()};
        answers.offer({.key = "first"});
        wait_for_blocked();
        for (auto const& plain : all) answers.offer(plain);
        context_.restart();
        context_.poll();
        blocker.release();
        answers.wait();
    }
    store::Result<store::Stored> accept(Gateway& gateway, PlainDossier const& plain)
    {
        return support::run_task(context_, gateway.journal.accept_row(support::row_of(plain), soon()));
    }
    long rows(std::string const& table) { return database_.count("SELECT count(*) FROM ivan." + table); }

    support::Database& database_ = support::Database::shared();
    store::StoreConfig config_;
    net::io_context context_{1};
};

std::vector<PlainDossier> several(std::size_t count, std::string const& prefix = "k")
{
    std::vector<PlainDossier> all(count);
    for (std::size_t i = 0; i < count; ++i) {
        all[i].key = prefix + std::to_string(i);
        all[i].body = "<Hoso>" + prefix + std::to_string(i) + "</Hoso>";
        all[i].unit = "TA" + std::to_string(i % 5);
    }
    return all;
}

// Eight of one provider, and behind them one of another.
std::vector<PlainDossier> flood_and_one()
{
    auto all = several(9);
    for (auto& plain : all) plain.provider = "VNPT";
    all[8].provider = "THAISON";
    return all;
}

TEST_F(StoreJournal, StoresTheBytesTheFactsTheStatusAndTheQueueEntryTogether)
{
    Gateway gateway{config_};
    PlainDossier plain;
    plain.body = std::string(50'000, 'x') + "Đơn vị";
    auto const stored = accept(gateway, plain);
    ASSERT_TRUE(stored.has_value()) << stored.error().detail;
    EXPECT_EQ(rows("dossiers"), 1);
    EXPECT_EQ(rows("dossier_status"), 1);
    EXPECT_EQ(rows("delivery_queue"), 1);
    EXPECT_EQ(rows("idempotency"), 1);
    EXPECT_EQ(database_.value("SELECT case_code FROM ivan.dossiers"), stored->case_code);
    EXPECT_EQ(database_.value("SELECT forms->0->>'code' FROM ivan.dossiers"), "D02-TS");
    EXPECT_EQ(database_.value("SELECT encode(content_sha256, 'hex') FROM ivan.dossiers"), signing::hex(signing::sha256(plain.body)));
    EXPECT_EQ(database_.value("SELECT received_at = '2026-11-21 02:00:00+00' FROM ivan.dossiers"), "t");
    EXPECT_LT(database_.count("SELECT length(body) FROM ivan.dossiers"), 1000) << "packed by us";
}

TEST_F(StoreJournal, GivesOneCodeWhereTwoGatewaysRaceForTheSameKeys)
{
    Gateway one{config_}, two{config_};
    Answers first{context_, one.journal}, second{context_, two.journal};
    auto const all = several(100);
    for (auto const& plain : all) {
        first.offer(plain);
        second.offer(plain);
    }
    first.wait();
    second.wait();
    std::set<std::string> codes;
    for (std::size_t i = 0; i < all.size(); ++i) {
        ASSERT_EQ(first.why(i), "stored");
        ASSERT_EQ(second.why(i), "stored");
        auto const &a = **first.results[i], &b = **second.results[i];
        EXPECT_EQ(a.case_code, b.case_code);
        EXPECT_EQ(a.receipt.xml, b.receipt.xml);
        EXPECT_NE(a.repeated, b.repeated) << "exactly one of the two stored it";
        codes.insert(a.case_code);
    }
    EXPECT_EQ(codes.size(), all.size());
    EXPECT_EQ(*codes.rbegin(), "00100.G/2026/00108") << "no gap";
    EXPECT_EQ(rows("dossiers"), 100);
    EXPECT_EQ(rows("delivery_queue"), 100);
}

TEST_F(StoreJournal, OneOfTwoGatewaysStoresAContentThatComesUnderTwoKeysAndTheOtherNamesIt)
{
    Gateway one{config_}, two{config_};
    Answers first{context_, one.journal}, second{context_, two.journal};
    // Sorted by their keys the contents come in opposite orders, so that the two transactions may wait for each other.
    for (int i = 0; i < 100; ++i) {
        auto const body = "<Hoso>" + std::to_string(i) + "</Hoso>";
        first.offer({.key = "a" + std::to_string(1000 + i), .body = body});
        second.offer({.key = "b" + std::to_string(1999 - i), .body = body});
    }
    first.wait();
    second.wait();
    for (std::size_t i = 0; i < 100; ++i) {
        auto const &a = *first.results[i], &b = *second.results[i];
        ASSERT_NE(a.has_value(), b.has_value()) << i << ": " << first.why(i) << ", " << second.why(i);
        auto const& winner = a.has_value() ? *a : *b;
        auto const& loser = a.has_value() ? b.error() : a.error();
        ASSERT_EQ(loser.why, store::Refusal::duplicate) << loser.detail;
        EXPECT_EQ(loser.original->dossier_id, winner.dossier_id);
        EXPECT_EQ(loser.original->case_code, winner.case_code);
    }
    EXPECT_EQ(rows("dossiers"), 100);
    EXPECT_EQ(database_.value("SELECT last FROM ivan.case_counters"), "100") << "no gap";
    EXPECT_EQ(database_.value("SELECT max(first_index + count) FROM ivan.log_groups"), "100");
}

TEST_F(StoreJournal, SaysUnavailableWhenTheConnectionIsCutBeforeTheCommitAndRecovers)
{
    Gateway gateway{config_};
    ASSERT_TRUE(accept(gateway, {.key = "warm"}).has_value());
    Blocker blocker{database_.url()};
    Answers answers{context_, gateway.journal};
    answers.offer({.key = "cut"});
    // A kept connection is replaced once and the batch tried again; the second cut is answered.
    support::wait_until(context_, [&] {
        database_.execute("SELECT count(pg_terminate_backend(pid)) " + blocked());
        return answers.answered == 1;
    });
    EXPECT_EQ(answers.why(0), "unavailable");
    blocker.release();

    auto const again = accept(gateway, {.key = "cut"});
    ASSERT_TRUE(again.has_value()) << again.error().detail;
    EXPECT_FALSE(again->repeated);
    EXPECT_EQ(again->case_code, "00002.G/2026/00108") << "the failed attempt left no gap";
}

TEST_F(StoreJournal, ReplacesAConnectionThatDiedAtRestWithoutAnyoneNoticing)
{
    Gateway gateway{config_};
    ASSERT_TRUE(accept(gateway, {.key = "a"}).has_value());
    std::string const ours = "FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'ivan-gateway'";
    ASSERT_GE(database_.count("SELECT count(pg_terminate_backend(pid)) " + ours), 1);
    // Dead, not dying: what is sent to a server on its way out may still be answered by nobody, which is no word about the commit.
    support::wait_until(context_, [&] { return database_.count("SELECT count(*) " + ours) == 0; });
    auto const next = accept(gateway, {.key = "b"});
    EXPECT_TRUE(next.has_value()) << store::name_of(next.error().why) << ": " << next.error().detail;
    EXPECT_TRUE(support::run_task(context_, gateway.archive.probe(soon())).has_value());
}

TEST_F(StoreJournal, SaysOutcomeUnknownWhenTheConnectionIsCutDuringTheCommitAndTheSameBytesResolveIt)
{
    // A deferred trigger makes the commit itself wait for a lock the test holds.
    database_.execute("CREATE FUNCTION ivan.hold() RETURNS trigger LANGUAGE plpgsql AS "
                      "$$ BEGIN PERFORM pg_advisory_xact_lock(4242); RETURN NULL; END $$; "
                      "CREATE CONSTRAINT TRIGGER hold AFTER INSERT ON ivan.dossier_status DEFERRABLE INITIALLY DEFERRED "
                      "FOR EACH ROW EXECUTE FUNCTION ivan.hold()");
    Gateway gateway{config_};
    {
        store::detail::PgConnection holder{database_.url(), std::chrono::seconds{5}, std::chrono::seconds{30}};
        holder.run_script("SELECT pg_advisory_lock(4242)");
        Answers answers{context_, gateway.journal};
        answers.offer({.key = "unknown"});
        wait_for_blocked();
        database_.execute("SELECT count(pg_terminate_backend(pid)) " + blocked());
        answers.wait();
        EXPECT_EQ(answers.why(0), "outcome_unknown");
    }
    database_.execute("DROP TRIGGER hold ON ivan.dossier_status; DROP FUNCTION ivan.hold()");
    auto const again = accept(gateway, {.key = "unknown"});
    ASSERT_TRUE(again.has_value()) << again.error().detail;
    EXPECT_EQ(again->case_code, "00001.G/2026/00108");
    EXPECT_EQ(rows("dossiers"), 1);
}

TEST_F(StoreJournal, RefusesBeyondItsBoundsAndServesAgainAfterwards)
{
    config_.pending_rows_max = 3;
    Gateway gateway{config_};
    Blocker blocker{database_.url()};
    Answers answers{context_, gateway.journal};
    answers.offer({.key = "first"});
    wait_for_blocked();  // the committer holds this one; three more may wait
    for (auto const& plain : several(5)) answers.offer(plain);
    support::wait_until(context_, [&] { return answers.answered == 2; });
    EXPECT_EQ(answers.why(4), "busy");
    EXPECT_EQ(answers.why(5), "busy");
    blocker.release();
    answers.wait();
    for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(answers.why(i), "stored") << i;
    EXPECT_TRUE(accept(gateway, {.key = "after"}).has_value());
}

TEST_F(StoreJournal, RefusesBeyondItsBoundOfBytes)
{
    config_.pending_bytes_max = 100;
    Gateway gateway{config_};
    PlainDossier large;
    for (int i = 0; i < 200; ++i) large.body += std::to_string(i * 7919);  // does not shrink below the bound
    auto const refused = accept(gateway, large);
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().why, store::Refusal::busy);
    EXPECT_TRUE(accept(gateway, {}).has_value());
}

TEST_F(StoreJournal, ARowTheDatabaseRefusesHarmsOnlyItself)
{
    Gateway gateway{config_};
    Answers answers{context_, gateway.journal};
    auto all = several(6);
    all[3].unit = "TA\xff";  // not UTF-8: such bytes cannot come out of an XML document, and yet
    offer_behind_one(answers, all);
    for (std::size_t i = 0; i < 7; ++i) EXPECT_EQ(answers.why(i), i == 4 ? "internal" : "stored") << i;
    EXPECT_EQ(rows("dossiers"), 6);
    EXPECT_EQ(database_.value("SELECT last FROM ivan.case_counters"), "6") << "no gap";
}

TEST_F(StoreJournal, ASealerThatThrowsHarmsOnlyItsDossier)
{
    auto sealer = [](dossier::ReceiptFacts const& facts) {
        if (facts.unit_code == "TA3") throw std::runtime_error("the key is gone");
        return support::plain_receipt(facts);
    };
    Gateway gateway{config_, sealer};
    Answers answers{context_, gateway.journal};
    offer_behind_one(answers, several(5));
    for (std::size_t i = 0; i < 6; ++i) EXPECT_EQ(answers.why(i), i == 4 ? "internal" : "stored") << i;
}

TEST_F(StoreJournal, DossiersThatGatherDuringACommitShareTheNext)
{
    Gateway gateway{config_};
    Answers answers{context_, gateway.journal};
    offer_behind_one(answers, several(50));
    // xmin is the transaction that wrote the row.
    EXPECT_EQ(database_.count("SELECT count(DISTINCT xmin::text) FROM ivan.dossiers"), 2);
}

// The journal takes keys, contents and units for new first. What it finds otherwise costs neither a number nor a place in the log.
TEST_F(StoreJournal, WhatWasStoredBeforeLeavesNoGapAmongNewOnesOfItsBatch)
{
    Gateway gateway{config_};
    auto all = several(10);
    for (std::size_t i = 0; i < 3; ++i) ASSERT_TRUE(accept(gateway, all[i])) << i;
    all[4].body = all[0].body;  // a content that was stored under another key
    all[5].tax_code = "0100109106";
    all[5].unit = all[0].unit;  // a unit that is another's
    all[7].body = all[6].body;  // the content of its neighbour
    Answers answers{context_, gateway.journal};
    offer_behind_one(answers, all);
    std::vector<std::string> why;
    for (std::size_t i = 0; i < answers.results.size(); ++i) why.push_back(answers.why(i));
    EXPECT_THAT(why, testing::ElementsAre("stored", "stored", "stored", "stored", "stored", "duplicate", "unit_owner_mismatch", "stored", "duplicate",
                                          "stored", "stored"));
    EXPECT_EQ(database_.value("SELECT last FROM ivan.case_counters"), "8");
    EXPECT_EQ(database_.value("SELECT count(*) || ' ' || min(log_index) || ' ' || max(log_index) FROM ivan.dossiers"), "8 0 7");
    EXPECT_EQ(database_.count("SELECT count(DISTINCT xmin::text) FROM ivan.dossiers"), 5) << "one transaction for the batch";
    EXPECT_EQ(rows("idempotency"), 8);
}

TEST_F(StoreJournal, WhoHasOneRowInABatchIsAnsweredAmongTheFirst)
{
    Gateway gateway{config_};
    Answers answers{context_, gateway.journal};
    offer_behind_one(answers, flood_and_one());
    EXPECT_THAT(answers.order, testing::ElementsAre(0, 1, 9, 2, 3, 4, 5, 6, 7, 8));
}

TEST_F(StoreJournal, AFloodIsCommittedSoManyAtOnceAndWhoHasOneWaitingIsInTheNextCommit)
{
    config_.batch_rows_max = 4;
    Gateway gateway{config_};
    Answers answers{context_, gateway.journal};
    offer_behind_one(answers, flood_and_one());
    EXPECT_THAT(answers.order, testing::ElementsAre(0, 1, 9, 2, 3, 4, 5, 6, 7, 8));
    // xmin is the transaction that wrote the row.
    EXPECT_EQ(database_.count("SELECT count(DISTINCT xmin::text) FROM ivan.dossiers"), 4);
    EXPECT_EQ(database_.count("SELECT count(*) FROM ivan.dossiers WHERE xmin = (SELECT xmin FROM ivan.dossiers WHERE idempotency_key = 'k8')"), 4);
}

// A provider that sends little shares its commits with one round of the flood and what was signed ahead, not with as much as fits.
TEST_F(StoreJournal, WhoSendsLittleBesideAFloodHasShortCommits)
{
    config_.batch_rows_max = 8;
    Gateway gateway{config_};
    auto before = several(31, "before");
    for (auto& plain : before) plain.provider = "VNPT";
    before.back().provider = "THAISON";
    for (auto const& plain : before) ASSERT_TRUE(accept(gateway, plain));
    Answers answers{context_, gateway.journal};
    offer_behind_one(answers, flood_and_one());
    EXPECT_LE(database_.count("SELECT count(*) FROM ivan.dossiers WHERE xmin = (SELECT xmin FROM ivan.dossiers WHERE idempotency_key = 'k8')"), 6);
}

// What the next commit will find is foreseen from the last; the database has the last word.
class Foreseeing : public StoreJournal {
protected:
    [[nodiscard]] static double commits(Gateway const& gateway, std::string const& numbers)
    {
        auto const text = gateway.metrics.exposition();
        auto const label = "ivan_commits_total{numbers=\"" + numbers + "\"} ";
        auto const at = text.find(label);
        return at == std::string::npos ? 0 : std::stod(text.substr(at + label.size()));
    }
    // One after another, each in a commit of its own.
    void store_each(Gateway& gateway, std::vector<PlainDossier> const& all)
    {
        for (auto const& plain : all) {
            auto const stored = accept(gateway, plain);
            ASSERT_TRUE(stored.has_value()) << plain.key << ": " << stored.error().detail;
        }
    }
    // Codes without a gap, each receipt signed for the code and the place in the log that its row has.
    void expect_consistent(long stored)
    {
        EXPECT_EQ(rows("dossiers"), stored);
        EXPECT_EQ(database_.count("SELECT sum(last) FROM ivan.case_counters"), stored);
        EXPECT_EQ(database_.count("SELECT count(DISTINCT log_index) FROM ivan.dossiers WHERE log_index BETWEEN 0 AND " + std::to_string(stored - 1)), stored);
        EXPECT_EQ(database_.count("SELECT max(first_index + count) FROM ivan.log_groups"), stored);
        EXPECT_EQ(database_.count("SELECT count(DISTINCT sequence) FROM ivan.delivery_queue"), stored);
        store::detail::PgConnection connection{config_.database_url, std::chrono::seconds{5}, std::chrono::seconds{5}};
        static constexpr store::detail::Statement all{"all", "SELECT case_code, log_index, receipt_xml FROM ivan.dossiers"};
        auto const found = connection.run(all, {});
        for (std::size_t i = 0; i < found.count(); ++i) {
            auto const receipt = store::detail::unpack(found.text(i, 2), 1u << 20);
            ASSERT_TRUE(receipt);
            EXPECT_THAT(*receipt, testing::HasSubstr("<MaHoSo>" + found.string(i, 0) + "</MaHoSo>"));
            EXPECT_THAT(*receipt, testing::HasSubstr(">" + std::to_string(found.number(i, 1)) + "<"));
        }
    }
};

TEST_F(Foreseeing, OnlyTheFirstCommitAsksForItsNumbers)
{
    Gateway gateway{config_};
    store_each(gateway, several(5));
    EXPECT_EQ(commits(gateway, "asked"), 1);
    EXPECT_EQ(commits(gateway, "foreseen"), 4);
    expect_consistent(5);
}

TEST_F(Foreseeing, AnAgencyThatHadNoNumberYetIsAskedForOnce)
{
    Gateway gateway{config_};
    auto all = several(4);
    all[2].agency = all[3].agency = "00109";
    store_each(gateway, all);
    EXPECT_EQ(commits(gateway, "asked"), 2);
    EXPECT_EQ(commits(gateway, "foreseen"), 2);
    EXPECT_EQ(commits(gateway, "mistaken"), 0);
    EXPECT_EQ(database_.value("SELECT string_agg(counter || ' ' || last, ', ' ORDER BY counter) FROM ivan.case_counters"), "00108/2026 2, 00109/2026 2");
}

TEST_F(Foreseeing, AnotherGatewaysCommitInBetweenCostsATryAndNothingElse)
{
    Gateway one{config_}, two{config_};
    store_each(one, several(3, "a"));
    store_each(two, several(1, "b"));
    store_each(one, several(1, "c"));
    EXPECT_EQ(commits(one, "mistaken"), 1);
    expect_consistent(5);

    // It rests until it has been alone for a while.
    auto const foreseen = commits(one, "foreseen");
    store_each(one, several(store::detail::Foresight::alone_after, "d"));
    EXPECT_EQ(commits(one, "foreseen"), foreseen);
    store_each(one, several(2, "e"));
    EXPECT_EQ(commits(one, "foreseen"), foreseen + 2);
    EXPECT_EQ(commits(one, "mistaken"), 1);
    expect_consistent(5 + store::detail::Foresight::alone_after + 2);
}

TEST_F(Foreseeing, GatewaysThatWorkSideBySideGiveNoCodeTwiceAndLeaveNoGap)
{
    Gateway one{config_}, two{config_};
    Answers first{context_, one.journal}, second{context_, two.journal};
    for (auto const& plain : several(150, "a")) first.offer(plain);
    for (auto const& plain : several(150, "b")) second.offer(plain);
    first.wait();
    second.wait();
    for (std::size_t i = 0; i < 150; ++i) {
        ASSERT_EQ(first.why(i), "stored");
        ASSERT_EQ(second.why(i), "stored");
    }
    expect_consistent(300);
}

TEST_F(Foreseeing, AKnownKeyOrAnotherOnesUnitIsRefusedAsEverAndTheRestIsStored)
{
    Gateway gateway{config_};
    auto all = several(9);
    store_each(gateway, {all[0], all[1]});
    auto foreign = all[2];
    foreign.unit = all[0].unit;
    foreign.tax_code = "0100109106";
    auto const refused = accept(gateway, foreign);
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().why, store::Refusal::unit_owner_mismatch);
    EXPECT_EQ(commits(gateway, "mistaken"), 1);
    store_each(gateway, {all[3]});
    auto const foreseen = commits(gateway, "foreseen");
    store_each(gateway, {all[4]});
    EXPECT_EQ(commits(gateway, "mistaken"), 1);
    EXPECT_EQ(commits(gateway, "foreseen"), foreseen + 1) << "nobody else is here: it goes on foreseeing";

    auto const again = accept(gateway, all[0]);
    ASSERT_TRUE(again.has_value());
    EXPECT_TRUE(again->repeated);
    expect_consistent(4);
}

TEST_F(Foreseeing, ANumberMovedByHandIsNotGivenTwice)
{
    Gateway gateway{config_};
    store_each(gateway, several(2));
    database_.execute("UPDATE ivan.case_counters SET last = 7");
    auto const stored = accept(gateway, {.key = "after"});
    ASSERT_TRUE(stored.has_value());
    EXPECT_EQ(stored->case_code, "00008.G/2026/00108");
    database_.execute("SELECT nextval('ivan.delivery_sequence')");
    store_each(gateway, several(1, "more"));
    EXPECT_EQ(database_.value("SELECT max(sequence) = (SELECT last_value FROM ivan.delivery_sequence) FROM ivan.delivery_queue"), "t");
}

// Signed while the commit before was under way, for numbers that went to nobody: no such receipt ever leaves.
TEST_F(Foreseeing, ReceiptsSignedAheadOfACommitThatFailsAreSignedAnew)
{
    std::atomic<int> sealed = 0;
    Gateway gateway{config_, [&sealed](dossier::ReceiptFacts const& facts) {
        ++sealed;
        return support::plain_receipt(facts);
    }};
    store_each(gateway, several(2, "warm"));
    // A deferred trigger makes the commit itself wait for a lock the test holds.
    database_.execute("CREATE FUNCTION ivan.hold() RETURNS trigger LANGUAGE plpgsql AS "
                      "$$ BEGIN PERFORM pg_advisory_xact_lock(4242); RETURN NULL; END $$; "
                      "CREATE CONSTRAINT TRIGGER hold AFTER INSERT ON ivan.dossier_status DEFERRABLE INITIALLY DEFERRED "
                      "FOR EACH ROW EXECUTE FUNCTION ivan.hold()");
    Answers answers{context_, gateway.journal};
    {
        store::detail::PgConnection holder{database_.url(), std::chrono::seconds{5}, std::chrono::seconds{30}};
        holder.run_script("SELECT pg_advisory_lock(4242)");
        answers.offer({.key = "unknown"});
        wait_for_blocked();
        for (auto const& plain : several(6)) answers.offer(plain);
        support::wait_until(context_, [&sealed] { return sealed == 9; });
        database_.execute("SELECT count(pg_terminate_backend(pid)) " + blocked());
    }
    answers.wait();
    EXPECT_EQ(answers.why(0), "outcome_unknown");
    for (std::size_t i = 1; i < 7; ++i) {
        ASSERT_EQ(answers.why(i), "stored") << i;
        auto const& stored = **answers.results[i];
        EXPECT_THAT(stored.receipt.xml, testing::HasSubstr("<MaHoSo>" + stored.case_code + "</MaHoSo>"));
    }
    EXPECT_EQ((*answers.results[1])->case_code, "00003.G/2026/00108") << "the number of the commit that failed";
    EXPECT_EQ(sealed, 15);
    expect_consistent(8);
}

TEST_F(StoreJournal, WhatWasSentAheadIsUndoneByARollback)
{
    static constexpr store::detail::Statement note{"note", "INSERT INTO ivan.probe (at) SELECT now() FROM generate_series(1, $1::bigint)"};
    static constexpr store::detail::Statement wrong{"wrong", "SELECT 1 / $1::bigint"};
    store::detail::PgConnection connection{database_.url(), std::chrono::seconds{5}, std::chrono::seconds{5}};
    for (auto const* const last : {&note, &wrong}) {
        connection.send_plain("BEGIN");
        connection.send(note, store::detail::Params{}.number(1));
        connection.send(*last, store::detail::Params{}.number(0));
        connection.start();
        connection.rollback();
        EXPECT_EQ(rows("probe"), 0);
        EXPECT_EQ(connection.run(note, store::detail::Params{}.number(0)).count(), 0u) << "and the connection serves on";
    }
}

TEST_F(StoreJournal, AnswersUnavailableAtOnceWhileTheDatabaseIsDown)
{
    config_.database_url = "postgresql://ivan@/ivan?host=/nonexistent&port=1";
    Gateway gateway{config_};
    Answers answers{context_, gateway.journal};
    for (auto const& plain : several(20)) answers.offer(plain);
    answers.wait();
    for (std::size_t i = 0; i < 20; ++i) EXPECT_EQ(answers.why(i), "unavailable");
    auto const view = support::run_task(context_, gateway.archive.by_key("THAISON", "k", soon()));
    ASSERT_FALSE(view.has_value());
    EXPECT_EQ(view.error().why, store::Refusal::unavailable);
}

TEST_F(StoreJournal, AnswersEverythingThatWaitsWhenItIsDestroyed)
{
    Answers* answers = nullptr;
    std::optional<Answers> held;
    {
        Blocker blocker{database_.url()};
        auto gateway = std::make_unique<Gateway>(config_);
        held.emplace(context_, gateway->journal);
        answers = &*held;
        answers->offer({.key = "first"});
        wait_for_blocked();
        for (auto const& plain : several(3)) answers->offer(plain);
        context_.restart();
        context_.poll();
        std::thread releasing{[&] { blocker.release(); }};
        gateway.reset();
        releasing.join();
    }
    answers->wait();
    EXPECT_EQ(answers->why(0), "stored");
    for (std::size_t i = 1; i < 4; ++i) EXPECT_TRUE(answers->why(i) == "unavailable" || answers->why(i) == "stored");
}

TEST_F(StoreJournal, PutsAMonthNobodyPreparedIntoTheDefaultPartition)
{
    using namespace std::chrono_literals;
    Gateway gateway{config_};
    ASSERT_TRUE(accept(gateway, {.key = "old", .at = std::chrono::sys_days{1999y / 1 / 2}}).has_value());
    EXPECT_EQ(rows("dossiers_default"), 1);
    auto const again = accept(gateway, {.key = "old", .at = std::chrono::sys_days{1999y / 1 / 3}});
    ASSERT_TRUE(again.has_value());
    EXPECT_TRUE(again->repeated);
}

TEST_F(StoreJournal, WritesTheBodyBackByteForByteInEveryCompression)
{
    std::string body;
    for (int i = 0; i < 256; ++i) body += static_cast<char>(i);
    for (auto const* compression : {"none", "lz4", "zstd"}) {
        config_.compression = compression;
        Gateway gateway{config_};
        auto row = support::row_of({.key = compression, .body = body + compression});
        row.packed_body = store::detail::pack(*store::detail::codec_from(compression), body + compression);
        auto const stored = support::run_task(context_, gateway.journal.accept_row(std::move(row), soon()));
        ASSERT_TRUE(stored.has_value());
    }
    Gateway gateway{config_};
    using namespace std::chrono_literals;
    for (auto const* compression : {"none", "lz4", "zstd"}) {
        auto const claims = support::run_task(context_, gateway.queue.claim("w", 1, 1u << 20, 60s, std::chrono::system_clock::now(), soon()));
        ASSERT_TRUE(claims.has_value());
        ASSERT_EQ(claims->size(), 1u);
        EXPECT_EQ(*claims->front().body, body + compression);
        auto const settlement = support::settlement_of(claims->front(), dossier::State::delivered);
        ASSERT_TRUE(support::run_task(context_, gateway.queue.settle("w", {settlement}, soon())).has_value());
    }
}

TEST(Postgres, RefusesABadConfigurationAtOnce)
{
    observe::Metrics metrics;
    auto const with = [&](auto change) {
        store::StoreConfig config;
        change(config);
        EXPECT_THROW((store::Postgres{config, support::plain_receipt, metrics}), std::runtime_error);
    };
    with([](auto& c) { c.database_url = "postgresql://["; });
    with([](auto& c) { c.compression = "brotli"; });
    with([](auto& c) { c.case_code.clear(); });
    with([](auto& c) { c.case_code[0].pattern = "{number}"; });
    with([](auto& c) { c.connections_max = 0; });
}

}  // namespace
