#include "gateway/intake/throttle.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

namespace intake {
namespace {

using namespace std::chrono_literals;
constexpr Throttle::Time start{};

ThrottleConfig marked(std::uint64_t mark, double least = 20)
{
    ThrottleConfig config;
    config.queue_mark = mark;
    config.per_second_min = least;
    return config;
}

// Asks evenly for `seconds`; how many were let in of each party.
std::map<std::string, int> ask(Throttle& throttle, std::map<std::string, int> const& per_second, int seconds, Throttle::Time& now)
{
    std::map<std::string, int> let_in;
    std::map<std::string, double> due;
    for (int step = 0; step < seconds * 1000; ++step, now += 1ms)
        for (auto const& [party, rate] : per_second)
            for (due[party] += rate / 1000.0; due[party] >= 1; due[party] -= 1) let_in[party] += throttle.take(party, 1, now);
    return let_in;
}

TEST(Throttle, BelowTheMarkItIsOpen)
{
    Throttle throttle{marked(1000)};
    throttle.observe({999, 10}, 500, start);
    EXPECT_FALSE(throttle.holding());
    for (int n = 0; n < 100'000; ++n) ASSERT_TRUE(throttle.take("A", 1, start));
}

TEST(Throttle, AtTheMarkItFallsSmoothlyToWhatTheBackendTakes)
{
    Throttle throttle{marked(1000)};
    auto now = start;
    double before = 800;
    for (int look = 0; look < 20; ++look, now += 1s) {
        throttle.observe({1000, 100}, 800, now);
        EXPECT_LE(throttle.per_second(), before);
        EXPECT_GE(throttle.per_second(), before * 0.6) << "no cliff";
        before = throttle.per_second();
    }
    EXPECT_NEAR(throttle.per_second(), 100, 2);
}

TEST(Throttle, OpensOnlyWellBelowTheMark)
{
    Throttle throttle{marked(1000)};
    throttle.observe({1000, 100}, 100, start);
    throttle.observe({990, 100}, 100, start + 1s);
    EXPECT_TRUE(throttle.holding()) << "just below is not enough";
    throttle.observe({800, 100}, 100, start + 2s);
    EXPECT_TRUE(throttle.holding());
    throttle.observe({799, 100}, 100, start + 3s);
    EXPECT_FALSE(throttle.holding());
}

TEST(Throttle, WhatIsUnderwayFollowsTheRate)
{
    Throttle throttle{marked(1000)};
    auto now = start;
    for (int look = 0; look < 40; ++look, now += 1s) throttle.observe({1000, 200}, 200, now);
    auto const let_in = ask(throttle, {{"A", 5000}}, 10, now);
    EXPECT_NEAR(let_in.at("A"), 2000, 250) << "ten seconds of 200, and one burst";
}

TEST(Throttle, WhoComesWhenItWasToldIsLetInHoweverSlowTheBackend)
{
    Throttle throttle{marked(100, 0.05)};  // one in twenty seconds
    auto now = start;
    for (int look = 0; look < 60; ++look, now += 1s) throttle.observe({100, 0}, 0, now);
    ASSERT_TRUE(throttle.take("A", 1, now)) << "the first is a token in hand";
    int let_in = 0;
    for (int tries = 0; tries < 20; ++tries) {
        auto const again = now + std::chrono::ceil<std::chrono::seconds>(throttle.come_again("A", now));
        for (; now < again; now += 1s) throttle.observe({100, 0}, 0, now);
        let_in += throttle.take("A", 1, now);
    }
    EXPECT_GE(let_in, 18) << "of twenty that came when they were told";
}

TEST(Throttle, EachPartyHasItsShareAndMayUseWhatOthersLeave)
{
    Throttle throttle{marked(1000)};
    auto now = start;
    for (int look = 0; look < 40; ++look, now += 1s) throttle.observe({1000, 200}, 200, now);
    auto const let_in = ask(throttle, {{"FLOOD", 5000}, {"VNPT", 30}}, 10, now);
    EXPECT_GE(let_in.at("VNPT"), 298) << "well below its hundred: all of them";
    EXPECT_NEAR(let_in.at("FLOOD"), 1700, 250) << "the rest";
}

TEST(Throttle, ADeadBackendStillLeavesTheLeastRate)
{
    Throttle throttle{marked(1000, 20)};
    auto now = start;
    for (int look = 0; look < 60; ++look, now += 1s) throttle.observe({5000, 0}, 800, now);
    EXPECT_NEAR(throttle.per_second(), 20, 0.5);
}

TEST(Throttle, SaysWhenItsOwnShareHasRoom)
{
    Throttle throttle{marked(1000, 1)};
    auto now = start;
    for (int look = 0; look < 40; ++look, now += 1s) throttle.observe({1000, 10}, 10, now);
    while (throttle.take("A", 1, now)) {}
    std::vector<Throttle::Time> told;
    for (int n = 0; n < 5; ++n) told.push_back(now + throttle.come_again("A", now));
    EXPECT_LE(told.front(), now + 100ms);
    EXPECT_EQ(told.back() - told.front(), 400ms) << "at ten a second, one after the other";
    for (auto const at : told) EXPECT_TRUE(throttle.take("A", 1, at + 1ms)) << "who obeys gets in";
}

TEST(Throttle, NobodyIsToldToComeLaterThanAMinute)
{
    Throttle throttle{marked(1000, 1)};
    throttle.observe({1000, 1}, 1, start);
    while (throttle.take("A", 1, start)) {}
    for (int n = 0; n < 1000; ++n) EXPECT_LE(throttle.come_again("A", start), 60s);
    EXPECT_EQ(throttle.come_again("STRANGER", start), 1s);
}

TEST(Throttle, WhatWasNotLetInAfterAllCostsNothing)
{
    Throttle throttle{marked(1000, 1)};
    auto now = start;
    for (int look = 0; look < 40; ++look, now += 1s) throttle.observe({1000, 1}, 1, now);
    while (throttle.take("A", 1, now)) {}
    throttle.give_back("A");
    EXPECT_TRUE(throttle.take("A", 1, now));
    throttle.give_back("NOBODY");
}

TEST(BacklogMeter, KnowsThePaceFromItsOwnDeliveriesOrFromTheQueue)
{
    BacklogMeter own, seen;
    Backlog of_own, of_seen;
    auto now = start;
    for (std::uint64_t second = 0; second < 30; ++second, now += 1s) {
        of_own = own.look(5000, second * 120, 300, now);
        of_seen = seen.look(1000 + second * 180, std::nullopt, 300, now);  // 300 in, 180 more waiting: 120 out
    }
    EXPECT_NEAR(of_own.delivered_per_second, 120, 1);
    EXPECT_NEAR(of_seen.delivered_per_second, 120, 1);
    EXPECT_EQ(of_own.waiting, 5000u);
}

TEST(BacklogMeter, ACountThatBeganAnewIsNotNegative)
{
    BacklogMeter meter;
    EXPECT_EQ(meter.look(10, 1000, 0, start).delivered_per_second, 0);
    EXPECT_EQ(meter.look(10, 5, 0, start + 1s).delivered_per_second, 0);
    EXPECT_GE(meter.look(1'000'000, std::nullopt, 0, start + 2s).delivered_per_second, 0);
}

TEST(BacklogMeter, WhoTakesDeliveryOverHasNotDeliveredAllAtOnce)
{
    BacklogMeter meter;
    for (int second = 0; second < 5; ++second) (void)meter.look(100, std::nullopt, 10, start + second * 1s);
    EXPECT_LE(meter.look(100, 1'000'000, 10, start + 5s).delivered_per_second, 10.0);
    EXPECT_LE(meter.look(100, 1'000'010, 10, start + 6s).delivered_per_second, 10.0);
}

// One to eight gateways before one backend: the queue settles, and none of them starves.
TEST(Throttle, TheQueueSettlesForOneGatewayAndForMany)
{
    for (int const gateways : {1, 2, 4, 8}) {
        std::vector<Throttle> all(static_cast<std::size_t>(gateways), Throttle{marked(10'000, 1)});
        double queue = 0, most = 0, least = 1e9;
        double const backend = 500;
        auto now = start;
        std::vector<double> admitted(all.size(), 0);
        for (int second = 0; second < 2000; ++second, now += 1s) {
            double in = 0;
            for (std::size_t n = 0; n < all.size(); ++n) {
                all[n].observe({static_cast<std::uint64_t>(queue), std::min(backend, queue)}, admitted[n], now);
                admitted[n] = all[n].holding() ? std::min(2000.0, all[n].per_second()) : 2000.0 / gateways;
                in += admitted[n];
            }
            queue = std::max(0.0, queue + in - backend);
            if (second > 1000) most = std::max(most, queue), least = std::min(least, queue);
        }
        EXPECT_LT(most, 20'000) << gateways;
        EXPECT_GT(least, 7'000) << gateways << ": the backend never runs dry";
    }
}

}  // namespace
}  // namespace intake
