#pragma once

// Pages that are made from the program itself, so that they cannot grow old: ops/faults.md, ops/config.md, ops/metrics.md.
// `ivan-gateway docs NAME` prints one; tests/tidy compares.

#include <optional>
#include <string>
#include <string_view>

namespace gateway {

[[nodiscard]] std::string faults_markdown();
[[nodiscard]] std::string metrics_markdown();
// "faults", "config" or "metrics". Nothing: no such page.
[[nodiscard]] std::optional<std::string> docs_page(std::string_view name);

}  // namespace gateway
