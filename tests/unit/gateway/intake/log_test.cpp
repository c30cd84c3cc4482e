// The calls of the provable log, over a log of the test's own.

#include "gateway/intake/log.hpp"

#include "gateway/ledger/frontier.hpp"
#include "gateway/ledger/leaf.hpp"
#include "signing/digest.hpp"
#include "tests/support/manual_clock.hpp"
#include "tests/support/run_task.hpp"
#include "tests/support/submitting.hpp"

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace {

namespace json = boost::json;

struct CannedLog final : store::Log {
    runtime::Task<store::Result<store::SignedHead>> head(std::chrono::milliseconds, runtime::Instant now, runtime::Deadline) override
    {
        if (away) co_return store::Failure{store::Refusal::unavailable, "the token is away"};
        store::SignedHead made{3, now, std::string(64, 'a'), "IVAN-Hub tree head 1\n", "\x30\x01"};
        co_return made;
    }
    runtime::Task<store::Result<store::Inclusion>> inclusion(std::string provider, By by, std::string value, std::optional<std::uint64_t> size,
                                                             runtime::Instant, runtime::Deadline) override
    {
        asked = provider + "|" + std::to_string(static_cast<int>(by)) + "|" + value + "|" + (size ? std::to_string(*size) : "");
        if (behind) co_return store::Failure{store::Refusal::behind, value};
        store::Inclusion made;
        made.entry = {1, "octets"};
        made.size = 3;
        made.path = {ledger::leaf_hash("a"), ledger::leaf_hash("c")};
        co_return made;
    }
    runtime::Task<store::Result<ledger::Proof>> consistency(std::uint64_t from, std::uint64_t to, runtime::Deadline) override
    {
        if (to > 3) co_return store::Failure{store::Refusal::not_found, ""};
        co_return from == to ? ledger::Proof{} : ledger::Proof{ledger::leaf_hash("a")};
    }
    std::string asked;
    bool away = false, behind = false;
};

struct CannedStatements final : store::Statements {
    runtime::Task<store::Result<store::SignedStatement>> statement(std::string provider, std::chrono::sys_days day, runtime::Instant now,
                                                                   runtime::Deadline) override
    {
        if (busy) co_return store::Failure{store::Refusal::busy, ""};
        store::SignedStatement made;
        made.statement.provider = std::move(provider);
        made.statement.day = day;
        made.statement.closed = true;
        made.statement.size = 7;
        made.statement.accepted = 2;
        made.statement.refused = {{"GW-2010", 1}, {"GW-3012", 2}};
        made.statement.at = std::chrono::floor<std::chrono::milliseconds>(now);
        made.text = "IVAN-Hub statement 1\n";
        made.signature = "\x30\x01";
        co_return made;
    }
    runtime::Task<store::Result<store::StatementPage>> page(std::string provider, std::chrono::sys_days, std::optional<std::uint64_t> size,
                                                            store::StatementPlace from, runtime::Instant, runtime::Deadline) override
    {
        asked = provider + "|" + (size ? std::to_string(*size) : "") + "|" + store::text_of(from);
        store::StatementPage page;
        page.size = size.value_or(7);
        page.lines = {"one\n", "two\n"};
        if (!from.refusals) page.next = "r--0-0";
        co_return page;
    }
    std::string asked;
    bool busy = false;
};

struct Desk {
    CannedLog log;
    CannedStatements statements;
    runtime::SystemClock clock;
    intake::LogQueries queries{log, statements, clock, std::chrono::milliseconds{1000}};
    net::io_context context{1};

    intake::Request request(std::map<std::string, std::string> query) const
    {
        intake::Request made;
        made.method = "GET";
        made.query = std::move(query);
        made.admitted = support::admitted_provider({"00040"});
        made.trace = observe::new_trace();
        return made;
    }
    intake::Reply head() { return support::run_task(context, queries.head(request({}))); }
    intake::Reply proof(std::map<std::string, std::string> query) { return support::run_task(context, queries.proof(request(std::move(query)))); }
    intake::Reply consistency(std::map<std::string, std::string> query)
    {
        return support::run_task(context, queries.consistency(request(std::move(query))));
    }
    intake::Reply statement(std::map<std::string, std::string> query) { return support::run_task(context, queries.statement(request(std::move(query)))); }
    intake::Reply entries(std::map<std::string, std::string> query) { return support::run_task(context, queries.entries(request(std::move(query)))); }
};

TEST(LogQueries, GiveTheHeadWithItsTextAndSignature)
{
    Desk desk;
    auto const body = json::parse(desk.head().body).as_object();
    EXPECT_EQ(body.at("size").as_int64(), 3);
    EXPECT_EQ(body.at("text").as_string(), "IVAN-Hub tree head 1\n");
    EXPECT_EQ(body.at("signature").as_string(), "MAE=");
    desk.log.away = true;
    EXPECT_EQ(desk.head().status, 503);
}

TEST(LogQueries, ProveADossierByItsIdOrAnySpellingOfItsCodeAndARefusalByItsContent)
{
    Desk desk;
    auto const reply = desk.proof({{"dossier", "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"}});
    EXPECT_EQ(desk.log.asked, "THAISON|0|017f22e2-79b0-7cc3-98c4-dc0c0c07398f|");
    auto const body = json::parse(reply.body).as_object();
    EXPECT_EQ(body.at("entry").as_string(), signing::hex(std::string_view{"octets"}));
    EXPECT_EQ(body.at("leaf_hash").as_string(), signing::hex(ledger::leaf_hash("octets")));
    EXPECT_EQ(body.at("path").as_array().size(), 2u);
    EXPECT_TRUE(body.at("head").is_null());
    desk.proof({{"dossier", "4486.g/2019/08708"}, {"size", "3"}});
    EXPECT_EQ(desk.log.asked, "THAISON|1|04486.G/2019/08708|3");
    desk.proof({{"refusal", std::string(64, 'b')}});
    EXPECT_EQ(desk.log.asked, "THAISON|2|" + std::string(64, 'b') + "|");
}

TEST(LogQueries, RefuseWhatTheyCannotRead)
{
    Desk desk;
    using Query = std::map<std::string, std::string>;
    for (auto const& query : {Query{}, Query{{"dossier", ""}}, Query{{"dossier", "x"}, {"refusal", std::string(64, 'b')}}, Query{{"refusal", "b"}},
                              Query{{"dossier", "x"}, {"size", "-1"}}})
        EXPECT_EQ(support::code_of(desk.proof(query)), "GW-1013");
    for (auto const& query : {Query{}, Query{{"from", "0"}, {"to", "1"}}, Query{{"from", "2"}, {"to", "1"}}, Query{{"from", "1"}, {"to", "z"}}})
        EXPECT_EQ(support::code_of(desk.consistency(query)), "GW-1013");
}

TEST(LogQueries, SayWhenToAskAgainWhereNoHeadCoversTheEntryYet)
{
    Desk desk;
    desk.log.behind = true;
    auto const reply = desk.proof({{"dossier", "x"}});
    EXPECT_EQ(reply.status, 503);
    EXPECT_EQ(support::code_of(reply), "GW-4008");
}

TEST(LogQueries, GiveTheStatementOfADayOfTheCaller)
{
    Desk desk;
    auto const reply = desk.statement({{"day", "2026-11-22"}});
    ASSERT_EQ(reply.status, 200) << reply.body;
    auto const body = json::parse(reply.body);
    EXPECT_EQ(body.at("provider").as_string(), desk.request({}).admitted->provider().code);
    EXPECT_EQ(body.at("day").as_string(), "2026-11-22");
    EXPECT_EQ(body.at("state").as_string(), "closed");
    EXPECT_EQ(body.at("refused").as_int64(), 3);
    EXPECT_EQ(json::serialize(body.at("refused_by_code")), R"({"GW-2010":1,"GW-3012":2})");
    EXPECT_EQ(body.at("text").as_string(), "IVAN-Hub statement 1\n");
    EXPECT_EQ(body.at("signature").as_string(), "MAE=");
    desk.statements.busy = true;
    EXPECT_EQ(desk.statement({{"day", "2026-11-22"}}).status, 503);
}

TEST(LogQueries, GiveItsListInPages)
{
    Desk desk;
    auto const first = desk.entries({{"day", "2026-11-22"}, {"size", "5"}});
    ASSERT_EQ(first.status, 200) << first.body;
    EXPECT_EQ(first.body, R"({"size":5,"lines":["one","two"],"next":"r--0-0"})");
    auto const last = desk.entries({{"day", "2026-11-22"}, {"after", "r--0-0"}});
    EXPECT_EQ(last.body, R"({"size":7,"lines":["one","two"],"next":null})");
    EXPECT_TRUE(desk.statements.asked.ends_with("||r--0-0")) << desk.statements.asked;
}

TEST(LogQueries, RefuseADayThatIsNone)
{
    Desk desk;
    for (auto const* day : {"", "2026-11-31", "2026-1-02", "22-11-2026", "2026-11-22T00:00:00+07:00", "2026-11-22 ", "hôm nay", "99999-01-01", "-001-01-01"}) {
        EXPECT_EQ(desk.statement({{"day", day}}).status, 400) << day;
        EXPECT_EQ(desk.entries({{"day", day}}).status, 400) << day;
    }
    EXPECT_EQ(desk.statement({}).status, 400);
    EXPECT_EQ(desk.entries({{"day", "2026-11-22"}, {"size", "-1"}}).status, 400);
    for (auto const* after : {"x", "a-", "a-1", "r-", "r--", "r--1", "r--1-", "r-zz-1-1", "r-ab-1-1", "r--01-1", "r--1--1"})
        EXPECT_EQ(desk.entries({{"day", "2026-11-22"}, {"after", after}}).status, 400) << after;
}

TEST(LogQueries, ProveThatOneTreeIsTheBeginningOfAnother)
{
    Desk desk;
    EXPECT_EQ(json::parse(desk.consistency({{"from", "1"}, {"to", "3"}}).body).as_object().at("path").as_array().size(), 1u);
    EXPECT_TRUE(json::parse(desk.consistency({{"from", "3"}, {"to", "3"}}).body).as_object().at("path").as_array().empty());
    EXPECT_EQ(support::code_of(desk.consistency({{"from", "1"}, {"to", "4"}})), "GW-4006");
}

}  // namespace
