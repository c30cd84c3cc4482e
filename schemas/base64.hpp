#pragma once

// Base64 as xs:base64Binary has it (RFC 4648 §4, white space allowed between characters, padding required,
// unused bits zero). Strict: what does not decode one way only is refused.

#include <optional>
#include <string>
#include <string_view>

namespace schemas {

[[nodiscard]] std::optional<std::string> base64_decode(std::string_view text);
[[nodiscard]] std::string base64_encode(std::string_view bytes);  // one line, padded

}  // namespace schemas
