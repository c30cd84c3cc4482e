// Statements of a provider's day over a real PostgreSQL: what they list, when they are closed, and that their bytes stay.

#include "gateway/ledger/frontier.hpp"
#include "gateway/store/log_audit.hpp"
#include "gateway/store/pg_statement.hpp"
#include "signing/digest.hpp"
#include "signing/signer.hpp"
#include "tests/support/pki.hpp"
#include "tests/support/store.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace {

using namespace std::chrono_literals;
using support::Answers;
using support::Gateway;
using support::PlainDossier;
using support::soon;
using testing::HasSubstr;

// Long enough ago that the day is closed by every clock.
std::chrono::sys_days const day = runtime::vietnam_day(std::chrono::system_clock::now()) - std::chrono::days{5};
runtime::Instant const begins = runtime::Instant{day} - 7h;

class Statements : public testing::Test {
protected:
    Statements()
    {
        database_.reset();
        config_.database_url = database_.url();
        config_.batch_rows_max = 5;
        gateway_.emplace(config_);
        use({});
    }
    void use(store::StatementConfig config)
    {
        statements_.emplace(gateway_->pool, "test", [this](ledger::Statement made) { return sign(std::move(made)); }, config);
    }
    store::SignedStatement sign(ledger::Statement statement)
    {
        ++signed_;
        statement.key_id = key_->certificate().fingerprint;
        auto text = ledger::canonical_statement(statement).value();
        auto signature = signing::sign_text(*key_, text);
        return {std::move(statement), std::move(text), std::move(signature)};
    }
    void accept(std::string key, runtime::Instant at, std::string provider = "THAISON")
    {
        PlainDossier plain;
        plain.provider = std::move(provider);
        plain.body = "<Hoso>" + key + "</Hoso>";
        plain.key = std::move(key);
        plain.at = at;
        auto const stored = support::run_task(context_, gateway_->journal.accept_row(support::row_of(plain), soon()));
        ASSERT_TRUE(stored.has_value()) << stored.error().detail;
    }
    void refuse(std::string body, std::string fault, runtime::Instant at, std::string provider = "THAISON")
    {
        store::RefusalRecord record;
        record.provider = std::move(provider);
        record.idempotency_key = body;
        if (!body.empty()) record.content_sha256 = signing::hex(signing::sha256(body));
        record.body = std::move(body);
        record.fault_id = std::move(fault);
        record.problem = "{}";
        record.at = at;
        ASSERT_TRUE(support::run_task(context_, gateway_->journal.refuse(std::move(record), soon())).has_value());
    }
    // The commits that are there now took place at this moment.
    void date(runtime::Instant at, std::uint64_t from = 0)
    {
        auto const us = std::chrono::floor<std::chrono::microseconds>(at.time_since_epoch()).count();
        database_.execute("UPDATE ivan.log_groups SET at = to_timestamp(" + std::to_string(us) + " / 1e6) WHERE first_index >= " + std::to_string(from));
    }
    [[nodiscard]] std::uint64_t size() { return static_cast<std::uint64_t>(database_.count("SELECT coalesce(max(first_index + count), 0) FROM ivan.log_groups")); }

    store::Result<store::SignedStatement> ask(std::chrono::sys_days of = day, std::string provider = "THAISON", runtime::Instant now = std::chrono::system_clock::now())
    {
        return support::run_task(context_, statements_->statement(std::move(provider), of, now, soon()));
    }
    // All pages, as one text.
    std::string list(std::optional<std::uint64_t> size = {}, std::chrono::sys_days of = day, std::string provider = "THAISON", std::size_t* pages = nullptr)
    {
        std::string all, after;
        do {
            auto const page = support::run_task(context_, statements_->page(provider, of, size, store::place_from(after).value(), std::chrono::system_clock::now(), soon()));
            if (!page) return "refused: " + page.error().detail;
            for (auto const& line : page->lines) all += line;
            after = page->next;
            if (pages) ++*pages;
        } while (!after.empty());
        return all;
    }

