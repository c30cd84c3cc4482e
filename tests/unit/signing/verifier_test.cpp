#include "signing/verifier.hpp"

#include "schemas/base64.hpp"
#include "signing/signer.hpp"
#include "tests/support/otp_proof.hpp"
#include "tests/support/pki.hpp"

#include <gtest/gtest.h>

#include <fmt/format.h>

#include <thread>

namespace {

using namespace std::chrono_literals;
using signing::Refusal;
using signing::dev::KeyKind;
using support::Pki;

constexpr std::string_view tax_code = "0101300842";
constexpr std::string_view dsig = "http://www.w3.org/2000/09/xmldsig#";
constexpr std::string_view sha256_uri = "http://www.w3.org/2001/04/xmlenc#sha256";
constexpr std::string_view c14n_uri = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315";

constexpr std::string_view pretty_form = R"(<?xml version="1.0" encoding="UTF-8"?>
<D02-TS>
  <NoiDung>
    <LaoDong>
      <HoTen>Nguyễn Văn A</HoTen>
      <MucLuong>12000000</MucLuong>
    </LaoDong>
  </NoiDung>
  <Cky></Cky>
</D02-TS>
)";
constexpr std::string_view compact_form =
    "<D02-TS><NoiDung><LaoDong><HoTen>Nguyễn Văn A</HoTen><MucLuong>12000000</MucLuong></LaoDong></NoiDung><Cky/></D02-TS>";

std::string replaced(std::string text, std::string_view from, std::string_view to)
{
    auto const at = text.find(from);
    if (at == std::string::npos) throw std::logic_error("the test's text does not hold: " + std::string{from});
    return text.replace(at, from.size(), to);
}

// The text between two marks, both kept.
std::string cut(std::string const& text, std::string_view from, std::string_view to)
{
    auto const begin = text.find(from);
    auto const end = text.find(to, begin);
    if (begin == std::string::npos || end == std::string::npos) throw std::logic_error("the test's marks are not there");
    return text.substr(begin, end + to.size() - begin);
}

std::string named(signing::Result<signing::Signer> const& result)
{
    return result ? "accepted" : std::string{name_of(result.error().why)} + " at " + result.error().path + ": " + result.error().detail;
}

class VerifierTest : public ::testing::Test {
protected:
    static std::shared_ptr<signing::TrustStore const> make_trust(std::vector<signing::dev::Revoked> revoked = {})
    {
        support::TemporaryDirectory const directory;
        signing::dev::TrustOptions options;
        options.revoked = std::move(revoked);
        return signing::TrustStore::load(Pki::shared().write_trust_directory(directory.path(), options), {});
    }
    static std::shared_ptr<signing::TrustStore const> const& shared_trust()
    {
        static auto const trust = make_trust();
        return trust;
    }
    static std::shared_ptr<signing::KeyPair const> const& unit_key()
    {
        static auto const key = Pki::key(Pki::shared().unit(std::string{tax_code}));
        return key;
    }

    [[nodiscard]] signing::Result<signing::Signer> verify(std::string const& xml, std::string_view owner = tax_code) const
    {
        return verify_at(xml, pki.now, owner);
    }
    [[nodiscard]] signing::Result<signing::Signer> verify_at(std::string const& xml, signing::Instant at, std::string_view owner = tax_code) const
    {
        auto const document = schemas::Document::parse(xml, schemas::XmlLimits{});
        if (!document) throw std::logic_error("the test's document does not parse: " + document.error().detail + "\n" + xml);
        signing::Verifier const verifier{trust, policy};
        return verifier.verify_document(*document, place, owner, at);
    }
    void expect(Refusal why, std::string const& xml) const
    {
        auto const result = verify(xml);
        ASSERT_FALSE(result.has_value()) << "accepted, expected " << name_of(why) << "\n" << xml;
        EXPECT_EQ(name_of(result.error().why), name_of(why)) << named(result) << "\n" << xml;
        EXPECT_FALSE(result.error().path.empty());
    }
    [[nodiscard]] std::string signed_form(signing::SignOptions const& options = {}) const
    {
        return sign_document(*unit_key(), pretty_form, options);
    }

    Pki const& pki = Pki::shared();
    std::shared_ptr<signing::TrustStore const> trust = shared_trust();
    signing::Policy policy;
    signing::Place place = *signing::signature_place("D02-TS");
};

TEST_F(VerifierTest, AcceptsEveryAllowedCombination)
{
    for (auto const kind : {KeyKind::p256, KeyKind::p384, KeyKind::rsa_2048}) {
        auto const key = Pki::key(pki.unit(std::string{tax_code}, kind));
        for (std::string_view const form : {pretty_form, compact_form}) {
            for (bool const exclusive : {false, true}) {
                for (std::string const digest : {"sha256", "sha384", "sha512"}) {
                    signing::SignOptions options;
                    options.exclusive = exclusive;
                    options.digest = digest;
                    options.key_value = true;
                    options.signing_time = pki.now - 1min;
                    auto const result = verify(sign_document(*key, form, options));
                    ASSERT_TRUE(result.has_value()) << named(result) << " with " << key->certificate().key << " " << digest;
                    EXPECT_EQ(result->reference, "");
                    EXPECT_GE(result->path_der.size(), 2u);
                    EXPECT_EQ(result->digest_algorithm, digest);
                    EXPECT_EQ(result->signature_algorithm, (kind == KeyKind::rsa_2048 ? "rsa-" : "ecdsa-") + digest);
                    EXPECT_EQ(result->canonicalisation, exclusive ? "exc-c14n" : "c14n");
                    EXPECT_EQ(result->certificate.tax_code, tax_code);
                    EXPECT_EQ(result->signing_time, pki.now - 1min);
                    EXPECT_FALSE(result->test);
                    EXPECT_EQ(result->revocation.source, "crl:Development Issuing CA (made up)");
                }
            }
        }
    }
}

