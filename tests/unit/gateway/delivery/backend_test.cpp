#include "gateway/delivery/backend.hpp"

#include "signing/digest.hpp"
#include "tests/support/manual_clock.hpp"
#include "tests/support/raw_server.hpp"
#include "tests/support/run_task.hpp"

#include <gtest/gtest.h>

namespace
{

using namespace std::chrono_literals;
using delivery::Backend;
using delivery::Outcome;
using delivery::outcome_of;
using Kind = Outcome::Kind;

store::Claim example()
{
    store::Claim claim;
    claim.sequence = 1;
    claim.dossier_id = "0198a1b2-0000-7000-8000-000000000001";
    claim.case_code = "00001.G/2026/00108";
    claim.provider = "VNPT";
    claim.unit_code = "TA0001A";
    claim.agency = "00108";
    claim.procedure = "600";
    claim.trace_id = "4bf92f3577b34da6a3ce929d0e0e4736";
    claim.body = std::make_shared<std::string const>("<Hoso/>");
    claim.content_sha256 = signing::hex(signing::sha256(*claim.body));
    return claim;
}

runtime::HttpResponse answer(int status, runtime::Headers headers = {}, std::string body = "")
{
    runtime::HttpResponse response;
    response.status = status;
    response.headers = std::move(headers);
    response.body = std::move(body);
    return response;
}

TEST(BackendOutcome, TwoHundredsAndAlreadyThereAreAccepted)
{
    for (int const status : {200, 201, 202, 204, 299, 409})
        EXPECT_EQ(outcome_of(answer(status), {}).kind, Kind::accepted) << status;
}

TEST(BackendOutcome, OtherFourHundredsNeedAPerson)
{
    for (int const status : {400, 401, 403, 404, 410, 413, 415, 422, 451, 499})
        EXPECT_EQ(outcome_of(answer(status), {}).kind, Kind::refused) << status;
}

TEST(BackendOutcome, WhatMayPassIsTriedAgain)
{
    for (int const status : {408, 425, 429, 500, 502, 503, 504, 599, 301, 302, 101, 0, 999})
        EXPECT_EQ(outcome_of(answer(status), {}).kind, Kind::failed_for_now) << status;
}

TEST(BackendOutcome, CarriesRetryAfter)
{
    EXPECT_EQ(outcome_of(answer(503, {{"retry-after", "17"}}), {}).retry_after, 17s);
    EXPECT_EQ(outcome_of(answer(503, {{"Retry-After", "rubbish"}}), {}).retry_after, 0s);
}

TEST(BackendOutcome, TellsThePersonWhatTheBackendSaid)
{
    auto const outcome = outcome_of(answer(422, {{"Content-Type", "application/problem+json"}},
                                           R"({"code":"B-7","title":"unit unknown","errors":[1]})"),
                                    {});
    EXPECT_EQ(outcome.reason, "HTTP 422 B-7 unit unknown");
}

TEST(BackendOutcome, KeepsHostileWordsShortAndPrintable)
{
    auto const evil = R"({"title":"\u001b[2J\n)" + std::string(5000, 'x') + R"("})";
    auto const outcome = outcome_of(answer(400, {{"Content-Type", "application/json"}}, evil), {});
    EXPECT_LE(outcome.reason.size(), 300u);
    EXPECT_TRUE(
        std::all_of(outcome.reason.begin(), outcome.reason.end(), [](char c) { return c >= 0x20 && c < 0x7f; }));
    for (std::string const& body : {std::string{"{"}, std::string{"[]"}, std::string(4000, '['),
                                    std::string{"\"\\ud800\""}, std::string{"{\"title\":5}"}})
        EXPECT_EQ(outcome_of(answer(400, {{"Content-Type", "application/json"}}, body), {}).reason, "HTTP 400") << body;
}

TEST(BackendRequest, CarriesTheBytesAsReceivedAndEveryHeaderOfTheContract)
{
    auto const claim = example();
    auto const request = delivery::case_request(claim, "secret");
    EXPECT_EQ(request.method, "POST");
    EXPECT_EQ(request.target, "/v1/cases");
    EXPECT_EQ(request.content(), *claim.body);
    std::map<std::string, std::string> const headers(request.headers.begin(), request.headers.end());
    EXPECT_EQ(headers.at("Case-Code"), claim.case_code);
    EXPECT_EQ(headers.at("Dossier-Id"), claim.dossier_id);
    EXPECT_EQ(headers.at("Idempotency-Key"), claim.dossier_id);
    EXPECT_TRUE(headers.at("Received-At").ends_with("+07:00"));
    // printf '<Hoso/>' | openssl dgst -sha256 -binary | base64
    EXPECT_EQ(headers.at("Content-Digest"), "sha-256=:NZdrCnZLvvdsotW9tFRH7WZBJc9ex9zVq/P9c0AquMw=:");
    EXPECT_EQ(headers.at("Provider"), "VNPT");
    EXPECT_EQ(headers.at("Unit-Code"), "TA0001A");
    EXPECT_EQ(headers.at("Agency"), "00108");
    EXPECT_EQ(headers.at("Procedure"), "600");
    EXPECT_EQ(headers.at("Authorization"), "Bearer secret");
    EXPECT_TRUE(headers.at("traceparent").starts_with("00-" + claim.trace_id + "-")) << headers.at("traceparent");
    EXPECT_EQ(headers.at("traceparent").size(), 55u);
}

TEST(Backend, DoesNotHandOverBytesThatAreNotThoseReceived)
{
    net::io_context context{1};
    support::ManualClock clock;
    support::RawServer server{context, [](auto&) { return support::RawAnswer{support::RawServer::ok("", 201)}; }};
    delivery::BackendConfig config;
    config.url = server.url();
    Backend backend{context, config, clock};
    auto claim = example();
    claim.body = std::make_shared<std::string const>("<hoso/>");
    auto const outcome = support::run_task(context, backend.deliver(claim, runtime::Deadline::after(5s)));
    EXPECT_EQ(outcome.kind, Kind::refused);
    EXPECT_TRUE(server.requests().empty());
}

} // namespace
