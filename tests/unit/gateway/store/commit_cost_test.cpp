#include "gateway/store/detail/commit_cost.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace store::detail {
namespace {

using std::chrono::microseconds;

// Commits of 1 to 20 rows, that take so long beside their rows and for each.
void commit(CommitCost& cost, microseconds beside, microseconds each, int times = 100)
{
    for (int i = 0; i < times; ++i) {
        auto const rows = 1 + i * 7 % 20;
        cost.took(static_cast<std::size_t>(rows), beside + each * rows);
    }
}

TEST(CommitCost, TellsThePartOfTheRowsFromThePartBesideThem)
{
    CommitCost cost;
    commit(cost, microseconds{3000}, microseconds{200});
    EXPECT_NEAR(cost.beside(), 0.003, 1e-6);
    EXPECT_NEAR(cost.each(), 0.0002, 1e-7);
    EXPECT_EQ(cost.rows_worth(2, 16, 128), 30u);
}

TEST(CommitCost, HowLongTheRowsMayTakeBesideTheRestIsForTheCallerToSay)
{
    CommitCost cost;
    commit(cost, microseconds{3000}, microseconds{200});
    EXPECT_EQ(cost.rows_worth(0.5, 5, 128), 8u);
    EXPECT_EQ(cost.rows_worth(0.25, 5, 128), 5u);
}

TEST(CommitCost, NothingIsHeldBackBeforeItIsKnown)
{
    CommitCost cost;
    EXPECT_EQ(cost.rows_worth(2, 16, 128), 128u);
    commit(cost, microseconds{3000}, microseconds{200}, 7);
    EXPECT_EQ(cost.rows_worth(2, 16, 128), 128u);
}

TEST(CommitCost, StaysWithinItsBounds)
{
    CommitCost fast, slow;
    commit(fast, microseconds{100}, microseconds{100});
    EXPECT_EQ(fast.rows_worth(2, 16, 128), 16u);
    EXPECT_EQ(fast.rows_worth(2, 200, 128), 128u) << "a min above max";
    commit(slow, microseconds{50'000}, microseconds{100});
    EXPECT_EQ(slow.rows_worth(2, 16, 128), 128u);
}

TEST(CommitCost, ADiskThatBecomesSlowMakesMoreRowsWorthACommit)
{
    CommitCost cost;
    commit(cost, microseconds{1000}, microseconds{200}, 1000);
    EXPECT_EQ(cost.rows_worth(2, 4, 1000), 10u);
    commit(cost, microseconds{20'000}, microseconds{200}, 2000);
    EXPECT_NEAR(static_cast<double>(cost.rows_worth(2, 4, 1000)), 200, 2);
}

TEST(CommitCost, InAnOverloadToo)
{
    CommitCost cost;
    commit(cost, microseconds{1000}, microseconds{200}, 1000);
    for (int i = 0; i < 2000; ++i) {
        auto const rows = cost.rows_worth(2, 4, 1000);  // more than that are waiting always
        cost.took(rows, microseconds{20'000} + microseconds{200} * rows);
    }
    EXPECT_NEAR(static_cast<double>(cost.rows_worth(2, 4, 1000)), 200, 2);
}

TEST(CommitCost, EveryFourthCommitIsLonger)
{
    CommitCost cost;
    commit(cost, microseconds{3000}, microseconds{200}, 99);
    EXPECT_EQ(cost.rows_worth(2, 16, 128), 45u);
    commit(cost, microseconds{3000}, microseconds{200}, 1);
    EXPECT_EQ(cost.rows_worth(2, 16, 128), 30u);
}

TEST(CommitCost, RowsThatSeemToCostNothingAreNotHeldBack)
{
    CommitCost cost;
    for (std::size_t i = 0; i < 100; ++i) cost.took(1 + i % 20, microseconds{5000} - microseconds{10} * (1 + i % 20));
    EXPECT_EQ(cost.each(), 0);
    EXPECT_EQ(cost.rows_worth(2, 16, 128), 128u);
}

}  // namespace
}  // namespace store::detail