TEST_F(VerifierTest, AcceptsAReferenceToTheIdOfTheRoot)
{
    signing::SignOptions options;
    options.reference_uri = "#HS-1";
    auto const xml = sign_document(*unit_key(), R"(<D02-TS Id="HS-1"><NoiDung>nội dung</NoiDung><Cky/></D02-TS>)", options);
    EXPECT_TRUE(verify(xml).has_value()) << named(verify(xml));
    expect(Refusal::digest_mismatch, replaced(xml, "nội dung", "nội dưng"));
}

TEST_F(VerifierTest, AcceptsCanonicalXml11)
{
    signing::SignOptions options;
    options.c14n11 = true;
    auto const xml = signed_form(options);
    auto const result = verify(xml);
    ASSERT_TRUE(result.has_value()) << named(result);
    EXPECT_EQ(result->canonicalisation, "c14n11");
    expect(Refusal::digest_mismatch, replaced(xml, "12000000", "12000001"));
}

TEST_F(VerifierTest, RefusesAReceiptInPlaceOfAForm)
{
    // sign_canonical puts the signature right under the root, which is no place of a dossier's.
    place = {.form = "", .root = "PhieuTiepNhan", .holder = "Cky"};
    expect(Refusal::signature_misplaced, sign_canonical(*unit_key(), "<PhieuTiepNhan><Cky></Cky></PhieuTiepNhan>", "p-1"));
}

TEST_F(VerifierTest, HashesCommentsOutAndProcessingInstructionsIn)
{
    // Canonical XML leaves comments out: what reads the tree must not let one split a value (V4).
    auto const xml = signed_form();
    EXPECT_TRUE(verify(replaced(xml, "Nguyễn Văn A", "Nguyễn<!-- --> Văn A")).has_value());
    expect(Refusal::digest_mismatch, replaced(xml, "Nguyễn Văn A", "Nguyễn<?x?> Văn A"));
}

TEST_F(VerifierTest, RefusesRelativeNamespaces)
{
    // Canonical XML 1.0 §1.3 wants an error there; whatever it is, it must not verify (V8).
    auto const xml = signed_form();
    EXPECT_FALSE(verify(replaced(xml, "<LaoDong>", "<LaoDong xmlns:a=\"../b\">")).has_value());
}

// --- V1, V5, V7: what is signed, and where ---------------------------------------------------------------------

TEST_F(VerifierTest, RefusesAnUnsignedForm)
{
    expect(Refusal::signature_missing, std::string{pretty_form});
    expect(Refusal::signature_missing, "<D02-TS><Cky><Signature/></Cky></D02-TS>");  // not XML Signature's namespace
}

TEST_F(VerifierTest, RefusesTwoSignatures)
{
    auto const xml = signed_form();
    auto const signature = cut(xml, "<Signature ", "</Signature>");
    expect(Refusal::signature_repeated, replaced(xml, "</Cky>", signature + "</Cky>"));
    expect(Refusal::signature_repeated, replaced(xml, "</NoiDung>", signature + "</NoiDung>"));
    expect(Refusal::signature_repeated, replaced(xml, "</KeyInfo>", "</KeyInfo><Object>" + signature + "</Object>"));
}

TEST_F(VerifierTest, RefusesASignatureInAnotherPlace)
{
    signing::SignOptions elsewhere;
    elsewhere.holder = "NoiDung";
    expect(Refusal::signature_misplaced, signed_form(elsewhere));
    elsewhere.holder = "";
    expect(Refusal::signature_misplaced, signed_form(elsewhere));
    auto const xml = sign_document(*unit_key(), "<D03-TS><Cky/></D03-TS>", {});
    expect(Refusal::signature_misplaced, xml);  // another form's root
    expect(Refusal::signature_misplaced, replaced(signed_form(), "</NoiDung>", "</NoiDung><Cky/>"));
}

TEST_F(VerifierTest, RefusesTheWrappedOriginal)
{
    // The signed form moved inside a new root of the same name, with content nobody signed in front.
    auto const original = cut(signed_form(), "<D02-TS>", "</D02-TS>");
    expect(Refusal::signature_misplaced, "<D02-TS><NoiDung>giả</NoiDung>" + original + "</D02-TS>");
    expect(Refusal::signature_misplaced, "<D02-TS><NoiDung>giả</NoiDung><Cky>" + original + "</Cky></D02-TS>");
    auto const signature = cut(original, "<Signature ", "</Signature>");
    auto const unsigned_original = replaced(original, signature, "");
    expect(Refusal::signature_malformed, "<D02-TS><NoiDung>giả</NoiDung><Cky>" +
                                             replaced(signature, "</KeyInfo>", "</KeyInfo><Object>" + unsigned_original + "</Object>") +
                                             "</Cky></D02-TS>");
}

