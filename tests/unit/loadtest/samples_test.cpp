#include "loadtest/samples.hpp"

#include "loadtest/corpus.hpp"
#include "providers/seed.hpp"
#include "schemas/envelope.hpp"
#include "signing/dev/pki.hpp"
#include "tests/support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <set>
#include <sstream>

namespace {

namespace fs = std::filesystem;

std::string text_of(fs::path const& file)
{
    std::ifstream in{file, std::ios::binary};
    EXPECT_TRUE(in) << file;
    return {std::istreambuf_iterator<char>{in}, {}};
}

std::vector<std::vector<std::string>> rows_of(fs::path const& list)
{
    std::vector<std::vector<std::string>> rows;
    std::istringstream in{text_of(list)};
    for (std::string line; std::getline(in, line);) {
        std::istringstream cells{line};
        rows.emplace_back();
        for (std::string cell; std::getline(cells, cell, '\t');) rows.back().push_back(cell);
    }
    return rows;
}

// Written once: signing some hundred documents takes a while.
class Samples : public testing::Test {
protected:
    static void SetUpTestSuite()
    {
        directory.emplace();
        folder = directory->path();
        signing::dev::write_pki(folder / "pki", {});
        loadtest::SamplesConfig config;
        config.pki = folder / "pki";
        config.out = folder / "out";
        config.seed_folder = fs::path{IVAN_SOURCE_DIR} / "providers/seed";
        written = loadtest::write_samples(config);
        parties = providers::load_seed(config.seed_folder).providers;
        std::erase_if(parties, [](auto const& p) { return p.role == providers::Role::backend; });
    }
    static void TearDownTestSuite() { directory.reset(); }

    static std::string lower(std::string text)
    {
        for (auto& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
        return text;
    }

    static inline std::optional<support::TemporaryDirectory> directory;
    static inline fs::path folder;
    static inline std::size_t written = 0;
    static inline std::vector<providers::Provider> parties;
};

TEST_F(Samples, EveryPartyThatFilesGetsOneDossierOfEveryFormUnderItsOwnAlias)
{
    ASSERT_GE(parties.size(), 7u);
    for (auto const& party : parties) {
        std::set<std::string> forms;
        for (auto const& row : rows_of(folder / "out" / (lower(party.code) + ".tsv"))) {
            ASSERT_EQ(row.size(), 3u);
            EXPECT_EQ(row[2], "accepted");
            auto const envelope = schemas::read_envelope(text_of(folder / "out" / row[0]), {});
            ASSERT_TRUE(envelope) << row[0] << ": " << envelope.error().detail;
            EXPECT_EQ(envelope->provider().alias, party.aliases.front());
            forms.insert(envelope->forms().front().code());
        }
        EXPECT_EQ(forms.size(), loadtest::Corpus::form_codes().size()) << party.code;
    }
}

TEST_F(Samples, EveryBadDossierNamesACodeOfTheCatalogueAndStandsInAFile)
{
    auto const catalogue = text_of(fs::path{IVAN_SOURCE_DIR} / "gateway/fault/faults.def");
    auto const rows = rows_of(folder / "out/bad.tsv");
    EXPECT_GT(rows.size(), 40u);
    std::set<std::string> names;
    for (auto const& row : rows) {
        ASSERT_EQ(row.size(), 3u);
        EXPECT_NE(catalogue.find('"' + row[2] + '"'), std::string::npos) << row[2];
        EXPECT_FALSE(text_of(folder / "out" / row[0]).empty()) << row[0];
        EXPECT_TRUE(names.insert(row[1]).second) << row[1] << " stands twice";
    }
}

TEST_F(Samples, TheListsNameEveryDossierThatWasWritten)
{
    std::size_t listed = rows_of(folder / "out/bad.tsv").size();
    for (auto const& party : parties) listed += rows_of(folder / "out" / (lower(party.code) + ".tsv")).size();
    EXPECT_EQ(listed, written);
}

}  // namespace
