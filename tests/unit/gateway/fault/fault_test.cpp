#include "gateway/fault/fault.hpp"

#include <gtest/gtest.h>

#include <set>

namespace fault {
namespace {

// Refusals are numbered from nought; each module's last one is named here, so that a new one is walked too.
template <class Refusal, class Make>
std::set<FaultCode> walk(Refusal last, Make make)
{
    std::set<FaultCode> codes;
    for (int i = 0; i <= static_cast<int>(last); ++i) codes.insert(make(static_cast<Refusal>(i)).code);
    return codes;
}

TEST(Fault, EveryRefusalOfALeafHasARow)
{
    auto const schemas = walk(schemas::Refusal::rule_violation, [](schemas::Refusal why) { return fault_of(schemas::Failure{why, "", {}}); });
    auto const signing = walk(signing::Refusal::signing_time_outside, [](signing::Refusal why) { return fault_of(signing::Failure{why, "", "", ""}); });
    auto const providers = walk(providers::Refusal::too_many_in_flight, [](providers::Refusal why) { return fault_of(providers::Failure{why, "", {}}); });
    auto const store = walk(store::Refusal::internal, [](store::Refusal why) { return fault_of(store::Failure{why, ""}); });
    EXPECT_GE(schemas.size(), 14u);
    EXPECT_GE(signing.size(), 18u);
    EXPECT_EQ(providers.size(), 6u);
    EXPECT_EQ(store.size(), 14u);
}

TEST(Fault, BlameFollowsWhoCanMendIt)
{
    EXPECT_EQ(row_of(fault_of(signing::Failure{signing::Refusal::digest_mismatch, "", "", ""}).code).blame, Blame::provider);
    EXPECT_EQ(row_of(fault_of(signing::Failure{signing::Refusal::revocation_unknown, "", "", ""}).code).blame, Blame::hub);
    EXPECT_EQ(row_of(fault_of(store::Failure{store::Refusal::unavailable, ""}).code).blame, Blame::hub);
    EXPECT_EQ(row_of(fault_of(store::Failure{store::Refusal::status_unlawful, ""}).code).blame, Blame::backend);
}

TEST(Fault, AnUnknownOutcomeAsksForTheSameBytes)
{
    auto const& row = row_of(fault_of(store::Failure{store::Refusal::outcome_unknown, ""}).code);
    EXPECT_EQ(row.retry, Retry::same);
    EXPECT_EQ(row.http, 503);
}

TEST(Fault, TheWaitIsRoundedUpToWholeSeconds)
{
    EXPECT_EQ(fault_of(providers::Failure{providers::Refusal::quota_exceeded, "", std::chrono::milliseconds{1}}).retry_after.count(), 1);
    EXPECT_EQ(fault_of(providers::Failure{providers::Refusal::quota_exceeded, "", std::chrono::milliseconds{2000}}).retry_after.count(), 2);
}

TEST(Fault, TheSignaturesPlaceIsToldToTheProvider)
{
    auto const fault = fault_of(signing::Failure{signing::Refusal::digest_mismatch, "D02-TS", "/D02-TS/Cky", "detail"});
    ASSERT_EQ(fault.findings.size(), 1u);
    EXPECT_EQ(fault.findings[0].form, "D02-TS");
    EXPECT_EQ(fault.findings[0].path, "/D02-TS/Cky");
    EXPECT_EQ(fault.findings[0].code, "GW-2009");
    EXPECT_EQ(fault.detail, "detail");
}

TEST(Fault, FindingsOfTheContentAreCarriedOver)
{
    auto const fault = fault_of(schemas::Failure{schemas::Refusal::rule_violation, "", {{"F", "/p", 1, "R-1", "vi", "en"}}});
    ASSERT_EQ(fault.findings.size(), 1u);
    EXPECT_EQ(fault.findings[0].code, "R-1");
}

}  // namespace
}  // namespace fault
