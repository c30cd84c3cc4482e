// Hostile and malformed XML that other people collected: the W3C conformance suite, libxml2's and defusedxml's own
// tests ($IVAN_VECTORS/xml-attacks; its README names sources and licences). strict_expected says what a gateway
// that bans DOCTYPE and everything but UTF-8 must do.

#include "schemas/document.hpp"
#include "tests/vectors/tally.hpp"

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>

namespace {

using schemas::Document;
using schemas::Refusal;
using vectors::Difference;
using vectors::Tally;

// Where we differ on purpose, and with what refusal; none: we take what the list would have refused.
constexpr std::array differences{
    Difference{"libxml2/bigname2.xml", "well-formed, but one name of 45 KB: our bound is 256 bytes"},
    Difference{"libxml2/xmlid/id_tst3.xml",
               "'f:o:' is no QName: not namespace-well-formed, which we demand and the list's tool does not"},
    Difference{"libxml2/namespaces/err_0.xml",
               "an attribute named xmlnsbar: reserved by Namespaces in XML 1.0 §3 for later use, and no error by it"},
};
constexpr std::array said_instead{std::optional{Refusal::xml_too_large}, std::optional{Refusal::xml_malformed}, std::optional<Refusal>{}};
static_assert(said_instead.size() == differences.size());

std::string read(std::filesystem::path const& path)
{
    std::ifstream file{path, std::ios::binary};
    EXPECT_TRUE(file) << path;
    return {std::istreambuf_iterator<char>{file}, {}};
}

std::optional<Refusal> refusal(std::string_view bytes)
{
    auto document = Document::parse(bytes, {});
    return document ? std::nullopt : std::optional{document.error().why};
}

bool has_feature(boost::json::object const& one, std::string_view feature)
{
    auto const* const features = one.if_contains("features");
    if (!features || !features->is_array()) return false;
    for (auto const& value : features->as_array())
        if (value.as_string() == feature) return true;
    return false;
}

TEST(XmlAttacks, AreRefusedAndGoodDocumentsAreTakenButForTheDifferencesOnPurpose)
{
    Tally tally{"xml-attacks", differences};
    auto const path = tally.vectors("xml-attacks/manifest.json");
    if (!path) GTEST_SKIP() << tally.skipped();
    auto const manifest = boost::json::parse(read(*path / "manifest.json"));
    std::size_t refused = 0, parsed = 0, policy = 0;
    for (auto const& value : manifest.at("cases").as_array()) {
        auto const& one = value.as_object();
        std::string const file{one.at("file").as_string()};
        std::string_view const expected = one.at("strict_expected").as_string();
        auto const no = refusal(read(*path / file));
        std::string const said = no ? "refused: " + std::string{schemas::name_of(*no)} : "taken";
        if (expected == "refuse") {
            ++refused;
            tally.judge(file, no.has_value(), said);
        } else if (expected == "parse") {
            ++parsed;
            tally.judge(file, !no.has_value(), said);
        } else {  // "policy: not UTF-8": our policy is to refuse
            ++policy;
            tally.judge(file, no == Refusal::xml_encoding, said);
        }
        auto const* const difference = std::ranges::find(differences, file, &Difference::id);
        if (difference != differences.end()) {
            EXPECT_EQ(no, said_instead.at(static_cast<std::size_t>(difference - differences.begin()))) << file;
        }
    }
    EXPECT_GE(refused, 600u);
    EXPECT_GE(parsed, 30u);
    EXPECT_GE(policy, 10u);
}

TEST(XmlAttacks, WithADoctypeAreRefusedForIt)
{
    auto const path = vectors::folder_of("xml-attacks/manifest.json");
    if (!path) GTEST_SKIP() << "IVAN_VECTORS names no folder with xml-attacks/manifest.json in it";
    auto const manifest = boost::json::parse(read(*path / "manifest.json"));
    std::size_t asked = 0;
    for (auto const& value : manifest.at("cases").as_array()) {
        auto const& one = value.as_object();
        if (!has_feature(one, "doctype") || has_feature(one, "nul-byte") || has_feature(one, "non-utf-8")) continue;
        std::string const file{one.at("file").as_string()};
        auto const no = refusal(read(*path / file));
        ASSERT_TRUE(no) << file;
        // Some are broken before their DOCTYPE, or are not UTF-8 somewhere: then that is what is said.
        EXPECT_TRUE(*no == Refusal::xml_doctype || *no == Refusal::xml_malformed || *no == Refusal::xml_encoding) << file;
        if (*no == Refusal::xml_doctype) ++asked;
    }
    EXPECT_GE(asked, 400u);
}

constexpr std::string_view latin = "well-formed, but declares ISO-8859-1: we take UTF-8 only and never guess";
constexpr std::array payload_differences{Difference{"xxe/06", latin}, Difference{"xxe/23", latin}, Difference{"xxe/25", latin}};

// One line each, meant to make a parser fetch or expand something.
TEST(XmlAttacks, OneLinersThatReachForFilesAndHostsAreRefused)
{
    Tally tally{"xml-attacks", payload_differences};
    auto const path = tally.vectors("xml-attacks/xxe-payloads.json");
    if (!path) GTEST_SKIP() << tally.skipped();
    auto const json = boost::json::parse(read(*path / "xxe-payloads.json"));
    auto const& payloads = json.at("cases").as_array();
    EXPECT_GE(payloads.size(), 20u);
    for (auto const& value : payloads) {
        std::string_view const payload = value.at("payload").as_string();
        std::string_view const id = value.at("id").as_string();
        if (value.at("expected").as_string() == "reject") tally.judge(id, refusal(payload).has_value(), "taken");
        else tally.judge(id, !refusal(payload).has_value(), "refused");
    }
}

}  // namespace
