#pragma once

// Walks what was stored, for those who check it from outside: every body unpacked, with the receipt that was given for it.
//
// Threads: any, on a connection of its own; blocks. Errors: std::runtime_error. Bounds: `page` rows in memory at once.

#include "gateway/runtime/clock.hpp"

#include <cstdint>
#include <functional>
#include <string>

namespace store {

struct StoredRow {
    std::string dossier_id, case_code, provider, idempotency_key, unit_code, agency;
    runtime::Instant received_at{};
    std::string content_sha256;  // the column: 64 hex digits
    std::string body;            // the envelope, unpacked
    std::string receipt_xml, receipt_json;
};

// Every dossier received at or after `from`, by agency and time, until `visit` says false. Returns how many were visited.
std::uint64_t for_each_stored(std::string const& database_url, runtime::Instant from,
                              std::function<bool(StoredRow const&)> const& visit);

} // namespace store
