#include "gateway/observe/trace_id.hpp"

#include "gateway/runtime/random.hpp"

#include <algorithm>

namespace observe {
namespace {

constexpr std::size_t trace_bytes = 16, parent_bytes = 8;

bool lower_hex(std::string_view text)
{
    auto is_hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
    return std::ranges::all_of(text, is_hex);
}

bool all_zero(std::string_view text) { return text.find_first_not_of('0') == std::string_view::npos; }

std::string random_hex(std::size_t count)
{
    auto const bytes = runtime::unique_bytes(count);
    constexpr std::string_view digits = "0123456789abcdef";
    std::string hex;
    hex.reserve(2 * count);
    for (auto const byte : bytes) {
        hex += digits[byte >> 4];
        hex += digits[byte & 15];
    }
    return hex;
}

}  // namespace

Trace new_trace() { return {random_hex(trace_bytes), random_hex(parent_bytes)}; }

// W3C Trace Context §3.2: version "-" trace-id "-" parent-id "-" flags. A later version may carry more behind the
// flags; version ff is forbidden; ids of zeros are invalid.
Trace trace_from(std::string_view traceparent)
{
    constexpr std::size_t length = 55;
    if (traceparent.size() < length) return new_trace();
    auto const version = traceparent.substr(0, 2), trace = traceparent.substr(3, 32), parent = traceparent.substr(36, 16),
               flags = traceparent.substr(53, 2);
    bool const dashes = traceparent[2] == '-' && traceparent[35] == '-' && traceparent[52] == '-';
    bool const end = traceparent.size() == length || (version != "00" && traceparent[length] == '-');
    bool const digits = lower_hex(version) && lower_hex(trace) && lower_hex(parent) && lower_hex(flags);
    if (!dashes || !end || !digits || version == "ff" || all_zero(trace) || all_zero(parent)) return new_trace();
    return {std::string{trace}, std::string{parent}};
}

}  // namespace observe
