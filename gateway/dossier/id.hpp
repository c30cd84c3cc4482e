#pragma once

#include "gateway/runtime/clock.hpp"

#include <string>
#include <string_view>

namespace dossier {

// UUID version 7 (RFC 9562 §5.7): sorts by time, so that rows are appended at the end of an index.
[[nodiscard]] std::string new_id(runtime::Instant at);
[[nodiscard]] bool id_ok(std::string_view text);

}  // namespace dossier
