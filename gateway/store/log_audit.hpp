#pragma once

// The provable log checked from the database alone, everything computed anew: each row's leaf from its own body and receipt,
// each group's frontier and nodes from its leaves, each signed head and statement from the frontier; each receipt's seal, and
// whether receipt, stored answer and columns of a row say the same. Read in one snapshot, so a gateway may go on meanwhile.
//
// Threads: any, on a connection of its own; blocks; rows are computed on `threads` more. Errors: std::runtime_error where the
// database cannot be read. Memory: 33 octets a leaf, a bit a case number, batches_max times rows_at_once rows and findings_max findings; a log too
// long for that is checked from an index on.
// Trusts: nothing in the database. Somebody who writes all of it consistently, or cuts its end off with the counters of case codes, is
// found by the heads that providers keep: give some (AuditOptions::heads).

#include "gateway/dossier/case_code.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace store {

// Whether rows are compared with their receipts and answers, and of how many the signature is verified, which costs as much as all
// the rest: of every row, of one in audit_sample_of by chance, of none.
enum class AuditReceipts { all, sample, none };
inline constexpr std::size_t audit_sample_of = 16;

// A head that somebody kept outside of the database (ledger/head.hpp), under the name that findings call it.
struct KeptHead {
    std::string name, text, signature;
};

struct AuditOptions {
    std::uint64_t from_index = 0;            // of leaves before it only their hashes are believed, through the stored frontier
    std::vector<KeptHead> heads;             // compared with the log as the stored ones are; none may stand before from_index's commit
    std::vector<dossier::CaseCodeTemplate> case_codes = dossier::built_in_templates();  // whose missing numbers are named; others' codes are counted
    std::vector<std::string> certificates;   // PEM, of receipt keys: heads, statements and receipts are verified with them
    AuditReceipts receipts = AuditReceipts::all;  // none: also no comparison of columns with receipt and answer
    unsigned threads = 0;                    // 0: one for each processor
    std::size_t findings_max = 1000;
    std::size_t rows_at_once = 100;
    std::size_t batches_max = 16;            // of rows_at_once, read and not yet judged
    std::function<void(std::uint64_t rows)> progress;  // now and then
};

struct AuditFinding {
    // body, content_sha256, receipt, case_code, provider, received_at, dossier_id, log_index, refusal: this part of a row is not
    // what the log holds · missing: no row for a leaf · not_logged: a row without a leaf · inserted: a row with the place of another ·
    // beyond: a row past the log's end · leaf, node, frontier, groups: the log's own tables · head, statement: what was signed ·
    // counter: a counter of case codes is ahead of its codes, behind them or gone: dossiers were removed, with all that spoke of them; case_code is
    // the first that is missing; told where every row and leaf is in order ·
    // claim, status: the key's claim or the look-up's row is missing, of no dossier, or not what the dossier says; told where the rows are in order ·
    // row: a column is not what the logged receipt says · answer: nor is the stored answer · signature: the receipt is not the hub's
    std::string what;
    std::optional<std::uint64_t> index;
    std::string dossier_id, case_code, detail;
};

struct AuditReport {
    std::uint64_t size = 0, leaves = 0, groups = 0, nodes = 0, heads = 0, statements = 0, heads_kept = 0, heads_unverified = 0;
    std::uint64_t dossiers = 0, refusals = 0, before_the_log = 0;
    std::uint64_t receipts_verified = 0, receipts_unverified = 0;  // chosen; of the second no certificate was given
    std::vector<AuditFinding> findings;
    std::uint64_t findings_left_out = 0;
    [[nodiscard]] bool clean() const noexcept { return findings.empty() && findings_left_out == 0; }
};

[[nodiscard]] AuditReport audit_log(std::string const& database_url, AuditOptions const& options);

}  // namespace store
