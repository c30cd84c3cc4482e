#include "providers/seed.hpp"

#include "tests/support/temporary_directory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <set>

namespace {

using namespace providers;
using namespace std::chrono_literals;
using testing::HasSubstr;

std::filesystem::path const shipped = std::filesystem::path{IVAN_SOURCE_DIR} / "providers" / "seed";

// A directory with one providers.toml and the shipped agencies.
class SeedDirectory {
public:
    explicit SeedDirectory(std::string const& providers, std::string const& agencies = "")
    {
        std::ofstream{path_ / "providers.toml"} << providers;
        if (agencies.empty())
            std::filesystem::copy_file(shipped / "agencies.toml", path_ / "agencies.toml");
        else std::ofstream{path_ / "agencies.toml"} << agencies;
    }
    [[nodiscard]] std::string complaint() const
    {
        try {
            (void)load_seed(path_);
        } catch (std::runtime_error const& error) {
            return error.what();
        }
        return "";
    }

private:
    support::TemporaryDirectory directory_;
    std::filesystem::path const path_ = directory_.path();
};

TEST(Seed, HoldsTheSixProvidersOfCv1240AndThePortalAndTheBackend)
{
    auto const seed = load_seed(shipped);
    std::set<std::string> providers;
    for (auto const& p : seed.providers) {
        if (p.role != Role::provider) continue;
        providers.insert(p.code);
        EXPECT_EQ(p.contract_from, std::chrono::sys_days{2015y / 10 / 1}) << p.code;
        EXPECT_FALSE(p.aliases.empty()) << p.code;
        EXPECT_THAT(p.source, HasSubstr("CV 1240")) << p.code;
    }
    EXPECT_EQ(providers, (std::set<std::string>{"VNPT", "TS24", "THAISON", "EFY", "BKAV", "VIETTEL"}));
    auto const with = [&](Role role) {
        return std::count_if(seed.providers.begin(), seed.providers.end(), [&](auto const& p) { return p.role == role; });
    };
    EXPECT_EQ(with(Role::portal), 1);
    EXPECT_EQ(with(Role::backend), 1);
}

TEST(Seed, SeedsNoCredentialAtAll)
{
    for (auto const& p : load_seed(shipped).providers) {
        EXPECT_TRUE(p.certificates.empty()) << p.code;
        EXPECT_TRUE(p.key_hashes.empty()) << p.code;
    }
}

TEST(Seed, MarksEveryAliasThatIsMadeUp)
{
    for (auto const& p : load_seed(shipped).providers) {
        bool const sourced = p.code == "THAISON";
        if (p.aliases.empty() || sourced) continue;
        EXPECT_THAT(p.source, HasSubstr("made up")) << p.code;
    }
}

TEST(Seed, CoversAll63OldProvincesAndTheAgenciesSeenInPublic)
{
    auto const seed = load_seed(shipped);
    std::set<std::string> provinces, codes;
    for (auto const& a : seed.agencies) {
        provinces.insert(a.province);
        EXPECT_TRUE(codes.insert(a.code).second) << a.code << " twice";
        EXPECT_EQ(a.code.substr(1, 2), a.province);
        EXPECT_EQ(a.made_up, a.name.find("tên minh họa") != std::string::npos) << a.name;
    }
    EXPECT_EQ(provinces.size(), 63u);
    for (auto const* code : {"00108", "07906", "08708", "04904", "00100", "09615"}) EXPECT_TRUE(codes.contains(code)) << code;
}

TEST(Seed, NamesEveryProblemAtOnce)
{
    SeedDirectory const directory{R"([[provider]]
code = "A"
name = ""
role = "king"
aliases = ["1"]
contract_from = "yesterday"
colour = "red"
source = "test"
[[provider]]
code = "A"
name = "B"
aliases = ["1", 2]
certificates = ["xyz"]
contract_from = 2020-01-01
contract_until = 2019-01-01
source = "test"
quota = { burst = -1 }
)"};
    auto const what = directory.complaint();
    for (auto const* part : {"name is empty", "role is not", "contract_from is not a date", "colour is not known",
                             "two providers have the code A", "two providers have the alias 1", "aliases has an item",
                             "certificates has an item", "contract_until is before", "burst is not a number"})
        EXPECT_THAT(what, HasSubstr(part));
}

TEST(Seed, RefusesBrokenTomlAndMissingFilesByName)
{
    SeedDirectory const directory{"[[provider]\n"};
    EXPECT_THAT(directory.complaint(), HasSubstr("providers.toml:1"));
    EXPECT_THROW((void)load_seed("/nowhere"), std::runtime_error);
}

TEST(Seed, RefusesAgencyCodesThatAreNotFiveDigits)
{
    SeedDirectory const directory{"[[provider]]\ncode = \"A\"\nname = \"A\"\ncontract_from = 2020-01-01\nsource = \"t\"\n",
                                  "[[province]]\ncode = \"1\"\nname = \"X\"\n[[agency]]\ncode = \"12345\"\nname = \"X\"\n"
                                  "source = \"t\"\nname_source = \"t\"\n"};
    auto const what = directory.complaint();
    EXPECT_THAT(what, HasSubstr("not two digits"));
    EXPECT_THAT(what, HasSubstr("not five digits"));
}

}  // namespace
