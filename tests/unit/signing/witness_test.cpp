// The witness of a sweep against the tree: whatever it calls plain, the dossier profile takes, with the same facts, the same
// canonical bytes and the same verdict of xmlsec1.

#include "signing/witness.hpp"

#include "loadtest/corpus.hpp"
#include "schemas/base64.hpp"
#include "schemas/scanner.hpp"
#include "schemas/tree.hpp"
#include "signing/detail/own_check.hpp"
#include "signing/detail/value.hpp"
#include "signing/signer.hpp"
#include "tests/support/pki.hpp"

#include <gtest/gtest.h>

#include <fmt/format.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;
using namespace std::string_literals;
using signing::Attested;
using signing::Preparation;
using signing::Witness;
using signing::detail::Outcome;
using signing::dev::KeyKind;
using support::Pki;

constexpr std::string_view dsig = "http://www.w3.org/2000/09/xmldsig#";
constexpr std::string_view c14n = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315";

signing::Policy const& policy()
{
    static signing::Policy const one;
    return one;
}

signing::dev::Identity const& identity()
{
    static auto const one = Pki::shared().unit("0101300842", KeyKind::rsa_2048);
    return one;
}

std::shared_ptr<signing::KeyPair const> const& key(KeyKind kind = KeyKind::rsa_2048)
{
    static auto const rsa = Pki::key(identity());
    static auto const p256 = Pki::key(Pki::shared().unit("0101300842"));
    return kind == KeyKind::p256 ? p256 : rsa;
}

// One document alone, as the envelope of a dossier without forms; nothing where the scanner declines or the witness does.
std::optional<Attested> attest(std::string const& text, Preparation const& how = {}, signing::Policy const& rules = policy())
{
    thread_local Witness witness;
    witness.begin(rules, Pki::shared().now, {how});
    if (!schemas::scan_whole(text, {}, witness.envelope()) || !witness.plain()) return std::nullopt;
    return witness.dossier();
}

// The same from libxml2's parser, which shows no bytes. It tells CDATA as text: not for documents that have any.
std::optional<Attested> attest_swept(std::string const& text, Preparation const& how)
{
    thread_local Witness witness;
    witness.begin(policy(), Pki::shared().now, {how});
    if (!schemas::sweep(text, {}, witness.envelope()) || !witness.plain()) return std::nullopt;
    return witness.dossier();
}

std::string canonical(xmlDoc* doc, signing::detail::Part const& part, signing::detail::Canonicalisation const& how)
{
    std::string out;
    EXPECT_TRUE(canonicalise(doc, part, how, [&](std::string_view bytes) { out += bytes; }));
    return out;
}

std::string digest_of(std::string_view name, std::string_view bytes)
{
    std::string digest(EVP_MAX_MD_SIZE, '\0');
    unsigned size = 0;
    EXPECT_EQ(EVP_Digest(bytes.data(), bytes.size(), reinterpret_cast<unsigned char*>(digest.data()), &size, signing::detail::digest_named(name), nullptr), 1);
    digest.resize(size);
    return digest;
}

struct Seen {
    bool plain = false;     // the witness took it, after a second sweep where it asked for one
    bool second = false;
    bool verified = false;  // and its digest and value hold
};

