// One suite for every destination: what deliver() promises to the dispatcher, whatever the peer does. An implementation
// joins by adding a maker to the list at the end.

#include "gateway/delivery/backend.hpp"
#include "signing/digest.hpp"
#include "tests/support/manual_clock.hpp"
#include "tests/support/raw_server.hpp"
#include "tests/support/run_task.hpp"

#include <gtest/gtest.h>

namespace
{

using namespace std::chrono_literals;
using delivery::Destination;
using delivery::Outcome;
using support::RawAnswer;
using support::RawServer;
using Kind = Outcome::Kind;

struct Maker {
    std::string name;
    std::function<std::unique_ptr<Destination>(net::io_context&, std::string const& url, runtime::Clock const&)> make;
};

struct DestinationContract : testing::TestWithParam<Maker> {
    net::io_context context{1};
    support::ManualClock clock;
    store::Claim claim;

    void SetUp() override
    {
        claim.dossier_id = "D-1";
        claim.case_code = "00001.G/2026/00108";
        claim.body = std::make_shared<std::string const>("<Hoso>đ</Hoso>");
        claim.content_sha256 = signing::hex(signing::sha256(*claim.body));
    }
    Outcome deliver(Destination& destination, std::chrono::milliseconds budget = 5s)
    {
        return support::run_task(context, destination.deliver(claim, runtime::Deadline::after(budget)));
    }
    Outcome deliver_to(RawAnswer answer, std::chrono::milliseconds budget = 5s)
    {
        RawServer server{context, [&](auto&) { return answer; }};
        auto const destination = GetParam().make(context, server.url(), clock);
        return deliver(*destination, budget);
    }
};

TEST_P(DestinationContract, HandsOverTheBytesAsReceivedWithOneKeyOnEveryAttempt)
{
    RawServer server{context, [](auto&) { return RawAnswer{RawServer::ok("", 503)}; }};
    auto const destination = GetParam().make(context, server.url(), clock);
    std::vector<std::string> keys;
    for (int n = 0; n < 2; ++n) {
        (void)deliver(*destination);
        auto const& request = server.requests().back();
        EXPECT_TRUE(request.ends_with("\r\n\r\n" + *claim.body));
        auto const at = request.find("Idempotency-Key: ");
        ASSERT_NE(at, std::string::npos);
        keys.push_back(request.substr(at, request.find("\r\n", at) - at));
    }
    EXPECT_EQ(keys.front(), keys.back());
}

TEST_P(DestinationContract, AcceptsTwoHundredsAndAlreadyThere)
{
    for (int const status : {200, 201, 202, 409}) {
        auto const outcome = deliver_to({RawServer::ok("", status)});
        EXPECT_EQ(outcome.kind, Kind::accepted) << status << outcome.reason;
        EXPECT_EQ(outcome.http_status, status);
    }
}

TEST_P(DestinationContract, ARefusalIsForAPersonAndSaysWhy)
{
    for (int const status : {400, 403, 404, 422}) {
        auto const outcome = deliver_to({RawServer::ok("", status)});
        EXPECT_EQ(outcome.kind, Kind::refused) << status;
        EXPECT_FALSE(outcome.reason.empty());
    }
}

TEST_P(DestinationContract, WhatMayPassIsForNowAndKeepsRetryAfter)
{
    for (int const status : {408, 425, 429, 500, 503}) {
        auto const outcome = deliver_to({RawServer::ok("", status, "Retry-After: 9\r\n")});
        EXPECT_EQ(outcome.kind, Kind::failed_for_now) << status;
        EXPECT_EQ(outcome.retry_after, 9s);
    }
}

TEST_P(DestinationContract, NoAnswerIsForNowAndEndsAtTheDeadline)
{
    auto const outcome = deliver_to({"", false, true}, 30ms);
    EXPECT_EQ(outcome.kind, Kind::failed_for_now);
    EXPECT_EQ(outcome.http_status, 0);
    EXPECT_FALSE(outcome.reason.empty());
}

TEST_P(DestinationContract, ADeadDestinationIsForNow)
{
    std::string url;
    {
        RawServer server{context, [](auto&) { return RawAnswer{}; }};
        url = server.url();
        server.stop_listening();
        context.poll();
    }
    auto const destination = GetParam().make(context, url, clock);
    EXPECT_EQ(deliver(*destination).kind, Kind::failed_for_now);
}

TEST_P(DestinationContract, ALyingAnswerIsForNow)
{
    std::string const lies[] = {
        "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort",
        "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
        "HTTP/1.1 200 OK\r\n\r\n" + std::string(1 << 20, 'x'),
        "HTTP/1.1 200 OK\r\nX: " + std::string(1 << 18, 'x'),
        "220 mail.example ESMTP\r\n",
        std::string(100, '\0'),
        "",
    };
    for (auto const& lie : lies) {
        auto const outcome = deliver_to({lie, true});
        EXPECT_EQ(outcome.kind, Kind::failed_for_now) << lie.substr(0, 60);
    }
}

TEST_P(DestinationContract, WorksAgainAfterEveryTrouble)
{
    unsigned n = 0;
    std::vector<RawAnswer> const script{
        {"rubbish", true}, {RawServer::ok("", 503)}, {"", true}, {RawServer::ok("", 201)}};
    RawServer server{context, [&](auto&) { return script.at(std::min<std::size_t>(n++, script.size() - 1)); }};
    auto const destination = GetParam().make(context, server.url(), clock);
    Outcome outcome;
    for (int tries = 0; tries < 6 && outcome.kind != Kind::accepted; ++tries) outcome = deliver(*destination);
    EXPECT_EQ(outcome.kind, Kind::accepted);
}

INSTANTIATE_TEST_SUITE_P(Every, DestinationContract,
                         testing::Values(Maker{
                             "Backend",
                             [](net::io_context& context, std::string const& url, runtime::Clock const& clock) {
                                 delivery::BackendConfig config;
                                 config.url = url;
                                 return std::make_unique<delivery::Backend>(context, config, clock);
                             }}),
                         [](auto const& tested) { return tested.param.name; });

} // namespace
