#include "gateway/dossier/id.hpp"

#include "gateway/runtime/random.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>

namespace dossier {

namespace {
constexpr std::string_view hex_digits = "0123456789abcdef";
constexpr bool dash_at(std::size_t position)
{
    return position == 8 || position == 13 || position == 18 || position == 23;
}
}  // namespace

std::string new_id(runtime::Instant at)
{
    std::array<std::uint8_t, 16> bytes;
    std::ranges::copy(runtime::unique_bytes(10), bytes.begin() + 6);
    auto const ms = static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::milliseconds>(at.time_since_epoch()).count());
    for (std::size_t i = 0; i < 6; ++i) bytes[i] = static_cast<std::uint8_t>(ms >> (40 - 8 * i));
    bytes[6] = static_cast<std::uint8_t>(0x70 | (bytes[6] & 0x0f));  // RFC 9562 §5.7: version 7
    bytes[8] = static_cast<std::uint8_t>(0x80 | (bytes[8] & 0x3f));  // RFC 9562 §4.1: variant 10

    std::string text;
    text.reserve(36);
    for (auto const byte : bytes) {
        if (dash_at(text.size())) text += '-';
        text += hex_digits[byte >> 4];
        text += hex_digits[byte & 15];
    }
    return text;
}

bool id_ok(std::string_view text)
{
    if (text.size() != 36) return false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (dash_at(i) ? text[i] != '-' : hex_digits.find(text[i]) == std::string_view::npos) return false;
    }
    return text[14] == '7' && (text[19] == '8' || text[19] == '9' || text[19] == 'a' || text[19] == 'b');
}

}  // namespace dossier