// What this file is about.
Seen compare(std::string const& text)
{
    Seen seen;
    auto attested = attest(text);
    if (!attested) return seen;
    if (attested->wanted != Preparation{}) {
        seen.second = true;
        auto const wanted = attested->wanted;
        attested = attest(text, wanted);
        EXPECT_TRUE(attested && attested->wanted == wanted) << "a second sweep does not do\n" << text;
        if (!attested) return seen;
    }
    seen.plain = true;

    auto const swept = attest_swept(text, attested->wanted);
    EXPECT_TRUE(swept && swept->digest == attested->digest && swept->signed_info == attested->signed_info) << text;

    auto const document = schemas::Document::parse(text, {});
    EXPECT_TRUE(document) << text;
    if (!document) return seen;
    auto* const doc = schemas::tree_of(*document);
    auto const shape = signing::detail::read_signature(doc, {"", attested->root, attested->holder}, policy(), Pki::shared().now);
    EXPECT_TRUE(shape) << name_of(shape.error().why) << ": " << shape.error().detail << "\n" << text;
    if (!shape) return seen;
    EXPECT_EQ(attested->reference, shape->reference) << text;
    EXPECT_EQ(attested->signature_algorithm, shape->signature_algorithm) << text;
    EXPECT_EQ(attested->digest_algorithm, shape->digest_algorithm) << text;
    EXPECT_EQ(attested->canonicalisation, shape->canonicalisation) << text;
    EXPECT_EQ(attested->value, shape->value) << text;
    EXPECT_EQ(attested->digest_value, shape->digest) << text;
    EXPECT_EQ(attested->certificates, shape->certificates) << text;
    EXPECT_EQ(attested->signing_time, shape->signing_time) << text;
    EXPECT_TRUE(shape->ocsp.empty()) << text;
    EXPECT_EQ(attested->signed_info, canonical(doc, {.top = shape->signed_info, .without = nullptr}, shape->signed_info_c14n)) << text;
    auto const form = canonical(doc, {.top = shape->target, .without = shape->node}, shape->reference_c14n);
    EXPECT_EQ(attested->digest, digest_of(shape->digest_algorithm, form)) << text;

    auto const certificate = signing::detail::parse_certificate_der(attested->certificates.front());
    auto* const public_key = certificate ? X509_get0_pubkey(certificate.get()) : nullptr;
    seen.verified = public_key != nullptr && attested->digest == attested->digest_value &&
                    signing::detail::verify_value(attested->signature_algorithm, public_key, attested->signed_info, attested->value);
    if (seen.verified) {
        auto const checked = shape->pss ? signing::detail::check_alone(*shape, public_key) : signing::detail::check(shape->node, public_key, shape->sha1);
        EXPECT_EQ(static_cast<int>(checked.outcome), static_cast<int>(Outcome::valid)) << checked.detail << "\n" << text;
    }
    return seen;
}

std::string replaced(std::string text, std::string_view from, std::string_view to)
{
    auto const at = text.find(from);
    if (at == std::string::npos) throw std::logic_error("the test's text does not hold: " + std::string{from} + "\n" + text);
    return text.replace(at, from.size(), to);
}

std::string cut(std::string const& text, std::string_view from, std::string_view to)
{
    auto const begin = text.find(from), end = text.find(to, begin);
    if (begin == std::string::npos || end == std::string::npos) throw std::logic_error("the test's marks are not there: " + text);
    return text.substr(begin, end + to.size() - begin);
}

xmlNode* first_named(xmlNode* node, std::string_view name)
{
    for (; node != nullptr; node = node->next) {
        if (node->type != XML_ELEMENT_NODE) continue;
        if (std::string_view{reinterpret_cast<char const*>(node->name)} == name) return node;
        if (auto* const found = first_named(node->children, name)) return found;
    }
    return nullptr;
}

// Signs a Signature that somebody wrote by hand: DIGEST, VALUE and CERTIFICATE stand for what is worked out here, by libxml2.
std::string sign_by_hand(std::string text, signing::detail::Canonicalisation const& reference = {}, signing::detail::Canonicalisation const& info = {})
{
    signing::initialise();
    auto const fill = [&text](std::string_view mark, auto const& bytes_of) {
        auto const document = schemas::Document::parse(text, {});
        if (!document) throw std::logic_error(document.error().detail + "\n" + text);
        text = replaced(text, mark, schemas::base64_encode(bytes_of(schemas::tree_of(*document))));
    };
    if (text.find("CERTIFICATE") != text.npos) text = replaced(text, "CERTIFICATE", schemas::base64_encode(key()->certificate_der()));
    fill("DIGEST", [&](xmlDoc* doc) {
        return digest_of("sha256", canonical(doc, {.top = nullptr, .without = first_named(doc->children, "Signature")}, reference));
    });
    fill("VALUE", [&](xmlDoc* doc) {
        static auto const private_key = signing::detail::parse_private_key(identity().key_pem);
        return signing::detail::sign_sha256(private_key.get(), canonical(doc, {.top = first_named(doc->children, "SignedInfo"), .without = nullptr}, info));
    });
    return text;
}

template <class Change>
signing::SignOptions options(Change const& change)
{
    signing::SignOptions made;
    change(made);
    return made;
}

constexpr std::string_view form = "<?xml version=\"1.0\"?>\n<F Id=\"f1\">\n  <A>x &amp; y</A>\n  <B/>\n  <B>ệ</B>\n</F>\n";

std::string signed_form(signing::SignOptions const& options = {}, KeyKind kind = KeyKind::rsa_2048)
{
    return sign_document(*key(kind), form, options);
}

