// The tally itself: it must be able to fail, or the table it makes proves nothing.

#include "tests/vectors/tally.hpp"

#include <boost/json.hpp>
#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>

#include <array>
#include <fstream>
#include <iterator>

namespace {

namespace fs = std::filesystem;
using vectors::Difference;
using vectors::Tally;

fs::path const folder = fs::path{IVAN_BINARY_DIR} / "tally_test";

boost::json::object written(std::string_view topic)
{
    auto const* const test = ::testing::UnitTest::GetInstance()->current_test_info();
    std::ifstream in{folder / topic / (std::string{"Tally."} + test->name() + ".json"), std::ios::binary};
    std::string const text{std::istreambuf_iterator<char>{in}, {}};
    return boost::json::parse(text).as_object();
}

TEST(Tally, CountsWhatAgreesDiffersAndDoesNotApply)
{
    constexpr std::array differences{Difference{"c", "our bound is lower"}};
    Tally tally{"topic", differences, folder};
    tally.judge("a", true);
    tally.judge("c", false, "refused");
    tally.not_applicable("d", "DSA");
    EXPECT_FALSE(written("topic").at("finished").as_bool()) << "a crash must be seen";
    tally.finish();
    auto const json = written("topic");
    EXPECT_TRUE(json.at("finished").as_bool());
    EXPECT_EQ(json.at("run").to_number<int>(), 2);
    EXPECT_EQ(json.at("agreed").to_number<int>(), 1);
    EXPECT_EQ(json.at("differing").as_array().at(0).at("why").as_string(), "our bound is lower");
    EXPECT_EQ(json.at("not_applicable").as_array().size(), 1u);
    EXPECT_TRUE(json.at("failed").as_array().empty());
}

TEST(Tally, FailsTheTestForACaseThatDoesNotAgree)
{
    Tally tally{"topic", {}, folder};
    tally.judge("a", false, "we took it");
    EXPECT_NONFATAL_FAILURE(tally.finish(), "topic a: we took it");
    EXPECT_EQ(written("topic").at("failed").as_array().size(), 1u);
}

TEST(Tally, FailsForADifferenceThatInTruthAgrees)
{
    constexpr std::array differences{Difference{"a", "we are stricter"}};
    Tally tally{"topic", differences, folder};
    tally.judge("a", true);
    EXPECT_NONFATAL_FAILURE(tally.finish(), "topic a: agrees, but the table of differences says: we are stricter");
}

TEST(Tally, FailsForADifferenceThatNoCaseMet)
{
    constexpr std::array differences{Difference{"gone", "we are stricter"}};
    Tally tally{"topic", differences, folder};
    tally.agreed("a");
    EXPECT_NONFATAL_FAILURE(tally.finish(), "topic gone: stands in the table of differences, but no case has this id");
}

TEST(Tally, FailsForACaseRecordedTwice)
{
    Tally tally{"topic", {}, folder};
    tally.agreed("a");
    tally.agreed("a");
    EXPECT_NONFATAL_FAILURE(tally.finish(), "topic a: recorded twice");
}

TEST(Tally, FailsWithoutAnyCase)
{
    Tally tally{"topic", {}, folder};
    EXPECT_NONFATAL_FAILURE(tally.finish(), "no case was recorded");
}

TEST(Tally, FailsForADifferenceWithoutAReason)
{
    Tally tally{"topic", {}, folder};
    tally.differs("a", "");
    EXPECT_NONFATAL_FAILURE(tally.finish(), "nobody says why");
}

TEST(Tally, SaysThatATopicWasSkippedAndDoesNotFailForIt)
{
    constexpr std::array differences{Difference{"a", "we are stricter"}};
    Tally tally{"topic", differences, folder};
    EXPECT_FALSE(tally.vectors("there/is/no/such/manifest.json"));
    tally.finish();
    EXPECT_FALSE(written("topic").at("skipped").as_string().empty());
    EXPECT_EQ(written("topic").at("run").to_number<int>(), 0);
}

}  // namespace
