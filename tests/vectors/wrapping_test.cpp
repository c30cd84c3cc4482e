// Signature wrapping, key confusion and the like ($IVAN_VECTORS/xml-wrapping; its README names sources and licences), by the
// xmldsig profile: once under the policy, and once with SHA-1 and small keys allowed, so that nothing but the rules on
// structure is left to refuse them.

#include "tests/vectors/tally.hpp"
#include "tests/vectors/xml_signatures.hpp"

namespace {

namespace json = boost::json;
using vectors::text;

signing::Instant const at = signing::read_instant("2026-11-22T00:00:00Z").value();

template <class Expected>
void run(vectors::Tally& tally, std::filesystem::path const& folder, signing::Policy const& policy, Expected const& expected_valid)
{
    signing::Verifier const verifier{nullptr, policy};  // keys are pinned: nobody else is trusted
    auto const manifest = json::parse(vectors::read(folder / "manifest.json"));
    for (auto const& value : manifest.at("cases").as_array()) {
        auto const& one = value.as_object();
        auto const pinned = signing::certificate_der(vectors::read(folder / text(one, "pinned_cert")));
        auto const verdict = vectors::judge(verifier, vectors::read(folder / text(one, "file")), {.id_attribute = "ID", .pinned_certificate = pinned}, at);
        tally.judge(text(one, "id"), verdict.valid == expected_valid(one), verdict.valid ? "valid" : verdict.refusal + ": " + verdict.detail);
    }
}

TEST(XmlWrapping, EveryCaseIsRefused)
{
    vectors::Tally tally{"xml-wrapping"};
    auto const folder = tally.vectors("xml-wrapping/manifest.json");
    if (!folder) GTEST_SKIP() << tally.skipped();
    run(tally, *folder, {}, [](json::object const& one) {
        return text(one, "expected") != "refuse" && one.at("other_refusal_grounds").as_array().empty();
    });
    EXPECT_GE(tally.run(), 15u);
}

TEST(XmlWrapping, EveryCaseIsRefusedForItsStructureAlone)
{
    vectors::Tally tally{"xml-wrapping"};
    auto const folder = tally.vectors("xml-wrapping/manifest.json");
    if (!folder) GTEST_SKIP() << tally.skipped();
    // "accept only with the pinned key": the certificate in its KeyInfo is somebody else's, and is passed over.
    run(tally, *folder, vectors::relaxed(), [](json::object const& one) { return text(one, "expected") != "refuse"; });
}

}  // namespace
