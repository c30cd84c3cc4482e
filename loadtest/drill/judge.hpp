#pragma once

// Compares what a provider has receipts for, what the database holds and what the backend got, dossier by dossier. Pure: every
// figure is computed from these three lists.
//
// Threads: free functions. Errors: none; whatever does not fit is counted and the first of it put into words.

#include "loadtest/drill/ledger.hpp"

#include <optional>
#include <string>
#include <vector>

namespace loadtest::drill
{

// One row of the database, as the judge looks at it.
struct Row {
    std::string key, content_sha256, dossier_id, case_code;
    std::string body_sha256;                     // of the bytes stored, computed again
    std::string receipt_xml_sha256, receipt_json_sha256;
    std::string trouble;                         // of the receipt, computed again from the bytes; empty: none, or not looked at
};

struct Verdict {
    std::uint64_t accepted = 0;    // receipts that the provider has
    std::uint64_t stored = 0;      // rows
    std::uint64_t delivered = 0;   // distinct dossiers the backend took
    std::uint64_t handed_over = 0; // attempts that reached the backend, repeats among them
    std::uint64_t lost = 0;        // receipts without a row, and dossiers the backend never got
    std::uint64_t doubled = 0;     // one content, key or code stored twice; one content taken twice by the backend as new
    std::uint64_t differences = 0; // receipts, codes, ids or bytes that are not the same everywhere
    std::uint64_t unheard = 0;     // rows nobody has a receipt for
    std::uint64_t gaps = 0;        // numbers of an agency and year that no dossier has
    std::uint64_t disorder = 0;    // dossiers of one unit that reached the backend before an earlier one
    std::uint64_t overlaps = 0;    // hand-overs that began while another of their unit was under way
    std::uint64_t set_apart = 0;   // dossiers that the backend refused and took later: out of their unit's order, as they may be
    std::optional<double> recover_s;  // the longest time from a fault's end to the next receipt; nothing: no fault was followed by one
    std::vector<std::string> words;   // the first of what is wrong

    [[nodiscard]] bool good() const;
};

[[nodiscard]] Verdict judge(std::vector<Entry> const& ledger, std::vector<Row> const& rows, std::vector<Taken> const& record,
                            std::vector<Fault> const& faults);

} // namespace loadtest::drill
