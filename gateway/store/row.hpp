#pragma once

// What the committer works on: plain facts and packed bytes, made once from the evidence on the caller's thread, so that
// trees and decoded forms are freed before the dossier waits for its batch.

#include "gateway/dossier/receipt.hpp"
#include "gateway/store/detail/compress.hpp"
#include "gateway/store/journal.hpp"
#include "gateway/store/queue.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace store::detail {

// A receipt and what it was signed for. Worth something only where the commit gives exactly that.
struct Sealed {
    std::string case_code;
    std::uint64_t log_index = 0;
    dossier::Receipt receipt;
    std::string xml, json;  // packed
};

struct Row {
    dossier::ReceiptFacts facts;  // dossier_id is given; case_code is still empty
    std::string packed_body;      // the envelope as received
    std::shared_ptr<std::string const> body;  // the same unpacked, where it is at hand
    std::string idempotency_key;
    std::string trace_id;
    std::string corrects;  // a dossier's id or case code; empty: no correction
    std::optional<Sealed> sealed;  // the last receipt that was signed for it
};

[[nodiscard]] Row row_of(Acceptance const& acceptance, Codec codec);

// Signs for the row's case code and place in the log, unless that has been done.
void seal(Row& row, Sealer const& sealer, Codec codec);

// What a reader of the queue would make of the row once it is committed (pg_queue.cpp), the body apart.
[[nodiscard]] Claim claim_of(Row const& row, std::string const& case_code, std::int64_t sequence);

}  // namespace store::detail
