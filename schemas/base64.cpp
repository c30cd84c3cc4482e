#include "schemas/base64.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace schemas {

namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint8_t space = 64, padding = 65, foreign = 66;

constexpr auto values = [] {
    std::array<std::uint8_t, 256> table{};
    table.fill(foreign);
    for (std::size_t i = 0; i < alphabet.size(); ++i) table[static_cast<unsigned char>(alphabet[i])] = static_cast<std::uint8_t>(i);
    for (unsigned char c : {' ', '\t', '\r', '\n'}) table[c] = space;
    table['='] = padding;
    return table;
}();

// The value of a character where it stands in its group of four; no_value for what is not of the alphabet.
constexpr std::uint32_t no_value = 1u << 31;
constexpr auto placed = [] {
    std::array<std::array<std::uint32_t, 256>, 4> tables{};
    for (std::size_t place = 0; place < 4; ++place)
        for (std::size_t c = 0; c < 256; ++c) tables[place][c] = values[c] < 64 ? std::uint32_t{values[c]} << (18 - 6 * place) : no_value;
    return tables;
}();

struct Reader {
    unsigned char const *at, *end;
    char *out, *out_end;

    void put(std::uint32_t three) noexcept
    {
        out[0] = static_cast<char>(three >> 16);
        out[1] = static_cast<char>(three >> 8);
        out[2] = static_cast<char>(three);
        out += 3;
    }
};

enum class Spaces { passed_over, stopped_at };

// Whole groups of the alphabet, up to anything else or the end of text or room.
void read_groups(Reader& reader) noexcept
{
    while (reader.end - reader.at >= 4 && reader.out_end - reader.out >= 3) {
        auto const* const at = reader.at;
        auto const three = placed[0][at[0]] | placed[1][at[1]] | placed[2][at[2]] | placed[3][at[3]];
        if (three & no_value) return;
        reader.put(three);
        reader.at += 4;
    }
}

#if defined(__x86_64__)

// 32 characters at a time, by the method of W. Muła and D. Lemire, "Faster Base64 Encoding and Decoding Using AVX2
// Instructions" (2018): two look-ups by nibble share a bit exactly where a byte is not of the alphabet.
template <Spaces spaces>
__attribute__((target("avx2"))) void read_groups_avx2(Reader& reader) noexcept
{
    auto const by_low = _mm256_broadcastsi128_si256(_mm_setr_epi8(0x15, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x13, 0x1A, 0x1B, 0x1B, 0x1B, 0x1A));
    auto const by_high = _mm256_broadcastsi128_si256(_mm_setr_epi8(0x10, 0x10, 0x01, 0x02, 0x04, 0x08, 0x04, 0x08, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10));
    auto const shift = _mm256_broadcastsi128_si256(_mm_setr_epi8(0, 16, 19, 4, -65, -65, -71, -71, 0, 0, 0, 0, 0, 0, 0, 0));
    auto const order = _mm256_broadcastsi128_si256(_mm_setr_epi8(2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1));
    auto const slash = _mm256_set1_epi8(0x2F);
    // 24 bytes are made and 32 written.
    while (reader.end - reader.at >= 32 && reader.out_end - reader.out >= 32) {
        auto const text = _mm256_loadu_si256(reinterpret_cast<__m256i const*>(reader.at));
        auto const high = _mm256_and_si256(_mm256_srli_epi32(text, 4), slash);
        auto const low = _mm256_and_si256(text, slash);
        auto const foreign_bits = _mm256_and_si256(_mm256_shuffle_epi8(by_low, low), _mm256_shuffle_epi8(by_high, high));
        auto const shifts = _mm256_shuffle_epi8(shift, _mm256_add_epi8(_mm256_cmpeq_epi8(text, slash), high));
        auto const sixes = _mm256_add_epi8(text, shifts);
        auto const twelves = _mm256_maddubs_epi16(sixes, _mm256_set1_epi32(0x01400140));
        auto const threes = _mm256_shuffle_epi8(_mm256_madd_epi16(twelves, _mm256_set1_epi32(0x00011000)), order);
        auto const bytes = _mm256_permutevar8x32_epi32(threes, _mm256_setr_epi32(0, 1, 2, 4, 5, 6, 7, 7));
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(reader.out), bytes);
        if (_mm256_testz_si256(foreign_bits, foreign_bits)) {
            reader.at += 32;
            reader.out += 24;
            continue;
        }
        // The groups before it count; where spaces may stand, a line's end behind them is passed over.
        auto const known = static_cast<unsigned>(_mm256_movemask_epi8(_mm256_cmpeq_epi8(foreign_bits, _mm256_setzero_si256())));
        auto const groups = static_cast<unsigned>(__builtin_ctz(~known)) / 4;
        auto const* const next = reader.at + 4 * groups;
        reader.at = next;
        reader.out += 3 * groups;
        if constexpr (spaces == Spaces::stopped_at) break;
        while (reader.at != reader.end && values[*reader.at] == space) ++reader.at;
        if (reader.at == next) break;
    }
    read_groups(reader);
}

