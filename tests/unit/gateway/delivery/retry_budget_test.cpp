#include "gateway/delivery/retry_budget.hpp"

#include <gtest/gtest.h>

namespace
{

using namespace std::chrono_literals;
using delivery::RetryBudget;
using delivery::RetryBudgetConfig;

constexpr runtime::Instant start{};

// Takes all there is; how many that were.
std::size_t spend(RetryBudget& budget, runtime::Instant now)
{
    std::size_t spent = 0;
    for (; budget.room(now) > 0; ++spent) budget.retry_begun(now);
    return spent;
}

TEST(RetryBudget, AWholeWindowMayBeTriedAgainAtOnceAndNoMore)
{
    RetryBudget budget{{0.2, 10, 256}, start};
    EXPECT_EQ(spend(budget, start), 256u);
    EXPECT_EQ(budget.room(start), 0u);
}

TEST(RetryBudget, RetriesThatFailAreAShareOfAllHandOvers)
{
    RetryBudget budget{{0.2, 0.01, 256}, start};
    spend(budget, start);
    std::size_t retries = 0;
    for (int n = 0; n < 10'000; ++n) {
        budget.first_begun(start);
        retries += spend(budget, start);
    }
    EXPECT_NEAR(static_cast<double>(retries) / (10'000.0 + static_cast<double>(retries)), 0.2, 0.001);
}

TEST(RetryBudget, ARetryThatIsAnsweredCostsNothing)
{
    RetryBudget budget{{0.2, 0.01, 4}, start};
    for (int n = 0; n < 1000; ++n) {
        ASSERT_GE(budget.room(start), 1u);
        budget.retry_begun(start);
        budget.retry_answered(start);
    }
}

TEST(RetryBudget, TheFloorHoldsWhereNothingIsNew)
{
    RetryBudget budget{{0.2, 10, 256}, start};
    spend(budget, start);
    EXPECT_EQ(spend(budget, start + 1s), 10u);
    EXPECT_EQ(spend(budget, start + 1s), 0u);
    EXPECT_EQ(spend(budget, start + 1h), 256u) << "no more is saved up";
}

TEST(RetryBudget, NoShareLeavesTheFloor)
{
    RetryBudget budget{{0, 1, 1}, start};
    spend(budget, start);
    for (int n = 0; n < 1000; ++n) budget.first_begun(start);
    EXPECT_EQ(budget.room(start), 0u);
    EXPECT_EQ(budget.room(start + 1s), 1u);
}

TEST(RetryBudget, AClockThatStepsBackTakesNothingAndGivesNothing)
{
    RetryBudget budget{{0.2, 10, 256}, start + 1h};
    spend(budget, start + 1h);
    EXPECT_EQ(budget.room(start), 0u);
    budget.first_begun(start);
    EXPECT_EQ(budget.room(start + 1h), 0u);
    EXPECT_EQ(budget.room(start + 1h + 1s), 10u);
}

} // namespace
