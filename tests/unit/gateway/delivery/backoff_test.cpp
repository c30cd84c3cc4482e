#include "gateway/delivery/backoff.hpp"

#include <gtest/gtest.h>

namespace
{

using namespace std::chrono_literals;
using delivery::BackoffConfig;
using delivery::parse_retry_after;
using delivery::Random;
using delivery::wait_before_retry;

runtime::Instant const now = std::chrono::sys_days{std::chrono::year{1994} / 11 / 6} + 8h + 49min + 7s;

TEST(Backoff, DrawsFromAWholeRangeThatDoublesUpToTheCeiling)
{
    BackoffConfig const config{100ms, 1000ms, 60s};
    std::chrono::milliseconds const ceilings[] = {100ms, 200ms, 400ms, 800ms, 1000ms, 1000ms};
    for (std::uint32_t attempts = 0; attempts < std::size(ceilings); ++attempts) {
        Random random{attempts + 1};
        std::chrono::milliseconds lowest = 1h, highest = 0ms;
        for (int n = 0; n < 2000; ++n) {
            auto const wait = wait_before_retry(config, attempts, 0s, random);
            lowest = std::min(lowest, wait);
            highest = std::max(highest, wait);
        }
        EXPECT_LE(highest, ceilings[attempts]);
        EXPECT_GE(highest, ceilings[attempts] * 9 / 10) << "full jitter reaches the ceiling";
        EXPECT_LE(lowest, ceilings[attempts] / 10) << "full jitter begins at nothing";
    }
}

TEST(Backoff, IsTheSameFromTheSameSeed)
{
    Random a{7}, b{7};
    for (std::uint32_t n = 0; n < 20; ++n) EXPECT_EQ(wait_before_retry({}, n, 0s, a), wait_before_retry({}, n, 0s, b));
}

TEST(Backoff, DoesNotOverflowAfterManyAttempts)
{
    Random random{1};
    auto const wait = wait_before_retry({}, 4'000'000'000u, 0s, random);
    EXPECT_GE(wait, 0ms);
    EXPECT_LE(wait, BackoffConfig{}.max);
}

TEST(Backoff, ObeysRetryAfterWithinItsBound)
{
    BackoffConfig const config{100ms, 1000ms, 60s};
    Random random{1};
    for (int n = 0; n < 100; ++n) {
        auto const wait = wait_before_retry(config, 0, 30s, random);
        EXPECT_GE(wait, 30s);
        EXPECT_LE(wait, 30s + 100ms);
        EXPECT_LE(wait_before_retry(config, 0, 9999s, random), 60s + 100ms);
    }
}

TEST(RetryAfter, ReadsSeconds)
{
    EXPECT_EQ(parse_retry_after("120", now), 120s);
    EXPECT_EQ(parse_retry_after(" 0 ", now), 0s);
}

TEST(RetryAfter, ReadsAllThreeFormsOfAnHttpDate)
{
    EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:49:37 GMT", now), 30s);
    EXPECT_EQ(parse_retry_after("Sunday, 06-Nov-94 08:49:37 GMT", now), 30s);
    EXPECT_EQ(parse_retry_after("Sun Nov  6 08:49:37 1994", now), 30s);
}

TEST(RetryAfter, TakesADatePassedAsNow) { EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:00:00 GMT", now), 0s); }

TEST(RetryAfter, BoundsWhatIsTooFarOff)
{
    EXPECT_LE(*parse_retry_after("99999999999999999999", now), 366 * 24h);
    EXPECT_LE(*parse_retry_after("Fri, 31 Dec 9999 23:59:59 GMT", now), 366 * 24h);
}

TEST(RetryAfter, KnowsWhatItDoesNotUnderstand)
{
    for (auto const* text :
         {"", " ", "-1", "1.5", "soon", "1e3", "Sun, 06 Xyz 1994 08:49:37 GMT", "Sun, 31 Feb 1994 08:49:37 GMT",
          "Sun, 06 Nov 1994 24:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 ICT", "Sun, 06 Nov 1994", ",", "Sun,",
          "Sun Nov  6 08:49:37 19x4", "Sun, -6 Nov 1994 08:49:37 GMT"})
        EXPECT_FALSE(parse_retry_after(text, now)) << text;
    EXPECT_FALSE(parse_retry_after(std::string(10'000, ','), now));
}

} // namespace
