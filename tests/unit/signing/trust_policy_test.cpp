// What an anchor's own file says (dates in force, revocation, grace), what verdicts are remembered for, and what changes
// when the evidence is swapped.

#include "signing/trust.hpp"

#include "tests/support/pki.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

namespace {

using namespace std::chrono_literals;
using signing::Refusal;
using signing::Revocations;
using support::Pki;

void write(std::filesystem::path const& file, std::string_view text)
{
    std::filesystem::create_directories(file.parent_path());
    std::ofstream out{file, std::ios::binary};
    out << text;
}

class TrustPolicyTest : public ::testing::Test {
protected:
    [[nodiscard]] std::shared_ptr<signing::TrustStore const> load(std::string const& policy_toml, signing::dev::TrustOptions const& options = {})
    {
        pki.write_trust_directory(directory.path(), options);
        if (!policy_toml.empty()) write(directory.path() / "anchors/production/root.toml", policy_toml);
        return signing::TrustStore::load(directory.path(), policy);
    }
    [[nodiscard]] std::string trouble(std::string const& policy_toml)
    {
        try {
            (void)load(policy_toml);
        } catch (std::runtime_error const& error) {
            return error.what();
        }
        return {};
    }
    static std::string ask(signing::TrustStore const& trust, std::string const& leaf, signing::Instant at, signing::ChainHints const& hints = {})
    {
        auto const verdict = trust.chain(leaf, at, hints);
        if (!verdict) return std::string{name_of(verdict.error().why)};
        return (*verdict)->grace ? "grace" : "valid";
    }
    // CRLs of the root and the issuing CA that end so long after now.
    [[nodiscard]] std::shared_ptr<Revocations const> evidence(signing::TrustStore const& trust, std::chrono::seconds life,
                                                              std::vector<signing::dev::Revoked> const& revoked = {}) const
    {
        auto const crl = [&](Pki::Identity const& issuer, std::vector<signing::dev::Revoked> const& list) {
            return Revocations::Piece{"crl", make_crl(issuer, list, pki.now - 1h, pki.now + life, 7)};
        };
        auto made = Revocations::make(trust.authorities(), {crl(pki.root, {}), crl(pki.issuing_ca, revoked)}, {});
        for (auto const& refused : made.refused) ADD_FAILURE() << refused.why;
        return made.revocations;
    }
    static std::string date(signing::Instant at, int days) { return fmt::format("{:%F}", signing::day_in_vietnam(at) + std::chrono::days{days}); }

