// Finding a path: every issuer of the right name is tried, in any order, and the first path that holds in full counts.

#include "signing/trust.hpp"

#include "tests/support/pki.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace {

using namespace std::chrono_literals;
using signing::Purpose;
using signing::Refusal;
using support::Pki;
using Identity = Pki::Identity;
using Request = Pki::Request;
using Use = Request::Use;

class PathTest : public ::testing::Test {
protected:
    [[nodiscard]] std::string ask(Identity const& asked, Purpose purpose = Purpose::sign) const { return ask_at(asked, pki.now, purpose); }

    // "valid", or the refusal.
    [[nodiscard]] std::string ask_at(Identity const& asked, signing::Instant at, Purpose purpose = Purpose::sign) const
    {
        signing::PathOptions options;
        options.purpose = purpose;
        return ask_with(asked, at, options);
    }
    [[nodiscard]] std::string ask_with(Identity const& asked, signing::Instant at, signing::PathOptions const& options) const
    {
        signing::TrustStore::Material material;
        for (auto const& anchor : anchors) material.anchors.push_back(Pki::piece(anchor));
        for (auto const& one : intermediates) material.intermediates.push_back(Pki::piece(one));
        material.check_revocation = !crls.empty();
        for (auto const& crl : crls) material.crls.push_back({"crl", crl});
        signing::Policy policy;
        policy.require_crl = material.check_revocation;
        auto const verdict = signing::TrustStore::make(material, policy)->explain(Pki::der(asked), at, {}, options);
        if (verdict) path = (*verdict)->path();
        else detail = verdict.error().detail;
        return verdict ? "valid" : std::string{name_of(verdict.error().why)};
    }

    // The same subject and key in a certificate of another issuer, or with other contents.
    [[nodiscard]] Request again(Identity const& identity, Request request) const
    {
        request.key_pem = identity.key_pem;
        return request;
    }

    Pki const& pki = Pki::shared();
    Request root_request = pki.authority("Root", Use::root), ca_request = pki.authority("CA"), leaf_request = pki.request("0101300842");
    Identity root = signing::dev::make_root(root_request), ca = issue(root, ca_request), leaf = issue(ca, leaf_request);
    std::vector<Identity> anchors{root}, intermediates{ca};
    std::vector<std::string> crls;
    mutable std::vector<std::string> path;
    mutable std::string detail;
};

TEST_F(PathTest, IsFoundWhateverTheOrderOfTheIntermediates)
{
    auto request = pki.authority("Middle");
    request.extensions = {{"basicConstraints", "critical,CA:TRUE"}};
    auto const middle = issue(root, request);
    auto const low = issue(middle, ca_request);
    auto const subject = issue(low, leaf_request);
    intermediates = {low, ca, middle, issue(root, pki.authority("Another"))};
    std::mt19937 order{7};
    for (int i = 0; i < 12; ++i) {
        std::ranges::shuffle(intermediates, order);
        EXPECT_EQ(ask(subject), "valid") << detail;
        EXPECT_EQ(path.size(), 4u);
    }
}

TEST_F(PathTest, AnExpiredCertificateOfAnIssuerDoesNotHideItsRenewedOne)
{
    auto expired = again(ca, ca_request);
    expired.not_before = pki.now - 24h * 400;
    expired.not_after = pki.now - 24h;
    auto const old = issue(root, expired);
    intermediates = {old};
    EXPECT_EQ(ask(leaf), "chain_broken");
    EXPECT_NE(detail.find("expired"), std::string::npos) << detail;
    for (auto const& both : {std::vector{old, ca}, std::vector{ca, old}}) {
        intermediates = both;
        EXPECT_EQ(ask(leaf), "valid") << detail;
    }
}

TEST_F(PathTest, AnotherKeyOfTheSameNameDoesNotHideTheRightOne)
{
    // Without key identifiers nothing but the signature tells them apart.
    ca_request.extensions = {{"subjectKeyIdentifier", ""}, {"authorityKeyIdentifier", ""}};
    leaf_request.extensions = {{"authorityKeyIdentifier", ""}};
    auto const right = issue(root, ca_request);
    auto const subject = issue(right, leaf_request);
    for (int i = 0; i < 5; ++i) intermediates.insert(intermediates.begin(), issue(root, ca_request));
    EXPECT_EQ(ask(subject), "chain_untrusted");
    EXPECT_NE(detail.find("holds the key that signed"), std::string::npos) << detail;
    intermediates.push_back(right);
    EXPECT_EQ(ask(subject), "valid") << detail;
}

