#include "gateway/intake/admission.hpp"
#include "signing/digest.hpp"
#include "tests/support/manual_clock.hpp"

#include <gtest/gtest.h>

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
