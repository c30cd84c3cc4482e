#include "gateway/delivery/backoff.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace delivery
{

namespace
{

constexpr std::chrono::seconds retry_after_readable_max{366L * 24 * 3600};

std::optional<int> number(std::string_view text)
{
    if (text.empty() || text.size() > 9) return std::nullopt;
    int value = 0;
    auto const [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (ec != std::errc{} || end != text.data() + text.size() || value < 0) return std::nullopt;
    return value;
}

std::optional<unsigned> month(std::string_view name)
{
    static constexpr std::array<std::string_view, 12> names{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    auto const found = std::find(names.begin(), names.end(), name);
    if (found == names.end()) return std::nullopt;
    return static_cast<unsigned>(found - names.begin()) + 1;
}

std::optional<runtime::Instant> instant(std::optional<int> year, std::optional<unsigned> mon, std::optional<int> day,
                                        std::string_view clock)
{
    if (clock.size() != 8 || clock[2] != ':' || clock[5] != ':') return std::nullopt;
    auto const hour = number(clock.substr(0, 2)), minute = number(clock.substr(3, 2)),
               second = number(clock.substr(6, 2));
    if (!year || !mon || !day || !hour || !minute || !second) return std::nullopt;
    std::chrono::year_month_day const date{std::chrono::year{*year}, std::chrono::month{*mon},
                                           std::chrono::day{static_cast<unsigned>(*day)}};
    if (!date.ok() || *year < 1970 || *year > 9999 || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
    // system_clock counts nanoseconds and ends in 2262: what lies further off is as good as "a year".
    if (*year > 2200) return runtime::Instant{std::chrono::sys_days{std::chrono::year{2200} / 1 / 1}};
    return std::chrono::sys_days{date} + std::chrono::hours{*hour} + std::chrono::minutes{*minute} +
           std::chrono::seconds{*second};
}

std::optional<runtime::Instant> http_date(std::string_view text)
{
    auto const comma = text.find(',');
    if (comma == std::string_view::npos) { // asctime: Sun Nov  6 08:49:37 1994
        if (text.size() != 24) return std::nullopt;
        auto day = text.substr(8, 2);
        if (day.front() == ' ') day.remove_prefix(1);
        return instant(number(text.substr(20, 4)), month(text.substr(4, 3)), number(day), text.substr(11, 8));
    }
    auto const rest = text.substr(comma + 1);
    if (rest.size() == 25 && rest.ends_with(" GMT")) // IMF-fixdate: Sun, 06 Nov 1994 08:49:37 GMT
        return instant(number(rest.substr(8, 4)), month(rest.substr(4, 3)), number(rest.substr(1, 2)),
                       rest.substr(13, 8));
    if (rest.size() == 23 && rest.ends_with(" GMT")) { // RFC 850: Sunday, 06-Nov-94 08:49:37 GMT
        auto year = number(rest.substr(8, 2));
        if (year) *year += *year < 70 ? 2000 : 1900;
        return instant(year, month(rest.substr(4, 3)), number(rest.substr(1, 2)), rest.substr(11, 8));
    }
    return std::nullopt;
}

} // namespace

std::chrono::milliseconds wait_before_retry(BackoffConfig const& config, std::uint32_t attempts,
                                            std::chrono::seconds retry_after, Random& random)
{
    auto const draw = [&random](std::chrono::milliseconds most) {
        return std::chrono::milliseconds{
            std::uniform_int_distribution<std::int64_t>{0, std::max<std::int64_t>(0, most.count())}(random)};
    };
    if (retry_after.count() > 0) return std::min(retry_after, config.retry_after_max) + draw(config.first);
    auto ceiling = config.first;
    for (std::uint32_t n = 0; n < attempts && ceiling < config.max; ++n) ceiling *= 2;
    return draw(std::min(ceiling, config.max));
}

std::optional<std::chrono::seconds> parse_retry_after(std::string_view text, runtime::Instant now)
{
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    if (text.empty()) return std::nullopt;
    auto const digits = std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
    if (digits) {
        auto const seconds = number(text); // more digits than an int holds: as long as can be
        return std::min(seconds ? std::chrono::seconds{*seconds} : retry_after_readable_max, retry_after_readable_max);
    }
    auto const at = http_date(text);
    if (!at) return std::nullopt;
    auto const wait = std::chrono::ceil<std::chrono::seconds>(*at - now);
    return std::clamp(wait, std::chrono::seconds{0}, retry_after_readable_max);
}

} // namespace delivery
