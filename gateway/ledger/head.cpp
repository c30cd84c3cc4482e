#include "gateway/ledger/head.hpp"

#include "gateway/ledger/detail/octets.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

namespace ledger {
namespace {

using namespace std::chrono_literals;
using Milliseconds = std::chrono::sys_time<std::chrono::milliseconds>;

constexpr std::string_view title = "IVAN-Hub tree head 1";
constexpr Milliseconds time_first{};
constexpr Milliseconds time_end{std::chrono::sys_days{std::chrono::year{10000} / 1 / 1}};

bool log_ok(std::string_view name)
{
    return !name.empty() && name.size() <= log_name_bytes_max && std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '/' || c == '_';
    });
}

char const* trouble_of(TreeHead const& head)
{
    if (!log_ok(head.log)) return "the log's name is empty, too long, or has other characters than a-z 0-9 . - / _";
    if (head.size > size_max) return "a tree larger than the largest log";
    if (head.size == 0 && head.root != empty_root()) return "a tree of no leaves with a root of some";
    if (head.at < time_first || head.at >= time_end) return "a time outside 1970 to 9999";
    return nullptr;
}

std::string time_text(Milliseconds at)
{
    auto const day = std::chrono::floor<std::chrono::days>(at);
    std::chrono::year_month_day const date{day};
    std::chrono::hh_mm_ss const clock{at - day};
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                       static_cast<unsigned>(date.day()), clock.hours().count(), clock.minutes().count(), clock.seconds().count(),
                       clock.subseconds().count());
}

std::string written(TreeHead const& head)
{
    return fmt::format("{}\nlog {}\nsize {}\nroot {}\ntime {}\nkey {}\n", title, head.log, head.size, signing::hex(head.root),
                       time_text(head.at), signing::hex(head.key_id));
}

// The rest of a line that begins with `name` and a blank.
std::optional<std::string_view> line(std::string_view& rest, std::string_view name)
{
    auto const end = rest.find('\n');
    if (end == std::string_view::npos || end <= name.size() || !rest.starts_with(name) || rest[name.size()] != ' ') return std::nullopt;
    auto const value = rest.substr(name.size() + 1, end - name.size() - 1);
    rest.remove_prefix(end + 1);
    return value;
}

template <class Number>
std::optional<Number> number(std::string_view digits)
{
    Number value{};
    auto const [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return error == std::errc{} && end == digits.data() + digits.size() ? std::optional{value} : std::nullopt;
}

std::optional<Hash> hash(std::string_view digits)
{
    auto const bytes = signing::bytes_of_hex(digits);
    return bytes.size() == sizeof(Hash) ? std::optional{detail::hash_of(bytes)} : std::nullopt;
}

// Lenient about digits and separators: what is not canonical does not write back as it was.
std::optional<Milliseconds> time(std::string_view text)
{
    if (text.size() != std::string_view{"2026-11-22T05:45:00.123Z"}.size()) return std::nullopt;
    auto const year = number<unsigned>(text.substr(0, 4)), month = number<unsigned>(text.substr(5, 2)), day = number<unsigned>(text.substr(8, 2));
    auto const h = number<unsigned>(text.substr(11, 2)), m = number<unsigned>(text.substr(14, 2)), s = number<unsigned>(text.substr(17, 2));
    auto const ms = number<unsigned>(text.substr(20, 3));
    if (!year || !month || !day || !h || !m || !s || !ms) return std::nullopt;
    std::chrono::year_month_day const date{std::chrono::year{static_cast<int>(*year)}, std::chrono::month{*month}, std::chrono::day{*day}};
    if (!date.ok()) return std::nullopt;
    return Milliseconds{std::chrono::sys_days{date}} + *h * 1h + *m * 1min + *s * 1s + *ms * 1ms;
}

}  // namespace

Result<std::string> canonical_head(TreeHead const& head)
{
    if (auto const* trouble = trouble_of(head)) return Failure{Refusal::field_wrong, trouble};
    return written(head);
}

Result<TreeHead> read_head(std::string_view text)
{
    Failure const other{Refusal::bytes_wrong, "not a tree head of version 1"};
    if (text.size() > head_bytes_max || !text.starts_with(title)) return other;
    auto rest = text.substr(title.size());
    if (!rest.starts_with('\n')) return other;
    rest.remove_prefix(1);

    auto const log = line(rest, "log"), size = line(rest, "size"), root = line(rest, "root"), at = line(rest, "time"), key = line(rest, "key");
    if (!log || !size || !root || !at || !key) return other;
    auto const leaves = number<std::uint64_t>(*size);
    auto const root_hash = hash(*root), key_id = hash(*key);
    auto const when = time(*at);
    if (!leaves || !root_hash || !key_id || !when) return other;

    TreeHead head{std::string{*log}, *leaves, *root_hash, *when, *key_id};
    if (auto const* trouble = trouble_of(head)) return Failure{Refusal::field_wrong, trouble};
    if (written(head) != text) return other;
    return head;
}

}  // namespace ledger