TEST_F(VerifierTest, RefusesAReferenceToAPart)
{
    signing::SignOptions options;
    options.reference_uri = "#part";
    auto const whole = sign_document(*unit_key(), R"(<D02-TS Id="part"><NoiDung/><Cky/></D02-TS>)", options);
    auto const part = replaced(whole, R"(<D02-TS Id="part"><NoiDung/>)", R"(<D02-TS><NoiDung Id="part"/>)");
    expect(Refusal::reference_not_whole, part);
    auto const xml = signed_form();
    for (auto const* uri : {"#nowhere", "#xpointer(/)", "#xpointer(id('a'))", "#", "http://example.com/a.xml", "file:///etc/passwd", "a.xml", " "}) {
        expect(Refusal::reference_not_whole, replaced(xml, R"(<Reference URI="")", fmt::format(R"(<Reference URI="{}")", uri)));
    }
    expect(Refusal::reference_not_whole, replaced(xml, R"(<Reference URI="")", "<Reference"));
}

TEST_F(VerifierTest, RefusesTwoReferencesAndNone)
{
    auto const xml = signed_form();
    auto const reference = cut(xml, "<Reference ", "</Reference>");
    expect(Refusal::reference_not_whole, replaced(xml, "</SignedInfo>", reference + "</SignedInfo>"));
    expect(Refusal::signature_malformed, replaced(xml, reference, ""));
}

// --- V2, V3, V4, V9: shape -------------------------------------------------------------------------------------

TEST_F(VerifierTest, RefusesRepeatedIds)
{
    auto const xml = sign_document(*unit_key(), R"(<D02-TS><NoiDung Id="a"/><NoiDung ID="b"/><Cky/></D02-TS>)", {});
    EXPECT_TRUE(verify(xml).has_value()) << named(verify(xml));
    expect(Refusal::signature_malformed, replaced(xml, R"(ID="b")", R"(id="a")"));
    expect(Refusal::signature_malformed, replaced(xml, R"(ID="b")", R"(ID="sigid")"));  // the Signature's own
}

TEST_F(VerifierTest, RefusesASecondSignedInfoAndStrayChildren)
{
    auto const xml = signed_form();
    auto const signed_info = cut(xml, "<SignedInfo>", "</SignedInfo>");
    expect(Refusal::signature_malformed, replaced(xml, "</SignedInfo>", "</SignedInfo>" + signed_info));
    expect(Refusal::signature_malformed, replaced(xml, "<SignatureValue>", "<SignatureValue>AA==</SignatureValue><SignatureValue>"));
    expect(Refusal::signature_malformed, replaced(xml, "<KeyInfo>", "<Evil/><KeyInfo>"));
    expect(Refusal::signature_malformed, replaced(xml, "<KeyInfo>", R"(<KeyInfo xmlns="urn:other"/><KeyInfo>)"));
    expect(Refusal::signature_malformed, replaced(xml, "<SignedInfo>", R"(<SignedInfo evil="1">)"));
    expect(Refusal::signature_malformed, replaced(xml, "</NoiDung>", fmt::format(R"(<SignedInfo xmlns="{}"/></NoiDung>)", dsig)));
}

TEST_F(VerifierTest, RefusesCommentsInsideValues)
{
    auto const xml = signed_form();
    for (auto const* element : {"<DigestValue>", "<SignatureValue>", "<X509Certificate>"}) {
        expect(Refusal::signature_malformed, replaced(xml, element, std::string{element} + "<!-- -->"));
        expect(Refusal::signature_malformed, replaced(xml, element, std::string{element} + "<?pi?>"));
    }
    auto const digest = cut(xml, "<DigestValue>", "</DigestValue>");
    expect(Refusal::signature_malformed, replaced(xml, digest, "<DigestValue>AAAA<!---->" + digest.substr(13)));
    expect(Refusal::signature_malformed, replaced(xml, digest, "<DigestValue><![CDATA[" + digest.substr(13, digest.size() - 27) + "]]></DigestValue>"));
    expect(Refusal::signature_malformed, replaced(xml, digest, "<DigestValue></DigestValue>"));
    expect(Refusal::signature_malformed, replaced(xml, digest, "<DigestValue>AAAA</DigestValue>"));  // not a SHA-256
}

TEST_F(VerifierTest, RefusesObjectsThatAreNotASigningTime)
{
    auto const xml = signed_form();
    expect(Refusal::signature_malformed, replaced(xml, "</KeyInfo>", "</KeyInfo><Object><Manifest/></Object>"));
    expect(Refusal::signature_malformed, replaced(xml, "</KeyInfo>", "</KeyInfo><Object><NoiDung/></Object>"));
    auto const time = "<Object><SignatureProperties><SignatureProperty><SigningTime>2020-01-01T00:00:00Z</SigningTime></SignatureProperty></SignatureProperties></Object>";
    expect(Refusal::signature_malformed, replaced(xml, "</KeyInfo>", std::string{"</KeyInfo>"} + time + time));
}

// --- altered ---------------------------------------------------------------------------------------------------