TEST_F(PathTest, ANewRootIsReachedThroughTheOldOneUntilItIsAnAnchorItself)
{
    auto const new_root = signing::dev::make_root(root_request);  // the same name, a new key
    auto const new_ca = issue(new_root, ca_request);
    auto const subject = issue(new_ca, leaf_request);
    intermediates = {ca, new_ca};
    EXPECT_EQ(ask(subject), "chain_untrusted");
    auto cross = again(new_root, root_request);
    cross.use = Use::issuing_ca;
    cross.extensions = {{"basicConstraints", "critical,CA:TRUE"}};
    intermediates.push_back(issue(root, cross));
    EXPECT_EQ(ask(subject), "valid") << detail;
    EXPECT_EQ(path.size(), 4u);
    anchors.push_back(new_root);
    EXPECT_EQ(ask(subject), "valid");
    EXPECT_EQ(path.size(), 3u);
    EXPECT_EQ(ask(leaf), "valid") << "the old root beside the new one";
}

TEST_F(PathTest, EndsWhereAuthoritiesCertifyEachOtherInACircle)
{
    auto wide = [&](std::string const& name) {
        auto request = pki.authority(name);
        request.extensions = {{"basicConstraints", "critical,CA:TRUE"}};
        return request;
    };
    auto const a = signing::dev::make_root(wide("A")), b = issue(a, wide("B"));
    auto const a_by_b = issue(b, again(a, wide("A")));
    auto const subject = issue(b, leaf_request);
    intermediates = {b, a_by_b, ca};
    EXPECT_EQ(ask(subject), "chain_untrusted");
    intermediates.push_back(issue(root, again(a, wide("A"))));
    EXPECT_EQ(ask(subject), "valid") << detail;
}

TEST_F(PathTest, TriesAnotherPathWhereOneIsBroken)
{
    auto const elsewhere = signing::dev::make_root(pki.authority("Elsewhere", Use::root));
    auto constrained = again(ca, ca_request);
    constrained.extensions = {{"nameConstraints", "critical,permitted;email:example.vn"}};
    leaf_request.extensions = {{"subjectAltName", "email:ke.toan@cong-ty.vn"}};
    auto const subject = issue(ca, leaf_request);
    intermediates = {issue(elsewhere, constrained)};
    anchors = {elsewhere};
    EXPECT_EQ(ask(subject), "chain_broken");
    EXPECT_NE(detail.find("subtree"), std::string::npos) << detail;
    anchors.push_back(root);
    intermediates.push_back(ca);
    EXPECT_EQ(ask(subject), "valid") << detail;
}

TEST_F(PathTest, GoesRoundARevokedCertificateOfAnIssuerButNeverRoundARevokedSigner)
{
    auto const second = issue(root, again(ca, ca_request));  // renewed: the same name and key
    intermediates = {ca, second};
    auto const crl = [&](Identity const& issuer, std::vector<Identity> const& revoked) {
        std::vector<signing::dev::Revoked> list;
        for (auto const& one : revoked) list.push_back({one.certificate_pem, pki.now - 2h});
        return make_crl(issuer, list, pki.now - 1h, pki.now + 24h, 1);
    };
    crls = {crl(root, {ca}), crl(ca, {})};
    EXPECT_EQ(ask(leaf), "valid") << detail;
    crls = {crl(root, {ca, second}), crl(ca, {})};
    EXPECT_EQ(ask(leaf), "chain_broken");
    crls = {crl(root, {}), crl(ca, {leaf})};
    EXPECT_EQ(ask(leaf), "certificate_revoked");
}

TEST_F(PathTest, BoundsWhatOneQuestionCosts)
{
    ca_request.extensions = {{"subjectKeyIdentifier", ""}, {"authorityKeyIdentifier", ""}};
    leaf_request.extensions = {{"authorityKeyIdentifier", ""}};
    auto const subject = issue(issue(root, ca_request), leaf_request);
    intermediates.clear();
    for (int i = 0; i < 300; ++i) intermediates.push_back(issue(root, ca_request));
    EXPECT_EQ(ask(subject), "chain_untrusted");
    EXPECT_EQ(detail, "no path among the first that were tried");
}