    support::Database& database_ = support::Database::shared();
    support::Pki const& pki_ = support::Pki::shared();
    signing::dev::Identity const identity_ = pki_.unit("0101300842");
    std::shared_ptr<signing::KeyPair const> key_ = support::Pki::key(identity_);
    store::StoreConfig config_;
    net::io_context context_{1};
    std::optional<Gateway> gateway_;
    std::optional<store::detail::PgStatements> statements_;
    int signed_ = 0;
};

TEST_F(Statements, ListWhatOneProviderFiledOnTheDayAndNothingElse)
{
    accept("yesterday", begins - 1ms);
    date(begins);
    accept("first", begins);
    accept("others", begins + 1h, "VNPT");
    refuse("broken", "GW-3001", begins + 2h);
    refuse("broken again", "GW-3001", begins + 3h);
    refuse("", "GW-1007", begins + 4h);
    refuse("theirs", "GW-2010", begins + 4h, "VNPT");
    accept("last", begins + 24h - 1ms);
    date(begins + 12h, 1);
    auto const until = size();
    accept("tomorrow", begins + 24h);
    date(begins + 25h, until);

    auto const made = ask();
    ASSERT_TRUE(made.has_value()) << made.error().detail;
    auto const& said = made->statement;
    EXPECT_TRUE(said.closed);
    EXPECT_EQ(said.size, 8u) << "as at the day's close";
    EXPECT_EQ(said.accepted, 2u);
    EXPECT_EQ(said.refused, (std::map<std::string, std::uint64_t>{{"GW-1007", 1}, {"GW-3001", 2}}));
    EXPECT_TRUE(signing::verify_text(identity_.certificate_pem, made->text, made->signature));

    auto const all = list();
    EXPECT_EQ(signing::sha256(all), said.entries);
    EXPECT_EQ(std::count(all.begin(), all.end(), '\n'), 5);
    for (auto const* there : {" first ", " last ", " broken ", " broken%20again ", " - - GW-1007", " 00002.G/2026/00108 "}) EXPECT_THAT(all, HasSubstr(there));
    for (auto const* not_there : {" yesterday ", " tomorrow ", " others ", " theirs "}) EXPECT_THAT(all, testing::Not(HasSubstr(not_there)));

    auto const frontier = database_.value("SELECT encode(frontier, 'hex') FROM ivan.log_groups WHERE first_index + count = 8");
    EXPECT_EQ(said.root, ledger::read_frontier(signing::bytes_of_hex(frontier))->root().value());
    EXPECT_EQ(ask(day, "VNPT")->statement.accepted, 1u);
    auto const nobody = ask(day, "NOBODY");
    EXPECT_EQ(nobody->statement.accepted + nobody->statement.refused_count(), 0u);
    EXPECT_EQ(ask(day + std::chrono::days{1})->statement.accepted, 1u) << "tomorrow's";
    EXPECT_EQ(ask(day + std::chrono::days{1})->statement.from, 8u) << "begins where this one ends";
}

TEST_F(Statements, EachLineIsTheLeafOfTheLog)
{
    accept("a", begins + 1h);
    refuse("broken", "GW-3001", begins + 2h);
    date(begins + 3h);
    auto const all = list();
    ledger::Frontier log;
    std::vector<ledger::Hash> leaves(2);
    std::size_t at = 0;
    while (at < all.size()) {
        auto const end = all.find('\n', at);
        auto const line = ledger::read_line(all.substr(at, end - at), "THAISON");
        ASSERT_TRUE(line.has_value());
        leaves.at(line->index) = ledger::leaf_hash(ledger::bytes_of(line->entry).value());
        at = end + 1;
    }
    std::vector<ledger::Node> born;
    for (auto const& leaf : leaves) ASSERT_TRUE(log.append(leaf, born));
    EXPECT_EQ(log.root().value(), ask()->statement.root);
}

