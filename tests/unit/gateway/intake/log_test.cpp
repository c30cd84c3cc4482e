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

struct Desk {
    CannedLog log;
    runtime::SystemClock clock;
    intake::LogQueries queries{log, clock, std::chrono::milliseconds{1000}};
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

TEST(LogQueries, ProveThatOneTreeIsTheBeginningOfAnother)
{
    Desk desk;
    EXPECT_EQ(json::parse(desk.consistency({{"from", "1"}, {"to", "3"}}).body).as_object().at("path").as_array().size(), 1u);
    EXPECT_TRUE(json::parse(desk.consistency({{"from", "3"}, {"to", "3"}}).body).as_object().at("path").as_array().empty());
    EXPECT_EQ(support::code_of(desk.consistency({{"from", "1"}, {"to", "4"}})), "GW-4006");
}

}  // namespace