TEST_F(PathTest, LongerThanTheBoundIsNoPath)
{
    auto request = pki.authority("0");
    request.extensions = {{"basicConstraints", "critical,CA:TRUE"}};
    auto issuer = root;
    intermediates.clear();
    for (int i = 0; i < 10; ++i) {
        request.common_name = std::to_string(i);
        issuer = issue(issuer, request);
        intermediates.push_back(issuer);
        auto const verdict = ask(issue(issuer, leaf_request));
        EXPECT_EQ(verdict, i < 9 ? "valid" : "chain_untrusted") << i << ": " << detail;
    }
}

TEST_F(PathTest, EndsAtAnIntermediateOrALeafThatIsAnAnchor)
{
    anchors = {ca};
    intermediates.clear();
    EXPECT_EQ(ask(leaf), "valid") << detail;
    anchors = {leaf};
    EXPECT_EQ(ask(leaf), "valid") << detail;
    EXPECT_EQ(path.size(), 1u);
    EXPECT_EQ(ask(issue(ca, leaf_request)), "chain_untrusted") << "another of the same name";
}

TEST_F(PathTest, HoldsThroughTheLastSecondOfAValidity)
{
    leaf_request.not_after = pki.now + 1h;
    auto const subject = issue(ca, leaf_request);
    EXPECT_EQ(ask_at(subject, pki.now + 1h), "valid") << detail;
    EXPECT_EQ(ask_at(subject, pki.now + 1h + 999ms), "valid") << detail;
    EXPECT_EQ(ask_at(subject, pki.now + 1h + 1s), "certificate_expired");
    EXPECT_EQ(ask_at(subject, leaf_request.not_before), "valid") << detail;
    EXPECT_EQ(ask_at(subject, leaf_request.not_before - 1ms), "certificate_not_yet_valid");
}

TEST_F(PathTest, TakesPssAndTheLongerDigestsAndNoSha1)
{
    ca_request.key = Pki::KeyKind::rsa_2048;
    auto const rsa_ca = issue(root, ca_request);
    intermediates = {rsa_ca};
    leaf_request.pss = true;
    EXPECT_EQ(ask(issue(rsa_ca, leaf_request)), "valid") << detail;
    leaf_request.pss = false;
    leaf_request.digest = Request::Digest::sha512;
    EXPECT_EQ(ask(issue(rsa_ca, leaf_request)), "valid") << detail;
    leaf_request.digest = Request::Digest::sha1;
    EXPECT_EQ(ask(issue(rsa_ca, leaf_request)), "chain_broken");
}

TEST_F(PathTest, AnAuthorityWithASmallKeyBreaksIt)
{
    ca_request.key = Pki::KeyKind::rsa_1024;
    auto const weak = issue(root, ca_request);
    intermediates = {weak};
    EXPECT_EQ(ask(issue(weak, leaf_request)), "chain_broken");
    root_request.key = Pki::KeyKind::rsa_1024;
    anchors = {signing::dev::make_root(root_request)};
    EXPECT_EQ(ask(issue(anchors.front(), leaf_request)), "chain_broken");
}

TEST_F(PathTest, HonoursWhatPoliciesAreAskedFor)
{
    ca_request.extensions = leaf_request.extensions = {{"certificatePolicies", "1.2.3.4"}};
    auto const with = issue(root, ca_request);
    auto const subject = issue(with, leaf_request);
    intermediates = {with};
    signing::PathOptions options;
    options.require_explicit_policy = true;
    EXPECT_EQ(ask_with(subject, pki.now, options), "valid") << detail;
    options.policies = {"1.2.3.5"};
    EXPECT_EQ(ask_with(subject, pki.now, options), "chain_broken");
    options.policies = {"1.2.3.4"};
    EXPECT_EQ(ask_with(subject, pki.now, options), "valid") << detail;
    options.require_explicit_policy = false;
    ca_request.extensions.push_back({"policyConstraints", "critical,requireExplicitPolicy:0"});
    auto const demanding = issue(root, ca_request);
    intermediates = {demanding};
    EXPECT_EQ(ask(issue(demanding, leaf_request)), "valid") << detail;
    leaf_request.extensions = {};
    EXPECT_EQ(ask(issue(demanding, leaf_request)), "chain_broken") << "the CA demands a policy and the leaf has none";
}

