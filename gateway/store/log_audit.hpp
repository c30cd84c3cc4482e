#pragma once

// The provable log checked from the database alone, everything computed anew: each row's leaf from its own body and receipt,
// each group's frontier and nodes from its leaves, each signed head from the frontier. Read in one snapshot, so a gateway may
// go on meanwhile.
//
// Threads: any, on a connection of its own; blocks. Errors: std::runtime_error where the database cannot be read. Memory: 33
// octets a leaf, rows_at_once rows and findings_max findings; a log too long for that is checked from an index on.
// Trusts: nothing in the database. Somebody who writes all of it consistently is found by the heads that providers keep.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace store {

struct AuditOptions {
    std::uint64_t from_index = 0;            // of leaves before it only their hashes are believed, through the stored frontier
    std::vector<std::string> certificates;   // PEM, of receipt keys: heads are verified with them
    std::size_t findings_max = 1000;
    std::size_t rows_at_once = 100;
    std::function<void(std::uint64_t rows)> progress;  // now and then
};

struct AuditFinding {
    // body, content_sha256, receipt, case_code, provider, received_at, dossier_id, refusal: this part of a row is not what the
    // log holds · missing: no row for a leaf · not_logged: a row without a leaf · inserted: a row with the place of another ·
    // beyond: a row past the log's end · leaf, node, frontier, groups: the log's own tables · head: a signed head
    std::string what;
    std::optional<std::uint64_t> index;
    std::string dossier_id, case_code, detail;
};

struct AuditReport {
    std::uint64_t size = 0, leaves = 0, groups = 0, nodes = 0, heads = 0, heads_unverified = 0;
    std::uint64_t dossiers = 0, refusals = 0, before_the_log = 0;
    std::vector<AuditFinding> findings;
    std::uint64_t findings_left_out = 0;
    [[nodiscard]] bool clean() const noexcept { return findings.empty() && findings_left_out == 0; }
};

[[nodiscard]] AuditReport audit_log(std::string const& database_url, AuditOptions const& options);

}  // namespace store