TEST_F(Statements, AClosedOneKeepsItsBytesWhateverComesLater)
{
    accept("a", begins + 1h);
    date(begins + 2h);
    auto const first = ask();
    ASSERT_TRUE(first.has_value());
    accept("late", begins + 3h);  // by a clock that is days behind
    date(begins + 30h, 1);
    use({});  // another gateway
    auto const again = ask();
    EXPECT_EQ(again->text, first->text);
    EXPECT_EQ(again->signature, first->signature);
    EXPECT_EQ(signed_, 1);
    EXPECT_EQ(signing::sha256(list()), first->statement.entries) << "and so do its pages";
    EXPECT_EQ(ask(day, "VNPT")->statement.size, first->statement.size) << "one day, one size";
}

TEST_F(Statements, WhatCameBehindTheCloseStandsInTheNext)
{
    accept("a", begins + 1h);
    date(begins + 1h);
    accept("late", begins + 24h - 1s);
    date(begins + 24h + 11min, 1);
    EXPECT_THAT(list(), testing::Not(HasSubstr(" late ")));
    EXPECT_EQ(ask()->statement.accepted, 1u);
    auto const next = day + std::chrono::days{1};
    EXPECT_THAT(list({}, next), HasSubstr(" late "));
    EXPECT_EQ(ask(next)->statement.accepted, 1u);
}

TEST_F(Statements, ADayThatIsNotOverIsProvisionalAndAtMostAMinuteOld)
{
    auto const today = runtime::vietnam_day(std::chrono::system_clock::now());
    auto const now = std::chrono::system_clock::now();
    auto const early = runtime::Instant{today} - 7h + 1s;
    accept("a", early);
    auto const first = ask(today, "THAISON", now);
    ASSERT_TRUE(first.has_value()) << first.error().detail;
    EXPECT_FALSE(first->statement.closed);
    EXPECT_EQ(first->statement.size, 1u);
    EXPECT_EQ(first->statement.accepted, 1u);
    accept("b", early + 1ms);
    EXPECT_EQ(ask(today, "THAISON", now + 59s)->text, first->text);
    auto const second = ask(today, "THAISON", now + 61s);
    EXPECT_EQ(second->statement.accepted, 2u);
    EXPECT_EQ(signing::sha256(list(1, today)), first->statement.entries) << "the list of the size that was said";
    EXPECT_EQ(signing::sha256(list(2, today)), second->statement.entries);
    EXPECT_EQ(database_.count("SELECT count(*) FROM ivan.statements"), 0) << "nothing that may still change is kept";
}

TEST_F(Statements, ADayIsNotClosedWhileSomebodyMayStillExtendTheLogAsOfBefore)
{
    accept("a", begins + 1h);
    date(begins + 2h);
    // No commit of after the close, and a gateway that stands in one: what it will add may be of before.
    support::Gateway other{config_};
    store::detail::PgConnection holder{config_.database_url, 5s, 20s};
    holder.run_plain("BEGIN");
    store::detail::Statement const lock{"hold", "SELECT pg_advisory_xact_lock(hashtextextended('ivan.log', 0))::text"};
    holder.run(lock, store::detail::Params{});
    EXPECT_FALSE(ask()->statement.closed);
    holder.run_plain("COMMIT");
    use({});
    EXPECT_TRUE(ask()->statement.closed);
}

