#include "gateway/runtime/rounds.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace runtime {
namespace {

using testing::ElementsAre;

std::vector<std::string> all_of(Rounds<std::string>& rounds)
{
    std::vector<std::string> taken;
    while (!rounds.empty()) taken.push_back(rounds.take());
    return taken;
}

TEST(Rounds, TakesTheFirstOfEachThenTheSecondOfEach)
{
    Rounds<std::string> rounds;
    for (auto const* one : {"a1", "a2", "a3", "a4"}) rounds.put("A", one);
    for (auto const* one : {"b1", "b2"}) rounds.put("B", one);
    rounds.put("", "c1");
    EXPECT_EQ(rounds.size(), 7u);
    EXPECT_THAT(all_of(rounds), ElementsAre("a1", "b1", "c1", "a2", "b2", "a3", "a4"));
    EXPECT_EQ(rounds.size(), 0u);
}

TEST(Rounds, WhoComesLaterIsBehindOneOfEachNotBehindALine)
{
    Rounds<std::string> rounds;
    for (int i = 0; i < 50; ++i) rounds.put("A", "a" + std::to_string(i));
    for (int i = 0; i < 10; ++i) (void)rounds.take();
    rounds.put("B", "b");
    EXPECT_EQ(rounds.take(), "a10");
    EXPECT_EQ(rounds.next(), "b");
    EXPECT_EQ(rounds.take(), "b");
    EXPECT_EQ(rounds.take(), "a11");
}

TEST(Rounds, APartyThatWasServedComesAgainBehindTheOthers)
{
    Rounds<std::string> rounds;
    rounds.put("A", "a1");
    rounds.put("B", "b1");
    rounds.put("B", "b2");
    EXPECT_EQ(rounds.take(), "a1");
    rounds.put("A", "a2");
    EXPECT_THAT(all_of(rounds), ElementsAre("b1", "a2", "b2"));
}

TEST(Rounds, HoldsWhatCanOnlyBeMoved)
{
    Rounds<std::unique_ptr<int>> rounds;
    rounds.put("A", std::make_unique<int>(1));
    EXPECT_EQ(*rounds.next(), 1);
    EXPECT_EQ(*rounds.take(), 1);
    EXPECT_TRUE(rounds.empty());
}

}  // namespace
}  // namespace runtime
