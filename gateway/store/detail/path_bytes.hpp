#pragma once

// Several byte strings as one: each 4 bytes of length, most significant first, then its bytes.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace store::detail {

[[nodiscard]] std::string join_path(std::vector<std::string> const& parts);
[[nodiscard]] std::optional<std::vector<std::string>> split_path(std::string_view bytes);  // nothing: not of this form

}  // namespace store::detail
