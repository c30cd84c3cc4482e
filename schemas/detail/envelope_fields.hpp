#pragma once

// What a single value of the envelope must look like, and what kind of file some bytes are. Pure functions of text.

#include "schemas/envelope.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace schemas::detail {

constexpr bool is_space(char c) noexcept { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

[[nodiscard]] std::string_view trimmed(std::string_view text) noexcept;
[[nodiscard]] std::string ascii_lower(std::string_view text);

// For comparing file names whatever their case: the letters of Vietnamese, composed. REQUIRES: valid UTF-8.
[[nodiscard]] std::u32string folded(std::string_view text);

// Digits only, at most 15 of them.
[[nodiscard]] std::optional<std::uint64_t> number(std::string_view text) noexcept;

// Formats, as vendors' public code and BHXH's portal show them. Check digits and code lists are the rules' matter.
[[nodiscard]] bool number_format(std::string_view text) noexcept;
[[nodiscard]] bool code_format(std::string_view text) noexcept;       // letters, digits . - _, at most 50
[[nodiscard]] bool tax_code_format(std::string_view text) noexcept;   // 10 digits, 10-3, or 12 (TT 86/2024)
[[nodiscard]] bool agency_format(std::string_view text) noexcept;     // 5 digits
[[nodiscard]] bool unit_code_format(std::string_view text) noexcept;  // letters and digits, at most 20
[[nodiscard]] bool unit_kind_format(std::string_view text) noexcept;  // digits, at most 9
[[nodiscard]] bool month_format(std::string_view text) noexcept;      // MM/yyyy
[[nodiscard]] bool date_format(std::string_view text) noexcept;       // dd/MM/yyyy, a day of the calendar
// No path separators, no control characters, none that turn the direction of the text. REQUIRES: valid UTF-8.
[[nodiscard]] bool file_name_safe(std::string_view text) noexcept;

struct CodeAndVersion {
    std::string_view code, version;
};
// "TK1-TS-595" → TK1-TS, 595. Vendors tag the decision a code follows: -595, _595, -959, -166 (vendors' public
// code), -1040. Any three or four digits behind the last - or _ are such a tag.
[[nodiscard]] CodeAndVersion without_version(std::string_view code) noexcept;

// One form may travel under two codes; the canonical one is its root element.
[[nodiscard]] std::string_view canonical_code(std::string_view code) noexcept;

// The content that a LoaiFile as ".pdf" promises; nothing: a kind we do not take.
[[nodiscard]] std::optional<Content> content_for(std::string_view extension);
[[nodiscard]] bool is_content(Content content, std::string_view bytes);
// ".pdf" of "giấy tờ.pdf"; empty where what follows the last dot is no extension, as in "số 1.2".
[[nodiscard]] std::string_view extension_of(std::string_view file_name) noexcept;

}  // namespace schemas::detail