TEST_F(VerifierTest, RefusesAlteredContentAndAlteredSignedInfo)
{
    auto const xml = signed_form();
    expect(Refusal::digest_mismatch, replaced(xml, "12000000", "12000001"));
    expect(Refusal::digest_mismatch, replaced(xml, "    <LaoDong>", "   <LaoDong>"));
    expect(Refusal::digest_mismatch, replaced(xml, "</D02-TS>", "<!-- c --><Moi/></D02-TS>"));
    expect(Refusal::value_mismatch, replaced(xml, "<SignedInfo>", R"(<SignedInfo Id="x">)"));
    expect(Refusal::value_mismatch, replaced(xml, "<SignedInfo>", "<SignedInfo> "));
    auto const value = cut(xml, "<SignatureValue>", "</SignatureValue>");
    expect(Refusal::value_mismatch, replaced(xml, value, cut(sign_document(*unit_key(), compact_form, {}), "<SignatureValue>", "</SignatureValue>")));
    expect(Refusal::value_mismatch, replaced(xml, value, "<SignatureValue>AAAA</SignatureValue>"));
}

TEST_F(VerifierTest, RefusesAnotherDocumentsDigestWithItsSignature)
{
    auto const other = sign_document(*unit_key(), compact_form, {});
    auto const xml = signed_form();
    auto const signature = cut(other, "<Signature ", "</Signature>");
    expect(Refusal::digest_mismatch, replaced(xml, cut(xml, "<Signature ", "</Signature>"), signature));
}

// --- V8, V11, V12: algorithms and transforms -------------------------------------------------------------------

TEST_F(VerifierTest, RefusesForbiddenAlgorithms)
{
    auto const xml = signed_form();
    auto const method = cut(xml, "<SignatureMethod", "/>");
    for (auto const* uri : {"http://www.w3.org/2000/09/xmldsig#hmac-sha1", "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256",
                            "http://www.w3.org/2000/09/xmldsig#dsa-sha1", "http://www.w3.org/2001/04/xmldsig-more#rsa-md5",
                            "http://www.w3.org/2001/04/xmldsig-more#rsa-ripemd160", "urn:none", ""}) {
        expect(Refusal::algorithm_forbidden, replaced(xml, method, fmt::format(R"(<SignatureMethod Algorithm="{}"/>)", uri)));
    }
    expect(Refusal::signature_malformed, replaced(xml, method, method.substr(0, method.size() - 2) + "><HMACOutputLength>1</HMACOutputLength></SignatureMethod>"));
    expect(Refusal::algorithm_forbidden, replaced(xml, sha256_uri, "http://www.w3.org/2001/04/xmldsig-more#md5"));
    expect(Refusal::algorithm_forbidden, replaced(xml, c14n_uri, "http://www.w3.org/TR/2001/REC-xml-c14n-20010315#WithComments"));
}

TEST_F(VerifierTest, RefusesForbiddenTransforms)
{
    auto const xml = signed_form();
    auto const transforms = cut(xml, "<Transforms>", "</Transforms>");
    auto const enveloped = std::string{R"(<Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"/>)"};
    auto const with = [&](std::string const& inner) { return replaced(xml, transforms, "<Transforms>" + inner + "</Transforms>"); };
    expect(Refusal::transform_forbidden, replaced(xml, transforms, ""));
    expect(Refusal::transform_forbidden, with(""));
    expect(Refusal::transform_forbidden, with(fmt::format(R"(<Transform Algorithm="{}"/>)", c14n_uri)));
    expect(Refusal::transform_forbidden, with(enveloped + enveloped));
    expect(Refusal::transform_forbidden, with(fmt::format(R"(<Transform Algorithm="{0}"/>)", c14n_uri) + enveloped));
    expect(Refusal::transform_forbidden, with(enveloped + fmt::format(R"(<Transform Algorithm="{0}"/><Transform Algorithm="{0}"/>)", c14n_uri)));
    for (auto const* uri : {"http://www.w3.org/TR/1999/REC-xpath-19991116", "http://www.w3.org/2002/06/xmldsig-filter2",
                            "http://www.w3.org/TR/1999/REC-xslt-19991116", "http://www.w3.org/2000/09/xmldsig#base64"}) {
        expect(Refusal::transform_forbidden, with(enveloped + fmt::format(R"(<Transform Algorithm="{}"/>)", uri)));
    }
    expect(Refusal::signature_malformed,
           with(replaced(enveloped, "/>", R"(><XPath>//*</XPath></Transform>)")));
}

TEST_F(VerifierTest, TakesSha1UntilItsDatedEndOnly)
{
    signing::SignOptions options;
    options.digest = "sha1";
    auto const xml = signed_form(options);
    expect(Refusal::algorithm_sha1, xml);
    expect(Refusal::algorithm_sha1, replaced(signed_form(), sha256_uri, "http://www.w3.org/2000/09/xmldsig#sha1"));
    policy.sha1_until = signing::day_in_vietnam(pki.now);
    auto const result = verify(xml);
    ASSERT_TRUE(result.has_value()) << named(result);
    EXPECT_EQ(result->signature_algorithm, "ecdsa-sha1");
    expect(Refusal::digest_mismatch, replaced(xml, "12000000", "12000001"));
    policy.sha1_until = signing::day_in_vietnam(pki.now) - std::chrono::days{1};
    expect(Refusal::algorithm_sha1, xml);
}

