// A TrustStore whose revocation evidence is refreshed while many threads ask it: verdicts of the old snapshot, cached or
// not, are never given for the new one.

#include "signing/trust.hpp"

#include "tests/support/evidence.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace {

using namespace std::chrono_literals;
using namespace support;
using signing::Refusal;
using signing::Revocations;
using signing::TrustStore;

signing::Instant const now = support::began;

struct SwapTest : ::testing::Test {
    Certified root = certify(nullptr, {.name = "Root", .extensions = authority});
    Certified leaf = certify(&root, {.name = "Leaf", .extensions = {{NID_key_usage, "critical,digitalSignature"}}});
    std::string const der = leaf.der();

    [[nodiscard]] std::shared_ptr<TrustStore const> store() const
    {
        TrustStore::Material material;
        material.anchors = {{"root", root.der()}};
        material.crls = {{"list", CrlText{root}.number(1).der()}};
        return TrustStore::make(material, {});
    }
    [[nodiscard]] std::shared_ptr<TrustStore const> refreshed(TrustStore const& before, CrlText const& text) const
    {
        auto made = Revocations::make(before.authorities(), {{"list", text.der()}}, {}, before.revocations());
        EXPECT_TRUE(made.refused.empty());
        return before.with(std::move(made.revocations));
    }
    [[nodiscard]] CrlText later() const { return CrlText{root}.number(2).dated(now - 10min, now + 24h); }
};

TEST_F(SwapTest, ACachedVerdictDoesNotOutliveTheSnapshotItWasMadeWith)
{
    auto const before = store();
    ASSERT_TRUE(before->chain(der, now).has_value());
    ASSERT_TRUE(before->chain(der, now).has_value());
    EXPECT_GE(before->counts().hits, 1u) << "the verdict is cached";
    auto const after = refreshed(*before, later().revoke(serial(leaf), now - 1h));
    auto const verdict = after->chain(der, now);
    ASSERT_FALSE(verdict.has_value());
    EXPECT_EQ(verdict.error().why, Refusal::certificate_revoked);
    EXPECT_TRUE(before->chain(der, now).has_value()) << "who still holds the old snapshot sees what it knew";
    EXPECT_TRUE(refreshed(*after, CrlText{root}.number(3).dated(now - 5min, now + 24h))->chain(der, now).has_value()) << "taken off hold";
}

// The first answer makes the verdict, the second takes it from the cache of all threads, the third from this thread's own.
TEST_F(SwapTest, TheThreadsOwnVerdictsEndWithTheSnapshotAndWithTheirTime)
{
    auto const before = store();
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(before->chain(der, now).has_value());
    EXPECT_EQ(before->counts().hits, 2u);
    EXPECT_FALSE(before->chain(der, now + 24h * 365 * 50).has_value()) << "no thread remembers beyond the evidence";
    auto const after = refreshed(*before, later().revoke(serial(leaf), now - 1h));
    for (int i = 0; i < 3; ++i) EXPECT_EQ(after->chain(der, now).error().why, Refusal::certificate_revoked);
    EXPECT_TRUE(before->chain(der, now).has_value()) << "who still holds the old snapshot sees what it knew";
}

TEST_F(SwapTest, TheVerdictNamesTheFresherEvidenceAfterTheSwap)
{
    auto const before = store();
    EXPECT_EQ((*before->chain(der, now))->revocation.age(now), 1h);
    auto const after = refreshed(*before, later());
    EXPECT_EQ((*after->chain(der, now))->revocation.age(now), 10min);
    EXPECT_EQ((*after->chain(der, now))->valid_until, now + 24h);
}

TEST_F(SwapTest, EveryThreadThatAsksAfterTheSwapSeesTheRevocation)
{
    auto const first = store();
    auto const second = refreshed(*first, later().revoke(serial(leaf), now - 1h));
    std::atomic<std::shared_ptr<TrustStore const>> current{first};
    std::atomic<bool> swapped{false}, stop{false};
    std::atomic<int> wrong{0}, before{0}, after{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&] {
            while (!stop) {
                bool const must_see = swapped;
                auto const verdict = current.load()->chain(der, now);
                if (verdict) {
                    ++before;
                    if (must_see) ++wrong;
                } else {
                    ++after;
                    if (verdict.error().why != Refusal::certificate_revoked) ++wrong;
                }
            }
        });
    }
    while (before < 500) std::this_thread::yield();
    current.store(second);
    swapped = true;
    while (after < 500) std::this_thread::yield();
    stop = true;
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(wrong, 0);
}

}  // namespace
