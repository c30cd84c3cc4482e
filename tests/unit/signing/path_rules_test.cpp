// What RFC 5280 §4 asks of certificates beyond OpenSSL's path validation: each rule broken once, alone, and to whom it is held.

#include "signing/trust.hpp"

#include "tests/support/pki.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace {

using signing::Purpose;
using support::Pki;
using Identity = Pki::Identity;
using Request = Pki::Request;
using Use = Request::Use;
using Extensions = std::vector<Request::Extension>;

enum class Who { leaf, ca, root };
std::string const for_every_purpose = "any sign tls";
std::string const not_for_any = "sign tls";

struct Broken {
    std::string name;
    Who who;
    Extensions extensions;
    std::string refused_for;  // of "any sign tls"
    std::string serial_hex = {};
};

std::vector<Broken> const& rules()
{
    static std::vector<Broken> const list{
        {"NegativeSerialNumber", Who::leaf, {}, not_for_any, "-7F"},
        {"SerialNumberZero", Who::leaf, {}, not_for_any, "00"},
        {"SerialNumberZeroOfACa", Who::ca, {}, not_for_any, "00"},
        {"SerialNumberZeroOfAnAnchor", Who::root, {}, "", "00"},
        {"SerialNumberOf21Octets", Who::leaf, {}, for_every_purpose, "7F00000000000000000000000000000000000000FF"},
        {"SerialNumberOf20Octets", Who::leaf, {}, "", "7F000000000000000000000000000000000000FF"},
        {"BasicConstraintsNotCritical", Who::ca, {{"basicConstraints", "CA:TRUE,pathlen:0"}}, not_for_any},
        {"BasicConstraintsNotCriticalOfAnAnchor", Who::root, {{"basicConstraints", "CA:TRUE"}}, "tls"},
        {"BasicConstraintsMissing", Who::ca, {{"basicConstraints", ""}}, for_every_purpose},
        {"BasicConstraintsSayNoCa", Who::ca, {{"basicConstraints", "critical,CA:FALSE"}, {"keyUsage", ""}}, for_every_purpose},
        {"KeyUsageWithoutCertSign", Who::ca, {{"keyUsage", "critical,cRLSign"}}, for_every_purpose},
        {"KeyUsageMissingOfACa", Who::ca, {{"keyUsage", ""}}, ""},
        {"KeyUsageMissing", Who::leaf, {{"keyUsage", ""}}, ""},
        {"PathLengthInALeaf", Who::leaf, {{"basicConstraints", "critical,CA:FALSE,pathlen:0"}}, for_every_purpose},
        {"CertSignInALeaf", Who::leaf, {{"keyUsage", "critical,digitalSignature,keyCertSign"}}, for_every_purpose},
        {"NameConstraintsInALeaf", Who::leaf, {{"nameConstraints", "critical,permitted;DNS:example.vn"}}, for_every_purpose},
        {"NameConstraintsNotCritical", Who::ca, {{"nameConstraints", "permitted;DNS:example.vn"}}, not_for_any},
        {"NameConstraintsCritical", Who::ca, {{"nameConstraints", "critical,permitted;DNS:example.vn"}}, ""},
        {"NameConstraintWithALeadingDot", Who::ca, {{"nameConstraints", "critical,excluded;DNS:.else.vn"}}, not_for_any},
        {"NameConstraintWithAWildcard", Who::ca, {{"nameConstraints", "critical,excluded;DNS:*.else.vn"}}, not_for_any},
        {"NameConstraintViolated", Who::ca, {{"nameConstraints", "critical,permitted;DNS:else.vn"}}, for_every_purpose},
        // With policies beside them: without, OpenSSL 3.0's policy cache leaks the constraints (42 octets for each certificate).
        {"PolicyConstraintsNotCritical", Who::ca, {{"certificatePolicies", "2.5.29.32.0"}, {"policyConstraints", "inhibitPolicyMapping:1"}}, not_for_any},
        {"InhibitAnyPolicyNotCritical", Who::ca, {{"inhibitAnyPolicy", "0"}}, not_for_any},
        {"InhibitAnyPolicyCritical", Who::ca, {{"inhibitAnyPolicy", "critical,0"}}, ""},
        {"UnknownCriticalExtension", Who::leaf, {{"1.2.3.4", "critical,DER:0500"}}, for_every_purpose},
        {"UnknownCriticalExtensionOfACa", Who::ca, {{"1.2.3.4", "critical,DER:0500"}}, for_every_purpose},
        {"UnknownExtension", Who::leaf, {{"1.2.3.4", "DER:0500"}}, ""},
        {"CriticalKeyIdentifier", Who::ca, {{"subjectKeyIdentifier", "critical,hash"}}, for_every_purpose},
        {"UnreadableAccessInformation", Who::leaf, {{"authorityInfoAccess", "DER:300430020500"}}, for_every_purpose},
        {"EmptyAccessInformation", Who::leaf, {{"authorityInfoAccess", "DER:3000"}}, for_every_purpose},
        {"EmptyPolicies", Who::leaf, {{"certificatePolicies", "DER:3000"}}, for_every_purpose},
        {"EmptyDistributionPoints", Who::ca, {{"crlDistributionPoints", "DER:3000"}}, for_every_purpose},
        {"OctetsBehindAnAlternativeName", Who::leaf, {{"subjectAltName", "DER:300C820A6578616D706C652E766E0500"}}, for_every_purpose},
        {"AlternativeNameOfIndefiniteLength", Who::leaf, {{"subjectAltName", "DER:3080820A6578616D706C652E766E0000"}}, for_every_purpose},
        {"EmptyExtendedKeyUsage", Who::leaf, {{"extendedKeyUsage", "DER:3000"}}, for_every_purpose},
        {"EmptyAlternativeName", Who::leaf, {{"subjectAltName", "DER:3000"}}, for_every_purpose},
        {"EmptyKeyUsage", Who::leaf, {{"keyUsage", "DER:03020100"}}, for_every_purpose},
        {"ExtensionTwice", Who::leaf, {{"1.2.3.4", "DER:0500"}, {"1.2.3.4", "DER:0500"}}, for_every_purpose},
        {"NoKeyIdentifierOfItsIssuer", Who::leaf, {{"authorityKeyIdentifier", ""}}, "tls"},
        {"NoKeyIdentifierOfACa", Who::ca, {{"subjectKeyIdentifier", ""}}, "tls"},
        {"NameThatIsNoHostName", Who::leaf, {{"subjectAltName", "DNS:example.vn,DNS:may_chu.example.vn"}}, "tls"},
        {"WildcardInTheMiddle", Who::leaf, {{"subjectAltName", "DNS:example.vn,DNS:may*.example.vn"}}, "tls"},
        {"WildcardInFront", Who::leaf, {{"subjectAltName", "DNS:*.example.vn"}}, ""},
        {"ServerWithoutAName", Who::leaf, {{"subjectAltName", ""}}, "tls"},
    };
    return list;
}

