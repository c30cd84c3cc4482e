#include "loadtest/overload.hpp"

#include <gtest/gtest.h>

#include <set>
#include <utility>

namespace loadtest {
namespace {

TEST(Overload, EveryDossierIsToldApartByWhiteSpaceAlone)
{
    std::set<std::string> seen;
    for (std::uint64_t n = 0; n < 100'000; ++n) {
        auto const space = distinguishing_space(n);
        ASSERT_EQ(space.find_first_not_of(" \t\n"), std::string::npos) << n;
        ASSERT_TRUE(seen.insert(space).second) << n;
    }
    EXPECT_LE(distinguishing_space(10'000'000'000).size(), 25u);
}

OverloadReport good_run()
{
    OverloadReport run;
    run.calm = {500, 0, 500, 0, 0, 0, 10, 1, 4, 6};
    run.peak = {10'000, 0, 10'000, 0, 0, 0, 10, 20, 40, 60};
    run.calm_again = run.calm;
    run.peak_again = run.peak;
    run.flood = {90'000, 0, 27'000, 63'000, 0, 0, 30, 200, 400, 500};
    run.good = {1500, 0, 1500, 0, 0, 0, 30, 2, 9, 15};
    run.recovery_s = 0.5;
    run.rss_before = 60'000;
    run.rss_mid = 80'000;
    run.rss_after = 82'000;
    return run;
}

// Sent a period after it is due, a dossier's time would hold that period, calm or not: at 50 a second, 20 ms.
TEST(Overload, TheFirstIsDueAtOnceAndEachNextAPeriodLater)
{
    using std::chrono::duration;
    EXPECT_EQ(due_by(duration<double>{0}, 50), 1u);
    EXPECT_EQ(due_by(duration<double>{0.0199}, 50), 1u);
    EXPECT_EQ(due_by(duration<double>{0.0201}, 50), 2u);
    EXPECT_EQ(due_by(duration<double>{10.001}, 50), 501u);
}

TEST(Overload, OneLateAnswerLongAfterwardsIsNoRecovery)
{
    EXPECT_EQ(recovered_after({}, 750), 0);
    EXPECT_EQ(recovered_after({12.2}, 750), 0);
    std::vector<double> troubles{12.2};
    for (int i = 0; i < 100; ++i) troubles.push_back(0.02 * i);
    EXPECT_NEAR(recovered_after(troubles, 750), 1.86, 0.001) << "seven of 750 are borne";
    EXPECT_EQ(recovered_after({3, 1}, 50), 3) << "of so few, none is";
}

// A machine that gives less by and by gives less to the peak behind the flood too.
TEST(Overload, AFloodIsMeasuredByWhatStandsOnBothSidesOfIt)
{
    auto run = good_run();
    run.peak_again.accepted = 5'000;
    run.calm_again.p99_ms = 8;
    EXPECT_DOUBLE_EQ(run.goodput_share(), 950.0 / 750.0);
    EXPECT_DOUBLE_EQ(run.p99_ratio(), 9.0 / 4.0) << "behind a long flood the queue drains: that is no calm";
    std::swap(run.calm.p99_ms, run.calm_again.p99_ms);
    EXPECT_DOUBLE_EQ(run.p99_ratio(), 9.0 / 4.0) << "whichever side it is";
    run.peak_again.accepted = 0;
    EXPECT_FALSE(run.passed()) << "there was no peak behind it";
}

TEST(Overload, ARunPassesByItsFiveBoundsAndFailsByAny)
{
    EXPECT_TRUE(good_run().passed());
    EXPECT_DOUBLE_EQ(good_run().goodput_share(), 0.95);
    auto run = good_run();
    run.flood.accepted = 20'000;
    EXPECT_FALSE(run.passed()) << "goodput";
    run = good_run();
    run.good.busy = 15;
    EXPECT_FALSE(run.passed()) << "one in a hundred refused";
    run = good_run();
    run.good.p99_ms = 12;
    EXPECT_FALSE(run.passed()) << "three times as late";
    run = good_run();
    run.recovery_s = 10;
    EXPECT_FALSE(run.passed()) << "recovery";
    run = good_run();
    run.rss_after = 90'000;
    EXPECT_FALSE(run.passed()) << "memory grows";
    run = good_run();
    run.good.accepted = 0;
    EXPECT_FALSE(run.passed()) << "nothing was served at all";
}

}  // namespace
}  // namespace loadtest
