#pragma once

// Whole numbers of a query, strictly: digits alone, within bounds.

#include "gateway/intake/request.hpp"

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>

namespace intake {

// The parameter, or `otherwise` where it is missing. Nothing: not a number between 0 and `max`.
[[nodiscard]] inline std::optional<std::int64_t> whole_parameter(Request const& request, std::string const& name,
                                                                 std::int64_t otherwise, std::int64_t max)
{
    auto const found = request.query.find(name);
    if (found == request.query.end()) return otherwise;
    auto const& text = found->second;
    std::int64_t value = 0;
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    bool const ok = error == std::errc{} && end == text.data() + text.size() && text.front() != '-' && value <= max;
    return ok ? std::optional{value} : std::nullopt;
}

}  // namespace intake