class PathRules : public ::testing::TestWithParam<Broken> {
protected:
    // Which of the purposes refuse a path in which the rule is broken.
    [[nodiscard]] std::string refused_for(Broken const& broken, std::string& reasons) const
    {
        auto const& pki = Pki::shared();
        auto root_request = pki.authority("Root", Use::root);
        auto ca_request = pki.authority("CA");
        auto leaf_request = pki.request("0101300842");
        leaf_request.use = Use::tls_server;
        leaf_request.extensions = {{"extendedKeyUsage", ""}};  // fits every purpose
        leaf_request.dns_names = {"example.vn"};
        auto& changed = broken.who == Who::leaf ? leaf_request : broken.who == Who::ca ? ca_request : root_request;
        for (auto const& one : broken.extensions) {
            std::erase_if(changed.extensions, [&](auto const& known) { return known.name == one.name && known.value.empty(); });
        }
        changed.extensions.insert(changed.extensions.end(), broken.extensions.begin(), broken.extensions.end());
        changed.serial_hex = broken.serial_hex;
        auto const root = signing::dev::make_root(root_request);
        auto const ca = issue(root, ca_request);
        auto const leaf = Pki::der(issue(ca, leaf_request));
        signing::Policy policy;
        policy.require_crl = false;
        auto const trust = signing::TrustStore::make({.anchors = {Pki::piece(root)}, .intermediates = {Pki::piece(ca)}, .crls = {}, .ocsp = {}}, policy);
        std::string refused;
        for (auto const& [purpose, name] : {std::pair{Purpose::any, "any"}, {Purpose::sign, "sign"}, {Purpose::tls_server, "tls"}}) {
            auto const verdict = trust->explain(leaf, pki.now, {}, purpose);
            if (verdict) continue;
            refused += (refused.empty() ? "" : " ") + std::string{name};
            reasons += std::string{name} + ": " + verdict.error().detail + "\n";
        }
        return refused;
    }
};

TEST_P(PathRules, AreHeldToTheirPurposes)
{
    std::string reasons;
    EXPECT_EQ(refused_for(GetParam(), reasons), GetParam().refused_for) << reasons;
}

INSTANTIATE_TEST_SUITE_P(Rfc5280, PathRules, ::testing::ValuesIn(rules()), [](auto const& instance) { return instance.param.name; });

TEST_F(PathRules, AWildcardDoesNotSlipUnderAnExcludedName)
{
    std::string reasons;
    Broken const excluded{"", Who::ca, {{"nameConstraints", "critical,excluded;DNS:luong.example.vn"}}, ""};
    EXPECT_EQ(refused_for(excluded, reasons), "") << "the leaf is example.vn itself";
    auto const& pki = Pki::shared();
    auto ca_request = pki.authority("CA");
    ca_request.extensions = excluded.extensions;
    auto const ca = signing::dev::make_root(ca_request);
    auto request = pki.request("0101300842");
    request.extensions = {{"subjectAltName", "DNS:*.example.vn"}};
    signing::Policy policy;
    policy.require_crl = false;
    auto const trust = signing::TrustStore::make({.anchors = {Pki::piece(ca)}, .intermediates = {}, .crls = {}, .ocsp = {}}, policy);
    auto const verdict = trust->explain(Pki::der(issue(ca, request)), pki.now, {}, Purpose::any);
    ASSERT_FALSE(verdict.has_value());
    EXPECT_NE(verdict.error().detail.find("wildcard"), std::string::npos) << verdict.error().detail;
}

TEST_F(PathRules, ACertificateOfVersion1HasNoPlaceBelowAnAnchor)
{
    auto const& pki = Pki::shared();
    auto const root = signing::dev::make_root(pki.authority("Root", Use::root));
    auto old = pki.authority("CA");
    old.version = Request::Version::v1;
    auto const ca = issue(root, old);
    signing::Policy policy;
    policy.require_crl = false;
    auto const trust = signing::TrustStore::make({.anchors = {Pki::piece(root)}, .intermediates = {Pki::piece(ca)}, .crls = {}, .ocsp = {}}, policy);
    EXPECT_FALSE(trust->explain(Pki::der(issue(ca, pki.request("0101300842"))), pki.now, {}, Purpose::any).has_value());
}

}  // namespace
