// The fixed seeds, and that a seed is a world: the same events at the same times, whenever and beside whatever it runs.

#include "tests/sim/seeds.hpp"
#include "tests/support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <thread>
#include <vector>

namespace sim {
namespace {

TEST(World, KeepsEveryPromiseInEachFixedSeed)
{
    auto const worlds = read_seeds(IVAN_SOURCE_DIR "/tests/sim/seeds.txt");
    ASSERT_GE(worlds.size(), 20u);
    std::array<std::uint64_t, fault_kinds> faults{};
    for (auto const& world : worlds) {
        auto const seed = seed_line(world);
        auto const report = run_world(world);
        EXPECT_FALSE(report.violation.has_value()) << "seed " << seed << ", promise " << report.violation->promise << ": " << report.violation->what
                                                   << "\nops/sim --seed " << world.seed << " --worlds 1 --dossiers-max " << world.dossiers_max << " --trace";
        EXPECT_GT(report.acknowledged, report.dossiers / 2) << "seed " << seed << " accepts hardly anything";
        EXPECT_EQ(report.delivered, report.acknowledged) << "seed " << seed;
        for (std::size_t i = 0; i < faults.size(); ++i) faults[i] += report.faults[i];
    }
    for (std::size_t i = 0; i < faults.size(); ++i) EXPECT_GT(faults[i], 0u) << fault_names[i] << " never happens in the fixed seeds";
}

TEST(Seeds, ALineSaysWhatItsWorldIsMadeWith)
{
    support::TemporaryDirectory const directory;
    auto const path = directory.path() / "seeds.txt";
    auto const read = [&](std::string const& text) {
        std::ofstream{path} << text;
        return read_seeds(path);
    };
    auto const worlds = read("# seeds\n7\n\n420944077 1500  # of ops/sim\n");
    ASSERT_EQ(worlds.size(), 2u);
    EXPECT_EQ(worlds[0].dossiers_max, seed_dossiers_max);
    EXPECT_EQ(worlds[1].seed, 420944077u);
    EXPECT_EQ(worlds[1].dossiers_max, 1500u);
    EXPECT_EQ(seed_line(worlds[0]), "7");
    EXPECT_EQ(seed_line(worlds[1]), "420944077 1500");
    for (auto const* wrong : {"seed\n", "7 many\n", "7 1500 1\n", "7 49\n"}) EXPECT_THROW(read(wrong), std::runtime_error) << wrong;
    EXPECT_THROW(read_seeds(directory.path() / "none"), std::runtime_error);
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
