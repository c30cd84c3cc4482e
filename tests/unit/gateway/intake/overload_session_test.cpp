// Overload and abuse through the real listener: who waits, who is put off, and that it costs the peer and not us.

#include "tests/support/http_hub.hpp"
#include "tests/support/raw_http.hpp"

#include "signing/digest.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <vector>

namespace intake {
namespace {

using namespace std::chrono_literals;
using runtime::Task;
using support::HttpHub;
using support::RawHttp;

providers::Provider party(std::string const& code)
{
    providers::Provider made;
    made.code = code;
    made.key_hashes = {signing::hex(signing::sha256("key of " + code))};
    made.contract_from = std::chrono::sys_days{std::chrono::year{2015} / 1 / 1};
    return made;
}

// One filing at a time is held until the test lets it go.
struct Held {
    std::atomic<bool> hold{true};
    std::atomic<int> begun{0};
    Task<Reply> handle(Request request)
    {
        ++begun;
        auto const executor = co_await net::this_coro::executor;
        runtime::Timer timer{executor};
        while (hold) {
            timer.expires_after(1ms);
            co_await timer.async_wait(runtime::as_result);
        }
        co_return Reply::json(200, std::to_string(request.body.size()));
    }
};

HttpHub::Options options(Held& held)
{
    HttpHub::Options made;
    Route file;
    file.method = "POST";
    file.path = "/file";
    file.body = true;
    file.access = Access::party;
    file.roles = {providers::Role::provider};
    file.counts_quota = true;
    file.track = Track::filings;
    file.handle = [&held](Request r) { return held.handle(std::move(r)); };
    Route ask = file;
    ask.method = "GET";
    ask.path = "/ask";
    ask.body = false;
    ask.track = Track::asks;
    ask.handle = [](Request) -> Task<Reply> { co_return Reply::json(200, "{}"); };
    Route open = ask;
    open.path = "/open";
    open.access = Access::open;
    made.routes = {file, ask, open};
    made.providers = {party("VNPT"), party("BKAV")};
    made.limits.pace.min = made.limits.pace.max = 1;
    made.limits.places.wait_max = 20s;
    return made;
}

std::string as(std::string const& code) { return "Host: hub\r\nAuthorization: Bearer key of " + code + "\r\n"; }
std::string filing(std::string const& code, std::string const& body)
{
    return "POST /file HTTP/1.1\r\n" + as(code) + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}
std::string asking(std::string const& code) { return "GET /ask HTTP/1.1\r\n" + as(code) + "\r\n"; }
std::string const anybody = "GET /open HTTP/1.1\r\nHost: hub\r\n\r\n";

template <class Holds>
void until(Holds holds)
{
    auto const limit = std::chrono::steady_clock::now() + RawHttp::hang_after;
    while (!holds() && std::chrono::steady_clock::now() < limit) std::this_thread::yield();
    ASSERT_TRUE(holds());
}

TEST(OverloadSession, ADossierOverItsShareWaitsUnreadAndLookUpsPassIt)
{
    Held held;
    auto made = options(held);
    HttpHub hub{std::move(made)};
    RawHttp first{hub.port()}, second{hub.port()}, other{hub.port()};
    first.send(filing("VNPT", "12345"));
    until([&] { return held.begun == 1; });
    second.send(filing("VNPT", "123456789"));
    until([&] { return hub.admission.standing(party("VNPT")).filings.waiting == 1; });
    EXPECT_EQ(hub.admission.memory_reserved(), 5u) << "nothing is held for the one that waits";
    EXPECT_EQ(other.ask(asking("VNPT")).status, 200) << "a lane of their own";
    EXPECT_EQ(held.begun, 1);
    held.hold = false;
    EXPECT_EQ(first.read().body, "5");
    EXPECT_EQ(second.read().body, "9") << "its turn came";
    until([&] { return hub.admission.in_flight() == 0; });
}

// The adaptive limit measures from when a dossier is whole: a line at the core is of our making too.
TEST(OverloadSession, WhoWaitsForItsTurnAtTheCoreIsToldHowLong)
{
    static constexpr auto work = 20ms;
    Held held;
    auto made = options(held);
    made.limits.pace.max = made.limits.pace.min = 8;
    std::vector<std::chrono::nanoseconds> waited;  // written on the hub's one core, read behind its answers
    made.routes[0].handle = [&waited](Request request) -> Task<Reply> {
        waited.push_back(request.turn_waited);
        auto const until = std::chrono::steady_clock::now() + work;
        while (std::chrono::steady_clock::now() < until) {}
        co_return Reply::json(200, "{}");
    };
    HttpHub hub{std::move(made)};
    std::array<RawHttp, 5> clients{RawHttp{hub.port()}, RawHttp{hub.port()}, RawHttp{hub.port()}, RawHttp{hub.port()}, RawHttp{hub.port()}};
    for (auto& client : clients) EXPECT_EQ(client.ask(anybody).status, 200);  // let in
    for (auto& client : clients) client.send(filing("VNPT", "12345"));
    for (auto& client : clients) EXPECT_EQ(client.read().status, 200);
    ASSERT_EQ(waited.size(), clients.size());
    // What comes while the first keeps the core is read in one go: the last of it stands in line for the work of the others.
    EXPECT_GE(*std::ranges::max_element(waited), work - 1ms);
}

TEST(OverloadSession, AnotherPartyWithinItsShareDoesNotWait)
{
    Held held;
    auto made = options(held);
    HttpHub hub{std::move(made)};
    RawHttp first{hub.port()}, second{hub.port()}, other{hub.port()};
    first.send(filing("VNPT", "1"));
    until([&] { return held.begun == 1; });
    second.send(filing("VNPT", "2"));
    other.send(filing("BKAV", "3"));
    until([&] { return held.begun == 2; });
    EXPECT_EQ(hub.admission.standing(party("BKAV")).filings.inside, 1u);
    EXPECT_EQ(hub.admission.standing(party("VNPT")).filings.waiting, 1u);
    held.hold = false;
    for (auto* client : {&first, &second, &other}) EXPECT_EQ(client->read().status, 200);
}

TEST(OverloadSession, WhoWaitsInVainIsAnswered503WithATimeAndIsServedAfterwards)
{
    Held held;
    auto made = options(held);
    made.limits.places.wait_max = 10ms;
    made.limits.refusal_pause = 0ms;
    HttpHub hub{std::move(made)};
    RawHttp first{hub.port()}, second{hub.port()};
    first.send(filing("VNPT", "1"));
    until([&] { return held.begun == 1; });
    auto const refused = second.ask(filing("VNPT", "22"));
    EXPECT_EQ(refused.status, 503);
    EXPECT_NE(refused.body.find("GW-1107"), std::string::npos);
    EXPECT_GE(std::stoi(std::string{refused.field("retry-after")}), 1);
    EXPECT_TRUE(refused.field("ratelimit").starts_with(R"("burst";r=0;)")) << refused.field("ratelimit");
    held.hold = false;
    EXPECT_EQ(first.read().status, 200);
    EXPECT_EQ(second.ask(filing("VNPT", "22")).body, "2") << "on the same connection";
}

TEST(OverloadSession, WhoDoesNotObeyIsReadLaterAndOthersAreNot)
{
    Held held;
    held.hold = false;
    auto made = options(held);
    made.providers[0].quota = {.requests_per_second = 0.001, .burst = 1, .in_flight_max = 10};
    made.limits.refusal_pause = 10s;
    HttpHub hub{std::move(made)};
    RawHttp flood{hub.port()}, other{hub.port()};
    EXPECT_EQ(flood.ask(filing("VNPT", "1")).status, 200);
    EXPECT_EQ(flood.ask(filing("VNPT", "2")).status, 429);
    for (int n = 0; n < 100; ++n) flood.send(filing("VNPT", "3"));
    for (int n = 0; n < 20; ++n) EXPECT_EQ(other.ask(filing("BKAV", "4")).status, 200);
    EXPECT_FALSE(flood.anything_within(50ms)) << "a hundred requests, and not one of them was read";
    EXPECT_EQ(held.begun, 21);
}

TEST(OverloadSession, AnAddressHoldsSoManyConnectionsAndTheNextIsResetAtOnce)
{
    Held held;
    auto made = options(held);
    made.limits.doors.unlimited = "";
    made.limits.doors.connections_max = 2;
    HttpHub hub{std::move(made)};
    auto first = std::make_unique<RawHttp>(hub.port());
    RawHttp second{hub.port()};
    EXPECT_EQ(first->ask(anybody).status, 200);
    EXPECT_EQ(second.ask(anybody).status, 200);
    {
        RawHttp third{hub.port()};
        third.send(anybody);
        EXPECT_EQ(third.read().status, 0);
    }
    EXPECT_EQ(second.ask(anybody).status, 200) << "those inside are served";
    first.reset();
    until([&] {
        RawHttp again{hub.port()};
        again.send(anybody);
        return again.read().status == 200;
    });
}

TEST(OverloadSession, ConnectionsThatComeAndGoWithoutEndAreClosedBeforeTheirHandshake)
{
    Held held;
    auto made = options(held);
    made.limits.doors.unlimited = "";
    made.limits.doors.handshakes_burst = 5;
    made.limits.doors.handshakes_per_second = 0.01;
    HttpHub hub{std::move(made)};
    RawHttp steady{hub.port()};
    ASSERT_EQ(steady.ask(anybody).status, 200);
    int served = 0;
    for (int n = 0; n < 50; ++n) {
        RawHttp churn{hub.port()};
        churn.send(anybody);
        served += churn.read().status == 200;
    }
    EXPECT_EQ(served, 4) << "the burst, less the one that stayed";
    EXPECT_EQ(steady.ask(anybody).status, 200) << "who keeps its connection notices nothing";
    EXPECT_NE(hub.metrics.exposition().find(R"(ivan_connections_refused_total{reason="too_often"} 46)"), std::string::npos);
}

TEST(OverloadSession, SlowBodiesOfOnePartyHoldNoPlace)
{
    Held held;
    held.hold = false;
    auto made = options(held);
    made.limits.places.reading_grace = 1ms;
    HttpHub hub{std::move(made)};
    std::vector<std::unique_ptr<RawHttp>> slow;
    for (int n = 0; n < 20; ++n) {
        slow.push_back(std::make_unique<RawHttp>(hub.port()));
        slow.back()->send("POST /file HTTP/1.1\r\n" + as("VNPT") + "Content-Length: 3\r\n\r\n1");
    }
    until([&] { return hub.admission.in_flight() == 20; });
    RawHttp quick{hub.port()};
    EXPECT_EQ(quick.ask(filing("VNPT", "12")).status, 200) << "the only place is free";
    for (auto& one : slow) one->send("23");
    for (auto& one : slow) EXPECT_EQ(one->read().body, "3") << "and the slow ones are served when they are whole";
}

}  // namespace
}  // namespace intake
