#pragma once

// Base64 is armour: it lets bytes travel as text, a third longer, and hides from a compressor whatever repeats in them. Before
// a body is compressed its armour is taken off; when it is read it is put on again, to the very same text.
//
// What is found is any long run of the alphabet of RFC 4648 §4, in one line or in lines of one width with one separator
// between them (a line's end as written or as a character reference, and indentation). Nothing is known of XML, and nothing
// is guessed: a run is taken in whole groups of four characters, and a group of four characters of the alphabet and its three
// bytes are the same 24 bits, so encoding them gives that text and no other. Padding and what does not fill a group stay as
// they are, so no padding bit can be lost.
//
// Stripped form, from its front to its end; numbers are LEB128 (seven bits a byte, least significant first):
//   the bytes, each run in them replaced by what it decodes to
//   the list, for each run: how many bytes stand between the end of the run before (or the front) and it; how many groups of
//     three bytes it has; how many of them one line has, 0 for a single line; otherwise the separator's length and itself
//   the length of the list, four bytes, least significant first
//
// Threads: free functions, any thread. Time: linear in the bytes. Trusts: nothing in what it is given.

#include "gateway/store/detail/scratch.hpp"

#include <cstddef>
#include <optional>
#include <string_view>

namespace store::detail {

inline constexpr std::size_t armour_line_min = 64;       // characters: PEM's width (RFC 7468 §2); shorter ones would hardly pay
inline constexpr std::size_t armour_separator_max = 40;  // bytes: a character reference, a line's end and some indentation
inline constexpr std::size_t armour_gain_min = 16;       // bytes: with less to gain a body stays as it is
inline constexpr std::size_t armour_runs_max = 4096;     // of one body; those after them stay as they are

// The stripped form, in `scratch`; nothing where it would be hardly shorter than the bytes.
[[nodiscard]] std::optional<std::string_view> strip_armour(std::string_view bytes, Scratch& scratch);

// How many bytes a stripped form stands for; nothing where it is damaged, or where they would be more than `bytes_max`.
[[nodiscard]] std::optional<std::size_t> armoured_size(std::string_view stripped, std::size_t bytes_max);
// Writes them to `out`. REQUIRES: room for as many as armoured_size() says of the same form.
void restore_armour(std::string_view stripped, char* out);

}  // namespace store::detail
