#include "gateway/dossier/time.hpp"

#include <fmt/format.h>

#include <array>
#include <cstddef>
#include <cstring>

namespace dossier {

namespace {

// Reads exactly `count` digits at the front of `rest`.
std::optional<int> digits(std::string_view& rest, std::size_t count)
{
    if (rest.size() < count) return std::nullopt;
    int value = 0;
    for (std::size_t i = 0; i < count; ++i) {
        if (rest[i] < '0' || rest[i] > '9') return std::nullopt;
        value = value * 10 + (rest[i] - '0');
    }
    rest.remove_prefix(count);
    return value;
}

bool take(std::string_view& rest, char wanted)
{
    if (rest.empty() || rest.front() != wanted) return false;
    rest.remove_prefix(1);
    return true;
}

// "yyyy-mm-dd" at the front of `rest`, of the years that the clock's nanoseconds reach (1678 to 2261).
std::optional<std::chrono::sys_days> take_date(std::string_view& rest)
{
    auto const year = digits(rest, 4);
    if (!year || !take(rest, '-')) return std::nullopt;
    auto const month = digits(rest, 2);
    if (!month || !take(rest, '-')) return std::nullopt;
    auto const day = digits(rest, 2);
    if (!day) return std::nullopt;
    std::chrono::year_month_day const date{std::chrono::year{*year}, std::chrono::month{static_cast<unsigned>(*month)},
                                           std::chrono::day{static_cast<unsigned>(*day)}};
    if (!date.ok() || *year < 1700 || *year > 2200) return std::nullopt;
    return std::chrono::sys_days{date};
}

// "Z" or "+hh:mm".
std::optional<std::chrono::minutes> offset(std::string_view& rest)
{
    if (take(rest, 'Z') || take(rest, 'z')) return std::chrono::minutes{0};
    int const sign = take(rest, '+') ? 1 : take(rest, '-') ? -1 : 0;
    if (sign == 0) return std::nullopt;
    auto const hours = digits(rest, 2);
    if (!hours || *hours > 23 || !take(rest, ':')) return std::nullopt;
    auto const minutes = digits(rest, 2);
    if (!minutes || *minutes > 59) return std::nullopt;
    return sign * (std::chrono::hours{*hours} + std::chrono::minutes{*minutes});
}

// Exactly so many digits, zeros in front.
template <std::size_t count>
char* put_digits(char* out, unsigned value)
{
    for (std::size_t i = count; i-- > 0; value /= 10) out[i] = static_cast<char>('0' + value % 10);
    return out + count;
}

constexpr std::size_t date_size = 10;

// REQUIRES: a year from 0 to 9999.
char* put_date(char* out, std::chrono::year_month_day date)
{
    out = put_digits<4>(out, static_cast<unsigned>(static_cast<int>(date.year())));
    *out++ = '-';
    out = put_digits<2>(out, static_cast<unsigned>(date.month()));
    *out++ = '-';
    return put_digits<2>(out, static_cast<unsigned>(date.day()));
}

}  // namespace

std::string vietnam_date(std::chrono::sys_days day)
{
    std::chrono::year_month_day const date{day};
    auto const year = static_cast<int>(date.year());
    if (year < 0 || year > 9999)
        return fmt::format("{:04}-{:02}-{:02}", year, static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
    std::array<char, date_size> text;
    put_date(text.data(), date);
    return {text.data(), text.size()};
}

// The clock's nanoseconds reach from 1678 to 2261, so a year has four digits.
void append_vietnam_time(std::string& text, runtime::Instant at)
{
    auto const local = std::chrono::floor<std::chrono::milliseconds>(at + runtime::vietnam_offset);
    auto const day = std::chrono::floor<std::chrono::days>(local);
    auto const since = static_cast<unsigned>((local - day).count());
    std::array<char, date_size + 19> room;
    auto* out = put_date(room.data(), std::chrono::year_month_day{day});
    *out++ = 'T';
    out = put_digits<2>(out, since / 3'600'000);
    *out++ = ':';
    out = put_digits<2>(out, since / 60'000 % 60);
    *out++ = ':';
    out = put_digits<2>(out, since / 1000 % 60);
    *out++ = '.';
    out = put_digits<3>(out, since % 1000);
    std::memcpy(out, "+07:00", 6);
    text.append(room.data(), room.size());
}

std::string vietnam_time(runtime::Instant at)
{
    std::string text;
    append_vietnam_time(text, at);
    return text;
}

std::optional<std::chrono::sys_days> parse_date(std::string_view text)
{
    auto const date = take_date(text);
    return text.empty() ? date : std::nullopt;
}

std::optional<runtime::Instant> parse_rfc3339(std::string_view text)
{
    auto const date = take_date(text);
    if (!date || !(take(text, 'T') || take(text, 't') || take(text, ' '))) return std::nullopt;
    auto const hour = digits(text, 2);
    if (!hour || *hour > 23 || !take(text, ':')) return std::nullopt;
    auto const minute = digits(text, 2);
    if (!minute || *minute > 59 || !take(text, ':')) return std::nullopt;
    auto const second = digits(text, 2);
    if (!second || *second > 60) return std::nullopt;  // RFC 3339 §5.6: 60 in a leap second

    std::chrono::nanoseconds fraction{0};
    if (take(text, '.')) {
        std::int64_t unit = 100'000'000;
        std::size_t count = 0;
        for (; !text.empty() && text.front() >= '0' && text.front() <= '9'; ++count, text.remove_prefix(1)) {
            fraction += std::chrono::nanoseconds{(text.front() - '0') * unit};
            unit /= 10;
        }
        if (count == 0) return std::nullopt;
    }
    auto const away = offset(text);
    if (!away || !text.empty()) return std::nullopt;
    return runtime::Instant{*date} + std::chrono::hours{*hour} + std::chrono::minutes{*minute} +
           std::chrono::seconds{*second} + fraction - *away;
}

}  // namespace dossier