TEST_F(Statements, PagesAreBoundedAndMissNothing)
{
    store::StatementConfig small;
    small.rows_at_once = 7;
    use(small);
    for (int i = 0; i < 30; ++i) accept("k" + std::to_string(i), begins + 1h + std::chrono::milliseconds{i / 3}, i % 4 == 0 ? "VNPT" : "THAISON");
    for (int i = 0; i < 21; ++i) refuse(i % 3 == 0 ? "" : "b" + std::to_string(i / 2), i % 2 == 0 ? "GW-3001" : "GW-2010", begins + 2h);
    date(begins + 3h);
    std::size_t pages = 0;
    auto const all = list({}, day, "THAISON", &pages);
    EXPECT_GE(pages, 7u);
    auto const made = ask();
    EXPECT_EQ(made->statement.accepted, 22u);
    EXPECT_EQ(made->statement.refused_count(), 21u);
    EXPECT_EQ(signing::sha256(all), made->statement.entries);
    use({});
    EXPECT_EQ(list(), all) << "whatever the size of its pages";
}

TEST_F(Statements, TheCloseIsFoundAmongManyCommits)
{
    for (int i = 0; i < 40; ++i) accept("k" + std::to_string(i), begins + std::chrono::hours{i});
    database_.execute("UPDATE ivan.log_groups SET at = (SELECT received_at FROM ivan.dossiers WHERE log_index = first_index)");
    EXPECT_EQ(ask()->statement.size, 25u) << "the last is of the first ten minutes of the next day";
    EXPECT_EQ(ask()->statement.accepted, 24u);
    EXPECT_EQ(ask()->statement.from, 1u) << "and so is one of this";
    auto const next = ask(day + std::chrono::days{1});
    EXPECT_EQ(next->statement.from, 25u);
    EXPECT_EQ(next->statement.size, 40u);
    EXPECT_EQ(next->statement.accepted, 16u);
}

TEST_F(Statements, OneAtATimeIsMadeAndNothingOfTheFuture)
{
    store::StatementConfig none;
    none.at_once = 0;
    use(none);
    EXPECT_EQ(ask().error().why, store::Refusal::busy);
    use({});
    auto const tomorrow = runtime::vietnam_day(std::chrono::system_clock::now()) + std::chrono::days{1};
    EXPECT_EQ(ask(tomorrow).error().why, store::Refusal::not_found);
    EXPECT_THAT(list(1000), HasSubstr("refused: the log has 0 leaves"));
    auto const empty = ask();
    EXPECT_EQ(empty->statement.root, ledger::empty_root());
    EXPECT_EQ(list(), "");
    EXPECT_TRUE(ask().has_value()) << "the place in the making was given back";
}

TEST_F(Statements, AnOperatorReadsThemFromTheDatabaseAloneAndAGatewayGivesTheSame)
{
    accept("a", begins + 1h);
    refuse("broken", "GW-3001", begins + 2h);
    date(begins + 3h);
    store::StatementAsked const asked{"test", "THAISON", day, std::chrono::system_clock::now()};
    std::string all;
    std::optional<store::SignedStatement> told;
    auto const read = [&](store::StatementSigner const& signer) {
        all.clear();
        return store::read_statement(database_.url(), asked, signer, [&](auto const& made) { told = made; }, [&](auto line) { all += line; });
    };
    auto const unsigned_one = read({});
    EXPECT_EQ(unsigned_one.signature, "");
    EXPECT_EQ(unsigned_one.statement.accepted, 1u);
    EXPECT_EQ(signing::sha256(all), unsigned_one.statement.entries);
    EXPECT_EQ(database_.count("SELECT count(*) FROM ivan.statements"), 0) << "without a signature it binds nobody";
    auto const made = read([this](ledger::Statement one) { return sign(std::move(one)); });
    EXPECT_EQ(told->text, made.text);
    EXPECT_EQ(ask()->signature, made.signature) << "made once, whoever is asked first";
    EXPECT_EQ(read({}).signature, made.signature);
    EXPECT_THROW(static_cast<void>(store::read_statement("host=/nowhere", asked, {}, [](auto const&) {}, {})), std::runtime_error);
}

