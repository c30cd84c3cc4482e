#include "schemas/base64.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

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

}  // namespace

std::optional<std::string> base64_decode(std::string_view text)
{
    std::string bytes;
    bytes.resize(text.size() / 4 * 3 + 3);
    auto* out = bytes.data();
    auto const* at = reinterpret_cast<unsigned char const*>(text.data());
    auto const* const end = at + text.size();
    auto const put = [&out](std::uint32_t three) {
        *out++ = static_cast<char>(three >> 16);
        *out++ = static_cast<char>(three >> 8);
        *out++ = static_cast<char>(three);
    };

    std::uint32_t group = 0;
    unsigned filled = 0, padded = 0;
    while (at != end) {
        // Four characters of the alphabet at a time, as long as nothing else comes.
        while (filled == 0 && padded == 0 && end - at >= 4) {
            std::uint32_t const a = values[at[0]], b = values[at[1]], c = values[at[2]], d = values[at[3]];
            if ((a | b | c | d) >= 64) break;
            put(a << 18 | b << 12 | c << 6 | d);
            at += 4;
        }
        if (at == end) break;
        auto const value = values[*at++];
        if (value == space) continue;
        if (value == foreign) return std::nullopt;
        if (value == padding) {
            if (filled + ++padded > 4 || filled < 2) return std::nullopt;
            continue;
        }
        if (padded != 0) return std::nullopt;
        group = group << 6 | value;
        if (++filled == 4) {
            put(group);
            group = 0;
            filled = 0;
        }
    }

    if (filled == 0 && padded == 0) {
        bytes.resize(static_cast<std::size_t>(out - bytes.data()));
        return bytes;
    }
    if (filled + padded != 4) return std::nullopt;
    unsigned const unused = filled == 2 ? 4 : 2;
    if ((group & ((1u << unused) - 1)) != 0) return std::nullopt;  // RFC 4648 §3.5: one text for one value
    group >>= unused;
    if (filled == 3) *out++ = static_cast<char>(group >> 8);
    *out++ = static_cast<char>(group);
    bytes.resize(static_cast<std::size_t>(out - bytes.data()));
    return bytes;
}

std::string base64_encode(std::string_view bytes)
{
    std::string text;
    text.reserve((bytes.size() + 2) / 3 * 4);
    auto const at = [&](std::size_t i) -> std::uint32_t { return i < bytes.size() ? static_cast<unsigned char>(bytes[i]) : 0u; };
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        auto const three = at(i) << 16 | at(i + 1) << 8 | at(i + 2);
        text.push_back(alphabet[three >> 18]);
        text.push_back(alphabet[three >> 12 & 63]);
        text.push_back(i + 1 < bytes.size() ? alphabet[three >> 6 & 63] : '=');
        text.push_back(i + 2 < bytes.size() ? alphabet[three & 63] : '=');
    }
    return text;
}

}  // namespace schemas
