#include "schemas/detail/dates.hpp"

#include <algorithm>

namespace schemas::detail {

using namespace std::chrono;

namespace {

constexpr bool digit(char c) noexcept { return c >= '0' && c <= '9'; }

// The number that `count` digits write; nothing where one is no digit.
std::optional<int> number_of(char const* digits, std::size_t count) noexcept
{
    int number = 0;
    for (std::size_t i = 0; i < count; ++i) {
        if (!digit(digits[i])) return std::nullopt;
        number = number * 10 + (digits[i] - '0');
    }
    return number;
}

}  // namespace

bool digits_only(std::string_view text) noexcept { return !text.empty() && std::ranges::all_of(text, digit); }

std::optional<year_month> month_of(std::string_view text)
{
    if (text.size() != 7 || text[2] != '/') return std::nullopt;
    auto const m = number_of(text.data(), 2), y = number_of(text.data() + 3, 4);
    if (!m || !y) return std::nullopt;
    year_month const made{year{*y}, month{static_cast<unsigned>(*m)}};
    if (!made.ok() || *y < 1000) return std::nullopt;
    return made;
}

std::optional<sys_days> day_of(std::string_view text)
{
    if (text.size() != 10 || text[2] != '/') return std::nullopt;
    auto const d = number_of(text.data(), 2);
    auto const rest = month_of(text.substr(3));
    if (!d || !rest) return std::nullopt;
    year_month_day const made{rest->year(), rest->month(), day{static_cast<unsigned>(*d)}};
    if (!made.ok()) return std::nullopt;
    return sys_days{made};
}

std::optional<Days> days_of(std::string_view text)
{
    if (auto const one = day_of(text)) return Days{*one, *one};
    if (auto const month = month_of(text)) return Days{sys_days{*month / day{1}}, sys_days{*month / last}};
    auto const y = text.size() == 4 ? number_of(text.data(), 4) : std::nullopt;
    if (!y || *y < 1000) return std::nullopt;
    return Days{sys_days{year{*y} / January / 1}, sys_days{year{*y} / December / 31}};
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
