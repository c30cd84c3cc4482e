#include "signing/policy.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

namespace {

using namespace std::chrono_literals;
using signing::BranchRule;
using signing::owner_matches;

TEST(Policy, IsTheStoredSnapshot)
{
    std::ifstream in{std::string{IVAN_SOURCE_DIR} + "/tests/unit/signing/policy.snapshot"};
    std::string const stored{std::istreambuf_iterator<char>{in}, {}};
    // A change here is a change of what the hub believes: say why in DECISIONS.md, then store the new text.
    EXPECT_EQ(signing::describe({}), stored);
}

TEST(Policy, MatchesOwners)
{
    using enum BranchRule;
    EXPECT_TRUE(owner_matches("0101300842", "0101300842", exact));
    EXPECT_TRUE(owner_matches("0101300842-001", "0101300842-001", exact));
    EXPECT_TRUE(owner_matches("0101300842001", "0101300842-001", exact));
    EXPECT_FALSE(owner_matches("0101300842", "0101300842-001", exact));
    EXPECT_TRUE(owner_matches("0101300842", "0101300842-001", parent_may_sign));
    EXPECT_FALSE(owner_matches("0101300842-001", "0101300842", parent_may_sign));
    EXPECT_FALSE(owner_matches("0101300842-001", "0101300842-002", parent_may_sign));
    EXPECT_FALSE(owner_matches("0100109106", "0101300842", parent_may_sign));
    EXPECT_FALSE(owner_matches("", "", parent_may_sign));
    EXPECT_FALSE(owner_matches("", "0101300842", parent_may_sign));
    EXPECT_TRUE(owner_matches("001085012345", "001085012345", parent_may_sign));
    EXPECT_FALSE(owner_matches("0010850123", "001085012345", parent_may_sign));  // 12 digits: a person, no branch of anybody
}

TEST(Policy, TakesSha1UpToItsLastDayInVietnam)
{
    signing::Policy policy;
    auto const last = std::chrono::sys_days{std::chrono::year{2025} / 6 / 30};
    signing::Instant const midnight = last + 24h - 7h;
    EXPECT_FALSE(sha1_allowed(policy, midnight - 1s));
    policy.sha1_until = last;
    EXPECT_TRUE(sha1_allowed(policy, midnight - 1s));
    EXPECT_FALSE(sha1_allowed(policy, midnight));
}

TEST(Policy, HasOnePlacePerForm)
{
    EXPECT_EQ(signing::signature_place("D02-TS")->holder, "Cky");
    EXPECT_EQ(signing::signature_place("")->root, "Hoso");
    EXPECT_EQ(signing::signature_place("")->holder, "CKy_Dvi");
    EXPECT_EQ(signing::signature_place("04_DK-IVAN")->holder, "CKy_Dvi");
    EXPECT_FALSE(signing::signature_place("D99-TS").has_value());
}

TEST(Policy, ListsNoSha1AndNoMd5)
{
    for (auto const* list : {&signing::digest_algorithms(), &signing::signature_algorithms()}) {
        for (auto const& algorithm : *list) {
            EXPECT_EQ(algorithm.uri.find("sha1"), std::string_view::npos) << algorithm.uri;
            EXPECT_EQ(algorithm.uri.find("md5"), std::string_view::npos) << algorithm.uri;
            EXPECT_EQ(algorithm.uri.find("hmac"), std::string_view::npos) << algorithm.uri;
        }
    }
}

}  // namespace
