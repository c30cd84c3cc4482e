#pragma once

#include "gateway/runtime/clock.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace dossier {

// 2026-11-21T09:05:07.123+07:00: Vietnam time, milliseconds. Everything people and courts read is in this form.
[[nodiscard]] std::string vietnam_time(runtime::Instant at);
void append_vietnam_time(std::string& text, runtime::Instant at);  // the same, behind what `text` holds
[[nodiscard]] std::string vietnam_date(std::chrono::sys_days day);  // 2026-11-21
[[nodiscard]] std::optional<std::chrono::sys_days> parse_date(std::string_view text);  // 2026-11-21 and nothing else, as vietnam_date() writes it
[[nodiscard]] std::optional<runtime::Instant> parse_rfc3339(std::string_view text);  // any offset, optional fraction

}  // namespace dossier
