#pragma once

// The classes of bytes that the scanner's inner loops run on, 16 at a time where the processor has SSE2 (every x86-64).

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace schemas::detail {

[[nodiscard]] constexpr bool is_blank(char c) noexcept { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }

// What names are made of here: ASCII only, others are for the parser.
[[nodiscard]] constexpr bool is_name_byte(char c) noexcept
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.' || c == ':';
}

// Not one of Stops, not beyond ASCII, not below the space; tab and line feed are plain where there are Lines.
template <bool Lines, char... Stops>
[[nodiscard]] constexpr bool is_plain(char c) noexcept
{
    auto const byte = static_cast<unsigned char>(c);
    return ((byte >= 0x20 && byte < 0x80) || (Lines && (c == '\n' || c == '\t'))) && ((c != Stops) && ...);
}

#if defined(__SSE2__)
// For a base64 of megabytes. False may mean a line's end.
template <char... Stops>
[[nodiscard]] inline bool all_plain_in_64(char const* at) noexcept
{
    auto const load = [at](std::size_t i) { return _mm_loadu_si128(reinterpret_cast<__m128i const*>(at + i)); };
    auto const a = load(0), b = load(16), c = load(32), d = load(48);
    auto const either = [](__m128i w, __m128i x, __m128i y, __m128i z) { return _mm_or_si128(_mm_or_si128(w, x), _mm_or_si128(y, z)); };
    auto const is = [&](char stop) {
        auto const same = _mm_set1_epi8(stop);
        return either(_mm_cmpeq_epi8(a, same), _mm_cmpeq_epi8(b, same), _mm_cmpeq_epi8(c, same), _mm_cmpeq_epi8(d, same));
    };
    auto const least = _mm_min_epu8(_mm_min_epu8(a, b), _mm_min_epu8(c, d));
    auto odd = _mm_or_si128(either(a, b, c, d), _mm_cmplt_epi8(least, _mm_set1_epi8(0x20)));  // the sign bit: beyond ASCII
    ((odd = _mm_or_si128(odd, is(Stops))), ...);
    return _mm_movemask_epi8(odd) == 0;
}
#endif

#if defined(__SSE2__)
// A bit for each of 16 bytes that is not plain.
template <bool Lines, char... Stops>
[[nodiscard]] inline unsigned odd_of_16(char const* at) noexcept
{
    auto const bytes = _mm_loadu_si128(reinterpret_cast<__m128i const*>(at));
    auto const is = [&](char c) { return _mm_cmpeq_epi8(bytes, _mm_set1_epi8(c)); };
    auto odd = _mm_cmplt_epi8(bytes, _mm_set1_epi8(0x20));  // signed: beyond ASCII too
    if constexpr (Lines) odd = _mm_andnot_si128(_mm_or_si128(is('\n'), is('\t')), odd);
    ((odd = _mm_or_si128(odd, is(Stops))), ...);
    return static_cast<unsigned>(_mm_movemask_epi8(odd));
}
#endif

template <bool Lines, char... Stops>
[[nodiscard]] char const* skip_plain_bytes(char const* at, char const* end) noexcept
{
#if defined(__SSE2__)
    while (end - at >= 16) {
        if (auto const odd = odd_of_16<Lines, Stops...>(at)) return at + __builtin_ctz(odd);
        at += 16;
        while (end - at >= 64 && all_plain_in_64<Stops...>(at)) at += 64;
    }
#endif
    while (at != end && is_plain<Lines, Stops...>(*at)) ++at;
    return at;
}

// Up to a byte that asks for a look.
template <char... Stops>
[[nodiscard]] inline char const* skip_plain_far(char const* at, char const* end) noexcept
{
    return skip_plain_bytes<true, Stops...>(at, end);
}
// The same where it is likely to be near.
template <char... Stops>
[[nodiscard, gnu::always_inline]] inline char const* skip_plain(char const* at, char const* end) noexcept
{
#if defined(__SSE2__)
    if (end - at >= 16) {
        if (auto const odd = odd_of_16<true, Stops...>(at)) return at + __builtin_ctz(odd);
        at += 16;
    }
#endif
    return skip_plain_bytes<true, Stops...>(at, end);
}
// The same in the value of an attribute, where every white space but the space is normalised.
template <char... Stops>
[[nodiscard]] inline char const* skip_words(char const* at, char const* end) noexcept
{
    return skip_plain_bytes<false, Stops...>(at, end);
}

