// `ivanctl verify` as a stranger runs it: other people's XML signatures ($IVAN_VECTORS/xmldsig, xml-wrapping) given as files and
// options alone. The verdicts are the profile's (xmldsig_test.cpp); here it is the contract of the command: exit 0 or 1 and one
// JSON object whatever the case gives to judge by, 2 for wrong usage alone.

#include "tests/vectors/tally.hpp"

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/wait.h>

namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using Words = std::vector<std::string>;

std::string shell_word(std::string_view word)
{
    std::string made{"'"};
    for (char const c : word) made += c == '\'' ? std::string{"'\\''"} : std::string(1, c);
    return made + "'";
}

struct Ran {
    int exit = -1;
    std::string out;
    [[nodiscard]] std::optional<json::object> answer() const
    {
        boost::system::error_code error;
        auto const value = json::parse(out, error);
        return !error && value.is_object() ? std::optional{value.as_object()} : std::nullopt;
    }
};

Ran ivanctl(Words const& words)
{
    auto line = shell_word((fs::path{IVAN_BINARY_DIR} / "bin/ivanctl").string());
    for (auto const& word : words) line += " " + shell_word(word);
    Ran ran;
    std::FILE* const pipe = popen((line + " 2>/dev/null").c_str(), "r");
    if (pipe == nullptr) return ran;
    std::array<char, 4096> block{};
    while (auto const size = std::fread(block.data(), 1, block.size(), pipe)) ran.out.append(block.data(), size);
    int const status = pclose(pipe);
    if (WIFEXITED(status)) ran.exit = WEXITSTATUS(status);
    return ran;
}

std::string text(json::object const& one, std::string_view name)
{
    auto const* const found = one.if_contains(name);
    return found != nullptr && found->is_string() ? std::string{found->as_string()} : std::string{};
}

// What a case gives, as options.
Words words_of(fs::path const& folder, json::object const& one)
{
    Words words{"verify", "--json", "--profile", "xmldsig"};
    auto const give = [&](std::string_view option, std::string value) {
        words.emplace_back(option);
        words.push_back(std::move(value));
    };
    auto const files = [&](std::string_view name, std::string_view option) {
        if (auto const* const list = one.if_contains(name)) {
            for (auto const& file : list->as_array()) give(option, (folder / std::string{file.as_string()}).string());
        }
    };
    files("trust_anchors", "--trust");
    files("untrusted_certs", "--intermediates");
    if (auto const* const keys = one.if_contains("pinned_keys")) {
        for (auto const& key : keys->as_array()) give("--pinned", (folder / std::string{key.at("file").as_string()}).string());
    }
    if (auto const pinned = text(one, "pinned_cert"); !pinned.empty()) give("--pinned", (folder / pinned).string());
    if (auto const id = text(one, "id_attribute"); !id.empty()) give("--id-attribute", id);
    if (auto const time = text(one, "time"); !time.empty()) give("--at", time);
    words.push_back((folder / text(one, "file")).string());
    return words;
}

void run(vectors::Tally& tally, std::string const& suite, std::string_view expectation)
{
    auto const folder = tally.vectors(suite + "/manifest.json");
    if (!folder) GTEST_SKIP() << tally.skipped();
    std::ifstream in{*folder / "manifest.json", std::ios::binary};
    auto const manifest = json::parse(std::string{std::istreambuf_iterator<char>{in}, {}});
    for (auto const& value : manifest.at("cases").as_array()) {
        auto const& one = value.as_object();
        auto const ran = ivanctl(words_of(*folder, one));
        auto const answer = ran.answer();
        auto const verdict = answer ? text(*answer, "verdict") : std::string{};
        bool const told = (ran.exit == 0 && verdict == "valid") || (ran.exit == 1 && verdict == "refused" && !text(*answer, "refusal").empty());
        auto const wanted = text(one, expectation);
        bool const agrees = wanted == "policy" || (wanted == "accept") == (ran.exit == 0);
        tally.judge(text(one, "id"), told && agrees, "exit " + std::to_string(ran.exit) + ": " + ran.out.substr(0, 300));
    }
}