TEST_F(VerifierTest, RefusesAMethodThatIsNotForTheKey)
{
    auto const xml = signed_form();
    expect(Refusal::value_mismatch, replaced(xml, "#ecdsa-sha256", "#rsa-sha256"));
    expect(Refusal::value_mismatch, replaced(xml, "#ecdsa-sha256", "#ecdsa-sha384"));
}

// --- V10, V12: KeyInfo -----------------------------------------------------------------------------------------

TEST_F(VerifierTest, RefusesAKeyWithoutACertificate)
{
    signing::SignOptions options;
    options.key_value = true;
    auto const xml = signed_form(options);
    expect(Refusal::key_info_forbidden, replaced(xml, cut(xml, "<X509Data>", "</X509Data>"), ""));
    expect(Refusal::key_info_forbidden, replaced(xml, cut(xml, "<KeyInfo>", "</KeyInfo>"), ""));
    expect(Refusal::key_info_forbidden, replaced(xml, "<X509Data>", "<RetrievalMethod URI=\"#x\"/><X509Data>"));
    expect(Refusal::key_info_forbidden, replaced(xml, "<X509Data>", "<KeyInfoReference/><X509Data>"));
    expect(Refusal::key_info_forbidden, replaced(xml, "<X509Certificate>", "<Other/><X509Certificate>"));
    expect(Refusal::certificate_malformed, replaced(xml, cut(xml, "<X509Certificate>", "</X509Certificate>"), "<X509Certificate>AAAA</X509Certificate>"));
}

TEST_F(VerifierTest, RefusesACertificateThatIsNotTheSigners)
{
    auto const xml = signed_form();
    auto const another = Pki::key(pki.unit(std::string{tax_code}));
    expect(Refusal::value_mismatch, replaced(xml, cut(xml, "<X509Certificate>", "</X509Certificate>"),
                                             "<X509Certificate>" + schemas::base64_encode(another->certificate_der()) + "</X509Certificate>"));
}

TEST_F(VerifierTest, FindsTheSignerAmongSeveralCertificates)
{
    signing::SignOptions options;
    options.more_certificates_pem = {pki.issuing_ca.certificate_pem, pki.root.certificate_pem};
    auto const xml = signed_form(options);
    EXPECT_TRUE(verify(xml).has_value()) << named(verify(xml));
    auto const leaf = cut(xml, "<X509Certificate>", "</X509Certificate>");
    auto const last_first = replaced(replaced(xml, leaf, ""), "</X509Data>", leaf + "</X509Data>");
    EXPECT_TRUE(verify(last_first).has_value()) << named(verify(last_first));
    options.more_certificates_pem.assign(policy.certificates_max, pki.root.certificate_pem);
    expect(Refusal::key_info_forbidden, signed_form(options));
}

// --- certificates ----------------------------------------------------------------------------------------------

TEST_F(VerifierTest, RefusesCertificatesThatDoNotHold)
{
    auto const signed_by = [&](signing::dev::Identity const& identity) { return sign_document(*Pki::key(identity), pretty_form, {}); };
    auto const tax = std::string{tax_code};

    auto request = pki.request(tax);
    request.not_before = pki.now - 100h;
    request.not_after = pki.now - 1h;
    expect(Refusal::certificate_expired, signed_by(issue(pki.issuing_ca, request)));
    request.not_before = pki.now + 1h;
    request.not_after = pki.now + 100h;
    expect(Refusal::certificate_not_yet_valid, signed_by(issue(pki.issuing_ca, request)));
    expect(Refusal::chain_untrusted, signed_by(issue(pki.unknown_root, pki.request(tax))));
    expect(Refusal::key_too_small, signed_by(pki.unit(tax, KeyKind::rsa_1024)));
    request = pki.request(tax);
    request.digital_signature = false;
    expect(Refusal::certificate_usage, signed_by(issue(pki.issuing_ca, request)));
    request = pki.request(tax);
    request.use = Pki::Request::Use::tls_server;
    expect(Refusal::certificate_usage, signed_by(issue(pki.issuing_ca, request)));
    expect(Refusal::certificate_usage, signed_by(pki.issuing_ca));
    expect(Refusal::owner_mismatch, signed_by(pki.unit("0100109106")));
    expect(Refusal::owner_missing, signed_by(pki.unit("")));
}

TEST_F(VerifierTest, RefusesARevokedCertificateFromItsRevocationOn)
{
    auto const identity = pki.unit(std::string{tax_code});
    std::vector<signing::dev::Revoked> const revoked{{identity.certificate_pem, pki.now - 30min}};
    trust = make_trust(revoked);
    auto const xml = sign_document(*Pki::key(identity), pretty_form, {});
    expect(Refusal::certificate_revoked, xml);
    // RFC 5280 §6.3.3: a list in force that names it decides, whatever date stands beside the entry.
    EXPECT_EQ(verify_at(xml, pki.now - 50min).error().why, Refusal::certificate_revoked);

    // Before the list was issued and the certificate revoked, nothing spoke against it.
    policy.require_crl = false;
    support::TemporaryDirectory const directory;
    signing::dev::TrustOptions options;
    options.revoked = revoked;
    trust = signing::TrustStore::load(pki.write_trust_directory(directory.path(), options), policy);
    EXPECT_TRUE(verify_at(xml, pki.now - 3h).has_value()) << named(verify_at(xml, pki.now - 3h));
    EXPECT_EQ(verify_at(xml, pki.now).error().why, Refusal::certificate_revoked);
}