[[nodiscard]] inline char const* skip_name(char const* at, char const* end) noexcept
{
#if defined(__SSE2__)
    while (end - at >= 16) {
        auto const bytes = _mm_loadu_si128(reinterpret_cast<__m128i const*>(at));
        auto const is = [&](char c) { return _mm_cmpeq_epi8(bytes, _mm_set1_epi8(c)); };
        auto const within = [](__m128i x, char low, char high) {  // signed, so bytes beyond ASCII are below
            return _mm_and_si128(_mm_cmpgt_epi8(x, _mm_set1_epi8(static_cast<char>(low - 1))), _mm_cmplt_epi8(x, _mm_set1_epi8(static_cast<char>(high + 1))));
        };
        auto const letters = within(_mm_or_si128(bytes, _mm_set1_epi8(0x20)), 'a', 'z');
        auto const digits = _mm_andnot_si128(is('/'), within(bytes, '-', ':'));  // - . 0…9 :
        auto const named = _mm_or_si128(_mm_or_si128(letters, digits), is('_'));
        auto const found = ~static_cast<unsigned>(_mm_movemask_epi8(named)) & 0xFFFFu;
        if (found) return at + __builtin_ctz(found);
        at += 16;
    }
#endif
    while (at != end && is_name_byte(*at)) ++at;
    return at;
}

// A word's first 16 bytes as two numbers, with zeros where it is shorter: equal numbers and sizes are equal words up to 16.
struct Sixteen {
    std::uint64_t low = 0, high = 0;
    bool operator==(Sixteen const&) const = default;
};

// REQUIRES: the word ends before `end`, up to which may be read.
[[nodiscard]] inline Sixteen first_sixteen(char const* word, std::size_t size, char const* end) noexcept
{
    Sixteen two;
    if constexpr (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__) {
        if (end - word >= 16) {
            std::memcpy(&two.low, word, 8);
            std::memcpy(&two.high, word + 8, 8);
            auto const keep = [](std::uint64_t bytes, std::size_t n) { return bytes & (~std::uint64_t{0} >> (64 - 8 * n)); };
            if (size <= 8) two = {keep(two.low, size), 0};
            else if (size < 16) two.high = keep(two.high, size - 8);
            return two;
        }
    }
    char bytes[16] = {};
    std::memcpy(bytes, word, size < 16 ? size : 16);
    std::memcpy(&two.low, bytes, 8);
    std::memcpy(&two.high, bytes + 8, 8);
    return two;
}

// A word of up to 32 bytes, made to be compared at once with what stands somewhere.
class WordAt {
public:
    static constexpr std::size_t size_max = 32;
    static constexpr std::size_t readable = size_max;  // bytes that must be there to be read

    WordAt() = default;
    explicit WordAt(std::string_view word) noexcept
    {
        if (word.size() > size_max) return;
        std::memcpy(bytes_, word.data(), word.size());
        std::memset(mask_, 0xFF, word.size());
    }

    // `size`: the word's own.
    [[nodiscard]] bool stands_at(char const* at, std::size_t size) const noexcept
    {
#if defined(__SSE2__)
        auto const same = [&](std::size_t from) {
            auto const load = [](char const* bytes) { return _mm_loadu_si128(reinterpret_cast<__m128i const*>(bytes)); };
            auto const masked = _mm_and_si128(load(at + from), load(mask_ + from));
            return _mm_movemask_epi8(_mm_cmpeq_epi8(masked, load(bytes_ + from))) == 0xFFFF;
        };
        return same(0) && (size <= 16 || (size <= size_max && same(16)));
#else
        return size <= size_max && std::memcmp(at, bytes_, size) == 0;
#endif
    }

private:
    char bytes_[size_max] = {}, mask_[size_max] = {};
};

}  // namespace schemas::detail
