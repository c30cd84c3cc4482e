#include "providers/quota.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace {

using namespace providers;
using namespace std::chrono_literals;

constexpr QuotaMeter::Time start{};

TEST(Quota, AllowsABurstAndThenTheRate)
{
    QuotaMeter meter{{.requests_per_second = 10, .burst = 3, .in_flight_max = 100}, start};
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(meter.take(start).has_value());
    auto const refused = meter.take(start);
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().why, Refusal::quota_exceeded);
    EXPECT_EQ(refused.error().retry_after, 100ms);
    EXPECT_FALSE(meter.take(start + 99ms).has_value());
    EXPECT_TRUE(meter.take(start + 100ms).has_value());
}

TEST(Quota, KeepsNoMoreThanTheBurstHoweverLongItRests)
{
    QuotaMeter meter{{.requests_per_second = 10, .burst = 2, .in_flight_max = 100}, start};
    EXPECT_TRUE(meter.take(start + 24h).has_value());
    EXPECT_TRUE(meter.take(start + 24h).has_value());
    EXPECT_FALSE(meter.take(start + 24h).has_value());
}

TEST(Quota, BoundsRequestsInFlightWithoutTakingATokenForTheRefusal)
{
    QuotaMeter meter{{.requests_per_second = 1, .burst = 10, .in_flight_max = 2}, start};
    EXPECT_TRUE(meter.take(start).has_value());
    EXPECT_TRUE(meter.take(start).has_value());
    auto const refused = meter.take(start);
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().why, Refusal::too_many_in_flight);
    EXPECT_EQ(meter.snapshot(start).remaining, 8u);
    meter.give_back();
    EXPECT_TRUE(meter.take(start).has_value());
    EXPECT_EQ(meter.snapshot(start).in_flight, 2u);
}

TEST(Quota, NeverGivesBackMoreThanItTook)
{
    QuotaMeter meter{{.requests_per_second = 1, .burst = 10, .in_flight_max = 2}, start};
    meter.give_back();
    EXPECT_EQ(meter.snapshot(start).in_flight, 0u);
}

TEST(Quota, SaysInItsSnapshotWhenTheBucketIsFullAgain)
{
    QuotaMeter meter{{.requests_per_second = 2, .burst = 10, .in_flight_max = 20}, start};
    EXPECT_EQ(meter.snapshot(start).reset, 0s);
    for (int i = 0; i < 5; ++i) ASSERT_TRUE(meter.take(start).has_value());
    auto const snapshot = meter.snapshot(start);
    EXPECT_EQ(snapshot.limit, 10u);
    EXPECT_EQ(snapshot.remaining, 5u);
    EXPECT_EQ(snapshot.reset, 3s);  // 5 tokens at 2 a second
}

TEST(Quota, ATimeThatRunsBackGivesNothing)
{
    QuotaMeter meter{{.requests_per_second = 1000, .burst = 1, .in_flight_max = 20}, start + 1h};
    EXPECT_TRUE(meter.take(start + 1h).has_value());
    EXPECT_FALSE(meter.take(start).has_value());
    EXPECT_FALSE(meter.take(start + 1h).has_value());
}

TEST(Quota, ASmallerQuotaTakesEffectAtOnce)
{
    QuotaMeter meter{{.requests_per_second = 1, .burst = 100, .in_flight_max = 20}, start};
    meter.change({.requests_per_second = 1, .burst = 1, .in_flight_max = 20});
    EXPECT_TRUE(meter.take(start).has_value());
    EXPECT_FALSE(meter.take(start).has_value());
}

TEST(Quota, ARateOfNothingStillSaysWhenToComeAgain)
{
    QuotaMeter meter{{.requests_per_second = 0, .burst = 0, .in_flight_max = 20}, start};
    auto const refused = meter.take(start);
    ASSERT_FALSE(refused.has_value());
    EXPECT_GT(refused.error().retry_after, 0ms);
    EXPECT_LE(refused.error().retry_after, 1h);
}

TEST(Quota, EachOneTurnedAwayIsToldATokenOfItsOwn)
{
    QuotaMeter meter{{.requests_per_second = 10, .burst = 5, .in_flight_max = 1000}, start};
    for (int i = 0; i < 5; ++i) ASSERT_TRUE(meter.take(start).has_value());
    std::vector<QuotaMeter::Time> told;
    for (int i = 0; i < 5; ++i) {
        auto const refused = meter.take(start);
        ASSERT_FALSE(refused.has_value());
        told.push_back(start + refused.error().retry_after);
    }
    EXPECT_EQ(told.front() - start, 100ms);
    EXPECT_EQ(told.back() - start, 500ms);
    for (auto const at : told) EXPECT_TRUE(meter.take(at).has_value()) << "who obeys gets in";
}

TEST(Quota, NobodyIsPutOffLongerThanAWholeBurstTakes)
{
    QuotaMeter meter{{.requests_per_second = 10, .burst = 5, .in_flight_max = 1000}, start};
    for (int i = 0; i < 5; ++i) ASSERT_TRUE(meter.take(start).has_value());
    for (int i = 0; i < 1000; ++i) EXPECT_LE(meter.take(start).error().retry_after, 500ms);
}

TEST(Quota, WhatWasNotLetInAfterAllCostsNothing)
{
    QuotaMeter meter{{.requests_per_second = 0.001, .burst = 1, .in_flight_max = 1}, start};
    ASSERT_TRUE(meter.take(start).has_value());
    meter.refund();
    EXPECT_EQ(meter.snapshot(start).in_flight, 0u);
    EXPECT_TRUE(meter.take(start).has_value());
}

}  // namespace
