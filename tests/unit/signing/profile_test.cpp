// The xmldsig profile and RSA-PSS, and our own check beside xmlsec1's.

#include "signing/detail/own_check.hpp"

#include "schemas/base64.hpp"
#include "schemas/tree.hpp"
#include "signing/signer.hpp"
#include "signing/verifier.hpp"
#include "tests/support/pki.hpp"

#include <gtest/gtest.h>

#include <fmt/format.h>

#include <array>
#include <random>

namespace {

using namespace std::chrono_literals;
using signing::Refusal;
using signing::dev::KeyKind;
using support::Pki;

constexpr std::string_view response =
    R"(<p:Response xmlns:p="urn:p" ID="r1"><p:Issuer>https://idp.example</p:Issuer><a:Assertion xmlns:a="urn:a" ID="a1"><a:Issuer>https://idp.example</a:Issuer><a:NameID>admin@example.com</a:NameID></a:Assertion></p:Response>)";

std::string replaced(std::string text, std::string_view from, std::string_view to)
{
    auto const at = text.find(from);
    if (at == std::string::npos) throw std::logic_error("the test's text does not hold: " + std::string{from} + "\n" + text);
    return text.replace(at, from.size(), to);
}

std::string cut(std::string const& text, std::string_view from, std::string_view to)
{
    auto const begin = text.find(from);
    auto const end = text.find(to, begin);
    if (begin == std::string::npos || end == std::string::npos) throw std::logic_error("the test's marks are not there");
    return text.substr(begin, end + to.size() - begin);
}

class XmlProfile : public ::testing::Test {
protected:
    static std::shared_ptr<signing::KeyPair const> const& key(KeyKind kind = KeyKind::p256)
    {
        static auto const p256 = Pki::key(Pki::shared().unit("0101300842"));
        static auto const p384 = Pki::key(Pki::shared().unit("0101300842", KeyKind::p384));
        static auto const rsa = Pki::key(Pki::shared().unit("0101300842", KeyKind::rsa_2048));
        return kind == KeyKind::p256 ? p256 : kind == KeyKind::p384 ? p384 : rsa;
    }
    static std::string signed_whole(signing::SignOptions options = {})
    {
        options.holder = "";
        options.exclusive = true;
        return sign_document(*key(), response, options);
    }
    // The assertion alone is signed, as identity providers do: signed as a document, then put under a root nobody signed.
    static std::string signed_part()
    {
        auto const assertion = cut(std::string{response}, "<a:Assertion", "</a:Assertion>");
        signing::SignOptions options;
        options.holder = "";
        options.exclusive = true;
        options.reference_uri = "#a1";
        auto const made = sign_document(*key(), assertion, options);
        return replaced(std::string{response}, assertion, made.substr(made.find("<a:Assertion")));
    }
    [[nodiscard]] signing::Result<signing::Signer> verify(std::string const& xml, signing::XmlOptions options = {}) const
    {
        auto const document = schemas::Document::parse(xml, schemas::XmlLimits{});
        if (!document) throw std::logic_error("the test's document does not parse: " + document.error().detail + "\n" + xml);
        if (!options.pinned_certificate) options.pinned_certificate = key()->certificate_der();
        return signing::Verifier{nullptr, policy}.verify_xml(*document, options, Pki::shared().now);
    }
    void expect_valid(std::string const& xml) const
    {
        auto const result = verify(xml);
        EXPECT_TRUE(result.has_value()) << name_of(result.error().why) << ": " << result.error().detail << "\n" << xml;
    }
    void expect(Refusal why, std::string const& xml) const
    {
        auto const result = verify(xml);
        ASSERT_FALSE(result.has_value()) << "accepted, expected " << name_of(why) << "\n" << xml;
        EXPECT_EQ(name_of(result.error().why), name_of(why)) << result.error().detail << "\n" << xml;
    }

