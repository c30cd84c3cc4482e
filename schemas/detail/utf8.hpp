#pragma once

// UTF-8 character by character, exactly as Unicode 15 table 3-7 has it: no overlong forms, no surrogates, nothing beyond U+10FFFF.

#include <cstddef>

namespace schemas::detail {

// How many bytes the character beyond ASCII at `at` has: 2 to 4. 0: it is none, or it is not whole before `end`.
[[nodiscard]] inline std::size_t utf8_length(unsigned char const* at, unsigned char const* end) noexcept
{
    unsigned const lead = *at;
    auto const tail = [&](std::ptrdiff_t i, unsigned low = 0x80, unsigned high = 0xBF) { return end - at > i && at[i] >= low && at[i] <= high; };
    if (lead >= 0xE0 && lead <= 0xEF) return tail(1, lead == 0xE0 ? 0xA0 : 0x80, lead == 0xED ? 0x9F : 0xBF) && tail(2) ? 3 : 0;
    if (lead >= 0xC2 && lead <= 0xDF) return tail(1) ? 2 : 0;
    if (lead >= 0xF0 && lead <= 0xF4)
        return tail(1, lead == 0xF0 ? 0x90 : 0x80, lead == 0xF4 ? 0x8F : 0xBF) && tail(2) && tail(3) ? 4 : 0;
    return 0;
}

// Whether `end` stands inside the character at `at`, which may be one once more bytes have come.
[[nodiscard]] inline bool utf8_is_cut(unsigned char const* at, unsigned char const* end) noexcept
{
    auto const there = end - at;
    auto const needs = *at >= 0xF0 ? 4 : *at >= 0xE0 ? 3 : 2;
    if (*at < 0xC2 || *at > 0xF4 || there >= needs) return false;
    for (std::ptrdiff_t i = 1; i < there; ++i)
        if ((at[i] & 0xC0) != 0x80) return false;
    return true;
}

}  // namespace schemas::detail
