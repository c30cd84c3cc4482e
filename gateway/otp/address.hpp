#pragma once

// Who is asked, and where a code goes: strict formats, one spelling each. Pure.

#include <optional>
#include <string>
#include <string_view>

namespace otp {

// 12 digits: the personal number (Luật Căn cước 2023), which is also a household's tax code (TT 86/2024/TT-BTC).
[[nodiscard]] bool person_ok(std::string_view person) noexcept;

// A Vietnamese mobile number as people write it (0901 234 567, +84 901.234.567, 84901234567) → "+84901234567".
// Mobile numbers begin with 3, 5, 7, 8 or 9 after the 0 since the change of prefixes of 2018.
[[nodiscard]] std::optional<std::string> phone(std::string_view written);

// local@domain with the dot-atom of RFC 5322 §3.4.1 and a domain of letters, digits and hyphens; at most 254 bytes
// (RFC 5321 §4.5.3.1.3). No quoted parts, no address literals: our own choice. The domain comes back in lower case.
[[nodiscard]] std::optional<std::string> email(std::string_view written);

}  // namespace otp
