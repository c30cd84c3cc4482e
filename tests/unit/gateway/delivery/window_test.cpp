#include "gateway/delivery/window.hpp"

#include <gtest/gtest.h>

namespace
{

using namespace std::chrono_literals;
using delivery::Window;
using delivery::WindowConfig;

struct WindowTest : testing::Test {
    runtime::Instant now = std::chrono::sys_days{std::chrono::year{2026} / 11 / 21};
    WindowConfig config{.start = 8,
                        .min = 1,
                        .max = 64,
                        .trouble_share = 0.1,
                        .cohorts_failed_max = 3,
                        .probe_wait_first = 500ms,
                        .probe_wait_max = 4s,
                        .pause_max = 60s};

    void succeed(Window& window, std::size_t times)
    {
        for (std::size_t n = 0; n < times; ++n) window.answered(window.size());
    }
    void kill(Window& window)
    {
        for (int n = 0; n < 1000 && !window.dead(); ++n) window.troubled(1, now, 0s);
        ASSERT_TRUE(window.dead());
    }
};

TEST_F(WindowTest, StartsSmallAndDoublesUntilTheFirstTrouble)
{
    Window window{config};
    EXPECT_EQ(window.room(0, now), 8u);
    EXPECT_EQ(window.room(5, now), 3u);
    EXPECT_EQ(window.room(9, now), 0u);
    succeed(window, 8);
    EXPECT_EQ(window.size(), 16u);
}

TEST_F(WindowTest, NeverLeavesItsBounds)
{
    Window window{config};
    succeed(window, 10'000);
    EXPECT_EQ(window.size(), config.max);
    for (int n = 0; n < 1000; ++n) {
        window.troubled(1, now, 0s);
        window.answered(1); // alive, or it would be taken for dead
        EXPECT_GE(window.size(), config.min);
    }
    EXPECT_LE(window.size(), config.min + 1);
}

TEST_F(WindowTest, HalvesOnTroubleThenOpensByOneForEachWindowOfSuccesses)
{
    Window window{config};
    succeed(window, 8);
    window.troubled(1, now, 0s);
    window.troubled(1, now, 0s);
    ASSERT_EQ(window.size(), 8u);
    succeed(window, 7);
    EXPECT_EQ(window.size(), 8u);
    succeed(window, 2);
    EXPECT_EQ(window.size(), 9u);
}

TEST_F(WindowTest, BearsOneBadAnswerAmongMany)
{
    Window window{config};
    succeed(window, 200);
    ASSERT_EQ(window.size(), 64u);
    for (int round = 0; round < 20; ++round) {
        window.troubled(64, now, 0s);
        succeed(window, 63);
    }
    EXPECT_EQ(window.size(), 64u);
}

TEST_F(WindowTest, CountsOneGenerationOfFailuresOnce)
{
    Window window{config};
    succeed(window, 200);
    for (std::size_t in_flight = 64; in_flight > 0; --in_flight) window.troubled(in_flight, now, 0s);
    EXPECT_EQ(window.size(), 32u) << "64 attempts begun together say one thing, not four";
}

TEST_F(WindowTest, DoesNotGrowWhileNobodyUsesIt)
{
    Window window{config};
    for (int n = 0; n < 100; ++n) window.answered(1);
    EXPECT_EQ(window.size(), 8u);
}

TEST_F(WindowTest, PausesAsLongAsTheDestinationSaysButBounded)
{
    Window window{config};
    window.troubled(1, now, 10s);
    EXPECT_EQ(window.room(0, now), 0u);
    EXPECT_EQ(window.opens_at(now), now + 10s);
    EXPECT_EQ(window.room(0, now + 10s), 4u);
    Window other{config};
    other.troubled(1, now, 24h);
    EXPECT_EQ(other.opens_at(now), now + 60s);
}

TEST_F(WindowTest, IsDeadAfterSomeWindowsOfTroubleWithoutOneAnswer)
{
    Window window{config};
    unsigned troubles = 0;
    while (!window.dead() && troubles < 1000) {
        window.troubled(window.size(), now, 0s);
        ++troubles;
    }
    EXPECT_GT(troubles, 8u);
    EXPECT_LE(troubles, 24u);

    Window alive{config};
    for (int n = 0; n < 100; ++n) {
        for (int m = 0; m < 2; ++m) alive.troubled(1, now, 0s);
        alive.answered(1);
    }
    EXPECT_FALSE(alive.dead()) << "an answer in between says it lives";
}

TEST_F(WindowTest, ProbesADeadDestinationOneAtATimeWithGrowingPauses)
{
    Window window{config};
    kill(window);
    EXPECT_EQ(window.room(0, now), 0u);
    auto pause = 500ms;
    for (int n = 0; n < 6; ++n) {
        EXPECT_EQ(window.opens_at(now), now + pause);
        now = window.opens_at(now);
        EXPECT_EQ(window.room(0, now), 1u);
        EXPECT_EQ(window.room(1, now), 0u);
        window.troubled(1, now, 0s);
        pause = std::min(pause * 2, 4000ms);
    }
}

TEST_F(WindowTest, DoesNotTakeLateFailuresForProbes)
{
    Window window{config};
    kill(window);
    for (int n = 0; n < 10; ++n) window.troubled(1, now, 0s);
    EXPECT_EQ(window.opens_at(now), now + 500ms);
}

TEST_F(WindowTest, OpensAgainWhenAProbeComesThrough)
{
    Window window{config};
    kill(window);
    now = window.opens_at(now);
    window.answered(1);
    EXPECT_FALSE(window.dead());
    EXPECT_EQ(window.room(0, now), 8u);
}

} // namespace