TEST_F(PathTest, JudgesTheExtendedKeyUsageOfTheWholePath)
{
    ca_request.extensions = {{"extendedKeyUsage", "serverAuth"}};
    auto const server_ca = issue(root, ca_request);
    intermediates = {server_ca};
    EXPECT_EQ(ask(issue(server_ca, leaf_request)), "chain_broken");
    leaf_request.use = Use::tls_server;
    leaf_request.dns_names = {"may-chu.example.vn"};
    auto const server = issue(server_ca, leaf_request);
    EXPECT_EQ(ask(server, Purpose::tls_server), "valid") << detail;
    EXPECT_EQ(ask(server, Purpose::tls_client), "certificate_usage");
    EXPECT_EQ(ask(server, Purpose::any), "valid") << detail;
    EXPECT_EQ(ask(server), "certificate_usage");
    leaf_request.use = Use::tls_client;
    leaf_request.dns_names = {};
    EXPECT_EQ(ask(issue(server_ca, leaf_request), Purpose::tls_client), "chain_broken");
}

TEST_F(PathTest, AnAnchorForAnotherPurposeIsNotPassedByThroughAnotherCertificateOfItsCa)
{
    auto limited = again(ca, ca_request);
    limited.extensions = {{"extendedKeyUsage", "clientAuth"}};
    leaf_request.use = Use::tls_server;
    leaf_request.dns_names = {"may-chu.example.vn"};
    auto const server = issue(ca, leaf_request);
    EXPECT_EQ(ask(server, Purpose::tls_server), "valid") << detail;
    anchors.push_back(issue(root, limited));
    EXPECT_NE(ask(server, Purpose::tls_server), "valid");
}

TEST_F(PathTest, ACertificateOfACaIsAnsweredForAnyPurposeButSignsNothing)
{
    EXPECT_EQ(ask(ca, Purpose::any), "valid") << detail;
    EXPECT_EQ(ask(ca), "certificate_usage");
    EXPECT_NE(ask(ca, Purpose::tls_server), "valid");
    EXPECT_EQ(ask(root, Purpose::any), "valid") << detail;
}

TEST_F(PathTest, HostileBytesGetARefusal)
{
    signing::TrustStore::Material material;
    material.anchors = {Pki::piece(root)};
    material.intermediates = {Pki::piece(ca)};
    material.check_revocation = false;
    signing::Policy policy;
    policy.require_crl = false;
    auto const trust = signing::TrustStore::make(material, policy);
    auto const good = Pki::der(leaf);
    std::mt19937 random{11};
    std::size_t refused = 0;
    for (int i = 0; i < 3000; ++i) {
        auto bytes = good;
        for (int changes = 0; changes < 1 + i % 3; ++changes) bytes[random() % bytes.size()] = static_cast<char>(random());
        if (i % 5 == 0) bytes.resize(random() % bytes.size());
        auto const verdict = trust->explain(bytes, pki.now, {.certificates = {bytes, good}, .ocsp = {bytes}}, Purpose::any);
        EXPECT_TRUE(!verdict.has_value() || bytes == good) << "altered, and believed";
        refused += !verdict.has_value();
    }
    EXPECT_GT(refused, 2900u);
    std::string deep;
    for (int i = 0; i < 60'000; ++i) deep = "\x30\x80" + deep;
    for (auto const& bytes : {deep.substr(0, 100'000), std::string(300'000, '\x30'), std::string(1, '\0'), std::string{"\x30\x84\xff\xff\xff\xff"}}) {
        auto const verdict = trust->explain(bytes, pki.now, {.certificates = {bytes}, .ocsp = {bytes}}, Purpose::any);
        ASSERT_FALSE(verdict.has_value());
        EXPECT_EQ(verdict.error().why, Refusal::certificate_malformed);
    }
}

}  // namespace
