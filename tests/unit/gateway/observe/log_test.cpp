#include "gateway/observe/log.hpp"
#include "tests/support/pki.hpp"

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

#include <fstream>
#include <limits>

namespace observe {
namespace {

std::vector<boost::json::object> lines_of(std::filesystem::path const& file)
{
    std::vector<boost::json::object> lines;
    std::ifstream in{file};
    for (std::string line; std::getline(in, line);) lines.push_back(boost::json::parse(line).as_object());
    return lines;
}

TEST(Log, EveryLineIsOneJsonObjectWhateverAPeerPutIntoIt)
{
    support::TemporaryDirectory directory;
    auto const file = directory.path() / "log";
    start_log({"info", file.string()});
    log(Level::info, "quotes", {{"text", "a\"b\\c\r\nd\te\x01"}, {"vietnamese", "hồ sơ"}});
    log(Level::warning, "broken utf-8", {{"text", "\xC3(\xF0\x9F\xED\xA0\x80"}});
    log(Level::error, "numbers", {{"count", 42u}, {"ratio", 0.5}, {"nan", std::numeric_limits<double>::quiet_NaN()}, {"yes", true}});
    log(Level::debug, "below the level");
    stop_log();
    auto const lines = lines_of(file);
    ASSERT_EQ(lines.size(), 3u);
    EXPECT_EQ(lines[0].at("level").as_string(), "info");
    EXPECT_EQ(lines[0].at("event").as_string(), "quotes");
    EXPECT_EQ(lines[0].at("text").as_string(), "a\"b\\c\r\nd\te\x01");
    EXPECT_EQ(lines[0].at("vietnamese").as_string(), "hồ sơ");
    EXPECT_EQ(lines[0].at("time").as_string().size(), 27u);
    EXPECT_NE(lines[1].at("text").as_string().find("("), boost::json::string::npos);
    EXPECT_EQ(lines[2].at("count").as_int64(), 42);
    EXPECT_EQ(lines[2].at("ratio").as_double(), 0.5);
    EXPECT_TRUE(lines[2].at("nan").is_null());
    EXPECT_TRUE(lines[2].at("yes").as_bool());
}

TEST(Log, AFullQueueDropsAndCounts)
{
    support::TemporaryDirectory directory;
    auto const file = directory.path() / "log";
    start_log({"info", file.string()});
    constexpr std::uint64_t written = 50'000;
    for (std::uint64_t i = 0; i < written; ++i) log(Level::info, "line", {{"n", i}});
    log(Level::info, "last");
    auto const dropped = log_dropped();
    stop_log();
    auto const lines = lines_of(file);
    EXPECT_GE(lines.size() + dropped, written + 1) << "what is missing was counted";
    EXPECT_EQ(lines.back().at("event").as_string(), "last") << "the oldest go first";
}

TEST(Log, WithoutStartNothingHappens)
{
    log(Level::info, "nobody listens");
    EXPECT_EQ(log_dropped(), 0u);
}

}  // namespace
}  // namespace observe
