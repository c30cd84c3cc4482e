// The adaptive limit before simulated stores: where it settles, how it comes back, what does not move it.

#include "gateway/intake/pace.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <random>

namespace intake {
namespace {

using namespace std::chrono_literals;
using Seconds = std::chrono::duration<double>;

constexpr Pace::Time start{};

// One committer that takes all that waits: a commit of n rows lasts a + b·n, times a factor the test gives.
class Store {
public:
    Store(double a, double b) : a_{a}, b_{b} {}

    // Runs until `end`; `demand` says how many may want to be under way at a time, beside the limit.
    void run(Pace& pace, double until, std::function<std::uint32_t(double)> const& demand, std::function<double(double)> const& factor)
    {
        std::uint64_t stored = 0;
        auto const since = now_;
        while (now_ < until) {
            auto const wanted = std::min(pace.limit(), demand(now_));
            while (begun_.size() < wanted) begun_.push_back(now_);
            if (begun_.empty()) {
                now_ += 0.001;
                continue;
            }
            // What came during the last commit makes the next one: half of what is under way, when it is busy.
            auto const rows = begun_.size() == 1 ? 1 : (begun_.size() + 1) / 2;
            now_ += (a_ + b_ * static_cast<double>(rows)) * factor(now_);
            for (std::size_t n = 0; n < rows; ++n) {
                auto const took = Seconds{now_ - begun_.front()};
                auto const in_flight = static_cast<std::uint32_t>(begun_.size());
                begun_.pop_front();
                pace.committed(std::chrono::duration_cast<std::chrono::nanoseconds>(took), true, in_flight, at());
                ++stored;
            }
        }
        rate = static_cast<double>(stored) / (now_ - since);
    }
    [[nodiscard]] double now() const { return now_; }

