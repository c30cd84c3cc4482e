// ops/threats.md speaks only of what is there: each file, test, configuration key, fault code and alarm it names exists, no
// class of attack and no code of signatures is left out, and no row claims more than a test holds.

#include "gateway/docs.hpp"
#include "gateway/fault/fault.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;

fs::path const source = IVAN_SOURCE_DIR;

std::string read(fs::path const& file)
{
    std::ifstream in{file, std::ios::binary};
    return {std::istreambuf_iterator<char>{in}, {}};
}

std::vector<std::string> between(std::string const& text, char open, char close)
{
    std::vector<std::string> found;
    for (std::size_t at = 0; (at = text.find(open, at)) != std::string::npos;) {
        auto const end = text.find(close, at + 1);
        if (end == std::string::npos) break;
        found.push_back(text.substr(at + 1, end - at - 1));
        at = end + 1;
    }
    return found;
}

// Rows of tables that begin with an id, as | V7 | …
std::map<std::string, std::string> rows_of(std::string const& page)
{
    std::map<std::string, std::string> rows;
    std::istringstream lines{page};
    for (std::string line; std::getline(lines, line);) {
        if (!line.starts_with("| ")) continue;
        auto const id = line.substr(2, line.find(' ', 2) - 2);
        bool const well = id.size() >= 2 && id[0] >= 'A' && id[0] <= 'Z' && std::all_of(id.begin() + 1, id.end(), [](char c) { return c >= '0' && c <= '9'; });
        if (!well) continue;
        EXPECT_TRUE(rows.emplace(id, line).second) << "two rows " << id;
    }
    return rows;
}

// "signing.token_timeout" and the like, from the page that is made from the rows themselves.
std::set<std::string> config_keys()
{
    std::set<std::string> keys;
    std::istringstream lines{*gateway::docs_page("config")};
    std::string section;
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with("## [")) section = line.substr(4, line.find(']') - 4);
        if (line.starts_with("| `")) keys.insert(section + "." + line.substr(3, line.find('`', 3) - 3));
    }
    return keys;
}

std::set<std::string> fault_codes()
{
    std::set<std::string> codes;
    for (auto const& row : fault::catalogue()) codes.emplace(row.id);
    return codes;
}

bool has_test(std::string const& text, std::string const& suite, std::string const& name)
{
    for (auto const* kind : {"TEST(", "TEST_F(", "TEST_P(", "TYPED_TEST("})
        if (text.find(kind + suite + ", " + name + ")") != std::string::npos) return true;
    return false;
}

bool raised_somewhere(std::string const& alarm)
{
    for (auto const& entry : fs::recursive_directory_iterator{source / "gateway"})
        if (entry.path().extension() == ".cpp" && read(entry.path()).find('"' + alarm + '"') != std::string::npos) return true;
    return false;
}

// What is wrong with one mark; empty: nothing.
std::string trouble_with(std::string const& mark)
{
    static auto const keys = config_keys();
    static auto const codes = fault_codes();
    if (auto const colon = mark.find(": "); colon != std::string::npos) {
        auto const file = mark.substr(0, colon), test = mark.substr(colon + 2);
        auto const dot = test.find('.');
        if (!fs::is_regular_file(source / file)) return "no such file";
        if (dot == std::string::npos || !has_test(read(source / file), test.substr(0, dot), test.substr(dot + 1))) return "no such test";
        return "";
    }
    if (mark.starts_with("GW-")) return codes.contains(mark) ? "" : "no such code";
    if (mark.starts_with("alarm:")) return raised_somewhere(mark.substr(6)) ? "" : "no such alarm";
    if (mark.find('/') != std::string::npos) return fs::exists(source / mark) ? "" : "no such file";
    if (mark.find('.') != std::string::npos) return keys.contains(mark) ? "" : "no such configuration key";
    for (auto const* word : {"no test", "Verified", "exact", "outcome unknown"})
        if (mark == word) return "";
    return mark.starts_with("ivanctl ") ? "" : "a mark of no kind";
}

struct Threats : testing::Test {
    std::string const page = read(source / "ops/threats.md");
    std::map<std::string, std::string> const rows = rows_of(page);
};

TEST_F(Threats, NameNothingThatIsNotThere)
{
    ASSERT_FALSE(page.empty());
    // The lines that explain the marks hold patterns of them.
    auto const begin = page.find("## What is worth attacking");
    ASSERT_NE(begin, std::string::npos);
    std::size_t seen = 0;
    for (auto const& mark : between(page.substr(begin), '`', '`')) {
        EXPECT_EQ(trouble_with(mark), "") << mark;
        ++seen;
    }
    EXPECT_GT(seen, 150u);
}

TEST_F(Threats, HaveNoDeadLinks)
{
    for (std::size_t at = 0; (at = page.find("](", at)) != std::string::npos; ++at) {
        auto const target = page.substr(at + 2, page.find(')', at) - at - 2);
        EXPECT_TRUE(fs::exists(source / "ops" / target.substr(0, target.find('#')))) << target;
    }
}

TEST_F(Threats, LeaveOutNoClassOfAttack)
{
    for (int v = 1; v <= 18; ++v) EXPECT_TRUE(rows.contains("V" + std::to_string(v))) << "V" << v;
}

TEST_F(Threats, SpeakOfEveryCodeOfSignatures)
{
    for (auto const& code : fault_codes()) {
        if (code.starts_with("GW-2")) {
            EXPECT_NE(page.find('`' + code + '`'), std::string::npos) << code;
        }
    }
}

TEST_F(Threats, AreEachHeldByATestOrSayThatNoneDoes)
{
    EXPECT_GT(rows.size(), 45u);
    for (auto const& [id, row] : rows)
        EXPECT_TRUE(row.find("`tests/") != std::string::npos || row.find("`no test`") != std::string::npos) << id;
}

TEST_F(Threats, SayWhatIsLeft)
{
    for (auto const& [id, row] : rows) {
        auto const cells = std::count(row.begin(), row.end(), '|');
        EXPECT_EQ(cells, 8) << id << ": seven cells";
        auto const last = row.substr(0, row.size() - 2);
        EXPECT_GT(last.size() - last.rfind("| "), 8u) << id << ": an empty last cell";
    }
}

TEST(ThreatMarks, FindWhatIsNotThere)
{
    EXPECT_EQ(trouble_with("ops/threats.md"), "");
    EXPECT_NE(trouble_with("ops/nothing.md"), "");
    EXPECT_EQ(trouble_with("tests/tidy/threats_test.cpp: ThreatMarks.FindWhatIsNotThere"), "");
    EXPECT_NE(trouble_with("tests/tidy/threats_test.cpp: ThreatMarks.FindWhat"), "");
    EXPECT_NE(trouble_with("tests/tidy/none_test.cpp: ThreatMarks.FindWhatIsNotThere"), "");
    EXPECT_EQ(trouble_with("GW-2001"), "");
    EXPECT_NE(trouble_with("GW-2999"), "");
    EXPECT_EQ(trouble_with("signing.rsa_bits_min"), "");
    EXPECT_NE(trouble_with("signing.rsa_bits"), "");
    EXPECT_EQ(trouble_with("alarm:database_down"), "");
    EXPECT_NE(trouble_with("alarm:sky_falls"), "");
    EXPECT_NE(trouble_with("anything"), "");
}

}  // namespace
