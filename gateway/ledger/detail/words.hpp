#pragma once

// Lines of the texts that are signed: "name value" and a line feed; times in UTC. Private to ledger/.
//
// Readers are lenient about digits and separators: what is not canonical does not write back as it was.

#include "gateway/ledger/detail/octets.hpp"
#include "gateway/ledger/merkle.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace ledger::detail {

// From 1970 to 9999.
template <class Duration>
[[nodiscard]] bool time_ok(std::chrono::sys_time<Duration> at)
{
    return at >= std::chrono::sys_time<Duration>{} && at < std::chrono::sys_days{std::chrono::year{10000} / 1 / 1};
}

[[nodiscard]] inline bool log_name_ok(std::string_view name, std::size_t bytes_max)
{
    return !name.empty() && name.size() <= bytes_max && std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '/' || c == '_';
    });
}

[[nodiscard]] inline std::string day_text(std::chrono::sys_days day)
{
    std::chrono::year_month_day const date{day};
    return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()), static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
}

// 2026-11-22T05:45:00.123Z; of microseconds with six digits.
template <class Duration>
[[nodiscard]] std::string time_text(std::chrono::sys_time<Duration> at)
{
    constexpr int digits = std::chrono::hh_mm_ss<Duration>::fractional_width;
    auto const day = std::chrono::floor<std::chrono::days>(at);
    std::chrono::hh_mm_ss const clock{at - day};
    return fmt::format("{}T{:02}:{:02}:{:02}.{:0{}}Z", day_text(day), clock.hours().count(), clock.minutes().count(), clock.seconds().count(),
                       clock.subseconds().count(), digits);
}

// The rest of a line that begins with `name` and a blank.
[[nodiscard]] inline std::optional<std::string_view> line(std::string_view& rest, std::string_view name)
{
    auto const end = rest.find('\n');
    if (end == std::string_view::npos || end <= name.size() || !rest.starts_with(name) || rest[name.size()] != ' ') return std::nullopt;
    auto const value = rest.substr(name.size() + 1, end - name.size() - 1);
    rest.remove_prefix(end + 1);
    return value;
}

template <class Number>
[[nodiscard]] std::optional<Number> number(std::string_view digits)
{
    Number value{};
    auto const [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return error == std::errc{} && end == digits.data() + digits.size() ? std::optional{value} : std::nullopt;
}

[[nodiscard]] inline std::optional<Hash> hash(std::string_view digits)
{
    auto const bytes = signing::bytes_of_hex(digits);
    return bytes.size() == sizeof(Hash) ? std::optional{hash_of(bytes)} : std::nullopt;
}

[[nodiscard]] inline std::optional<std::chrono::sys_days> day(std::string_view text)
{
    if (text.size() != std::string_view{"2026-11-22"}.size()) return std::nullopt;
    auto const y = number<unsigned>(text.substr(0, 4)), m = number<unsigned>(text.substr(5, 2)), d = number<unsigned>(text.substr(8, 2));
    if (!y || !m || !d) return std::nullopt;
    std::chrono::year_month_day const date{std::chrono::year{static_cast<int>(*y)}, std::chrono::month{*m}, std::chrono::day{*d}};
    return date.ok() ? std::optional{std::chrono::sys_days{date}} : std::nullopt;
}

template <class Duration>
[[nodiscard]] std::optional<std::chrono::sys_time<Duration>> time(std::string_view text)
{
    constexpr std::size_t digits = std::chrono::hh_mm_ss<Duration>::fractional_width;
    if (text.size() != std::string_view{"2026-11-22T05:45:00.Z"}.size() + digits) return std::nullopt;
    auto const date = day(text.substr(0, 10));
    auto const h = number<unsigned>(text.substr(11, 2)), m = number<unsigned>(text.substr(14, 2)), s = number<unsigned>(text.substr(17, 2));
    auto const fraction = number<unsigned>(text.substr(20, digits));
    if (!date || !h || !m || !s || !fraction) return std::nullopt;
    return std::chrono::sys_time<Duration>{*date} + std::chrono::hours{*h} + std::chrono::minutes{*m} + std::chrono::seconds{*s} + Duration{*fraction};
}

}  // namespace ledger::detail
