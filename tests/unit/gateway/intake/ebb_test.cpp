#include "gateway/intake/ebb.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <set>

namespace intake {
namespace {

using namespace std::chrono_literals;
constexpr Ebb::Time start = Ebb::Time{} + 1h;

TEST(Ebb, WhereNothingIsGivenBackItKnowsNothing)
{
    Ebb ebb;
    EXPECT_FALSE(ebb.come_again(1, start));
    ebb.given_back(1000, start);
    EXPECT_TRUE(ebb.come_again(1000, start));
    EXPECT_FALSE(ebb.come_again(1000, start + 1min)) << "that was long ago";
}

TEST(Ebb, ThoseToldComeOneAfterTheOtherAsFastAsItIsGivenBack)
{
    Ebb ebb;
    auto now = start;
    for (int n = 0; n < 20'000; ++n, now += 1ms) ebb.given_back(100, now);  // 100,000 a second
    for (int n = 1; n <= 20; ++n) {
        auto const wait = ebb.come_again(50'000, now);
        ASSERT_TRUE(wait);
        EXPECT_NEAR(std::chrono::duration<double>(*wait).count(), 0.5 * n, 0.05 * n);
    }
    for (int n = 0; n < 1000; ++n) static_cast<void>(ebb.come_again(50'000, now));
    EXPECT_LE(*ebb.come_again(50'000, now), 60s);
}

// Room for ten that each stay two seconds. Four a second come, then sixty at once: each that finds no room comes when it was told.
struct Served {
    int again = 0, in_vain = 0;
};
template <class Tell>
Served burst(Tell tell)
{
    Ebb ebb;
    std::multimap<Ebb::Time, int> asks;  // its how-manieth try
    std::multiset<Ebb::Time> leaves;
    for (int n = 0; n < 40; ++n) asks.emplace(start + n * 250ms, 1);
    for (int n = 0; n < 60; ++n) asks.emplace(start + 10s, 1);
    Served served;
    while (!asks.empty()) {
        auto const [now, tries] = *asks.begin();
        asks.erase(asks.begin());
        for (; !leaves.empty() && *leaves.begin() <= now; leaves.erase(leaves.begin())) ebb.given_back(1, *leaves.begin());
        served.again += tries == 2 ? 1 : 0;
        if (leaves.size() < 10) {
            leaves.insert(now + 2s);
            continue;
        }
        served.in_vain += tries == 2 ? 1 : 0;
        asks.emplace(now + std::chrono::ceil<std::chrono::seconds>(tell(ebb, now)), tries + 1);
    }
    return served;
}

TEST(Ebb, WhoComesWhenItWasToldFindsRoom)
{
    auto const told = burst([](Ebb& ebb, Ebb::Time now) { return ebb.come_again(1, now).value_or(2s); });
    EXPECT_GT(told.again, 50);
    EXPECT_LE(told.in_vain * 20, told.again);
    auto const constant = burst([](Ebb&, Ebb::Time) -> std::chrono::nanoseconds { return 2s; });
    EXPECT_GT(constant.in_vain * 2, constant.again) << "two seconds for everybody are true for few";
}

}  // namespace
}  // namespace intake
