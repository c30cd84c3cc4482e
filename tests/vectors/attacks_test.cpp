// The table of README.md: every class of attack has a file, and every file is refused with the code that stands there.

#include "signing/verifier.hpp"
#include "tests/vectors/tally.hpp"

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;
fs::path const folder = fs::path{IVAN_SOURCE_DIR} / "tests/vectors";

std::string read(fs::path const& file)
{
    std::ifstream in{file, std::ios::binary};
    EXPECT_TRUE(in) << file;
    return {std::istreambuf_iterator<char>{in}, {}};
}

struct Row {
    std::string attack, shown_by, refusal;
    [[nodiscard]] bool is_test() const { return shown_by.starts_with("test "); }
    [[nodiscard]] bool is_vector() const { return shown_by.starts_with("xml-wrapping/"); }
};

std::string trimmed(std::string text)
{
    std::erase(text, '`');
    auto const begin = text.find_first_not_of(' ');
    return begin == std::string::npos ? "" : text.substr(begin, text.find_last_not_of(' ') - begin + 1);
}

std::vector<Row> table()
{
    std::vector<Row> rows;
    std::istringstream lines{read(folder / "README.md")};
    for (std::string line; std::getline(lines, line);) {
        if (!line.starts_with("| V")) continue;
        std::istringstream cells{line.substr(1)};
        Row row;
        std::getline(cells, row.attack, '|');
        std::getline(cells, row.shown_by, '|');
        std::getline(cells, row.refusal, '|');
        rows.push_back({trimmed(row.attack), trimmed(row.shown_by), trimmed(row.refusal)});
    }
    return rows;
}

template <class T>
std::string verdict_of(signing::Result<T> const& result)
{
    return result ? "valid" : std::string{name_of(result.error().why)};
}

class Attacks : public ::testing::Test {
protected:
    [[nodiscard]] std::string judge_form(std::string const& bytes) const
    {
        auto const document = schemas::Document::parse(bytes, schemas::XmlLimits{});
        if (!document) return std::string{name_of(document.error().why)};
        return verdict_of(verifier.verify_document(*document, *signing::signature_place("D02-TS"), "0101300842", at));
    }

    signing::Instant const at = signing::read_instant("2026-12-01T09:00:00+07:00").value();
    signing::Verifier const verifier{signing::TrustStore::load(folder / "foreign/trust", {}), {}};
};

TEST_F(Attacks, EachFileIsRefusedWithTheCodeOfTheTable)
{
    vectors::Tally tally{"attacks"};
    std::set<std::string> named;
    for (auto const& row : table()) {
        if (row.is_test() || row.is_vector()) continue;
        named.insert(fs::path{row.shown_by}.filename().string());
        auto const verdict = judge_form(read(folder / row.shown_by));
        tally.judge(row.shown_by, verdict == row.refusal, verdict + ", expected " + row.refusal);
    }
    for (auto const& entry : fs::directory_iterator{folder / "attacks"}) {
        auto const name = entry.path().filename().string();
        if (entry.path().extension() != ".xml") continue;
        EXPECT_TRUE(named.contains(name)) << name << " is not in the table";
    }
    EXPECT_GE(tally.run(), 48u);
}

TEST_F(Attacks, EachVectorOfTheTableIsRefusedWithItsCode)
{
    vectors::Tally tally{"attacks"};
    auto const path = tally.vectors("xml-wrapping/manifest.json");
    if (!path) GTEST_SKIP() << tally.skipped();
    auto const manifest = boost::json::parse(read(*path / "manifest.json"));
    for (auto const& row : table()) {
        if (!row.is_vector()) continue;
        auto const file = row.shown_by.substr(row.shown_by.find('/') + 1);
        for (auto const& one : manifest.at("cases").as_array()) {
            if (one.at("file").as_string() != file) continue;
            auto const document = schemas::Document::parse(read(*path / file), schemas::XmlLimits{});
            ASSERT_TRUE(document.has_value()) << file;
            auto const pinned = signing::certificate_der(read(*path / std::string{one.at("pinned_cert").as_string()}));
            auto const verdict = verdict_of(verifier.verify_xml(*document, {.id_attribute = "ID", .pinned_certificate = pinned}, at));
            tally.judge(row.shown_by, verdict == row.refusal, verdict + ", expected " + row.refusal);
        }
    }
    EXPECT_GE(tally.run(), 2u);
}

TEST_F(Attacks, EveryClassIsThereAndEveryTestNamedExists)
{
    std::set<std::string> classes;
    std::string sources;
    for (auto const& entry : fs::recursive_directory_iterator{fs::path{IVAN_SOURCE_DIR} / "tests/unit/signing"}) {
        if (entry.path().extension() == ".cpp") sources += read(entry.path());
    }
    for (auto const& row : table()) {
        classes.insert(row.attack);
        if (!row.is_test()) continue;
        EXPECT_NE(sources.find(", " + row.shown_by.substr(5) + ")"), std::string::npos) << row.shown_by << " is no test of signing";
    }
    for (int n = 1; n <= 18; ++n) EXPECT_TRUE(classes.contains("V" + std::to_string(n))) << "V" << n << " is shown by nothing";
}

// The files differ from this one by the attack alone: so the attack is what is refused.
TEST_F(Attacks, TheFormTheyAreMadeOfIsValid)
{
    auto const bytes = read(folder / "foreign/xmlsec1-ecdsa-inclusive-pretty.xml");
    auto const envelope = schemas::read_envelope(bytes, schemas::EnvelopeLimits{});
    ASSERT_TRUE(envelope.has_value());
    EXPECT_EQ(judge_form(envelope->forms().front().bytes()), "valid");
}

}  // namespace