TEST_F(VerifierTest, MarksTestCertificatesAndRefusesThemAfterTheirEnd)
{
    auto const xml = sign_document(*Pki::key(pki.test_unit(std::string{tax_code})), pretty_form, {});
    auto const result = verify(xml);
    ASSERT_TRUE(result.has_value()) << named(result);
    EXPECT_TRUE(result->test);

    support::TemporaryDirectory const directory;
    signing::dev::TrustOptions options;
    options.test_accepted_until = signing::day_in_vietnam(pki.now) - std::chrono::days{1};
    policy.require_crl = false;  // yesterday's list is not among the files
    trust = signing::TrustStore::load(pki.write_trust_directory(directory.path(), options), policy);
    expect(Refusal::test_certificate_ended, xml);
    EXPECT_TRUE(verify_at(xml, pki.now - 25h + 2h).has_value() || signing::day_in_vietnam(pki.now - 23h) == signing::day_in_vietnam(pki.now));
}

TEST_F(VerifierTest, LetsAParentSignForItsBranchWhereThePolicySaysSo)
{
    auto const xml = signed_form();
    EXPECT_TRUE(verify(xml, "0101300842-001").has_value());
    policy.branch_rule = signing::BranchRule::exact;
    auto const refused = verify(xml, "0101300842-001");
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().why, Refusal::owner_mismatch);
    auto const branch = sign_document(*Pki::key(pki.unit("0101300842-001")), pretty_form, {});
    EXPECT_TRUE(verify(branch, "0101300842-001").has_value());
    EXPECT_FALSE(verify(branch, "0101300842").has_value());  // a branch never signs for its parent
}

TEST_F(VerifierTest, RefusesASigningTimeOutsideTheCertificateOrTheSkew)
{
    signing::SignOptions options;
    options.signing_time = pki.now + 9min;
    EXPECT_TRUE(verify(signed_form(options)).has_value());
    options.signing_time = pki.now + 11min;
    expect(Refusal::signing_time_outside, signed_form(options));
    options.signing_time = pki.now - 25h;
    expect(Refusal::signing_time_outside, signed_form(options));
    options.signing_time = pki.now;
    expect(Refusal::signing_time_outside, replaced(signed_form(options), "+07:00</sp:SigningTime>", "+07:00x</sp:SigningTime>"));
}

// --- the whole dossier -----------------------------------------------------------------------------------------

std::string envelope_with(std::string const& form, std::string_view unit_tax_code = tax_code)
{
    auto const base64 = schemas::base64_encode(form);
    return fmt::format(R"(<?xml version="1.0" encoding="UTF-8"?>
<Hoso>
  <NoiDung>
    <ThongTinIVAN><MaIVAN>00040</MaIVAN><TenIVAN>Thái Sơn</TenIVAN></ThongTinIVAN>
    <ThongTinDonVi><TenDoiTuong>Công ty TNHH Thử Nghiệm</TenDoiTuong><MaSoBHXH>TA0001A</MaSoBHXH><LoaiDoiTuong>1</LoaiDoiTuong><MaSoThue>{}</MaSoThue><NguoiKy>Nguyễn Văn A</NguoiKy><DienThoai>0241234567</DienThoai><CoQuanQuanLy>00108</CoQuanQuanLy></ThongTinDonVi>
    <ThongTinHoSo><TenThuTuc>Báo tăng</TenThuTuc><MaThuTuc>600</MaThuTuc><KyKeKhai>11/2025</KyKeKhai><NgayLap>21/11/2025</NgayLap><SoLuongFile>1</SoLuongFile><QuyTrinhISO></QuyTrinhISO><ToKhais>
      <FileToKhai><MaToKhai>D02-TS</MaToKhai><MoTaToKhai>Danh sách</MoTaToKhai><TenFile>D02-TS.xml</TenFile><LoaiFile>.xml</LoaiFile><DoDaiFile>{}</DoDaiFile><NoiDungFile>{}</NoiDungFile></FileToKhai>
    </ToKhais></ThongTinHoSo>
  </NoiDung>
  <CKy_Dvi></CKy_Dvi>
</Hoso>
)",
                       unit_tax_code, base64.size(), base64);
}

class DossierTest : public VerifierTest {
protected:
    [[nodiscard]] signing::Result<signing::Verified> file(std::string xml) const
    {
        auto envelope = schemas::read_envelope(std::move(xml), schemas::EnvelopeLimits{});
        if (!envelope) {
            auto const& no = envelope.error();
            throw std::logic_error("the test's envelope is refused: " + no.detail + (no.findings.empty() ? "" : no.findings[0].message_en));
        }
        return signing::Verifier{trust, policy}.verify(std::move(*envelope), pki.now);
    }
    [[nodiscard]] std::string sealed(std::string const& envelope, signing::KeyPair const& key) const
    {
        signing::SignOptions options;
        options.holder = "CKy_Dvi";
        return sign_document(key, envelope, options);
    }
};

