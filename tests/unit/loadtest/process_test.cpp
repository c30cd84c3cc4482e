#include "loadtest/process.hpp"

#include <gtest/gtest.h>

#include <ctime>
#include <limits>
#include <stdexcept>
#include <vector>

#include <unistd.h>

namespace {

TEST(ProcessTicks, AreTheFourteenthAndFifteenthFieldWhateverTheNameIs)
{
    EXPECT_EQ(loadtest::ticks_of("7 (a) b) (c) S 1 7 7 0 -1 4194560 100 0 0 0 1200 34 0 0 20 0 1 0"), 1234u);
    EXPECT_THROW(static_cast<void>(loadtest::ticks_of("7 a S 1 2 3")), std::runtime_error);
    EXPECT_THROW(static_cast<void>(loadtest::ticks_of("7 (a) S 1 7")), std::runtime_error);
}

TEST(Process, HoldsMoreMemoryWhenItHasTouchedMore)
{
    constexpr std::size_t more = 64u << 20;
    auto const before = loadtest::resident_bytes(getpid());
    EXPECT_GT(before, 0);
    std::vector<char> const touched(more, 'x');
    EXPECT_GT(loadtest::resident_bytes(getpid()), before + static_cast<std::int64_t>(touched.size() / 2));
}

TEST(Process, HasWorkedForAsLongAsItsOwnClockSays)
{
    while (clock() < CLOCKS_PER_SEC / 10) {}
    EXPECT_GE(loadtest::processor_seconds(getpid()), 0.05) << "of 0.1, counted in hundredths";
}

TEST(Process, ThatDoesNotExistHoldsNothingAndHasNoTime)
{
    constexpr auto nobody = std::numeric_limits<long>::max();
    for (auto const pid : {0L, -1L, nobody}) {
        EXPECT_EQ(loadtest::resident_bytes(pid), 0);
        EXPECT_THROW(static_cast<void>(loadtest::processor_seconds(pid)), std::runtime_error);
    }
}

}  // namespace