// 24 bytes at a time, by the same authors' method; four are read beyond them. How many bytes it has written.
__attribute__((target("avx2"))) std::size_t write_groups_avx2(std::string_view bytes, char* text) noexcept
{
    auto const order = _mm256_broadcastsi128_si256(_mm_setr_epi8(1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10));
    auto const shift = _mm256_broadcastsi128_si256(_mm_setr_epi8(65, 71, -4, -4, -4, -4, -4, -4, -4, -4, -4, -4, -19, -16, 0, 0));
    std::size_t done = 0;
    for (; bytes.size() - done >= 28; done += 24, text += 32) {
        auto const* const at = bytes.data() + done;
        auto const low = _mm_loadu_si128(reinterpret_cast<__m128i const*>(at));
        auto const high = _mm_loadu_si128(reinterpret_cast<__m128i const*>(at + 12));
        auto const threes = _mm256_shuffle_epi8(_mm256_inserti128_si256(_mm256_castsi128_si256(low), high, 1), order);
        auto const odd = _mm256_mulhi_epu16(_mm256_and_si256(threes, _mm256_set1_epi32(0x0FC0FC00)), _mm256_set1_epi32(0x04000040));
        auto const even = _mm256_mullo_epi16(_mm256_and_si256(threes, _mm256_set1_epi32(0x003F03F0)), _mm256_set1_epi32(0x01000010));
        auto const sixes = _mm256_or_si256(odd, even);
        // 0 for A to Z, 1 for a to z, 2 to 11 for the digits, 12 for +, 13 for /.
        auto const kind = _mm256_sub_epi8(_mm256_subs_epu8(sixes, _mm256_set1_epi8(51)), _mm256_cmpgt_epi8(sixes, _mm256_set1_epi8(25)));
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(text), _mm256_add_epi8(sixes, _mm256_shuffle_epi8(shift, kind)));
    }
    return done;
}

bool has_avx2() noexcept
{
    static bool const has = __builtin_cpu_supports("avx2");
    return has;
}

template <Spaces spaces>
void read_whole_groups(Reader& reader) noexcept
{
    has_avx2() ? read_groups_avx2<spaces>(reader) : read_groups(reader);
}

std::size_t write_whole_groups(std::string_view bytes, char* text) noexcept { return has_avx2() ? write_groups_avx2(bytes, text) : 0; }

#else

template <Spaces>
void read_whole_groups(Reader& reader) noexcept
{
    read_groups(reader);
}

std::size_t write_whole_groups(std::string_view, char*) noexcept { return 0; }

#endif

}  // namespace

Base64Stream::Step Base64Stream::feed(std::string_view text, std::span<char> room) noexcept
{
    auto const* const begin = reinterpret_cast<unsigned char const*>(text.data());
    Reader reader{begin, begin + text.size(), room.data(), room.data() + room.size()};
    auto const step = [&](bool refused) {
        return Step{static_cast<std::size_t>(reader.at - begin), static_cast<std::size_t>(reader.out - room.data()), refused};
    };
    while (reader.at != reader.end) {
        if (filled_ == 0 && padded_ == 0) read_whole_groups<Spaces::passed_over>(reader);
        if (reader.at == reader.end) break;
        auto const value = values[*reader.at];
        if (value == foreign) return step(true);
        if (value == space) {
            ++reader.at;
            continue;
        }
        bool const room_left = reader.out_end - reader.out >= 3;
        if (value == padding) {
            if (filled_ < 2 || filled_ + padded_ == 4) return step(true);
            if (filled_ + padded_ == 3) {
                if (!room_left) break;
                unsigned const unused = filled_ == 2 ? 4 : 2;
                if ((group_ & ((1u << unused) - 1)) != 0) return step(true);  // RFC 4648 §3.5: one text for one value
                auto const bytes = group_ >> unused;
                if (filled_ == 3) *reader.out++ = static_cast<char>(bytes >> 8);
                *reader.out++ = static_cast<char>(bytes);
            }
            ++padded_;
        } else {
            if (padded_ != 0) return step(true);
            if (filled_ == 3 && !room_left) break;
            group_ = group_ << 6 | value;
            if (++filled_ == 4) {
                reader.put(group_);
                group_ = 0;
                filled_ = 0;
            }
        }
        ++reader.at;
    }
    return step(false);
}

std::optional<std::string> base64_decode(std::string_view text)
{
    constexpr std::size_t spare = 32;  // so that the fast loop reaches the end
    std::string bytes(text.size() / 4 * 3 + 3 + spare, '\0');
    Base64Stream stream;
    auto const step = stream.feed(text, bytes);
    if (step.refused || !stream.end()) return std::nullopt;
    bytes.resize(step.written);
    return bytes;
}

std::string base64_encode(std::string_view bytes)
{
    std::string text(base64_size(bytes.size()), '\0');
    base64_encode_to(bytes, text.data());
    return text;
}

std::size_t base64_groups(std::string_view text, std::span<char> room) noexcept
{
    auto const* const begin = reinterpret_cast<unsigned char const*>(text.data());
    Reader reader{begin, begin + text.size(), room.data(), room.data() + room.size()};
    read_whole_groups<Spaces::stopped_at>(reader);
    return static_cast<std::size_t>(reader.out - room.data());
}

char* base64_encode_to(std::string_view bytes, char* text) noexcept
{
    auto i = write_whole_groups(bytes, text);
    text += i / 3 * 4;
    auto const at = [&](std::size_t n) -> std::uint32_t { return n < bytes.size() ? static_cast<unsigned char>(bytes[n]) : 0u; };
    for (; i < bytes.size(); i += 3) {
        auto const three = at(i) << 16 | at(i + 1) << 8 | at(i + 2);
        *text++ = alphabet[three >> 18];
        *text++ = alphabet[three >> 12 & 63];
        *text++ = i + 1 < bytes.size() ? alphabet[three >> 6 & 63] : '=';
        *text++ = i + 2 < bytes.size() ? alphabet[three & 63] : '=';
    }
    return text;
}

}  // namespace schemas
