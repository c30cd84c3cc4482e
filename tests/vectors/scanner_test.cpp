// Our own reader of XML against libxml2's on every file that other people collected for readers and verifiers of XML
// ($IVAN_VECTORS; its READMEs name sources and licences): what ours takes, libxml2 takes and tells the same.

#include "tests/support/scanner_comparison.hpp"
#include "tests/vectors/tally.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace {

TEST(Scanner, TellsOfOtherPeoplesFilesWhatLibxml2Tells)
{
    vectors::Tally tally{"scanner"};
    auto const folder = tally.vectors("xml-attacks/manifest.json");
    if (!folder) GTEST_SKIP() << tally.skipped();
    std::size_t taken = 0;
    for (auto const* topic : {"xml-attacks", "xml-wrapping", "xmldsig", "text"}) {
        for (auto const& entry : std::filesystem::recursive_directory_iterator{folder->parent_path() / topic}) {
            if (!entry.is_regular_file()) continue;
            std::ifstream file{entry.path(), std::ios::binary};
            std::string const bytes{std::istreambuf_iterator<char>{file}, {}};
            auto const id = std::filesystem::relative(entry.path(), folder->parent_path()).string();
            bool const failed_before = testing::Test::HasFailure();
            taken += support::expect_same(bytes, {}, id, 4);
            // Texts are of interest inside of an element.
            taken += support::expect_same("<a>" + bytes + "</a>", {}, id + ", wrapped", 4);
            tally.judge(id, failed_before || !testing::Test::HasFailure(), "the two readers differ");
        }
    }
    EXPECT_GT(taken, 100u) << "too few files say anything";
}

}  // namespace
