#include "loadtest/drill/ledger.hpp"

#include "tests/support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <stdexcept>
#include <string>

namespace {

using namespace loadtest::drill;

Entry entry(std::string key)
{
    return {runtime::Instant{std::chrono::microseconds{1'790'000'000'123'456}}, std::move(key), "c0ffee", "0198-id", "00001.G/2026/00108", "TA0001A", "00108", "beef", true};
}

}  // namespace

TEST(DrillLedger, ReadsBackWhatWasWrittenAlsoByAWriterThatCameLater)
{
    support::TemporaryDirectory const directory;
    auto const file = (directory.path() / "ledger").string();
    { Ledger{file}.write(entry("run-1")); }
    { Ledger{file}.write(entry("run-2")); }
    auto const entries = read_ledger(file);
    ASSERT_EQ(entries.size(), 2u);
    EXPECT_EQ(entries[0].key, "run-1");
    EXPECT_EQ(entries[1].key, "run-2");
    EXPECT_EQ(entries[1].at, entry("").at);
    EXPECT_EQ(entries[1].case_code, "00001.G/2026/00108");
    EXPECT_TRUE(entries[1].xml);
}

TEST(DrillLedger, LeavesOutALineThatItsWriterCouldNotFinishAndRefusesOneThatIsNotIts)
{
    support::TemporaryDirectory const directory;
    auto const file = (directory.path() / "ledger").string();
    { Ledger{file}.write(entry("run-1")); }
    std::ofstream{file, std::ios::app} << "1790000000\trun-2\tc0f";
    EXPECT_EQ(read_ledger(file).size(), 1u);
    std::ofstream{file, std::ios::app} << "\n";
    EXPECT_THROW(static_cast<void>(read_ledger(file)), std::runtime_error);
    EXPECT_THROW(static_cast<void>(read_ledger((directory.path() / "none").string())), std::runtime_error);
}
