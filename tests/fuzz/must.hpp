#pragma once

// What a fuzz target asserts: a promise broken is a crash with the input kept.

#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace fuzz {

inline void must(bool holds)
{
    if (!holds) std::abort();
}

inline std::string_view text_of(std::uint8_t const* data, std::size_t size)
{
    return {reinterpret_cast<char const*>(data), size};
}

// Whole UTF-8 by RFC 3629: no overlong form, no surrogate, nothing beyond U+10FFFF.
inline bool utf8(std::string_view text)
{
    for (std::size_t i = 0; i < text.size();) {
        auto const byte = [&](std::size_t at) { return at < text.size() ? static_cast<unsigned char>(text[at]) : 0u; };
        auto const first = byte(i);
        unsigned const size = first < 0x80 ? 1 : first >= 0xC2 && first < 0xE0 ? 2 : (first & 0xF0) == 0xE0 ? 3 : first >= 0xF0 && first < 0xF5 ? 4 : 0;
        if (size == 0) return false;
        for (unsigned k = 1; k < size; ++k)
            if ((byte(i + k) & 0xC0) != 0x80) return false;
        auto const second = byte(i + 1);
        if ((first == 0xE0 && second < 0xA0) || (first == 0xED && second > 0x9F) || (first == 0xF0 && second < 0x90) || (first == 0xF4 && second > 0x8F))
            return false;
        i += size;
    }
    return true;
}

}  // namespace fuzz
