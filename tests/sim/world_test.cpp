// The fixed seeds, and that a seed is a world: the same events at the same times, whenever and beside whatever it runs.

#include "tests/sim/world.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

namespace sim {
namespace {

std::vector<std::uint64_t> fixed_seeds()
{
    std::vector<std::uint64_t> seeds;
    std::ifstream in{IVAN_SOURCE_DIR "/tests/sim/seeds.txt"};
    for (std::string line; std::getline(in, line);)
        if (!line.empty() && line[0] != '#') seeds.push_back(std::stoull(line));
    return seeds;
}

TEST(World, KeepsEveryPromiseInEachFixedSeed)
{
    auto const seeds = fixed_seeds();
    ASSERT_GE(seeds.size(), 20u);
    std::array<std::uint64_t, fault_kinds> faults{};
    for (auto const seed : seeds) {
        auto const report = run_world({seed, Planted::none, false, 150});
        EXPECT_FALSE(report.violation.has_value()) << "seed " << seed << ", promise " << report.violation->promise << ": "
                                                   << report.violation->what << "\nops/sim --seed " << seed << " --worlds 1 --dossiers-max 150 --trace";
        EXPECT_GT(report.acknowledged, report.dossiers / 2) << "seed " << seed << " accepts hardly anything";
        EXPECT_EQ(report.delivered, report.acknowledged) << "seed " << seed;
        for (std::size_t i = 0; i < faults.size(); ++i) faults[i] += report.faults[i];
    }
    for (std::size_t i = 0; i < faults.size(); ++i) EXPECT_GT(faults[i], 0u) << fault_names[i] << " never happens in the fixed seeds";
}

TEST(World, TheSameSeedIsTheSameWorld)
{
    for (std::uint64_t seed = 100; seed < 103; ++seed) {
        auto const once = run_world({seed, Planted::none, false, 150});
        auto const twice = run_world({seed, Planted::none, true, 150});
        EXPECT_EQ(once.trace_hash, twice.trace_hash);
        EXPECT_EQ(once.simulated, twice.simulated);
        EXPECT_EQ(once.faults, twice.faults);
    }
}

TEST(World, WorldsOfSeveralThreadsKnowNothingOfEachOther)
{
    auto const alone = run_world({200, Planted::none, false, 150});
    std::vector<WorldReport> reports(2);
    std::vector<std::thread> threads;
    for (auto& report : reports) threads.emplace_back([&report] { report = run_world({200, Planted::none, false, 150}); });
    for (auto& thread : threads) thread.join();
    for (auto const& report : reports) EXPECT_EQ(report.trace_hash, alone.trace_hash);
}

TEST(World, AnotherSeedIsAnotherWorld)
{
    EXPECT_NE(run_world({301, Planted::none, false, 100}).trace_hash, run_world({302, Planted::none, false, 100}).trace_hash);
}

}  // namespace
}  // namespace sim