TEST(VerifyCommand, HasAVerdictOnEveryCaseOfXmlsecsInteropSuite)
{
    vectors::Tally tally{"ivanctl verify"};
    run(tally, "xmldsig/xmlsec", "strict_expected");
}

TEST(VerifyCommand, HasAVerdictOnEveryMessageOfIdentityProviders)
{
    vectors::Tally tally{"ivanctl verify"};
    run(tally, "xmldsig/saml", "strict_expected");
}

TEST(VerifyCommand, WithoutAnAnchorTrustsNobodyAndStillReadsTheDocument)
{
    auto const attacks = fs::path{IVAN_SOURCE_DIR} / "tests/vectors/attacks";
    auto const stranger = ivanctl({"verify", "--json", (attacks / "v10-certificate-of-nobody.xml").string()});
    EXPECT_EQ(stranger.exit, 1) << stranger.out;
    EXPECT_EQ(text(stranger.answer().value_or(json::object{}), "refusal"), "chain_untrusted");
    auto const malformed = ivanctl({"verify", "--json", "--profile", "xmldsig", (attacks / "v03-two-signed-infos.xml").string()});
    EXPECT_EQ(malformed.exit, 1) << malformed.out;
    EXPECT_EQ(text(malformed.answer().value_or(json::object{}), "refusal"), "signature_malformed");
}

TEST(VerifyCommand, TakesWhatASenderCallsAnIntermediateAndNamesWhatIsNone)
{
    auto const attacks = fs::path{IVAN_SOURCE_DIR} / "tests/vectors/attacks";
    auto const file = (attacks / "v10-certificate-of-nobody.xml").string();
    auto const ran = ivanctl({"verify", "--json", "--trust", (attacks / "nobody.pem").string(), "--intermediates", file, file});
    EXPECT_EQ(ran.exit, 1) << ran.out;
    auto const answer = ran.answer().value_or(json::object{});
    EXPECT_EQ(text(answer, "refusal"), "value_mismatch") << "the certificate is believed now, its signature is another's";
    ASSERT_TRUE(answer.contains("evidence_refused")) << ran.out;
    EXPECT_EQ(answer.at("evidence_refused").as_array().size(), 1u) << ran.out;
}

TEST(VerifyCommand, ReadsTimesAsRfc3339AllowsThem)
{
    auto const file = (fs::path{IVAN_SOURCE_DIR} / "tests/vectors/attacks/v05-no-signature.xml").string();
    for (auto const* const good : {"2026-06-01T08:00:00+07:00", "2026-06-01t01:00:00z", "2026-06-01T01:00:00.123456Z", "2026-06-01T01:00:00-00:00"}) {
        EXPECT_EQ(ivanctl({"verify", "--json", "--at", good, file}).exit, 1) << good;
    }
    for (auto const* const bad : {"2026-06-01", "2026-13-01T00:00:00Z", "2026-06-01T25:00:00Z", "yesterday", "2026-06-01T00:00:00+99:00"}) {
        EXPECT_EQ(ivanctl({"verify", "--json", "--at", bad, file}).exit, 2) << bad;
    }
}

TEST(VerifyCommand, CallsWrongUsageAndMissingFilesTrouble)
{
    auto const file = (fs::path{IVAN_SOURCE_DIR} / "tests/vectors/attacks/v05-no-signature.xml").string();
    for (auto const& words : std::vector<Words>{{"verify", "--json"},
                                                {"verify", "--json", "/nowhere.xml"},
                                                {"verify", "--json", "/"},
                                                {"verify", "--json", "--profile", "other", file},
                                                {"verify", "--json", "--pinned", file, file},
                                                {"verify", "--json", "--profile", "xmldsig", "--pinned", file, file},
                                                {"verify", "--json", "--trust", "/nowhere.pem", file},
                                                {"verify", "--json", "--trust", file, file},
                                                {"trust", "explain", "--json", "--purpose", "other", file},
                                                {"parse", "--json", "/nowhere.xml"}}) {
        auto const ran = ivanctl(words);
        EXPECT_EQ(ran.exit, 2) << words.back() << ": " << ran.out;
        EXPECT_EQ(ran.out, "") << "an answer is not trouble";
    }
}

}  // namespace
