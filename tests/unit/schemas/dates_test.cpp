// Dates and numbers as forms write them, against the calendar of the standard library; code lists against a plain search.

#include "schemas/detail/dates.hpp"
#include "schemas/detail/law.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <random>
#include <set>
#include <string>
#include <vector>

using namespace schemas::detail;
using namespace std::chrono;

namespace {

std::string two(unsigned number) { return {static_cast<char>('0' + number / 10), static_cast<char>('0' + number % 10)}; }

}  // namespace

TEST(Dates, EveryPairOfTwoDigitsIsADayWhereTheCalendarHasIt)
{
    for (auto const& [text, number] : {std::pair{"2023", 2023}, {"2024", 2024}, {"1900", 1900}, {"2000", 2000}, {"1000", 1000}, {"9999", 9999}, {"0999", 0}}) {
        for (unsigned d = 0; d < 100; ++d) {
            for (unsigned m = 0; m < 100; ++m) {
                year_month_day const day_meant{year{number}, month{m}, day{d}};
                auto const expected = day_meant.ok() && number >= 1000 ? std::optional{sys_days{day_meant}} : std::nullopt;
                ASSERT_EQ(day_of(two(d) + "/" + two(m) + "/" + text), expected) << d << " " << m << " " << text;
            }
        }
        for (unsigned m = 0; m < 100; ++m) {
            year_month const meant{year{number}, month{m}};
            ASSERT_EQ(month_of(two(m) + "/" + text), meant.ok() && number >= 1000 ? std::optional{meant} : std::nullopt);
        }
    }
}

TEST(Dates, AnyOtherCharacterMakesThemNone)
{
    std::string const good = "28/02/2024";
    for (std::size_t i = 0; i < good.size(); ++i) {
        for (int c = 0; c < 256; ++c) {
            auto text = good;
            text[i] = static_cast<char>(c);
            bool const digit = c >= '0' && c <= '9';
            if (good[i] == '/' ? c == '/' : digit) continue;
            ASSERT_FALSE(day_of(text)) << i << " " << c;
            ASSERT_FALSE(i >= 3 && month_of(text.substr(3))) << i << " " << c;
            ASSERT_FALSE(i >= 6 && days_of(text.substr(6))) << i << " " << c;
        }
    }
}

TEST(Codes, HoldsWhatItWasMadeOfAndNothingElse)
{
    std::mt19937 random{3};
    auto const code = [&] {
        std::string made(random() % 14, ' ');
        for (char& c : made) c = "01AB (\xC4"[random() % 7];
        return made;
    };
    for (std::size_t const size : {0u, 1u, 2u, 3u, 60u, 1000u}) {
        std::vector<std::string> all(size);
        for (auto& one : all) one = code();
        Codes const codes{all};
        for (auto const& one : all) EXPECT_TRUE(codes.contains(one)) << one;
        for (int i = 0; i < 2000; ++i) {
            auto const other = code();
            ASSERT_EQ(codes.contains(other), std::ranges::find(all, other) != all.end()) << other;
        }
        EXPECT_EQ(codes.size(), (std::set<std::string>{all.begin(), all.end()}.size()));
    }
    EXPECT_FALSE(Codes{}.contains(""));
}