// What vendors write, with places to change: a prefix, more in SignedInfo, more in KeyInfo.
std::string by_hand(std::string_view root, std::string_view prefix, std::string_view method, std::string_view transform, std::string_view objects = {})
{
    std::string const p = prefix.empty() ? "" : std::string{prefix} + ":";
    std::string const ns = prefix.empty() ? "xmlns" : "xmlns:" + std::string{prefix};
    return fmt::format(R"(<F{0}><A>x</A><Cky><{1}Signature {2}="{3}" Id="s1"><{1}SignedInfo>
  <{1}CanonicalizationMethod Algorithm="{4}" />
  <{1}SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256" />
  <{1}Reference URI=""><{1}Transforms>
    <{1}Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"/>{5}
  </{1}Transforms><{1}DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"></{1}DigestMethod>
  <{1}DigestValue>DIGEST</{1}DigestValue></{1}Reference></{1}SignedInfo>
 <{1}SignatureValue>
VALUE
</{1}SignatureValue><{1}KeyInfo><{1}X509Data><{1}X509Certificate>CERTIFICATE</{1}X509Certificate></{1}X509Data></{1}KeyInfo>{6}</{1}Signature></Cky></F>)",
                       root, p, ns, dsig, method, transform, objects);
}

constexpr std::string_view exclusive = "http://www.w3.org/2001/10/xml-exc-c14n#";

void expect_verified(std::string const& text, bool second = false)
{
    auto const seen = compare(text);
    EXPECT_TRUE(seen.plain) << text;
    EXPECT_TRUE(seen.verified) << text;
    EXPECT_EQ(seen.second, second) << text;
}

TEST(Witness, TakesEveryUsualWayOfSigning)
{
    expect_verified(signed_form());
    expect_verified(signed_form({}, KeyKind::p256));
    expect_verified(signed_form(options([](auto& o) { o.exclusive = true; })));  // no namespace: both forms are one
    expect_verified(signed_form(options([](auto& o) { o.c14n11 = true; })));
    expect_verified(signed_form(options([](auto& o) { o.digest = "sha384"; })), true);
    expect_verified(signed_form(options([](auto& o) { o.digest = "sha512"; })), true);
    expect_verified(signed_form(options([](auto& o) { o.pss = true; })));
    expect_verified(signed_form(options([](auto& o) { o.signing_time = Pki::shared().now; })));
    expect_verified(signed_form(options([](auto& o) { o.key_value = true; })));
    expect_verified(signed_form(options([](auto& o) { o.signature_id = ""; })));
    expect_verified(signed_form(options([](auto& o) { o.reference_uri = "#f1"; })));
    expect_verified(signed_form(options([](auto& o) { o.more_certificates_pem = {Pki::shared().issuing_ca.certificate_pem}; })));
    expect_verified(sign_canonical(*key(), "<F><A>x</A><Cky></Cky></F>", "s1", "Cky"));
}

TEST(Witness, TellsTheFactsOfADocument)
{
    auto const attested = attest(signed_form(options([](auto& o) { o.signing_time = Pki::shared().now; o.reference_uri = "#f1"; })));
    ASSERT_TRUE(attested);
    EXPECT_EQ(attested->root, "F");
    EXPECT_EQ(attested->holder, "Cky");
    EXPECT_EQ(attested->reference, "#f1");
    EXPECT_EQ(attested->signature_algorithm, "rsa-sha256");
    EXPECT_EQ(attested->digest_algorithm, "sha256");
    EXPECT_EQ(attested->canonicalisation, "c14n");
    EXPECT_EQ(attested->signing_time, Pki::shared().now);
    EXPECT_EQ(attested->certificates, std::vector{key()->certificate_der()});
    EXPECT_EQ(attested->digest, attested->digest_value);
    EXPECT_TRUE(attested->signed_info.starts_with("<SignedInfo xmlns=\"http://www.w3.org/2000/09/xmldsig#\">"));
}

