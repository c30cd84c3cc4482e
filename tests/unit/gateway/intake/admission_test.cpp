#include "gateway/intake/admission.hpp"
#include "signing/digest.hpp"
#include "tests/support/manual_clock.hpp"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include <atomic>
#include <memory>
#include <optional>
#include <thread>

namespace intake {
namespace {

using fault::FaultCode;

providers::Provider party(std::string code, providers::Role role = providers::Role::provider)
{
    providers::Provider made;
    made.key_hashes = {signing::hex(signing::sha256("key of " + code))};
    made.code = std::move(code);
    made.role = role;
    made.contract_from = std::chrono::sys_days{std::chrono::year{2020} / 1 / 1};
    return made;
}

struct World {
    Limits limits;
    support::ManualClock clock;
    observe::Metrics metrics;
    std::vector<providers::Provider> providers{party("VNPT"), party("BKAV"), party("TST", providers::Role::backend)};
    std::optional<Admission> made;
    Admission& admission()
    {
        if (!made) made.emplace(std::make_shared<providers::Registry const>(providers), limits, clock, metrics);
        return *made;
    }
    Route route = [] {
        Route r;
        r.access = Access::party;
        r.roles = {providers::Role::provider};
        r.counts_quota = true;
        return r;
    }();
    fault::Result<Ticket> admit(std::string const& code, std::uint64_t bytes = 0)
    {
        return admission().admit(route, {"", "key of " + code}, bytes);
    }
};

FaultCode code_of(fault::Result<Ticket> const& result) { return result ? FaultCode::internal : result.error().code; }

TEST(Admission, KnowsWhoCallsAndWhetherTheyMay)
{
    World world;
    auto const ticket = world.admit("VNPT");
    ASSERT_TRUE(ticket);
    EXPECT_EQ(ticket->admitted()->provider().code, "VNPT");
    EXPECT_EQ(code_of(world.admit("nobody")), FaultCode::credentials_unknown);
    EXPECT_EQ(code_of(world.admit("TST")), FaultCode::role_forbidden);
    EXPECT_EQ(code_of(world.admission().admit(world.route, {}, 0)), FaultCode::credentials_missing);
}

TEST(Admission, TheContractsDayIsVietnams)
{
    World world;
    world.providers[0].contract_until = std::chrono::sys_days{std::chrono::year{2026} / 11 / 21};
    world.clock.at = std::chrono::sys_days{std::chrono::year{2026} / 11 / 21} + std::chrono::hours{16} + std::chrono::minutes{59};
    EXPECT_TRUE(world.admit("VNPT")) << "23:59 of the last day";
    world.clock.advance(std::chrono::minutes{1});
    EXPECT_EQ(code_of(world.admit("VNPT")), FaultCode::contract_not_in_force) << "midnight in Vietnam, 17:00 UTC";
}

TEST(Admission, AnOpenRouteAsksNobodyWhoTheyAre)
{
    World world;
    world.route.access = Access::open;
    auto const ticket = world.admission().admit(world.route, {}, 10);
    ASSERT_TRUE(ticket);
    EXPECT_FALSE(ticket->admitted());
    EXPECT_FALSE(ticket->quota());
    EXPECT_EQ(world.admission().memory_reserved(), 10u);
}

TEST(Admission, EverythingIsGivenBackWhenTheTicketGoes)
{
    World world;
    {
        auto ticket = world.admit("VNPT", 100);
        ASSERT_TRUE(ticket);
        ASSERT_TRUE(ticket->grow(50));
        auto const moved = std::move(*ticket);
        EXPECT_EQ(world.admission().memory_reserved(), 150u);
        EXPECT_EQ(world.admission().in_flight(), 1u);
    }
    EXPECT_EQ(world.admission().memory_reserved(), 0u);
    EXPECT_EQ(world.admission().in_flight(), 0u);
    EXPECT_NE(world.metrics.exposition().find("ivan_memory_reserved_bytes 0"), std::string::npos);
}

TEST(Admission, MemoryIsACeilingAndGrowingStopsThere)
{
    World world;
    world.limits.memory_bytes_max = 1'000'000;
    world.limits.memory_small_percent = 0;
    world.limits.provider_memory_percent_max = 100;
    auto first = world.admit("VNPT", 900'000);
    ASSERT_TRUE(first);
    EXPECT_EQ(code_of(world.admit("BKAV", 100'001)), FaultCode::overloaded);
    EXPECT_FALSE(first->grow(100'001));
    EXPECT_TRUE(first->grow(100'000));
    first->shrink(500'000);
    EXPECT_TRUE(world.admit("BKAV", 400'000)) << "room came back";
}

TEST(Admission, SmallBodiesFindRoomWhereLargeOnesDoNot)
{
    World world;
    world.limits.memory_bytes_max = 1'000'000;
    world.limits.memory_small_percent = 10;
    world.limits.small_bytes_max = 10'000;
    world.limits.provider_memory_percent_max = 100;
    auto const large = world.admit("VNPT", 900'000);
    ASSERT_TRUE(large);
    EXPECT_EQ(code_of(world.admit("BKAV", 20'000)), FaultCode::overloaded);
    EXPECT_TRUE(world.admit("BKAV", 10'000));
}

TEST(Admission, OnePartyCannotTakeTheMemoryOfAll)
{
    World world;
    world.limits.memory_bytes_max = 1'000'000;
    world.limits.memory_small_percent = 0;
    world.limits.provider_memory_percent_max = 60;
    auto const first = world.admit("VNPT", 500'000);
    ASSERT_TRUE(first);
    EXPECT_EQ(code_of(world.admit("VNPT", 200'000)), FaultCode::overloaded);
    EXPECT_TRUE(world.admit("BKAV", 200'000)) << "the other keeps its share";
}

TEST(Admission, WantOfRoomCostsNoToken)
{
    World world;
    world.limits.in_flight_max = 1;
    world.providers[0].quota = {.requests_per_second = 0.001, .burst = 2, .in_flight_max = 10};
    {
        auto const only = world.admit("VNPT");
        ASSERT_TRUE(only);
        auto const refused = world.admit("VNPT");
        EXPECT_EQ(code_of(refused), FaultCode::overloaded);
        EXPECT_EQ(refused.error().retry_after, world.limits.retry_after);
    }
    EXPECT_TRUE(world.admit("VNPT")) << "the second token is still there";
}

// Whole seconds: a test that takes some itself only finds the pace slower, and the wait longer.
TEST(Admission, WantOfMemoryIsToldByThePaceAtWhichMemoryIsGivenBack)
{
    World world;
    world.limits.memory_bytes_max = 30'000'000;
    world.limits.memory_small_percent = 0;
    world.limits.provider_memory_percent_max = 100;
    for (int n = 0; n < 3; ++n) ASSERT_TRUE(world.admit("VNPT", 1'000'000));  // three megabytes, given back: about one a second
    auto const all = world.admit("VNPT", 20'000'000);
    ASSERT_TRUE(all);
    auto const first = world.admit("VNPT", 11'000'000);
    ASSERT_EQ(code_of(first), FaultCode::overloaded);
    EXPECT_GE(first.error().retry_after, std::chrono::seconds{11});
    auto const next = world.admit("BKAV", 11'000'000);
    ASSERT_EQ(code_of(next), FaultCode::overloaded);
    EXPECT_GE(next.error().retry_after, std::chrono::seconds{22}) << "after the first";
}

TEST(Admission, AtTheEndOfTheQuotaItSaysWhenToComeAgain)
{
    World world;
    world.providers[0].quota = {.requests_per_second = 0.1, .burst = 1, .in_flight_max = 10};
    ASSERT_TRUE(world.admit("VNPT", 10));
    auto const refused = world.admit("VNPT", 10);
    ASSERT_EQ(code_of(refused), FaultCode::quota_exceeded);
    EXPECT_GE(refused.error().retry_after, std::chrono::seconds{9});
    EXPECT_LE(refused.error().retry_after, std::chrono::seconds{10});
    EXPECT_EQ(world.admission().memory_reserved(), 0u);
    EXPECT_TRUE(world.admit("BKAV")) << "one party's quota is not another's";
}

TEST(Admission, RequestsInFlightOfOnePartyAreBounded)
{
    World world;
    world.providers[0].quota = {.requests_per_second = 1000, .burst = 100, .in_flight_max = 1};
    auto first = world.admit("VNPT");
    ASSERT_TRUE(first);
    EXPECT_EQ(code_of(world.admit("VNPT")), FaultCode::quota_exceeded);
    { auto const gone = std::move(*first); }
    EXPECT_TRUE(world.admit("VNPT"));
}

TEST(Admission, ASwappedRegistryCountsFromTheNextRequestOn)
{
    World world;
    auto const before = world.admit("VNPT");
    ASSERT_TRUE(before);
    world.admission().swap_registry(std::make_shared<providers::Registry const>(std::vector{party("BKAV")}));
    EXPECT_EQ(code_of(world.admit("VNPT")), FaultCode::credentials_unknown);
    EXPECT_TRUE(world.admit("BKAV"));
    EXPECT_EQ(before->admitted()->provider().code, "VNPT") << "who was admitted stays so";
}

TEST(Admission, ConnectionsAreACeiling)
{
    World world;
    world.limits.connections_max = 2;
    auto first = world.admission().take_connection(), second = world.admission().take_connection();
    ASSERT_TRUE(first && second);
    EXPECT_FALSE(world.admission().take_connection());
    first.reset();
    EXPECT_TRUE(world.admission().take_connection());
    second.reset();
    EXPECT_EQ(world.admission().connections(), 0u);
}

// Dossiers before a house of `places` places.
struct House : World {
    explicit House(std::uint32_t places)
    {
        route.track = Track::filings;
        limits.pace.min = limits.pace.max = places;
        for (auto& provider : providers) provider.quota = {.requests_per_second = 1000, .burst = 1000, .in_flight_max = 1000};
    }
    struct Asked {
        std::optional<fault::Result<Ticket>> answer;
    };
    // As a session does it: waits for its turn.
    std::shared_ptr<Asked> enter(std::string const& code, std::uint64_t bytes = 0) { return enter(context, code, bytes); }
    std::shared_ptr<Asked> enter(net::io_context& on, std::string const& code, std::uint64_t bytes)
    {
        auto asked = std::make_shared<Asked>();
        net::co_spawn(on, wait(asked, admission(), route, {"", "key of " + code}, bytes), net::detached);
        return asked;
    }
    static runtime::Task<void> wait(std::shared_ptr<Asked> asked, Admission& admission, Route const& route, providers::Credentials credentials, std::uint64_t bytes)
    {
        auto answer = co_await admission.enter(route, std::move(credentials), bytes);
        asked->answer.emplace(std::move(answer));
    }
    void run_for(std::chrono::milliseconds time)
    {
        context.restart();
        context.run_for(time);
    }
    std::uint32_t waiting(std::size_t party) { return admission().standing(providers[party]).filings.waiting; }
    net::io_context context{1};
};

TEST(AdmissionOverload, ADossierOverItsShareWaitsForItsTurnAndHoldsNothing)
{
    House house{2};
    auto first = house.admit("VNPT"), second = house.admit("VNPT");
    ASSERT_TRUE(first && second);
    auto third = house.enter("VNPT", 1000);
    house.run_for(std::chrono::milliseconds{1});
    EXPECT_EQ(house.waiting(0), 1u);
    EXPECT_EQ(house.admission().in_flight(), 2u);
    EXPECT_EQ(house.admission().memory_reserved(), 0u) << "its body is reserved when it enters";
    { auto const gone = std::move(*first); }
    house.context.restart();
    house.context.run();
    ASSERT_TRUE(third->answer && third->answer->has_value());
    EXPECT_EQ(house.admission().memory_reserved(), 1000u);
    EXPECT_EQ(house.waiting(0), 0u);
}

TEST(AdmissionOverload, WhoWaitsInVainIsToldWhenToComeAndCostsNothing)
{
    House house{1};
    house.limits.places.wait_max = std::chrono::milliseconds{20};
    house.providers[0].quota = {.requests_per_second = 0.001, .burst = 2, .in_flight_max = 2};
    auto first = house.admit("VNPT");
    ASSERT_TRUE(first);
    auto tired = house.enter("VNPT");
    house.context.run();
    auto const& refused = *tired->answer;
    ASSERT_EQ(code_of(refused), FaultCode::overloaded);
    EXPECT_GE(refused.error().retry_after, std::chrono::seconds{1});
    EXPECT_LE(refused.error().retry_after, house.limits.retry_after_max);
    EXPECT_EQ(house.waiting(0), 0u);
    { auto const gone = std::move(*first); }
    EXPECT_TRUE(house.admit("VNPT")) << "its token and its place in flight came back";
    EXPECT_NE(house.metrics.exposition().find(R"(ivan_admission_refused_total{reason="waited",track="filings"} 1)"), std::string::npos);
}

TEST(AdmissionOverload, APartyWithinItsShareEntersAFullHouseAtOnce)
{
    House house{4};
    std::vector<fault::Result<Ticket>> flood;
    for (int n = 0; n < 4; ++n) flood.push_back(house.admit("VNPT"));
    EXPECT_EQ(code_of(house.admit("VNPT")), FaultCode::overloaded);
    auto const first = house.admit("BKAV"), second = house.admit("BKAV");
    EXPECT_TRUE(first && second);
    EXPECT_EQ(code_of(house.admit("BKAV")), FaultCode::overloaded) << "its share is two of four";
}

TEST(AdmissionOverload, AFloodOfDossiersStarvesNeitherLookUpsNorEvents)
{
    House house{1};
    auto const held = house.admit("VNPT");
    ASSERT_TRUE(held);
    ASSERT_EQ(code_of(house.admit("VNPT")), FaultCode::overloaded);
    house.route.track = Track::asks;
    EXPECT_TRUE(house.admit("VNPT"));
    house.route.track = Track::events;
    house.route.roles = {providers::Role::backend};
    EXPECT_TRUE(house.admit("TST"));
}

TEST(AdmissionOverload, AFloodOfLookUpsStarvesNoDossier)
{
    House house{1};
    house.limits.asks_max = 2;
    house.route.track = Track::asks;
    auto const first = house.admit("VNPT"), second = house.admit("VNPT");
    ASSERT_TRUE(first && second);
    EXPECT_EQ(code_of(house.admit("VNPT")), FaultCode::overloaded);
    EXPECT_TRUE(house.admit("BKAV")) << "within its share of the look-ups";
    house.route.track = Track::filings;
    EXPECT_TRUE(house.admit("VNPT"));
}

TEST(AdmissionOverload, LookUpsDoNotUseUpTheQuotaOfDossiers)
{
    House house{4};
    house.providers[0].quota = {.requests_per_second = 0.001, .burst = 1, .in_flight_max = 10};
    house.route.track = Track::asks;
    ASSERT_TRUE(house.admit("VNPT"));
    EXPECT_EQ(code_of(house.admit("VNPT")), FaultCode::quota_exceeded);
    house.route.track = Track::filings;
    EXPECT_TRUE(house.admit("VNPT"));
}

std::string header_of(fault::Fault const& fault, std::string_view name)
{
    for (auto const& [known, value] : fault.headers)
        if (known == name) return value;
    return {};
}

TEST(AdmissionOverload, ARefusalTellsWhatIsLeftToo)
{
    House house{1};
    house.providers[0].quota = {.requests_per_second = 0.1, .burst = 2, .in_flight_max = 10};
    auto const held = house.admit("VNPT");
    ASSERT_TRUE(held);
    auto const no_room = house.admit("VNPT");
    ASSERT_EQ(code_of(no_room), FaultCode::overloaded);
    EXPECT_TRUE(header_of(no_room.error(), "RateLimit").starts_with(R"("burst";r=0;)")) << "a token is left, and room for it is not";
    EXPECT_EQ(header_of(no_room.error(), "RateLimit-Policy"), R"("burst";q=2;w=20)");

    auto const other = house.admit("BKAV");
    ASSERT_TRUE(other);
    EXPECT_EQ(other->rate_limit().at(1).second, R"("burst";r=999;t=1)");
}

TEST(AdmissionOverload, NobodyLearnsAnythingWhoMayNotCome)
{
    House house{1};
    auto const refused = house.admit("nobody");
    EXPECT_EQ(code_of(refused), FaultCode::credentials_unknown);
    EXPECT_TRUE(refused.error().headers.empty());
}

TEST(AdmissionOverload, MemoryThatRunsShortLowersTheLimit)
{
    House house{100};
    house.limits.pace.window = std::chrono::milliseconds{10};
    house.limits.pace.min = 2;
    house.limits.pace.max = 100;
    house.limits.memory_bytes_max = 1'000'000;
    house.limits.memory_small_percent = 0;
    house.limits.provider_memory_percent_max = 100;
    auto& admission = house.admission();
    std::vector<fault::Result<Ticket>> held;
    // The limit grows while it is used and commits are short.
    for (int round = 0; round < 40 && admission.standing(house.providers[0]).limit < 20; ++round) {
        auto const until = std::chrono::steady_clock::now() + house.limits.pace.window;
        while (auto ticket = house.admit("VNPT")) {
            ticket->step_in();
            held.push_back(std::move(ticket));
        }
        while (std::chrono::steady_clock::now() < until) admission.committed(std::chrono::microseconds{100}, true, 10);
        for (int n = 0; n < 20; ++n) admission.committed(std::chrono::microseconds{100}, true, 10);
    }
    auto const before = admission.standing(house.providers[0]).limit;
    ASSERT_GE(before, 20u);
    held.clear();
    auto const big = house.admit("VNPT", 820'000);
    ASSERT_TRUE(big);
    EXPECT_LT(admission.standing(house.providers[0]).limit, before * 6 / 10);
    auto const bigger = house.admit("BKAV", 150'000);
    ASSERT_TRUE(bigger);
    EXPECT_EQ(admission.standing(house.providers[0]).limit, 2u);
}

TEST(AdmissionOverload, WhoKeepsWithinItsShareMakesTheLimitOfAFloodSmaller)
{
    House house{100};
    house.limits.pace.window = std::chrono::milliseconds{10};
    house.limits.pace.min = 2;
    house.limits.pace.max = 100;
    auto& admission = house.admission();
    auto const limit = [&] { return admission.standing(house.providers[0]).limit; };
    std::vector<fault::Result<Ticket>> flood;
    auto const window_of = [&](std::chrono::microseconds took) {
        while (auto ticket = house.admit("VNPT")) {
            ticket->step_in();
            flood.push_back(std::move(ticket));
        }
        auto const until = std::chrono::steady_clock::now() + house.limits.pace.window;
        while (std::chrono::steady_clock::now() < until) admission.committed(took, true, 10);
        for (int n = 0; n < 20; ++n) admission.committed(took, true, 10);
    };
    std::chrono::milliseconds const unloaded{1};
    for (int round = 0; round < 40 && limit() < 20; ++round) window_of(unloaded);
    auto const before = limit();
    ASSERT_GE(before, 20u);

    auto const between = unloaded * 5;  // more than tolerance_shared, less than tolerance
    for (int round = 0; round < 5; ++round) window_of(between);
    EXPECT_GE(limit(), before) << "alone, nobody waits for its flood but itself";

    auto const other = house.admit("BKAV");
    ASSERT_TRUE(other);
    auto const alone = limit();
    for (int round = 0; round < 5; ++round) window_of(between);
    EXPECT_LT(limit(), alone);
}

TEST(AdmissionOverload, TheBackendsPaceHoldsDossiersBackAndNothingElse)
{
    House house{1000};
    house.limits.throttle.queue_mark = 100;
    house.limits.throttle.per_second_min = 1;
    auto& admission = house.admission();
    admission.observe({200, 1});
    for (int look = 0; look < 50; ++look) admission.observe({200, 1});
    fault::Result<Ticket> refused = house.admit("VNPT");
    for (int n = 0; n < 10 && refused; ++n) refused = house.admit("VNPT");
    ASSERT_EQ(code_of(refused), FaultCode::overloaded);
    EXPECT_NE(header_of(refused.error(), "RateLimit").find(R"("backend";r=0;t=)"), std::string::npos) << header_of(refused.error(), "RateLimit");
    EXPECT_EQ(admission.standing(house.providers[0]).held_back, Want::backlog);
    EXPECT_GT(admission.standing(house.providers[0]).held_to, 0);
    house.route.track = Track::asks;
    EXPECT_TRUE(house.admit("VNPT"));
    admission.observe({10, 1});
    house.route.track = Track::filings;
    EXPECT_TRUE(house.admit("VNPT")) << "the queue is short again";
    EXPECT_NE(house.metrics.exposition().find("ivan_admission_held_to_per_second 0"), std::string::npos);
}

TEST(AdmissionOverload, APartySeesItsOwnStanding)
{
    House house{10};
    auto const held = house.admit("VNPT"), other = house.admit("BKAV");
    auto const standing = house.admission().standing(house.providers[0]);
    EXPECT_EQ(standing.limit, 10u);
    EXPECT_EQ(standing.filings.share, 5u);
    EXPECT_EQ(standing.filings.inside, 1u);
    ASSERT_TRUE(standing.filings_quota);
    EXPECT_EQ(standing.filings_quota->remaining, 999u);
    EXPECT_FALSE(standing.asks_quota);
    EXPECT_EQ(standing.held_back, Want::none);
}

TEST(AdmissionOverload, WaitersOfManyThreadsAreAllServedOnce)
{
    House house{3};
    for (auto& provider : house.providers) provider.quota.burst = 10'000;
    house.limits.places.wait_max = std::chrono::seconds{20};
    auto& admission = house.admission();
    std::atomic<int> served{0};
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([&, t] {
            net::io_context context{1};
            auto worker = [&]() -> runtime::Task<void> {
                for (int n = 0; n < 100; ++n) {
                    providers::Credentials credentials{"", t % 2 ? "key of VNPT" : "key of BKAV"};
                    auto ticket = co_await admission.enter(house.route, std::move(credentials), 10);
                    if (!ticket) continue;
                    ticket->step_in();
                    ++served;
                    auto const executor = co_await net::this_coro::executor;
                    runtime::Timer pause{executor, std::chrono::microseconds{50}};
                    co_await pause.async_wait(runtime::as_result);
                }
            };
            for (int w = 0; w < 8; ++w) net::co_spawn(context, worker(), net::detached);
            context.run();
        });
    threads.clear();
    EXPECT_EQ(served, 4 * 8 * 100);
    EXPECT_EQ(admission.in_flight(), 0u);
    EXPECT_EQ(admission.memory_reserved(), 0u);
}

TEST(AdmissionOverload, WhoIsCutOffWhileItWaitsLeavesNoTrace)
{
    House house{1};
    house.limits.places.wait_max = std::chrono::seconds{20};
    auto const held = house.admit("VNPT");
    {
        net::io_context context{1};
        auto const waiting = house.enter(context, "VNPT", 10);
        context.run_for(std::chrono::milliseconds{5});
        ASSERT_EQ(house.waiting(0), 1u);
    }
    EXPECT_EQ(house.waiting(0), 0u);
}

TEST(AdmissionDoors, OneAddressCannotHoldAllConnectionsAndAProxyMay)
{
    World world;
    world.limits.doors.connections_max = 2;
    auto const one = boost::asio::ip::make_address("203.0.113.7"), own = boost::asio::ip::make_address("127.0.0.1");
    auto& admission = world.admission();
    {
        auto first = admission.take_connection(), second = admission.take_connection(), third = admission.take_connection();
        EXPECT_TRUE(first->come_in(one));
        EXPECT_TRUE(second->come_in(one));
        EXPECT_FALSE(third->come_in(one));
        for (int n = 0; n < 5; ++n) EXPECT_TRUE(admission.take_connection()->come_in(own));
    }
    EXPECT_TRUE(admission.take_connection()->come_in(one)) << "they left";
    EXPECT_EQ(admission.connections(), 0u);
    EXPECT_NE(world.metrics.exposition().find(R"(ivan_connections_refused_total{reason="too_many"} 1)"), std::string::npos);
}

TEST(AdmissionDoors, PatienceWithThoseWhoSayNothingShrinksAsTheHouseFills)
{
    World world;
    world.limits.connections_max = 100;
    auto& admission = world.admission();
    using std::chrono::milliseconds;
    std::vector<ConnectionPlace> places;
    auto const fill = [&](std::size_t count) {
        while (places.size() < count) places.push_back(std::move(*admission.take_connection()));
    };
    EXPECT_EQ(admission.patience(milliseconds{75'000}), milliseconds{75'000});
    fill(50);
    EXPECT_EQ(admission.patience(milliseconds{75'000}), milliseconds{75'000});
    fill(80);
    EXPECT_LT(admission.patience(milliseconds{75'000}), milliseconds{40'000});
    fill(100);
    EXPECT_EQ(admission.patience(milliseconds{75'000}), milliseconds{7'500});
}

TEST(Admission, ManyThreadsLeaveNothingBehind)
{
    World world;
    world.limits.memory_bytes_max = 100'000;
    auto& admission = world.admission();
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([&world, &admission, t] {
            for (int i = 0; i < 500; ++i) {
                auto ticket = admission.admit(world.route, {"", t % 2 ? "key of VNPT" : "key of BKAV"}, 20'000);
                if (ticket && ticket->grow(1000)) ticket->shrink(500);
            }
        });
    for (int i = 0; i < 20; ++i) admission.swap_registry(std::make_shared<providers::Registry const>(world.providers));
    threads.clear();
    EXPECT_EQ(admission.memory_reserved(), 0u);
    EXPECT_EQ(admission.in_flight(), 0u);
}

}  // namespace
}  // namespace intake
