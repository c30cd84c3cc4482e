// The simulator finds what it is for: each planted bug within a bounded number of worlds, and the same seed shows it again.

#include "tests/sim/world.hpp"

#include "gateway/observe/log.hpp"

#include <gtest/gtest.h>

#include <string>

namespace sim {
namespace {

constexpr std::uint64_t worlds_max = 60;
constexpr std::size_t dossiers_max = 150;

// A dead destination is an error in the log; here it is daily bread.
class Quiet final : public testing::Environment {
public:
    void SetUp() override { observe::start_log({"off", "/dev/null"}); }
    void TearDown() override { observe::stop_log(); }
};
[[maybe_unused]] auto const* const quiet = testing::AddGlobalTestEnvironment(new Quiet);

struct Case {
    Planted planted;
    int promise;
};

class PlantedBug : public testing::TestWithParam<Case> {};

TEST_P(PlantedBug, IsFoundWithinABoundedNumberOfWorlds)
{
    for (std::uint64_t seed = 1; seed <= worlds_max; ++seed) {
        auto const report = run_world({seed, GetParam().planted, false, dossiers_max});
        if (!report.violation) continue;
        EXPECT_EQ(report.violation->promise, GetParam().promise) << report.violation->what;
        auto const again = run_world({seed, GetParam().planted, true, dossiers_max});
        ASSERT_TRUE(again.violation.has_value()) << "seed " << seed << " shows nothing the second time";
        EXPECT_EQ(again.violation->what, report.violation->what);
        EXPECT_EQ(again.trace_hash, report.trace_hash);
        EXPECT_FALSE(again.trace.empty());
        EXPECT_FALSE(run_world({seed, Planted::none, false, dossiers_max}).violation.has_value()) << "it is the bug that was found";
        RecordProperty("worlds", std::to_string(seed));
        return;
    }
    ADD_FAILURE() << "not found in " << worlds_max << " worlds";
}

INSTANTIATE_TEST_SUITE_P(Every, PlantedBug,
                         testing::Values(Case{Planted::acknowledged_before_commit, 1}, Case{Planted::key_not_asked, 2},
                                         Case{Planted::receipt_sealed_again, 2}, Case{Planted::number_burnt, 2},
                                         Case{Planted::unit_order_ignored, 5}, Case{Planted::lease_ignored, 5},
                                         Case{Planted::delivery_forgotten, 5}, Case{Planted::refusal_not_recorded, 4},
                                         Case{Planted::log_rewritten, 8}, Case{Planted::log_place_given_twice, 8},
                                         Case{Planted::content_not_asked, 2}, Case{Planted::question_unheard, 2}),
                         [](auto const& tested) { return std::string{planted_names[static_cast<std::size_t>(tested.param.planted)]}; });

}  // namespace
}  // namespace sim
