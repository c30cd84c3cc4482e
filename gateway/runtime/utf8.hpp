#pragma once

// UTF-8 as RFC 3629 §4 has it: no overlong forms, no surrogates, nothing beyond U+10FFFF. Pure.

#include <cstddef>
#include <string_view>

namespace runtime {

// The length of the character `text` begins with; 0 where it begins with none.
[[nodiscard]] constexpr std::size_t utf8_length(std::string_view text) noexcept
{
    auto const at = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
    auto const tail = [&](std::size_t i) { return (at(i) & 0xC0u) == 0x80u; };
    auto const lead = at(0), second = at(1);
    if (text.empty()) return 0;
    if (lead < 0x80) return 1;
    if (lead >= 0xC2 && lead <= 0xDF && tail(1)) return 2;
    if (lead >= 0xE0 && lead <= 0xEF && tail(1) && tail(2)) {
        bool const overlong = lead == 0xE0 && second < 0xA0, surrogate = lead == 0xED && second > 0x9F;
        return overlong || surrogate ? 0 : 3;
    }
    if (lead >= 0xF0 && lead <= 0xF4 && tail(1) && tail(2) && tail(3)) {
        bool const overlong = lead == 0xF0 && second < 0x90, beyond = lead == 0xF4 && second > 0x8F;
        return overlong || beyond ? 0 : 4;
    }
    return 0;
}

[[nodiscard]] constexpr bool is_utf8(std::string_view text) noexcept
{
    while (!text.empty()) {
        auto const length = utf8_length(text);
        if (length == 0) return false;
        text.remove_prefix(length);
    }
    return true;
}

}  // namespace runtime
