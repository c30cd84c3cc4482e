#include "loadtest/report.hpp"

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace
{

using namespace std::chrono_literals;
using loadtest::Sent;

TEST(Latency, IsTheNearestRank)
{
    std::vector<std::chrono::nanoseconds> times;
    for (int n = 1000; n >= 1; --n) times.push_back(std::chrono::milliseconds{n});
    auto const latency = loadtest::latency_of(times);
    EXPECT_DOUBLE_EQ(latency.p50_ms, 500);
    EXPECT_DOUBLE_EQ(latency.p99_ms, 990);
    EXPECT_DOUBLE_EQ(latency.p999_ms, 999);
    EXPECT_DOUBLE_EQ(latency.max_ms, 1000);
}

TEST(Latency, OfNothingIsNothing) { EXPECT_DOUBLE_EQ(loadtest::latency_of({}).p999_ms, 0); }

TEST(Latency, OfOneIsThatOne) { EXPECT_DOUBLE_EQ(loadtest::latency_of({5ms}).p50_ms, 5); }

loadtest::SourceResult result_of(std::vector<Sent::Verdict> verdicts)
{
    loadtest::SourceResult result;
    result.elapsed = 2s;
    for (auto const verdict : verdicts) {
        Sent sent;
        sent.verdict = verdict;
        sent.took = 3ms;
        sent.trouble = "words";
        result.sent.push_back(sent);
    }
    return result;
}

TEST(Report, CountsVerdictsAndIsGoodOnlyWhenAllIsWell)
{
    using enum Sent::Verdict;
    std::vector<loadtest::Prepared> const prepared(4);
    auto report = loadtest::report_of(result_of({accepted, accepted, accepted, refused}), prepared);
    EXPECT_EQ(report.accepted, 3u);
    EXPECT_EQ(report.refused, 1u);
    EXPECT_DOUBLE_EQ(report.docs_per_second, 2);
    EXPECT_TRUE(report.good());
    report.delivered = 2;
    EXPECT_FALSE(report.good()) << "accepted and not delivered";

    EXPECT_FALSE(loadtest::report_of(result_of({accepted, wrong, accepted, accepted}), prepared).good());
    EXPECT_FALSE(loadtest::report_of(result_of({accepted, unanswered, accepted, accepted}), prepared).good());
    EXPECT_FALSE(loadtest::report_of(result_of({accepted, unsent, accepted, accepted}), prepared).good());
}

TEST(Report, SaysMismatchesInBothForms)
{
    using enum Sent::Verdict;
    std::vector<loadtest::Prepared> const prepared(2);
    auto const report = loadtest::report_of(result_of({accepted, wrong}), prepared);
    EXPECT_NE(loadtest::to_text(report).find("1 mismatches\n"), std::string::npos);
    auto const json = boost::json::parse(loadtest::to_json(report));
    EXPECT_EQ(json.at("mismatches").to_number<int>(), 1);
    EXPECT_FALSE(json.at("good").as_bool());
}

TEST(Report, KeepsTheWordsOfMismatchesBounded)
{
    loadtest::Report report;
    for (int n = 0; n < 10'000; ++n) report.mismatch("words");
    EXPECT_EQ(report.mismatches, 10'000u);
    EXPECT_LE(report.first_mismatches.size(), 100u);
}

} // namespace
