// Dossiers under grace, judged in hindsight.

#include "gateway/revocation/recheck.hpp"
#include "tests/support/manual_clock.hpp"
#include "tests/support/memory_grace.hpp"
#include "tests/support/pki.hpp"
#include "tests/support/run_task.hpp"

#include <gtest/gtest.h>

namespace {

using namespace std::chrono_literals;
using support::Pki;
using Word = signing::Hindsight::Word;

struct RecheckTest : testing::Test {
    Pki const& pki = Pki::shared();
    support::ManualClock clock;
    net::io_context context{1};
    net::thread_pool blocking{1};
    support::MemoryGrace grace;
    observe::Metrics metrics;
    std::shared_ptr<signing::Revocations const> evidence;
    std::vector<signing::EvidenceWanted> told;
    std::map<std::string, bool> alarms;
    revocation::RevocationConfig config;
    signing::dev::Identity unit = pki.unit("0101300842"), other = pki.unit("0101300842");
    runtime::Instant filed = pki.now;

    RecheckTest()
    {
        clock.at = filed + 24h;
        publish({}, filed - 2h, filed - 1h);
        grace.add(dossier("a", {unit}));
    }
    // Lists of the issuing CA and of the root, of these dates.
    void publish(std::vector<signing::dev::Revoked> const& revoked, runtime::Instant from, runtime::Instant until)
    {
        auto const list = [&](auto const& ca, auto const& entries) { return signing::dev::make_crl(ca, entries, from, until, ++number); };
        std::vector<std::string> const authorities{der(pki.root), der(pki.issuing_ca)};
        std::vector<signing::Revocations::Piece> const pieces{{"ca", list(pki.issuing_ca, revoked)},
                                                              {"root", list(pki.root, std::vector<signing::dev::Revoked>{})}};
        auto made = signing::Revocations::make(authorities, pieces, {});
        ASSERT_TRUE(made.refused.empty()) << made.refused[0].why;
        evidence = made.revocations;
    }
    static std::string der(signing::dev::Identity const& identity) { return *signing::certificate_der(identity.certificate_pem); }
    [[nodiscard]] store::GraceDossier dossier(std::string id, std::vector<signing::dev::Identity> const& signers) const
    {
        store::GraceDossier made{std::move(id), "00001.G/2026/00108", "THAISON", "00108", filed, {}};
        for (auto const& signer : signers) made.signers.push_back({{der(signer), der(pki.issuing_ca), der(pki.root)}, {}});
        return made;
    }
    bool sweep()
    {
        revocation::Recheck recheck{config,
                                    {context, blocking, grace, clock, metrics, [this] { return evidence; },
                                     [this](signing::EvidenceWanted wanted) { told.push_back(std::move(wanted)); },
                                     [this](std::string_view name, bool raised, std::string_view) { alarms[std::string{name}] = raised; }}};
        return support::run_task(context, recheck.sweep());
    }
    unsigned number = 0;
};

TEST_F(RecheckTest, WhileNothingFreshIsThereItStaysPendingAndIsAskedFor)
{
    EXPECT_TRUE(sweep());
    EXPECT_FALSE(grace.entries.at("a").verdict.has_value());
    ASSERT_FALSE(told.empty());
    EXPECT_EQ(told[0].certificate, der(unit));
    EXPECT_EQ(told[0].issuer, der(pki.issuing_ca));
}

TEST_F(RecheckTest, FreshEvidenceThatDoesNotListItClearsIt)
{
    publish({{other.certificate_pem, filed - 1h}}, clock.at - 1h, clock.at + 1h);
    EXPECT_TRUE(sweep());
    ASSERT_TRUE(grace.entries.at("a").verdict.has_value());
    EXPECT_FALSE(grace.entries.at("a").verdict->revoked_at.has_value());
    EXPECT_TRUE(grace.notices.empty());
    EXPECT_TRUE(told.empty());
}

TEST_F(RecheckTest, ARevocationAtOrBeforeTheFilingIsLateAndOneAfterwardsIsNone)
{
    publish({{unit.certificate_pem, filed}}, clock.at - 1h, clock.at + 1h);
    EXPECT_TRUE(sweep());
    ASSERT_TRUE(grace.entries.at("a").verdict.has_value());
    EXPECT_EQ(grace.entries.at("a").verdict->revoked_at, filed);
    EXPECT_EQ(grace.notices, std::vector<std::string>{"a"});

    grace.add(dossier("b", {other}));
    publish({{other.certificate_pem, filed + 1s}}, clock.at - 1h, clock.at + 1h);
    EXPECT_TRUE(sweep());
    ASSERT_TRUE(grace.entries.at("b").verdict.has_value());
    EXPECT_FALSE(grace.entries.at("b").verdict->revoked_at.has_value());
}

TEST_F(RecheckTest, OneRevokedSignerAmongSeveralIsEnough)
{
    grace.entries.clear();
    grace.add(dossier("a", {other, unit}));
    publish({{unit.certificate_pem, filed - 1h}}, clock.at - 1h, clock.at + 1h);
    EXPECT_TRUE(sweep());
    EXPECT_TRUE(grace.entries.at("a").verdict->revoked_at.has_value());
}

TEST_F(RecheckTest, ManyAreTakenInBoundedPortionsEachOnce)
{
    config.recheck_rows_max = 3;
    for (int i = 0; i < 10; ++i) grace.add(dossier("more" + std::to_string(i), {unit}));
    EXPECT_TRUE(sweep()) << "it ends although nothing can be settled";
    publish({}, clock.at - 1h, clock.at + 1h);
    clock.advance(config.recheck_lease + 1s);
    EXPECT_TRUE(sweep());
    for (auto const& [id, entry] : grace.entries) EXPECT_TRUE(entry.verdict.has_value()) << id;
}

TEST_F(RecheckTest, ADatabaseThatIsAwayEndsTheRoundAndNothingIsLost)
{
    publish({}, clock.at - 1h, clock.at + 1h);
    grace.down = true;
    EXPECT_FALSE(sweep());
    grace.down = false;
    EXPECT_TRUE(sweep());
    EXPECT_TRUE(grace.entries.at("a").verdict.has_value());
}

TEST_F(RecheckTest, ACertificateThatExpiredMeanwhileIsNotClearedByAListThatMayLeaveItOff)
{
    clock.at = pki.now + 24h * 400;  // the unit's certificate held for a year
    publish({}, clock.at - 1h, clock.at + 1h);
    EXPECT_TRUE(sweep());
    EXPECT_FALSE(grace.entries.at("a").verdict.has_value());
}

TEST_F(RecheckTest, APathThatCannotBeReadStaysForAPerson)
{
    auto const seen = signing::look_back(*evidence, {"no certificate", "neither"}, filed, clock.at);
    EXPECT_EQ(seen.word, Word::unknown);
    EXPECT_EQ(signing::look_back(*evidence, {}, filed, clock.at).word, Word::unknown);
}

}  // namespace