    Pki const& pki = Pki::shared();
    support::TemporaryDirectory directory;
    signing::Policy policy;
    std::string leaf = Pki::der(pki.unit("0101300842"));
};

TEST_F(TrustPolicyTest, NamesTheFileAndTheMistake)
{
    struct Mistake {
        std::string toml, named;
    };
    for (auto const& [toml, named] : std::vector<Mistake>{{"revokation = \"hard\"", "revokation"},
                                                          {"revocation = \"sometimes\"", "hard"},
                                                          {"revocation = true", "revocation"},
                                                          {"revocation = \"soft\"", "grace"},
                                                          {"grace = \"48h\"", "go together"},
                                                          {"revocation = \"soft\"\ngrace = \"2 days\"", "duration"},
                                                          {"revocation = \"soft\"\ngrace = \"-1h\"", "duration"},
                                                          {"revocation = \"soft\"\ngrace = \"10000000h\"", "more than"},
                                                          {"from = \"today\"", "from"},
                                                          {"from = 2026-02-30", ""},
                                                          {"from = 2027-01-01\nuntil = 2026-01-01", "before"},
                                                          {"crl_urls = \"http://a/\"", "list"},
                                                          {"crl_urls = [\"https://a/\"]", "http://"},
                                                          {"crl_urls = [1]", "crl_urls"},
                                                          {"not toml", ""}}) {
        auto const text = trouble(toml);
        EXPECT_NE(text.find("root.toml"), std::string::npos) << toml << ": " << text;
        EXPECT_NE(text.find(named), std::string::npos) << toml << ": " << text;
    }
    EXPECT_EQ(trouble("revocation = \"soft\"\ngrace = \"48h\"\nfrom = 2020-01-01\nuntil = 2099-12-31\ncrl_urls = [\"http://crl.example.vn/a.crl\"]"), "");
    write(directory.path() / "anchors/production/nobody.toml", "revocation = \"hard\"");
    EXPECT_NE(trouble("").find("nobody.toml"), std::string::npos);
}

TEST_F(TrustPolicyTest, KeepsProductionAndTestAnchorsApart)
{
    pki.write_trust_directory(directory.path());
    write(directory.path() / "anchors/test/root.pem", pki.root.certificate_pem);
    EXPECT_THROW((void)signing::TrustStore::load(directory.path(), policy), std::runtime_error);
}

TEST_F(TrustPolicyTest, AnAnchorCountsOnTheDaysItIsInForce)
{
    auto const at = pki.now;
    EXPECT_EQ(ask(*load("from = " + date(at, 0) + "\nuntil = " + date(at, 0)), leaf, at), "valid");
    EXPECT_EQ(ask(*load("from = " + date(at, 1)), leaf, at), "chain_untrusted");
    EXPECT_EQ(ask(*load("until = " + date(at, -1)), leaf, at), "chain_untrusted");

    // The verdict ends with the day, and a bad one with its beginning.
    auto const ends = load("until = " + date(at, 0));
    auto const verdict = ends->chain(leaf, at);
    ASSERT_TRUE(verdict.has_value());
    EXPECT_EQ((*verdict)->valid_until, signing::Instant{signing::day_in_vietnam(at)} + 24h - 7h - 1s);
    EXPECT_EQ(ask(*ends, leaf, (*verdict)->valid_until + 1s), "chain_untrusted");
    auto const begins = signing::Instant{signing::day_in_vietnam(at)} + 24h - 7h;
    auto const later = load("from = " + date(at, 1));
    EXPECT_EQ(ask(*later, leaf, begins - 1min), "chain_untrusted");
    EXPECT_EQ(ask(*later, leaf, begins - 1s), "chain_untrusted");
    EXPECT_EQ(ask(*later, leaf, begins), "valid");
}

TEST_F(TrustPolicyTest, HardNeedsFreshEvidenceOfEveryCertificate)
{
    signing::dev::TrustOptions options;
    options.next_update = pki.now + 1h;
    EXPECT_EQ(ask(*load("revocation = \"hard\"", options), leaf, pki.now), "valid");
    std::filesystem::remove(directory.path() / "crls/root.pem");
    auto const trust = signing::TrustStore::load(directory.path(), policy);
    auto const verdict = trust->chain(leaf, pki.now);
    ASSERT_FALSE(verdict.has_value());
    EXPECT_EQ(verdict.error().why, Refusal::revocation_unknown);
    EXPECT_NE(verdict.error().detail.find("Issuing CA"), std::string::npos) << verdict.error().detail;
}

TEST_F(TrustPolicyTest, SoftTakesEvidenceThatEndedWithinTheGraceAndSaysSo)
{
    signing::dev::TrustOptions options;
    options.next_update = pki.now + 1h;
    auto const trust = load("revocation = \"soft\"\ngrace = \"48h\"", options);
    auto const end = options.next_update;
    EXPECT_EQ(ask(*trust, leaf, end), "valid");
    auto const verdict = trust->chain(leaf, end + 1h);
    ASSERT_TRUE(verdict.has_value());
    EXPECT_TRUE((*verdict)->grace);
    EXPECT_TRUE((*verdict)->revocation.grace);
    EXPECT_EQ((*verdict)->revocation.next_update, end);
    ASSERT_EQ((*verdict)->path_evidence.size(), 2u);
    EXPECT_LE((*verdict)->valid_until, end + 1h + 1min) << "a verdict under grace lives shortly";
    EXPECT_EQ(ask(*trust, leaf, end + 48h), "grace");
    EXPECT_EQ(ask(*trust, leaf, end + 48h + 1s), "revocation_unknown");
    EXPECT_EQ(ask(*trust, leaf, end), "valid") << "an earlier time is not answered by a later one's grace";
}

TEST_F(TrustPolicyTest, SoftIsNoLeaveToHaveNoEvidenceAtAll)
{
    (void)load("revocation = \"soft\"\ngrace = \"48h\"");
    std::filesystem::remove(directory.path() / "crls/issuing-ca.pem");
    EXPECT_EQ(ask(*signing::TrustStore::load(directory.path(), policy), leaf, pki.now), "revocation_unknown");
}

TEST_F(TrustPolicyTest, WhatEndedEvidenceCallsRevokedStaysRevoked)
{
    auto const unit = pki.unit("0101300842");
    signing::dev::TrustOptions options;
    options.this_update = pki.now - 3h;
    options.next_update = pki.now - 1h;
    options.revoked = {{unit.certificate_pem, pki.now - 4h}};
    for (auto const* toml : {"revocation = \"hard\"", "revocation = \"soft\"\ngrace = \"48h\"", "revocation = \"none\""}) {
        EXPECT_EQ(ask(*load(toml, options), Pki::der(unit), pki.now), "certificate_revoked") << toml;
    }
}

TEST_F(TrustPolicyTest, NoneAsksForNoEvidenceAndSaysSo)
{
    (void)load("revocation = \"none\"");
    std::filesystem::remove_all(directory.path() / "crls");
    auto const verdict = signing::TrustStore::load(directory.path(), policy)->chain(leaf, pki.now);
    ASSERT_TRUE(verdict.has_value());
    EXPECT_EQ((*verdict)->revocation.source, "none");
    EXPECT_FALSE((*verdict)->grace);
}

TEST_F(TrustPolicyTest, TellsWhoeverFetchesWhatWasMissingAndWhereItIs)
{
    auto request = pki.request("0101300842");
    request.extensions = {{"crlDistributionPoints", "URI:http://crl.example.vn/ca.crl,URI:ldap://example.vn/x"},
                          {"authorityInfoAccess", "OCSP;URI:http://ocsp.example.vn/"}};
    auto const certificate = Pki::der(issue(pki.issuing_ca, request));
    signing::dev::TrustOptions options;
    options.next_update = pki.now + 1h;
    std::vector<signing::EvidenceWanted> told;
    auto const tell = [&](signing::EvidenceWanted wanted) { told.push_back(std::move(wanted)); };
    (void)load("crl_urls = [\"http://crl.example.vn/root.crl\"]", options);
    auto const trust = signing::TrustStore::load(directory.path(), policy, tell);
    EXPECT_EQ(ask(*trust, certificate, pki.now), "valid");
    EXPECT_TRUE(told.empty());
    EXPECT_EQ(ask(*trust, certificate, pki.now + 2h), "revocation_unknown");
    ASSERT_FALSE(told.empty());
    EXPECT_EQ(told.front().certificate, certificate);
    EXPECT_EQ(told.front().issuer, Pki::der(pki.issuing_ca));
    EXPECT_EQ(told.front().crl_urls, (std::vector<std::string>{"http://crl.example.vn/ca.crl", "http://crl.example.vn/root.crl"}));
    EXPECT_EQ(told.front().ocsp_urls, std::vector<std::string>{"http://ocsp.example.vn/"});
    told.clear();
    EXPECT_EQ(ask(*trust->with(evidence(*trust, 3h)), certificate, pki.now + 2h), "valid");
    EXPECT_TRUE(told.empty());
}

TEST_F(TrustPolicyTest, SwappedEvidenceCountsAtOnceAndCostsNoNewPath)
{
    auto const unit = pki.unit("0101300842");
    auto const certificate = Pki::der(unit);
    auto const trust = load("");
    EXPECT_EQ(ask(*trust, certificate, pki.now), "valid");
    EXPECT_EQ(trust->counts().paths_found, 1u);
    auto const fresh = trust->with(evidence(*trust, 24h));
    EXPECT_EQ(fresh->counts().cached, 0u);
    EXPECT_EQ(ask(*fresh, certificate, pki.now), "valid");
    EXPECT_EQ(fresh->counts().paths_found, 0u) << "the path found before is still one";
    auto const revoked = fresh->with(evidence(*trust, 24h, {{unit.certificate_pem, pki.now - 2h}}));
    EXPECT_EQ(ask(*revoked, certificate, pki.now), "certificate_revoked");
    EXPECT_EQ(ask(*fresh, certificate, pki.now), "valid") << "the old snapshot is not edited";
    EXPECT_EQ(revoked->revocations()->revoked(), 1u);
}

TEST_F(TrustPolicyTest, AVerdictThatNeededHintsIsNotGivenToThoseWithoutThem)
{
    pki.write_trust_directory(directory.path());
    std::filesystem::remove(directory.path() / "intermediates/issuing-ca.pem");
    std::filesystem::remove(directory.path() / "crls/issuing-ca.pem");
    policy.require_crl = false;
    auto const trust = signing::TrustStore::load(directory.path(), policy);
    signing::ChainHints const hints{.certificates = {Pki::der(pki.issuing_ca), Pki::der(pki.unknown_root)}, .ocsp = {}};
    signing::ChainHints const turned{.certificates = {Pki::der(pki.unknown_root), Pki::der(pki.issuing_ca)}, .ocsp = {}};
    EXPECT_EQ(ask(*trust, leaf, pki.now, hints), "valid");
    EXPECT_EQ(ask(*trust, leaf, pki.now), "chain_untrusted");
    EXPECT_EQ(trust->counts().hits, 0u);
    EXPECT_EQ(ask(*trust, leaf, pki.now, turned), "valid");
    EXPECT_EQ(trust->counts().hits, 1u) << "the same hints in another order";
    EXPECT_EQ(ask(*trust, leaf, pki.now), "chain_untrusted");
    EXPECT_EQ(trust->counts().hits, 2u);
}

TEST_F(TrustPolicyTest, HintsThatWereNotNeededDoNotSplitTheMemory)
{
    auto const trust = load("");
    EXPECT_EQ(ask(*trust, leaf, pki.now, {.certificates = {Pki::der(pki.issuing_ca), Pki::der(pki.root)}, .ocsp = {}}), "valid");
    EXPECT_EQ(ask(*trust, leaf, pki.now), "valid");
    EXPECT_EQ(trust->counts().hits, 1u);
}

TEST_F(TrustPolicyTest, AStapledAnswerSpeaksForItsOwnDocumentAlone)
{
    auto const unit = pki.unit("0101300842");
    auto const certificate = Pki::der(unit);
    (void)load("");
    std::filesystem::remove(directory.path() / "crls/issuing-ca.pem");
    auto const trust = signing::TrustStore::load(directory.path(), policy);
    using Status = signing::dev::OcspAnswer::Status;
    auto const stapled = [&](Pki::Identity const& signer, Status status) {
        return signing::ChainHints{.certificates = {}, .ocsp = {make_ocsp_response(signer, pki.issuing_ca, {{unit.certificate_pem, status, pki.now - 2h}},
                                                                                  pki.now - 1h, pki.now + 1h)}};
    };
    EXPECT_EQ(ask(*trust, certificate, pki.now), "revocation_unknown");
    EXPECT_EQ(ask(*trust, certificate, pki.now, stapled(pki.issuing_ca, Status::good)), "valid");
    EXPECT_EQ(ask(*trust, certificate, pki.now), "revocation_unknown");
    EXPECT_EQ(ask(*trust, certificate, pki.now, stapled(pki.issuing_ca, Status::revoked)), "certificate_revoked");
    EXPECT_EQ(ask(*trust, certificate, pki.now, stapled(pki.unknown_root, Status::good)), "revocation_unknown");
    EXPECT_EQ(ask(*trust, certificate, pki.now, stapled(pki.issuing_ca, Status::unknown)), "revocation_unknown");
}

TEST_F(TrustPolicyTest, AStrangersCertificateAmongTheIntermediatesVouchesForNothing)
{
    signing::TrustStore::Material material;
    material.anchors = {Pki::piece(pki.root)};
    material.intermediates = {Pki::piece(pki.issuing_ca), Pki::piece(pki.unknown_root)};
    auto const authorities = signing::TrustStore::make(material, policy)->authorities();
    EXPECT_EQ(authorities.size(), 2u);
    EXPECT_EQ(std::ranges::find(authorities, Pki::der(pki.unknown_root)), authorities.end());
}

}  // namespace