TEST_F(Statements, AKeptOneThatWasChangedIsFoundByTheAudit)
{
    accept("a", begins + 1h);
    date(begins + 2h);
    ASSERT_TRUE(ask()->statement.closed);
    store::AuditOptions options;
    options.certificates = {identity_.certificate_pem};
    options.receipts = store::AuditReceipts::none;
    auto const clean = store::audit_log(database_.url(), options);
    EXPECT_TRUE(clean.clean());
    EXPECT_EQ(clean.statements, 1u);
    auto const found = [&](std::string const& sql) {
        database_.execute("CREATE TABLE kept AS SELECT * FROM ivan.statements; " + sql);
        auto const report = store::audit_log(database_.url(), options);
        database_.execute("DELETE FROM ivan.statements; INSERT INTO ivan.statements SELECT * FROM kept; DROP TABLE kept");
        return report.findings.empty() ? "nothing" : report.findings.front().what + ": " + report.findings.front().detail;
    };
    EXPECT_THAT(found("UPDATE ivan.statements SET text = replace(text, 'accepted 1', 'accepted 0')"), HasSubstr("the signature is not over its text"));
    EXPECT_THAT(found("UPDATE ivan.statements SET provider = 'VNPT'"), HasSubstr("its text is not that of its row"));
    database_.execute("UPDATE ivan.statements SET text = replace(text, 'size 1', 'size 7'), size = 7");
    auto const report = store::audit_log(database_.url(), options);
    EXPECT_THAT(report.findings.back().detail, HasSubstr("signed for 7 leaves, the log has 1"));
}

TEST_F(Statements, AStatusWithoutItsRowIsNotPassedOver)
{
    accept("a", begins + 1h);
    date(begins + 2h);
    database_.execute("DELETE FROM ivan.dossiers");
    auto const made = ask();
    ASSERT_FALSE(made.has_value());
    EXPECT_EQ(made.error().why, store::Refusal::internal);
    EXPECT_THAT(made.error().detail, HasSubstr("has a status and no row"));
}

TEST_F(Statements, TheirQueriesFindTheirRowsByIndexes)
{
    config_.connections_max = 1;  // so that the plans are asked where the statements were prepared
    gateway_.emplace(config_);
    use({});
    accept("a", begins + 1h);
    date(begins + 2h);
    EXPECT_TRUE(ask().has_value());
    auto const plan = [&](char const* execute) {
        std::function<store::Result<std::string>(store::detail::PgConnection&)> work = [&](store::detail::PgConnection& connection) -> store::Result<std::string> {
            auto const rows = connection.run(store::detail::Statement{execute, execute}, store::detail::Params{});
            std::string text;
            for (std::size_t i = 0; i < rows.count(); ++i) text += rows.string(i, 0) + "\n";
            return text;
        };
        return support::run_task(context_, gateway_->pool.run<std::string>(soon(), false, std::move(work))).value();
    };
    auto const accepted = plan("EXPLAIN EXECUTE statement_accepted('X', '00000000-0000-7000-8000-000000000000', '019abc00-0000-7000-8000-000000000000', 10)");
    EXPECT_THAT(accepted, HasSubstr("Index Scan using dossier_status_pkey")) << "a range of ids, which is one of time";
    EXPECT_THAT(accepted, testing::Not(HasSubstr("Seq Scan")));
    EXPECT_THAT(accepted, testing::Not(HasSubstr("Sort"))) << "pages are not made by sorting the day";
    auto const refused = plan("EXPLAIN EXECUTE statement_refused('X', now() - interval '1 day', now(), '', now(), 0, 10)");
    EXPECT_THAT(refused, testing::Not(HasSubstr("Seq Scan"))) << refused;
    EXPECT_THAT(refused, HasSubstr("(provider = $1)")) << refused;
    EXPECT_THAT(refused, testing::Not(HasSubstr("->  Sort  ("))) << "at most within a content";
    EXPECT_THAT(plan("EXPLAIN EXECUTE statement_group(5)"), HasSubstr("Index Scan Backward using log_groups_pkey"));
}

}  // namespace