TEST_F(DossierTest, AcceptsOnePlusNSignaturesAndNamesTheSigners)
{
    auto const verified = file(sealed(envelope_with(signed_form()), *unit_key()));
    ASSERT_TRUE(verified.has_value()) << name_of(verified.error().why) << verified.error().detail;
    ASSERT_EQ(verified->signers().size(), 2u);
    EXPECT_EQ(verified->signers()[0].form, "D02-TS");
    EXPECT_EQ(verified->signers()[1].form, "");
    EXPECT_FALSE(verified->paper_required());
    EXPECT_EQ(verified->at(), pki.now);
    EXPECT_EQ(verified->envelope().unit().tax_code, tax_code);
}

TEST_F(DossierTest, NamesTheFormWhoseSignatureFails)
{
    auto const altered = replaced(signed_form(), "12000000", "12000001");
    auto const verified = file(sealed(envelope_with(altered), *unit_key()));
    ASSERT_FALSE(verified.has_value());
    EXPECT_EQ(verified.error().why, Refusal::digest_mismatch);
    EXPECT_EQ(verified.error().form, "D02-TS");
    EXPECT_EQ(verified.error().path, "/D02-TS/Cky/Signature");

    auto const unsigned_envelope = file(envelope_with(signed_form()));
    ASSERT_FALSE(unsigned_envelope.has_value());
    EXPECT_EQ(unsigned_envelope.error().why, Refusal::signature_missing);
    EXPECT_EQ(unsigned_envelope.error().form, "");
}

TEST_F(DossierTest, HoldsTheOwnerRuleForEachFormToo)
{
    auto const stranger = Pki::key(pki.unit("0100109106"));
    auto const verified = file(sealed(envelope_with(sign_document(*stranger, pretty_form, {})), *unit_key()));
    ASSERT_FALSE(verified.has_value());
    EXPECT_EQ(verified.error().why, Refusal::owner_mismatch);
    EXPECT_EQ(verified.error().form, "D02-TS");
}

TEST_F(DossierTest, AsksForPaperWhereATestCertificateSigned)
{
    auto const test_key = Pki::key(pki.test_unit(std::string{tax_code}));
    auto const verified = file(sealed(envelope_with(sign_document(*test_key, pretty_form, {})), *unit_key()));
    ASSERT_TRUE(verified.has_value()) << name_of(verified.error().why) << verified.error().detail;
    EXPECT_TRUE(verified->paper_required());
    EXPECT_TRUE(verified->signers()[0].test);
    EXPECT_FALSE(verified->signers()[1].test);
}