TEST(Witness, TakesSignaturesOfOtherHandsAndPrefixes)
{
    auto const own = std::string{R"( xmlns="urn:f")"};
    auto const dotnet = std::string{R"( xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xsd="http://www.w3.org/2001/XMLSchema" xsi:a="1")"};
    auto const exc = fmt::format(R"(<{{0}}Transform Algorithm="{}"/>)", exclusive);
    signing::detail::Canonicalisation const by_exclusive{signing::detail::C14n::exclusive, {}};
    for (std::string const prefix : {"", "ds"}) {
        auto const p = prefix.empty() ? "" : prefix + ":";
        auto const transform = fmt::format(fmt::runtime(exc), p);
        for (auto const& root : {""s, own, dotnet, own + dotnet}) {
            bool const unused = !root.empty() && root != own;
            expect_verified(sign_by_hand(by_hand(root, prefix, c14n, "")));
            expect_verified(sign_by_hand(by_hand(root, prefix, exclusive, ""), {}, by_exclusive));
            expect_verified(sign_by_hand(by_hand(root, prefix, c14n, transform), by_exclusive), unused);
            expect_verified(sign_by_hand(by_hand(root, prefix, exclusive, transform), by_exclusive, by_exclusive), unused);
        }
        auto const listed = fmt::format(R"(<{0}Transform Algorithm="{1}"><e:InclusiveNamespaces xmlns:e="{1}" PrefixList=" xsd  #default "/></{0}Transform>)", p, exclusive);
        expect_verified(sign_by_hand(by_hand(dotnet, prefix, c14n, listed), {signing::detail::C14n::exclusive, {"xsd", "#default"}}), true);
    }
    expect_verified(sign_by_hand(by_hand(R"( xmlns:a="urn:1" xmlns:b="urn:2")", "ds", c14n, "", R"(<ds:Object Id="o1"><SignatureProperties xmlns=""><SignatureProperty Target="#s1" Id="p1"><SigningTime xmlns="urn:t">2026-11-01T08:00:00</SigningTime></SignatureProperty></SignatureProperties></ds:Object>)")));
    auto const hinted = replaced(by_hand("", "", c14n, ""), "<X509Data>", "<KeyName>n</KeyName><X509Data><X509IssuerSerial><X509IssuerName>CN=x</X509IssuerName><X509SerialNumber>1</X509SerialNumber></X509IssuerSerial><X509SKI>eA==</X509SKI>");
    expect_verified(sign_by_hand(hinted));
    auto const told = replaced(by_hand("", "", c14n, ""), "<Reference URI", R"(<Reference Id="r1" Type="http://example.org/t" URI)");
    expect_verified(sign_by_hand(replaced(told, "<SignedInfo>", R"(<SignedInfo Id="i1">)")));
    expect_verified(sign_by_hand(replaced(by_hand("", "", c14n, ""), "<SignedInfo>", R"(<SignedInfo xmlns:z="urn:z">)")));
}

// What is plain to us and lawful to the profile could still be unusable to xmlsec1: compare() asks it of all that verifies.
TEST(Witness, AgreesWithXmlsecOnOddNamesAndSpaces)
{
    for (std::string const id : {"1", "1a", "-", ".", "_", "a.b-c_D9"}) {
        expect_verified(sign_by_hand(replaced(by_hand(" Id=\"" + id + "\"", "", c14n, ""), "URI=\"\"", "URI=\"#" + id + "\"")));
    }
    for (auto const* const spaced : {" DIGEST ", "\n\tDIGEST\r\n", "&#13;DIGEST", "DIGEST&#32;"})
        expect_verified(sign_by_hand(replaced(by_hand("", "", c14n, ""), "DIGEST", spaced)));
    auto const good = sign_by_hand(by_hand("", "", c14n, ""));
    expect_verified(replaced(good, "==\n</SignatureValue>", " =\n= </SignatureValue>"));
    expect_verified(replaced(good, "==\n</SignatureValue>", "=&#61;</SignatureValue>"));
    auto const middle = good.find("<SignatureValue>") + 60;
    expect_verified(good.substr(0, middle) + " &#10;\t" + good.substr(middle));
    for (auto const* const digest : {"sha256", "sha384", "sha512"}) {
        auto const how = options([&](auto& o) { o.digest = digest; });
        for (auto const kind : {KeyKind::p256, KeyKind::p384}) {
            expect_verified(sign_document(*Pki::key(Pki::shared().unit("0101300842", kind)), form, how), how.digest != "sha256");
        }
    }
}

// Each would be another document to another reader, or is refused by the policy, or is too rare to be read twice.
TEST(Witness, LeavesEverythingElseToTheTree)
{
    auto const good = signed_form(options([](auto& o) { o.signing_time = Pki::shared().now; o.key_value = true; o.reference_uri = "#f1"; }));
    ASSERT_TRUE(compare(good).verified);
    auto const signature = cut(good, "<Signature ", "</Signature>");
    auto const holder = cut(good, "<Cky>", "</Cky>");
    struct Case {
        std::string_view what;
        std::string text;
    };
    auto const with = [&](std::string_view what, std::string_view from, std::string_view to) { return Case{what, replaced(good, from, to)}; };
    std::vector<Case> const cases{
        with("no Signature", signature, ""),
        with("two Signatures", signature, signature + signature),
        with("two holders", "<A>", "<Cky/><A>"),
        with("two holders, the second behind", "</F>", "<Cky/></F>"),
        with("right under the root", holder, signature),
        with("too deep", holder, "<Cky><D>" + signature + "</D></Cky>"),
        with("a Signature in a Signature", "<KeyInfo>", "<KeyInfo>" + signature),
        with("a stray element of XML Signature", "<A>", R"(<A><Object xmlns="http://www.w3.org/2000/09/xmldsig#"/>)"),
        with("an id used twice", "<A>", R"(<A id="f1">)"),
        with("an id used twice, once in the Signature", "<A>", R"(<A ID="sigid">)"),
        with("an id with a blank", "<A>", R"(<A ID=" q ">)"),
        with("an id of a namespace at the root", "<F Id=", R"(<F xmlns:q="urn:q" q:Id="f2" Id=)"),
        with("an id that is not the root's", "#f1", "#f2"),
        with("an id further down", R"(<F Id="f1">)", R"(<F><C Id="f1"/>)"),
        with("another document", "#f1", "http://example.org/"),
        with("an XPointer", "#f1", "#xpointer(/)"),
        with("no URI", R"( URI="#f1")", ""),
        with("xml:id", "<A>", R"(<A xml:id="f2">)"),
        with("a relative namespace", "<A>", R"(<A xmlns="b">)"),
        with("a relative namespace in the Signature", "<X509Data>", R"(<X509Data xmlns:r="b">)"),
        with("a comment in SignedInfo", "<SignatureMethod", "<!-- c --><SignatureMethod"),
        with("a comment in the certificate", "<X509Certificate>", "<X509Certificate><!-- c -->"),
        with("an instruction", "<A>", "<?p i?><A>"),
        with("an instruction in front", "<F ", "<?p i?><F "),
        with("text in the Signature", "<SignatureValue>", "x<SignatureValue>"),
        with("SHA-1", "http://www.w3.org/2001/04/xmlenc#sha256", "http://www.w3.org/2000/09/xmldsig#sha1"),
        with("RSA with SHA-1", "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", "http://www.w3.org/2000/09/xmldsig#rsa-sha1"),
        with("HMAC", "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256"),
        with("RSA-PSS by parameters", "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", "http://www.w3.org/2007/05/xmldsig-more#rsa-pss"),
        with("a method with comments", c14n, std::string{c14n} + "#WithComments"),
        with("no Algorithm", fmt::format(R"(CanonicalizationMethod Algorithm="{}")", c14n), "CanonicalizationMethod"),
        with("an attribute of nobody's", "<SignatureMethod ", R"(<SignatureMethod x="" )"),
        with("no enveloped-signature", "http://www.w3.org/2000/09/xmldsig#enveloped-signature", c14n),
        with("three transforms", "</Transforms>", fmt::format(R"(<Transform Algorithm="{}"/></Transforms>)", c14n)),
        with("no transforms", cut(good, "<Transforms>", "</Transforms>"), ""),
        with("empty transforms", cut(good, "<Transforms>", "</Transforms>"), "<Transforms/>"),
        with("two References", cut(good, "<Reference ", "</Reference>"), cut(good, "<Reference ", "</Reference>") + cut(good, "<Reference ", "</Reference>")),
        with("a digest of another length", "<DigestValue>", "<DigestValue>AAAA"),
        with("a digest that is not base64", "<DigestValue>", "<DigestValue>!"),
        with("an empty value", cut(good, "<SignatureValue>", "</SignatureValue>"), "<SignatureValue/>"),
        with("no value", cut(good, "<SignatureValue>", "</SignatureValue>"), ""),
        with("no KeyInfo", cut(good, "<KeyInfo>", "</KeyInfo>"), ""),
        with("no certificate", cut(good, "<X509Certificate>", "</X509Certificate>"), ""),
        with("an element in the certificate", "<X509Certificate>", "<X509Certificate><b/>"),
        with("a RetrievalMethod", "<X509Data>", R"(<RetrievalMethod URI="#f1"/><X509Data>)"),
        with("an OCSP response", "</X509Data>", R"(<OCSPResponse xmlns="http://www.w3.org/2009/xmldsig11#">AAAA</OCSPResponse></X509Data>)"),
        with("an empty KeyValue", cut(good, "<KeyValue>", "</KeyValue>"), "<KeyValue/>"),
        with("KeyInfo behind Object", cut(good, "<KeyInfo>", "</KeyInfo>") + cut(good, "<Object>", "</Object>"), cut(good, "<Object>", "</Object>") + cut(good, "<KeyInfo>", "</KeyInfo>")),
        with("something else in Object", "<SignatureProperties>", "<b/><SignatureProperties>"),
        with("two signing times", cut(good, "<Object>", "</Object>"), cut(good, "<Object>", "</Object>") + cut(good, "<Object>", "</Object>")),
        with("a signing time that is none", "<sp:SigningTime>", "<sp:SigningTime>x"),
        with("seventeen names under the root", "<A>", "<a/><b/><c/><d/><e/><f/><g/><h/><i/><j/><k/><l/><m/><n/><o/><p/><A>"),
    };
    for (auto const& one : cases) EXPECT_FALSE(compare(one.text).plain) << one.what << "\n" << one.text;

    std::string const certificate = cut(good, "<X509Certificate>", "</X509Certificate>");
    std::string many;
    for (std::size_t i = 0; i < policy().certificates_max; ++i) many += certificate;
    EXPECT_TRUE(compare(replaced(good, certificate, many)).plain);
    EXPECT_FALSE(compare(replaced(good, certificate, many + certificate)).plain) << "too many certificates";
    std::string const long_text(70'000, 'A');
    EXPECT_FALSE(compare(replaced(good, certificate, "<X509Certificate>" + long_text + "</X509Certificate>")).plain);
    EXPECT_FALSE(compare(replaced(good, "<SignedInfo>", "<SignedInfo>" + std::string(70'000, ' '))).plain);
    EXPECT_FALSE(compare(replaced(good, "<SignatureMethod", std::string(70'000, ' ') + "<SignatureMethod")).plain);
}

TEST(Witness, TakesSha1OnTheDaysOfItsSwitchAlone)
{
    auto const text = signed_form(options([](auto& o) { o.digest = "sha1"; }));
    auto rules = policy();
    EXPECT_FALSE(attest(text, {.digest = "sha1"}, rules));
    rules.sha1_until = signing::day_in_vietnam(Pki::shared().now);
    auto const first = attest(text, {}, rules);
    ASSERT_TRUE(first);
    EXPECT_EQ(first->wanted.digest, "sha1");
    auto const second = attest(text, first->wanted, rules);
    ASSERT_TRUE(second);
    EXPECT_EQ(second->digest, second->digest_value);
    EXPECT_EQ(second->signature_algorithm, "rsa-sha1");
    rules.sha1_until = *rules.sha1_until - std::chrono::days{1};
    EXPECT_FALSE(attest(text, {.digest = "sha1"}, rules));
}

TEST(Witness, DoesNotTakeAPreparationThatNobodyKnows)
{
    EXPECT_FALSE(attest(signed_form(), {.canonicalisation = "c14n-with-comments"}));
    EXPECT_FALSE(attest(signed_form(), {.digest = "md5"}));
}

TEST(Witness, SaysOfEveryFormWhatItsFileAndItsSignatureAre)
{
    auto const first = signed_form(), envelope = signed_form(options([](auto& o) { o.reference_uri = "#f1"; }));
    auto const second = signed_form(options([](auto& o) { o.digest = "sha512"; }));
    Witness witness;
    auto const tell = [&](std::size_t index, std::string const& bytes, bool xml) {
        auto* const events = witness.begin_form(index, xml);
        EXPECT_EQ(events != nullptr, xml);
        witness.form_bytes(std::string_view{bytes}.substr(0, 100));
        witness.form_bytes(std::string_view{bytes}.substr(100));
        if (xml) {
            EXPECT_TRUE(schemas::scan_whole(bytes, {}, *events));
        }
        witness.end_form();
    };
    for (int sweep = 0; sweep < 2; ++sweep) {  // a witness is as new when it begins again
        witness.begin(policy(), Pki::shared().now, sweep == 0 ? std::vector<Preparation>{} : std::vector<Preparation>{{}, {}, {.digest = "sha512"}, {}});
        tell(0, first, true);
        tell(1, std::string(200, 'p'), false);
        tell(2, second, true);
        EXPECT_FALSE(witness.plain()) << "the envelope has not ended";
        ASSERT_TRUE(schemas::scan_whole(envelope, {}, witness.envelope()));
        ASSERT_TRUE(witness.plain());
        ASSERT_EQ(witness.forms().size(), 3u);
        EXPECT_EQ(witness.forms()[0]->digest, witness.forms()[0]->digest_value);
        EXPECT_FALSE(witness.forms()[1]);
        EXPECT_EQ(witness.forms()[2]->digest == witness.forms()[2]->digest_value, sweep == 1);
        EXPECT_EQ(witness.forms()[2]->wanted, (Preparation{.digest = "sha512"}));
        EXPECT_EQ(witness.dossier().reference, "#f1");
        ASSERT_EQ(witness.files().size(), 3u);
        EXPECT_EQ(witness.files()[0].sha256, signing::sha256(first));
        EXPECT_EQ(witness.files()[1].size, 200u);
        EXPECT_EQ(witness.files()[2].sha256, signing::sha256(second));
    }
    witness.begin(policy(), Pki::shared().now);
    tell(0, std::string{form} + std::string(100, ' '), true);
    ASSERT_TRUE(schemas::scan_whole(envelope, {}, witness.envelope()));
    EXPECT_FALSE(witness.plain()) << "a form without a Signature";
}

TEST(Witness, TakesEverySampleThatWeMake)
{
    loadtest::CorpusConfig config;
    config.day = signing::day_in_vietnam(Pki::shared().now);
    loadtest::Corpus corpus{config};
    auto const vendor = options([](auto& o) { o.exclusive = true; o.signing_time = Pki::shared().now; o.key_value = true; });
    for (auto const& code : loadtest::Corpus::form_codes()) {
        auto const plain = corpus.form(code, 3);
        for (auto const& how : {signing::SignOptions{}, vendor}) {
            expect_verified(loadtest::Corpus::signed_form(plain, *key(), how).xml_or_bytes);
            expect_verified(corpus.dossier(loadtest::Corpus::procedure_for(code), {plain, corpus.attachment()}, *key(), how));
        }
    }
}

// ---- mutations

class Mutator {
public:
    explicit Mutator(unsigned seed) : random_{seed} {}

    std::string of(std::string text)
    {
        for (auto rounds = 1 + pick(2); rounds > 0; --rounds) once(text);
        return text;
    }

private:
    std::size_t pick(std::size_t n) { return n == 0 ? 0 : random_() % n; }
    template <class List>
    auto const& any(List const& list) { return list[pick(list.size())]; }

    // Half of the time inside the Signature.
    std::size_t place(std::string const& text)
    {
        auto const begin = pick(2) == 0 ? 0 : std::min(text.find("Signature "), text.size());
        return begin + pick(text.size() - begin);
    }
    std::size_t tag(std::string const& text, std::string_view mark)
    {
        auto const at = text.find(mark, place(text));
        return at == text.npos ? text.find(mark) : at;
    }
    // An element from some start tag on to the first end tag of its name.
    std::pair<std::size_t, std::size_t> element(std::string const& text)
    {
        for (int tries = 0; tries < 20; ++tries) {
            auto const begin = tag(text, "<");
            auto const name = text.substr(begin + 1, text.find_first_of(" />", begin) - begin - 1);
            auto const close = text.find('>', begin);
            if (name.empty() || name.front() == '?' || name.front() == '!' || close == text.npos) continue;
            if (text[close - 1] == '/') return {begin, close + 1 - begin};
            auto const end = text.find("</" + name + ">", begin);
            if (end != text.npos) return {begin, end + name.size() + 3 - begin};
        }
        return {0, 0};
    }

    void once(std::string& text)
    {
        static std::vector<std::string> const snippets{
            "<!-- c -->", "<?p i?>", " ", "\n", "<b/>", "x", "&amp;", "&#32;", "&#13;", "<![CDATA[x]]>", "=", "A", "AAAA", "<Cky/>",
            "<Object xmlns='http://www.w3.org/2000/09/xmldsig#'/>", "<Signature/>", "<Signature xmlns='http://www.w3.org/2000/09/xmldsig#'/>",
            "<KeyName>k</KeyName>", "<X509SubjectName>CN=a</X509SubjectName>", "<X509CRL>AAAA</X509CRL>", "<Transform Algorithm='http://www.w3.org/TR/2001/REC-xml-c14n-20010315'/>",
            "<InclusiveNamespaces xmlns='http://www.w3.org/2001/10/xml-exc-c14n#' PrefixList='a b'/>", "<Object/>", "<X509Data/>"};
        static std::vector<std::string> const attributes{
            " Id='f1'", " ID='q'", " id=' q'", " Id=''", " xmlns='urn:x'", " xmlns=''", " xmlns:a='urn:a'", " xmlns:a='a'", " xmlns:ds='http://www.w3.org/2000/09/xmldsig#'", " a='b'",
            " xml:lang='vi'", " xml:id='q'", " Type='t'", " URI='#f1'", " URI=''", " Target='#s1'", " Algorithm=''", " MimeType='x'"};
        static std::vector<std::string> const uris{
            "http://www.w3.org/TR/2001/REC-xml-c14n-20010315", "http://www.w3.org/2006/12/xml-c14n11", "http://www.w3.org/2001/10/xml-exc-c14n#",
            "http://www.w3.org/TR/2001/REC-xml-c14n-20010315#WithComments", "http://www.w3.org/2001/04/xmlenc#sha256", "http://www.w3.org/2001/04/xmlenc#sha512",
            "http://www.w3.org/2000/09/xmldsig#sha1", "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512",
            "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256", "http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1", "http://www.w3.org/2000/09/xmldsig#enveloped-signature",
            "http://www.w3.org/2000/09/xmldsig#", "urn:x", "x"};
        auto const insert = [&text](std::size_t at, std::string const& what) { text.insert(std::min(at, text.size()), what); };
        switch (pick(8)) {
            case 0: return insert(place(text), any(snippets));
            case 1: return insert(tag(text, "<"), any(snippets));
            case 2: return insert(tag(text, ">") + 1, any(snippets));
            case 3: {
                auto const at = tag(text, "<");
                return insert(text.find_first_of(" />", at + 1), any(attributes));
            }
            case 4: {
                auto const at = tag(text, "http://");
                auto const end = at == text.npos ? at : text.find_first_of("\"'<", at);
                if (end != text.npos) text.replace(at, end - at, any(uris));
                return;
            }
            case 5: {
                auto const [at, size] = element(text);
                if (pick(2) != 0) return insert(at, text.substr(at, size));
                text.erase(at, size);
                return;
            }
            case 6: {  // an element goes elsewhere
                auto const [at, size] = element(text);
                auto const moved = text.substr(at, size);
                text.erase(at, size);
                return insert(tag(text, "<"), moved);
            }
            default: {
                auto const at = place(text);
                if (pick(2) == 0) text.erase(std::min(at, text.size()), 1 + pick(4));
                else if (at < text.size()) text[at] = "<>/\"='&; \n:aA1#"[pick(15)];
                return;
            }
        }
    }

    std::mt19937 random_;
};

TEST(Witness, NeverTakesAMutationThatTheTreeRefuses)
{
    auto const full = signed_form(options([](auto& o) { o.signing_time = Pki::shared().now; o.key_value = true; o.reference_uri = "#f1"; }));
    auto const exc = fmt::format(R"(<ds:Transform Algorithm="{0}"><InclusiveNamespaces xmlns="{0}" PrefixList="a"/></ds:Transform>)", exclusive);
    auto const prefixed = sign_by_hand(by_hand(R"( xmlns:a="urn:a" xmlns="urn:f" Id="f1")", "ds", c14n, exc), {signing::detail::C14n::exclusive, {"a"}});
    std::size_t plain = 0, verified = 0, second = 0;
    for (auto const& text : {full, prefixed, sign_canonical(*key(), "<F><A>x</A><Cky></Cky></F>", "s1", "Cky")}) {
        ASSERT_TRUE(compare(text).verified) << text;
        for (unsigned seed = 0; seed < 4000; ++seed) {
            auto const changed = Mutator{seed}.of(text);
            auto const seen = compare(changed);
            plain += seen.plain;
            verified += seen.verified;
            second += seen.second;
            ASSERT_FALSE(HasFailure()) << "seed " << seed << "\n" << changed;
        }
    }
    EXPECT_GT(plain, 1000u);
    EXPECT_GT(verified, 100u);
    EXPECT_GT(second, 100u);
}

TEST(Witness, NeverTakesADocumentOfOthersThatTheTreeRefuses)
{
    auto const* const vectors = std::getenv("IVAN_VECTORS");
    fs::path const folder = vectors != nullptr ? vectors : IVAN_SOURCE_DIR "/../shared/vectors";
    if (!fs::is_directory(folder)) GTEST_SKIP() << folder << " is not there";
    std::size_t read = 0;
    for (auto const& entry : fs::recursive_directory_iterator{folder}) {
        if (entry.path().extension() != ".xml" || entry.file_size() > (1u << 20)) continue;
        std::ifstream stream{entry.path(), std::ios::binary};
        std::string const text{std::istreambuf_iterator<char>{stream}, {}};
        if (text.find("Signature") == text.npos) continue;
        ++read;
        static_cast<void>(compare(text));
        // The same Signature in a child of a root of its own, where the profile wants it: most of what it says is then read.
        auto const begin = text.find("<", text.find("?>") == text.npos ? 0 : text.find("?>"));
        if (begin != text.npos) static_cast<void>(compare("<F>" + text.substr(begin) + "</F>"));
        ASSERT_FALSE(HasFailure()) << entry.path();
    }
    EXPECT_GT(read, 50u);
}

}  // namespace