    double rate = 0;  // of the last run

private:
    [[nodiscard]] Pace::Time at() const { return start + std::chrono::duration_cast<Pace::Time::duration>(Seconds{now_}); }
    double a_, b_, now_ = 0;
    std::deque<double> begun_;
};

auto const few = [](double) { return 2u; };
auto const flood = [](double) { return 100'000u; };
auto const steady = [](double) { return 1.0; };

TEST(Pace, SettlesWhereTheStoreGivesMostOfItsPeakAndCommitsAreStillShort)
{
    struct { double a, b; char const* what; } const stores[]{{0.0002, 0.00004, "a fast disk"}, {0.005, 0.00004, "a slow disk"}, {0.0001, 0.001, "dear rows"}};
    for (auto const& [a, b, what] : stores) {
        PaceConfig config;
        Pace pace{config, start};
        Store store{a, b};
        store.run(pace, 3, few, steady);
        auto const unloaded = Seconds{pace.unloaded()}.count();
        store.run(pace, 13, flood, steady);
        EXPECT_GT(store.rate, 0.7 / b) << what;
        EXPECT_LT(Seconds{pace.lately()}.count(), (config.tolerance + 1) * unloaded + 17 * b) << what;
        EXPECT_GE(pace.limit(), config.min) << what;
    }
}

TEST(Pace, WhoKeepsWithinItsShareGetsShorterCommitsForALittleOfThePeak)
{
    Pace pace{{}, start};
    Store store{0.0011, 0.00024};
    store.run(pace, 3, few, steady);
    store.run(pace, 13, flood, steady);
    auto const alone = store.rate;
    auto const long_commit = pace.lately();
    pace.shared_unevenly(true);
    store.run(pace, 16, flood, steady);
    store.run(pace, 26, flood, steady);
    EXPECT_LT(pace.lately(), long_commit * 4 / 5);
    EXPECT_GT(store.rate, 0.88 * alone) << "of a store that is the only bottleneck";
    auto const shared = pace.limit();
    store.run(pace, 900, flood, steady);
    EXPECT_LE(pace.limit(), shared + shared / 4) << "a quarter of an hour later";
    pace.shared_unevenly(false);
    store.run(pace, 910, flood, steady);
    store.run(pace, 915, flood, steady);
    EXPECT_GT(store.rate, 0.9 * alone) << "and back";
}

TEST(Pace, ALongOverloadDoesNotRaiseIt)
{
    Pace pace{{}, start};
    Store store{0.0005, 0.0001};
    store.run(pace, 3, few, steady);
    store.run(pace, 10, flood, steady);
    auto const after_seconds = pace.limit();
    store.run(pace, 900, flood, steady);
    EXPECT_LE(pace.limit(), after_seconds + after_seconds / 5) << "a quarter of an hour later";
    EXPECT_GE(pace.limit() + pace.limit() / 5, after_seconds);
}

TEST(Pace, AFloodFromTheFirstSecondOnFindsABoundedLimitToo)
{
    Pace pace{{}, start};
    Store store{0.0005, 0.0001};
    store.run(pace, 600, flood, steady);
    EXPECT_LT(pace.limit(), 300u) << "never unloaded, so the floor's time is the measure";
    EXPECT_GT(store.rate, 7000) << "of 10,000 a second at any price";
}

TEST(Pace, NoiseAndRareSlowCommitsDoNotMakeItCollapse)
{
    std::mt19937_64 random{7};
    std::lognormal_distribution<double> wobble{0, 0.5};
    auto const noisy = [&](double) { return wobble(random) * (random() % 100 == 0 ? 20 : 1); };
    Pace calm{{}, start}, rough{{}, start};
    Store quiet{0.0005, 0.0001}, shaken{0.0005, 0.0001};
    for (auto const until : {3.0, 30.0}) {
        quiet.run(calm, until, until < 5 ? std::function<std::uint32_t(double)>{few} : flood, steady);
        shaken.run(rough, until, until < 5 ? std::function<std::uint32_t(double)>{few} : flood, noisy);
    }
    EXPECT_GT(rough.limit(), calm.limit() / 3);
    EXPECT_LT(rough.limit(), calm.limit() * 3);
}

TEST(Pace, ComesBackWithinSecondsAfterAStall)
{
    Pace pace{{}, start};
    Store store{0.0005, 0.0001};
    store.run(pace, 3, few, steady);
    store.run(pace, 20, flood, steady);
    auto const before = store.rate;
    auto const stalled = [](double now) { return now < 21 ? 10'000.0 : 1.0; };  // one commit that takes many seconds
    store.run(pace, 21, flood, stalled);
    EXPECT_GT(store.now(), 25) << "it did stall";
    auto const over = store.now();
    store.run(pace, over + 2, flood, steady);
    store.run(pace, over + 3, flood, steady);
    EXPECT_GT(store.rate, 0.9 * before) << "in the third second after it";
}

TEST(Pace, AStoreThatGrewSlowForGoodIsLearntInSeconds)
{
    Pace pace{{}, start};
    Store store{0.0003, 0.00005};
    store.run(pace, 20, flood, steady);
    auto const slower = [](double) { return 20.0; };
    store.run(pace, 60, flood, slower);
    store.run(pace, 70, flood, slower);
    EXPECT_GT(store.rate, 0.6 / (20 * 0.00005)) << "most of what the slow store can";
}

TEST(Pace, GrowsOnlyWhileItIsUsed)
{
    Pace pace{{}, start};
    Store store{0.0005, 0.0001};
    store.run(pace, 60, few, steady);
    EXPECT_EQ(pace.limit(), PaceConfig{}.min);
}

TEST(Pace, GrowsFromASingleDossierToo)
{
    PaceConfig config;
    config.min = 1;
    Pace pace{config, start};
    Store store{0.0005, 0.0001};
    store.run(pace, 1, [](double) { return 1u; }, steady);
    store.run(pace, 20, flood, steady);
    EXPECT_GT(store.rate, 0.7 / 0.0001);
}

TEST(Pace, StaysWithinItsBounds)
{
    PaceConfig config;
    config.min = 10;
    config.max = 20;
    std::mt19937_64 random{11};
    Pace pace{config, start};
    for (int n = 0; n < 100'000; ++n) {
        auto const took = std::chrono::microseconds{random() % 2 ? random() % 100 : random() % 10'000'000};
        pace.committed(took, random() % 5 != 0, static_cast<std::uint32_t>(random() % 50), start + n * 1ms);
        ASSERT_GE(pace.limit(), 10u);
        ASSERT_LE(pace.limit(), 20u);
    }
}

TEST(Pace, CommitsThatAreTurnedAwayLowerIt)
{
    Pace pace{{}, start};
    Store store{0.0005, 0.0001};
    store.run(pace, 3, few, steady);
    store.run(pace, 10, flood, steady);
    auto const before = pace.limit();
    auto at = start + 11s;
    for (int n = 0; n < 1000; ++n) pace.committed(1ms, n % 2 == 0, before, at += 1ms);
    EXPECT_LT(pace.limit(), before / 2);
}

TEST(Pace, NeverAsksForMoreThanTheLongestCommitAllowed)
{
    PaceConfig config;
    config.time_max = 50ms;
    Pace pace{config, start};
    Store store{0.02, 0.0002};  // 20 ms unloaded: six times that would be 120 ms
    store.run(pace, 3, few, steady);
    store.run(pace, 30, flood, steady);
    EXPECT_LT(pace.lately(), 70ms);
}

TEST(Pace, ATimeThatRunsBackIsHarmless)
{
    Pace pace{{}, start + 1h};
    for (int n = 0; n < 1000; ++n) pace.committed(1ms, true, 5, start + n * 1ms);
    EXPECT_EQ(pace.limit(), PaceConfig{}.min);
}

}  // namespace
}  // namespace intake