    signing::Policy policy;
};

TEST_F(XmlProfile, TakesAWholeDocumentAndSaysSo)
{
    auto const result = verify(signed_whole());
    ASSERT_TRUE(result.has_value()) << result.error().detail;
    EXPECT_EQ(result->reference, "");
    EXPECT_EQ(result->signed_path, "/");
    signing::SignOptions options;
    options.reference_uri = "#r1";
    auto const by_id = verify(signed_whole(options));
    ASSERT_TRUE(by_id.has_value()) << by_id.error().detail;
    EXPECT_EQ(by_id->reference, "#r1");
    EXPECT_EQ(by_id->signed_path, "/Response");
}

TEST_F(XmlProfile, TakesASignedElementUnderAnUnsignedRootAndNamesIt)
{
    auto const result = verify(signed_part());
    ASSERT_TRUE(result.has_value()) << name_of(result.error().why) << result.error().detail;
    EXPECT_EQ(result->reference, "#a1");
    EXPECT_EQ(result->signed_path, "/Response/Assertion");
    expect(Refusal::digest_mismatch, replaced(signed_part(), "admin@", "root@"));
}

TEST_F(XmlProfile, RefusesEveryPlaceWhereAForgedElementCouldStand)
{
    auto const good = signed_part();
    auto const assertion = cut(good, "<a:Assertion", "</a:Assertion>");
    auto const signature = cut(good, "<Signature ", "</Signature>");
    auto const original = replaced(assertion, signature, "");
    std::string const forged = R"(<a:Assertion xmlns:a="urn:a" ID="evil"><a:NameID>root</a:NameID></a:Assertion>)";
    std::string const forged_with = R"(<a:Assertion xmlns:a="urn:a" ID="evil">)" + signature + "<a:NameID>root</a:NameID></a:Assertion>";
    expect(Refusal::reference_not_whole, replaced(good, assertion, forged + assertion));                                  // XSW3
    expect(Refusal::reference_not_whole, replaced(good, assertion, assertion + forged));
    expect(Refusal::reference_not_whole, replaced(good, assertion, replaced(forged, "<a:NameID>", assertion + "<a:NameID>")));  // XSW4
    expect(Refusal::reference_not_whole, replaced(good, assertion, forged_with + original));                              // XSW5
    expect(Refusal::signature_malformed, replaced(good, assertion, replaced(forged_with, "</KeyInfo>", "</KeyInfo><Object>" + original + "</Object>")));  // XSW8
    expect(Refusal::reference_not_whole, replaced(good, assertion, "<p:Extensions>" + forged + "</p:Extensions>" + assertion));  // XSW7
    expect(Refusal::reference_not_whole, replaced(good, assertion, "<p:Extensions>" + assertion + "</p:Extensions>" + forged));
    // by another prefix, namespace or case: whoever looks for the local name alone finds it
    for (auto const* other : {R"(<Assertion xmlns="urn:other"/>)", "<Assertion/>", R"(<x:ASSERTION xmlns:x="urn:a"/>)", "<p:Signature/>",
                              R"(<e:EncryptedData xmlns:e="http://www.w3.org/2001/04/xmlenc#"/>)"}) {
        expect(Refusal::reference_not_whole, replaced(good, assertion, other + assertion));
    }
    expect(Refusal::reference_not_whole, replaced(good, assertion, "<?evil?>" + assertion));
    expect(Refusal::reference_not_whole, "<?xml-stylesheet href='x'?>" + good);
}

TEST_F(XmlProfile, RefusesAnEnvelopedRootUnderAnother)
{
    signing::SignOptions options;
    options.reference_uri = "#r1";
    auto const good = signed_whole(options);
    auto const original = good.substr(good.find("<p:Response"));
    auto const signature = cut(good, "<Signature ", "</Signature>");
    std::string const forged = R"(<p:Response xmlns:p="urn:p" ID="evil">)";
    expect(Refusal::reference_not_whole, forged + original + "</p:Response>");
    expect(Refusal::reference_not_whole, forged + signature + replaced(original, signature, "") + "</p:Response>");  // XSW2
    expect(Refusal::signature_malformed,                                                                            // XSW1
           forged + replaced(signature, "</KeyInfo>", "</KeyInfo><Object>" + replaced(original, signature, "") + "</Object>") + "</p:Response>");
}

TEST_F(XmlProfile, RefusesUnsignedPiecesInsideAValue)
{
    auto const good = signed_part();
    expect(Refusal::signature_malformed, replaced(good, "admin@example.com", "admin@example.com<!-- -->.evil.com"));
    expect(Refusal::signature_malformed, replaced(good, "admin@example.com", "<!-- -->admin@example.com"));
    expect(Refusal::signature_malformed, replaced(good, "admin@example.com", "admin<![CDATA[@example.com]]>"));
    expect_valid(replaced(good, "<a:NameID>", "<!-- between elements --><a:NameID>"));
    expect_valid(replaced(good, "admin@example.com", "<![CDATA[admin@example.com]]>"));
    expect_valid(replaced(good, "admin@example.com", "<![CDATA[admin]]><![CDATA[@example.com]]>"));  // one piece: the parser joins them
    // The transform joins what the Signature stands between.
    auto const signature = cut(good, "<Signature ", "</Signature>");
    auto const moved = replaced(replaced(good, signature, ""), "admin@example.com", "admin" + signature + "@example.com");
    expect(Refusal::signature_misplaced, moved);
}

TEST_F(XmlProfile, RefusesRepeatedIdsOfAnyName)
{
    auto const good = signed_part();
    for (auto const* name : {"ID", "Id", "id", "xml:id"}) {
        expect(Refusal::signature_malformed, replaced(good, "<p:Issuer>", fmt::format(R"(<p:Issuer {}="a1">)", name)));
    }
    expect(Refusal::signature_malformed, replaced(good, "<p:Issuer>", R"(<p:Issuer ID=" a1 ">)"));
    auto const other = replaced(good, "<p:Issuer>", R"(<p:Issuer AssertionID="a1">)");
    expect_valid(other);
    EXPECT_FALSE(verify(other, {.id_attribute = "AssertionID", .pinned_certificate = {}}).has_value());
}

TEST_F(XmlProfile, ResolvesAnIdOfTheCallersName)
{
    signing::SignOptions options;
    options.reference_uri = "#x";
    options.holder = "";
    auto const made = sign_document(*key(), R"(<r ID="x"><b/></r>)", options);
    auto const renamed = replaced(made, R"(<r ID="x">)", R"(<r AssertionID="x">)");
    expect(Refusal::reference_not_whole, renamed);  // nobody said that it is an id
    auto const named = verify(renamed, {.id_attribute = "AssertionID", .pinned_certificate = {}});
    ASSERT_FALSE(named.has_value());
    EXPECT_EQ(name_of(named.error().why), "digest_mismatch");  // found; but it was signed under its other name
}

TEST_F(XmlProfile, RefusesTheEnvelopingAndTheDetachedShape)
{
    auto const good = signed_part();
    auto const signature = cut(good, "<Signature ", "</Signature>");
    expect(Refusal::reference_not_whole, replaced(replaced(good, signature, ""), "</p:Response>", signature + "</p:Response>"));
    expect(Refusal::signature_misplaced, signature);
}

TEST_F(XmlProfile, BelievesThePinnedKeyAndNothingInKeyInfo)
{
    auto const stranger = Pki::key(Pki::shared().unit("0100109106"));
    auto const good = signed_whole();
    auto const result = verify(good, {.id_attribute = {}, .pinned_certificate = stranger->certificate_der()});
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error().why, Refusal::value_mismatch);
    auto const certificate = cut(good, "<X509Certificate>", "</X509Certificate>");
    auto const foreign = "<X509Certificate>" + schemas::base64_encode(stranger->certificate_der()) + "</X509Certificate>";
    expect_valid(replaced(good, certificate, foreign));
    expect_valid(replaced(good, cut(good, "<KeyInfo>", "</KeyInfo>"), ""));
    expect_valid(replaced(good, cut(good, "<KeyInfo>", "</KeyInfo>"), "<KeyInfo><KeyName>somebody</KeyName></KeyInfo>"));
    expect(Refusal::key_info_forbidden, replaced(good, "<KeyInfo>", R"(<KeyInfo><RetrievalMethod URI="#x"/>)"));
    policy.rsa_bits_min = 3072;
    auto const small = verify(good, {.id_attribute = {}, .pinned_certificate = key(KeyKind::rsa_2048)->certificate_der()});
    ASSERT_FALSE(small.has_value());
    EXPECT_EQ(small.error().why, Refusal::key_too_small);
}

TEST_F(XmlProfile, HidesNothingInKeyInfo)
{
    auto const good = signed_part();
    std::string const forged = R"(<a:Assertion xmlns:a="urn:a"/>)";
    expect(Refusal::key_info_forbidden, replaced(good, "<KeyInfo>", "<KeyInfo><KeyValue>" + forged + "</KeyValue>"));
    expect(Refusal::key_info_forbidden, replaced(good, "<KeyInfo>", "<KeyInfo><KeyValue><RSAKeyValue>" + forged + "</RSAKeyValue></KeyValue>"));
    expect(Refusal::signature_malformed, replaced(good, "<KeyInfo>", "<KeyInfo><KeyName>" + forged + "</KeyName>"));
    expect(Refusal::signature_malformed, replaced(good, "</X509SubjectName>", forged + "</X509SubjectName>"));
}

// ---- RSA-PSS ----

class Pss : public XmlProfile {
protected:
    static std::string made(std::string const& digest = "sha256", bool exclusive = false)
    {
        signing::SignOptions options;
        options.holder = "";
        options.pss = true;
        options.digest = digest;
        options.exclusive = exclusive;
        return sign_document(*key(KeyKind::rsa_2048), response, options);
    }
    [[nodiscard]] signing::Result<signing::Signer> judge(std::string const& xml) const
    {
        return verify(xml, {.id_attribute = {}, .pinned_certificate = key(KeyKind::rsa_2048)->certificate_der()});
    }
};

TEST_F(Pss, IsTakenWithEachDigestAndEachCanonicalForm)
{
    for (auto const* digest : {"sha256", "sha384", "sha512"}) {
        for (bool const exclusive : {false, true}) {
            auto const xml = made(digest, exclusive);
            auto const result = judge(xml);
            ASSERT_TRUE(result.has_value()) << digest << ": " << name_of(result.error().why) << result.error().detail;
            EXPECT_EQ(result->signature_algorithm, std::string{"rsa-pss-"} + digest);
            EXPECT_EQ(judge(replaced(xml, "admin@", "root@")).error().why, Refusal::digest_mismatch);
            EXPECT_EQ(judge(replaced(xml, "<SignedInfo>", "<SignedInfo> ")).error().why, Refusal::value_mismatch);
        }
    }
}

TEST_F(Pss, IsTakenWithParametersOnlyWhereTheyAreTheOnesWithout)
{
    auto const xml = made();
    auto const method = cut(xml, "<SignatureMethod ", "/>");
    auto const with = [&](std::string const& parameters) {
        auto const result = judge(replaced(xml, method, R"(<SignatureMethod Algorithm="http://www.w3.org/2007/05/xmldsig-more#rsa-pss">)" + parameters + "</SignatureMethod>"));
        return result ? std::string{"valid"} : std::string{name_of(result.error().why)};
    };
    auto const inside = [&](std::string const& children) {
        return with(R"(<p:RSAPSSParams xmlns:p="http://www.w3.org/2007/05/xmldsig-more#">)" + children + "</p:RSAPSSParams>");
    };
    std::string const sha384 = R"(<DigestMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#sha384"/>)";
    std::string const sha256 = R"(<DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/>)";
    std::string const mgf = R"(<p:MaskGenerationFunction Algorithm="http://www.w3.org/2007/05/xmldsig-more#MGF1">)";
    // SignedInfo is another one then, so the value is wrong: but the parameters were taken.
    EXPECT_EQ(with(""), "value_mismatch");
    EXPECT_EQ(inside(""), "value_mismatch");
    EXPECT_EQ(inside(sha256 + mgf + sha256 + "</p:MaskGenerationFunction><p:SaltLength>32</p:SaltLength><p:TrailerField>1</p:TrailerField>"), "value_mismatch");
    EXPECT_EQ(inside(sha384 + mgf + sha384 + "</p:MaskGenerationFunction>"), "value_mismatch");
    EXPECT_EQ(inside(sha384), "algorithm_forbidden");  // MGF1 with SHA-256, by default
    EXPECT_EQ(inside("<p:SaltLength>20</p:SaltLength>"), "algorithm_forbidden");
    EXPECT_EQ(inside("<p:SaltLength>-1</p:SaltLength>"), "algorithm_forbidden");
    EXPECT_EQ(inside("<p:TrailerField>2</p:TrailerField>"), "algorithm_forbidden");
    EXPECT_EQ(inside(R"(<DigestMethod Algorithm="http://www.w3.org/2000/09/xmldsig#sha1"/>)"), "algorithm_forbidden");
    EXPECT_EQ(inside(R"(<p:MaskGenerationFunction Algorithm="urn:mgf2"/>)"), "algorithm_forbidden");
    EXPECT_EQ(inside("<p:SaltLength>32</p:SaltLength>" + sha256), "signature_malformed");
    EXPECT_EQ(inside("<p:Other/>"), "signature_malformed");
}

// ---- the second opinion ----

struct Opinions {
    signing::detail::Outcome xmlsec, own;
};

std::optional<Opinions> both(std::string const& xml, signing::KeyPair const& key)
{
    auto const document = schemas::Document::parse(xml, schemas::XmlLimits{});
    if (!document) return std::nullopt;
    signing::Policy policy;
    policy.sha1_until = std::chrono::sys_days{std::chrono::year{9999} / 1 / 1};
    auto const shape = signing::detail::read_xml_signature(schemas::tree_of(*document), {.id_attribute = {}, .pinned = true}, policy, {});
    if (!shape || shape->pss) return std::nullopt;
    auto const certificate = signing::detail::parse_certificate_der(key.certificate_der());
    EVP_PKEY* const public_key = X509_get0_pubkey(certificate.get());
    if ((signing::detail::strength_of(public_key).family == signing::detail::KeyFamily::rsa) != shape->rsa) return std::nullopt;
    return Opinions{signing::detail::check(shape->node, public_key, shape->sha1).outcome, signing::detail::check_alone(*shape, public_key).outcome};
}

constexpr std::string_view awkward =
    "<?before it?><r xmlns=\"urn:r\" xmlns:x=\"urn:x\" xmlns:unused=\"urn:u\" ID=\"r1\" xml:lang=\"vi\"><!-- c --><x:a b='1' a=\"&quot;&#9;&lt;\">"
    "<![CDATA[a < b]]></x:a><c xmlns=\"\"><x:d xmlns:x=\"urn:y\"/>\r\n t&#xD;</c><?pi data?></r><?behind it?>";

TEST_F(XmlProfile, OwnCheckAgreesWithXmlsecOnEveryCombination)
{
    std::size_t compared = 0;
    for (auto const kind : {KeyKind::p256, KeyKind::p384, KeyKind::rsa_2048}) {
        for (auto const* digest : {"sha1", "sha256", "sha384", "sha512"}) {
            for (int form = 0; form < 3; ++form) {
                for (auto const* uri : {"", "#r1"}) {
                    signing::SignOptions options;
                    options.holder = "";
                    options.digest = digest;
                    options.exclusive = form == 1;
                    options.c14n11 = form == 2;
                    options.reference_uri = uri;
                    auto text = std::string{awkward};
                    if (*uri != '\0') text = cut(text, "<r ", "</r>");
                    auto const opinions = both(sign_document(*key(kind), text, options), *key(kind));
                    ASSERT_TRUE(opinions.has_value());
                    EXPECT_EQ(opinions->xmlsec, signing::detail::Outcome::valid) << digest << form << uri;
                    EXPECT_EQ(opinions->own, opinions->xmlsec) << digest << form << uri;
                    ++compared;
                }
            }
        }
    }
    EXPECT_EQ(compared, 72u);
}

TEST_F(XmlProfile, OwnCheckAgreesWithXmlsecOnThousandsOfAlteredDocuments)
{
    std::mt19937 random{20261122};
    std::vector<std::string> samples{signed_whole(), signed_part()};
    signing::SignOptions options;
    options.holder = "";
    samples.push_back(sign_document(*key(KeyKind::rsa_2048), awkward, options));
    std::array<std::size_t, 4> seen{};
    for (int round = 0; round < 9000; ++round) {
        auto const which = static_cast<std::size_t>(round) % samples.size();
        auto xml = samples[which];
        constexpr std::string_view letters = "aA1=+ <>\"/&;:x\n";
        auto const at = random() % xml.size();
        switch (random() % 3) {
            case 0: xml[at] = letters[random() % letters.size()]; break;
            case 1: xml.insert(at, 1, letters[random() % letters.size()]); break;
            default: xml.erase(at, 1); break;
        }
        auto const opinions = both(xml, which == 2 ? *key(KeyKind::rsa_2048) : *key());
        if (!opinions) continue;
        ++seen[static_cast<std::size_t>(opinions->own)];
        EXPECT_EQ(static_cast<int>(opinions->own), static_cast<int>(opinions->xmlsec)) << xml;
    }
    EXPECT_GE(seen[static_cast<std::size_t>(signing::detail::Outcome::valid)], 20u);
    EXPECT_GE(seen[static_cast<std::size_t>(signing::detail::Outcome::digest_mismatch)], 200u);
    EXPECT_GE(seen[static_cast<std::size_t>(signing::detail::Outcome::value_mismatch)], 50u);
}

}  // namespace
