#include "schemas/detail/dates.hpp"

#include <algorithm>

namespace schemas::detail {

using namespace std::chrono;

namespace {

constexpr bool digit(char c) noexcept { return c >= '0' && c <= '9'; }

// The number of two digits; at least 100 where one is none.
constexpr unsigned two_digits(char const* at) noexcept
{
    auto const tens = static_cast<unsigned>(at[0] - '0'), ones = static_cast<unsigned>(at[1] - '0');
    return tens <= 9 && ones <= 9 ? 10 * tens + ones : 100;
}

// yyyy from 1000 on; 0 where it is none.
constexpr int year_digits(char const* at) noexcept
{
    auto const first = two_digits(at), second = two_digits(at + 2);
    return 10 <= first && first < 100 && second < 100 ? static_cast<int>(100 * first + second) : 0;
}

}  // namespace

bool digits_only(std::string_view text) noexcept { return !text.empty() && std::ranges::all_of(text, digit); }

std::optional<year_month> month_of(std::string_view text)
{
    if (text.size() != 7 || text[2] != '/') return std::nullopt;
    auto const m = two_digits(text.data());
    auto const y = year_digits(text.data() + 3);
    if (m < 1 || m > 12 || y == 0) return std::nullopt;
    return year{y} / month{m};
}

std::optional<sys_days> day_of(std::string_view text)
{
    if (text.size() != 10 || text[2] != '/') return std::nullopt;
    auto const d = two_digits(text.data());
    auto const rest = month_of(text.substr(3));
    if (!rest || d < 1 || (d > 28 && !(*rest / day{d}).ok())) return std::nullopt;
    return sys_days{*rest / day{d}};
}

std::optional<Days> days_of(std::string_view text)
{
    if (auto const one = day_of(text)) return Days{*one, *one};
    if (auto const month = month_of(text)) return Days{sys_days{*month / day{1}}, sys_days{*month / last}};
    auto const y = text.size() == 4 ? year_digits(text.data()) : 0;
    if (y == 0) return std::nullopt;
    return Days{sys_days{year{y} / January / 1}, sys_days{year{y} / December / 31}};
}

std::optional<std::int64_t> whole_of(std::string_view text)
{
    if (!digits_only(text) || text.size() > 15) return std::nullopt;
    std::int64_t number = 0;
    for (char const c : text) number = number * 10 + (c - '0');
    return number;
}

std::optional<std::int64_t> ten_thousandths_of(std::string_view text)
{
    auto const mark = text.find_first_of(".,");
    auto const whole = whole_of(text.substr(0, mark));
    if (!whole || *whole >= 100'000'000'000'000) return std::nullopt;  // Keeps the product far from overflow.
    if (mark == text.npos) return *whole * 10'000;
    auto const fraction = text.substr(mark + 1);
    if (!digits_only(fraction) || fraction.size() > 4) return std::nullopt;
    std::int64_t parts = 0;
    for (std::size_t i = 0; i < 4; ++i) parts = parts * 10 + (i < fraction.size() ? fraction[i] - '0' : 0);
    return *whole * 10'000 + parts;
}

}  // namespace schemas::detail
