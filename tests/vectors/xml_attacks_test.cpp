// Hostile and malformed XML that other people collected: the W3C conformance suite, libxml2's and defusedxml's own
// tests ($IVAN_VECTORS/xml-attacks; its README names sources and licences). strict_expected says what a gateway
// that bans DOCTYPE and everything but UTF-8 must do.

#include "schemas/document.hpp"

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>

namespace {

using schemas::Document;
using schemas::Refusal;

// Where we differ on purpose. Nothing in `refused`: we take what the list would have refused.
struct Difference {
    std::string_view file;
    std::optional<Refusal> refused;
    std::string_view why;
};
constexpr std::array differences{
    Difference{"libxml2/bigname2.xml", Refusal::xml_too_large, "well-formed, but one name of 45 KB: our bound is 256 bytes"},
    Difference{"libxml2/xmlid/id_tst3.xml", Refusal::xml_malformed,
               "'f:o:' is no QName: not namespace-well-formed, which we demand and the list's tool does not"},
    Difference{"libxml2/namespaces/err_0.xml", std::nullopt,
               "an attribute named xmlnsbar: reserved by Namespaces in XML 1.0 §3 for later use, and no error by it"},
};

std::optional<std::filesystem::path> folder()
{
    auto const* const vectors = std::getenv("IVAN_VECTORS");
    if (!vectors) return std::nullopt;
    auto path = std::filesystem::path{vectors} / "xml-attacks";
    if (!std::filesystem::exists(path / "manifest.json")) return std::nullopt;
    return path;
}

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

#define NEEDS_VECTORS(name)                                                                              \
    auto const name = folder();                                                                          \
    if (!name) GTEST_SKIP() << "IVAN_VECTORS names no folder with xml-attacks/manifest.json in it"

TEST(XmlAttacks, AreRefusedAndGoodDocumentsAreTakenButForTheDifferencesOnPurpose)
{
    NEEDS_VECTORS(path);
    auto const manifest = boost::json::parse(read(*path / "manifest.json"));
    std::size_t refused = 0, parsed = 0, policy = 0, differing = 0;
    for (auto const& value : manifest.at("cases").as_array()) {
        auto const& one = value.as_object();
        std::string const file{one.at("file").as_string()};
        std::string_view const expected = one.at("strict_expected").as_string();
        auto const no = refusal(read(*path / file));
        auto const* const difference = std::ranges::find(differences, file, &Difference::file);
        if (difference != differences.end()) {
            EXPECT_EQ(no, difference->refused) << file << ": " << difference->why;
            ++differing;
        } else if (expected == "refuse") {
            EXPECT_TRUE(no) << file << " was taken";
            ++refused;
        } else if (expected == "parse") {
            EXPECT_FALSE(no) << file << " was refused: " << schemas::name_of(*no);
            ++parsed;
        } else {  // "policy: not UTF-8": our policy is to refuse
            EXPECT_EQ(no, Refusal::xml_encoding) << file;
            ++policy;
        }
    }
    EXPECT_EQ(differing, differences.size()) << "a difference on purpose names a file that is not in the list";
    EXPECT_GE(refused, 600u);
    EXPECT_GE(parsed, 30u);
    EXPECT_GE(policy, 10u);
}

TEST(XmlAttacks, WithADoctypeAreRefusedForIt)
{
    NEEDS_VECTORS(path);
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

// One line each, meant to make a parser fetch or expand something.
TEST(XmlAttacks, OneLinersThatReachForFilesAndHostsAreRefused)
{
    NEEDS_VECTORS(path);
    auto const json = boost::json::parse(read(*path / "xxe-payloads.json"));
    auto const& payloads = json.at("cases").as_array();
    EXPECT_GE(payloads.size(), 20u);
    for (auto const& value : payloads) {
        std::string_view const payload = value.at("payload").as_string();
        if (value.at("expected").as_string() != "reject") continue;
        EXPECT_TRUE(refusal(payload)) << payload;
    }
}

}  // namespace
