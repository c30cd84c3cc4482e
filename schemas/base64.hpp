#pragma once

// Base64 as xs:base64Binary has it (RFC 4648 §4, white space allowed between characters, padding required,
// unused bits zero). Strict: what does not decode one way only is refused.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace schemas {

// Decodes text that comes in pieces, cut anywhere, into room that the caller empties between them.
//
// Threads: one thread's. Errors: a Step that refuses; then only begin() helps.
class Base64Stream {
public:
    struct Step {
        std::size_t taken = 0;    // of the text; less than all of it where the room is full (less than 3 bytes are left)
        std::size_t written = 0;
        bool        refused = false;
    };

    void begin() noexcept { *this = {}; }
    [[nodiscard]] Step feed(std::string_view text, std::span<char> room) noexcept;
    // Whether all that was fed is one whole text. REQUIRES: nothing of it was refused.
    [[nodiscard]] bool end() const noexcept { return filled_ + padded_ == 0 || filled_ + padded_ == 4; }

private:
    std::uint32_t group_ = 0;                // of the four characters that are being gathered
    unsigned      filled_ = 0, padded_ = 0;  // of them; both stay where padding has ended the text
};

[[nodiscard]] std::optional<std::string> base64_decode(std::string_view text);
[[nodiscard]] std::string base64_encode(std::string_view bytes);  // one line, padded

// Decodes whole groups of four characters of the alphabet, from the beginning of the text up to anything else (white space and
// padding too) or the end of text or room; how many bytes it has written, three a group. Four characters and three bytes are
// the same 24 bits, so base64_encode() of these bytes is the very text that was taken.
[[nodiscard]] std::size_t base64_groups(std::string_view text, std::span<char> room) noexcept;
// Writes what base64_encode() returns, and where it ends. REQUIRES: room for base64_size(bytes.size()) characters.
char* base64_encode_to(std::string_view bytes, char* text) noexcept;
[[nodiscard]] constexpr std::size_t base64_size(std::size_t bytes) { return (bytes + 2) / 3 * 4; }

}  // namespace schemas