TEST_F(DossierTest, GivesTheSameVerdictOnManyThreadsAtOnce)
{
    auto const good = sealed(envelope_with(signed_form()), *unit_key());
    auto const bad = replaced(good, "Báo tăng", "Báo giảm");
    std::vector<int> wrong(4, 0);
    std::vector<std::thread> threads;
    for (std::size_t t = 0; t < wrong.size(); ++t) {
        threads.emplace_back([&, t] {
            for (int i = 0; i < 25; ++i) {
                wrong[t] += !file(good).has_value();
                auto const refused = file(bad);
                wrong[t] += refused.has_value() || refused.error().why != Refusal::digest_mismatch;
            }
        });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(wrong, std::vector<int>(4, 0));
}

// --- SHA-1 for one provider, one-time passwords, stapled evidence -----------------------------------------------

TEST_F(DossierTest, TakesSha1FromTheOneProviderThatMayAndNotAfterItsDay)
{
    signing::SignOptions options;
    options.digest = "sha1";
    auto const xml = sealed(envelope_with(signed_form(options)), *unit_key());
    auto const judge = [&](std::optional<std::chrono::sys_days> until) {
        auto envelope = schemas::read_envelope(xml, schemas::EnvelopeLimits{}).value();
        auto const verified = signing::Verifier{trust, policy}.verify(std::move(envelope), pki.now, {.sha1_until = until});
        return verified ? std::string{"accepted"} : std::string{name_of(verified.error().why)};
    };
    auto const today = signing::day_in_vietnam(pki.now);
    EXPECT_EQ(judge(std::nullopt), "algorithm_sha1");
    EXPECT_EQ(judge(today), "accepted");
    EXPECT_EQ(judge(today - std::chrono::days{1}), "algorithm_sha1");
    policy.sha1_until = today;  // the policy's own date holds for all, and no allowance takes it away
    EXPECT_EQ(judge(std::nullopt), "accepted");
    EXPECT_EQ(judge(today - std::chrono::days{1}), "accepted");
}

constexpr std::string_view person = "001090000001";

class OtpDossierTest : public DossierTest {
protected:
    [[nodiscard]] signing::Result<signing::Verified> accept(std::string const& xml, signing::OtpProof proof) const
    {
        auto envelope = schemas::read_envelope(xml, schemas::EnvelopeLimits{});
        if (!envelope) throw std::logic_error("the test's envelope is refused: " + envelope.error().detail);
        return signing::Verifier{trust, policy}.accept(signing::personal_of(std::move(*envelope)), std::move(proof), pki.now);
    }
    std::string const mine = envelope_with(std::string{compact_form}, person);
};

TEST_F(OtpDossierTest, AcceptsAnIndividualsDossierByItsOneTimePassword)
{
    auto const verified = accept(mine, support::proof_for(person, mine, pki.now));
    ASSERT_TRUE(verified.has_value()) << name_of(verified.error().why);
    EXPECT_TRUE(verified->signers().empty());
    ASSERT_TRUE(verified->otp().has_value());
    EXPECT_EQ(verified->otp()->person(), person);
    EXPECT_EQ(verified->at(), pki.now);
    EXPECT_FALSE(verified->grace());
    auto const signed_one = file(sealed(envelope_with(signed_form()), *unit_key()));
    ASSERT_TRUE(signed_one.has_value());
    EXPECT_FALSE(signed_one->otp().has_value());
}

TEST_F(OtpDossierTest, NeverTakesAOneTimePasswordForAnOrganisation)
{
    for (std::string const code : {"0101300842", "0101300842-001"}) {
        auto const xml = envelope_with(std::string{compact_form}, code);
        auto const refused = accept(xml, support::proof_for(person, xml, pki.now));
        ASSERT_FALSE(refused.has_value()) << code;
        EXPECT_EQ(refused.error().why, Refusal::otp_organisation) << code;
    }
}

TEST_F(OtpDossierTest, RefusesAnotherPersonsPasswordAndOneForOtherContent)
{
    auto const other = accept(mine, support::proof_for("001090000002", mine, pki.now));
    ASSERT_FALSE(other.has_value());
    EXPECT_EQ(other.error().why, Refusal::otp_mismatch);
    auto const content = accept(mine, support::proof_for(person, mine + " ", pki.now));
    ASSERT_FALSE(content.has_value());
    EXPECT_EQ(content.error().why, Refusal::otp_mismatch);
}

TEST_F(VerifierTest, LearnsFromAStapledResponseAndStillVerifiesIt)
{
    signing::TrustStore::Material material;
    material.anchors = {{"root", pki.root.certificate_pem}};
    material.intermediates = {{"issuing", pki.issuing_ca.certificate_pem}};
    material.crls = {{"root.crl", signing::dev::make_crl(pki.root, {}, pki.now - 1h, pki.now + 24h, 1)}};  // nothing about units
    trust = signing::TrustStore::make(material, policy);
    expect(Refusal::revocation_unknown, signed_form());

    using Status = signing::dev::OcspAnswer::Status;
    auto const unit = pki.unit(std::string{tax_code});
    auto const key = Pki::key(unit);
    auto const stapled = [&](Pki::Identity const& responder, Status status) {
        signing::SignOptions options;
        signing::dev::OcspAnswer answer;
        answer.certificate_pem = unit.certificate_pem;
        answer.status = status;
        answer.revoked_at = pki.now - 30min;
        options.ocsp_der = {signing::dev::make_ocsp_response(responder, pki.issuing_ca, {answer}, pki.now - 1h, pki.now + 1h)};
        return sign_document(*key, pretty_form, options);
    };
    auto const good = verify(stapled(pki.issuing_ca, Status::good));
    ASSERT_TRUE(good.has_value()) << named(good);
    EXPECT_TRUE(good->revocation.source.starts_with("ocsp:")) << good->revocation.source;
    EXPECT_FALSE(good->revocation.grace);
    expect(Refusal::certificate_revoked, stapled(pki.issuing_ca, Status::revoked));
    expect(Refusal::revocation_unknown, stapled(pki.unknown_root, Status::good));  // anybody could have written it
}

TEST_F(VerifierTest, BoundsStapledResponsesInNumberAndSize)
{
    signing::SignOptions options;
    options.ocsp_der.assign(policy.ocsp_max, "not an OCSP response");
    EXPECT_TRUE(verify(signed_form(options)).has_value()) << "a hint that does not verify is passed over";
    options.ocsp_der.emplace_back("one too many");
    expect(Refusal::key_info_forbidden, signed_form(options));
    options.ocsp_der.assign(1, std::string(policy.ocsp_bytes_max + 1, 'x'));
    expect(Refusal::key_info_forbidden, signed_form(options));
}

TEST_F(VerifierTest, TakesOcspResponsesOfXadesUnsignedPropertiesAloneAndStrictly)
{
    auto const xml = signed_form();
    std::string const chain[] = {"UnsignedProperties", "UnsignedSignatureProperties", "RevocationValues", "OCSPValues"};
    auto const with = [&](std::string const& values, std::string_view target = "#sigid", std::string_view beside = {}) {
        std::string open, close;
        for (auto const& name : chain) {
            open += "<" + name + ">";
            close.insert(0, "</" + name + ">");
        }
        return replaced(xml, "</KeyInfo>",
                        fmt::format(R"(</KeyInfo><Object><QualifyingProperties xmlns="http://uri.etsi.org/01903/v1.3.2#" Target="{}">{}{}{}{}</QualifyingProperties></Object>)",
                                    target, beside, open, values, close));
    };
    EXPECT_TRUE(verify(with("<EncapsulatedOCSPValue>AAAA</EncapsulatedOCSPValue>")).has_value());
    expect(Refusal::signature_malformed, with("<EncapsulatedOCSPValue>AAAA</EncapsulatedOCSPValue>", "#other"));
    expect(Refusal::signature_malformed, with("<Other>AAAA</Other>"));
    expect(Refusal::signature_malformed, with("", "#sigid", "<SignedProperties/>"));
}

}  // namespace
