// XML signatures of other people's software ($IVAN_VECTORS/xmldsig; its README names sources and licences), by the xmldsig
// profile, and the second opinion on xmlsec1 over all of them.
//
// Where the list leaves it to a policy, ours is written down here:
//   taken    RSA-PSS; one signed element under an unsigned root, where nothing outside it could be taken for it
//   refused  enveloping and detached shapes; several Signatures or References; methods with comments; SHA-224, SHA-3

#include "tests/vectors/tally.hpp"
#include "tests/vectors/xml_signatures.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>

namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using vectors::text;

bool we_take(json::object const& one)
{
    constexpr std::array taken{std::string_view{"rsa-pss"}, std::string_view{"shape:only-part-of-the-document-is-signed"}};
    auto const* const choices = one.if_contains("policy");
    return choices == nullptr || std::ranges::all_of(choices->as_array(), [&](json::value const& word) {
        return std::ranges::find(taken, std::string_view{word.as_string()}) != taken.end();
    });
}

bool expected(json::object const& one)
{
    auto const strict = text(one, "strict_expected");
    return strict == "accept" || (strict == "policy" && we_take(one));
}

signing::Instant time_of(json::object const& one)
{
    auto const time = text(one, "time");
    return signing::read_instant(time.empty() ? "2026-11-22T00:00:00Z" : time).value();
}

std::vector<signing::Revocations::Piece> pieces(fs::path const& folder, json::object const& one, std::string_view name)
{
    std::vector<signing::Revocations::Piece> all;
    if (auto const* const files = one.if_contains(name)) {
        for (auto const& file : files->as_array()) all.push_back({std::string{file.as_string()}, vectors::read(folder / std::string{file.as_string()})});
    }
    return all;
}

// The anchors of a case; where it has none, or only one whose algorithm is refused, somebody else's: nobody is trusted then.
std::shared_ptr<signing::TrustStore const> trust_of(fs::path const& folder, json::object const& one)
{
    signing::TrustStore::Material material;
    material.anchors = pieces(folder, one, "trust_anchors");
    material.intermediates = pieces(folder, one, "untrusted_certs");
    material.check_revocation = false;
    signing::Policy policy;
    policy.require_crl = false;
    try {
        if (!material.anchors.empty()) return signing::TrustStore::make(material, policy);
    } catch (std::runtime_error const&) {  // a DSA anchor
    }
    material.anchors = {{"other", vectors::read(fs::path{IVAN_SOURCE_DIR} / "tests/vectors/attacks/nobody.pem")}};
    material.intermediates.clear();
    return signing::TrustStore::make(material, policy);
}

// A pinned certificate where the case has one; nobody is trusted where it has a bare key, which command_test.cpp pins.
std::optional<std::string> pinned_of(fs::path const& folder, json::object const& one)
{
    if (one.contains("pinned_cert")) return signing::certificate_der(vectors::read(folder / text(one, "pinned_cert")));
    auto const* const keys = one.if_contains("pinned_keys");
    if (keys == nullptr || keys->as_array().size() != 1 || keys->as_array()[0].at("kind").as_string() != "cert") return std::nullopt;
    return signing::certificate_der(vectors::read(folder / std::string{keys->as_array()[0].at("file").as_string()}));
}

void run(vectors::Tally& tally, fs::path const& folder)
{
    auto const manifest = json::parse(vectors::read(folder / "manifest.json"));
    for (auto const& value : manifest.at("cases").as_array()) {
        auto const& one = value.as_object();
        auto const pinned = pinned_of(folder, one);
        signing::Policy policy;
        policy.require_crl = false;
        signing::Verifier const verifier{pinned ? nullptr : trust_of(folder, one), policy};
        auto const verdict = vectors::judge(verifier, vectors::read(folder / text(one, "file")),
                                   {.id_attribute = text(one, "id_attribute"), .pinned_certificate = pinned}, time_of(one));
        tally.judge(text(one, "id"), verdict.valid == expected(one), verdict.valid ? "valid" : verdict.refusal + ": " + verdict.detail);
    }
}

TEST(XmlSignatures, OfXmlsecsInteropSuiteHaveTheVerdictTheyShould)
{
    vectors::Tally tally{"xmldsig"};
    auto const folder = tally.vectors("xmldsig/xmlsec/manifest.json");
    if (!folder) GTEST_SKIP() << tally.skipped();
    run(tally, *folder);
    EXPECT_GE(tally.run(), 140u);
}

TEST(XmlSignatures, OfIdentityProvidersHaveTheVerdictTheyShould)
{
    vectors::Tally tally{"xmldsig"};
    auto const folder = tally.vectors("xmldsig/saml/manifest.json");
    if (!folder) GTEST_SKIP() << tally.skipped();
    run(tally, *folder);
    EXPECT_GE(tally.run(), 60u);
}

// With SHA-1 and small keys allowed, what is cryptographically good and of a shape we take must be valid: the rules on
// structure refuse attacks, not the messages of real software.
TEST(XmlSignatures, OfIdentityProvidersAreNotRefusedForTheirStructure)
{
    vectors::Tally tally{"xmldsig"};
    auto const folder = tally.vectors("xmldsig/saml/manifest.json");
    if (!folder) GTEST_SKIP() << tally.skipped();
    signing::Verifier const verifier{nullptr, vectors::relaxed()};
    auto const manifest = json::parse(vectors::read(*folder / "manifest.json"));
    for (auto const& value : manifest.at("cases").as_array()) {
        auto const& one = value.as_object();
        bool const good = text(one, "crypto_expected") == "valid" && we_take(one);
        auto const verdict = vectors::judge(verifier, vectors::read(*folder / text(one, "file")),
                                   {.id_attribute = "ID", .pinned_certificate = pinned_of(*folder, one)}, time_of(one));
        tally.judge(text(one, "id"), verdict.valid == good, verdict.valid ? "valid" : verdict.refusal + ": " + verdict.detail);
    }
}

TEST(XmlSignatures, AreJudgedAlikeByXmlsecAndByOurOwnPath)
{
    vectors::Tally tally{"xmldsig"};
    std::size_t compared = 0;
    for (auto const* const suite : {"xmldsig/xmlsec", "xmldsig/saml", "xml-wrapping"}) {
        auto const folder = tally.vectors(std::string{suite} + "/manifest.json");
        if (!folder) GTEST_SKIP() << tally.skipped();
        auto const manifest = json::parse(vectors::read(*folder / "manifest.json"));
        for (auto const& value : manifest.at("cases").as_array()) {
            auto const& one = value.as_object();
            auto const id = text(one, "id");
            auto const pinned = pinned_of(*folder, one);
            auto const opinions = pinned ? vectors::both(vectors::read(*folder / text(one, "file")), "ID", *pinned) : std::nullopt;
            if (!opinions) continue;  // no pinned certificate, or a shape that is refused before any cryptography
            ++compared;
            tally.judge(id, opinions->xmlsec == opinions->own, "xmlsec1 says " + std::to_string(static_cast<int>(opinions->xmlsec)));
        }
    }
    EXPECT_GE(compared, 25u);
}

}  // namespace
