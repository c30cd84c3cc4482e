#pragma once

// The intake journal: the commit is the promise. A receipt means stored; one dossier, one code, one receipt.
//
// Implementations: PgJournal (postgres.hpp) and the in-memory one of tests/support, which passes the same contract
// suite (tests/contract/journal_contract_test.cpp).
// Threads: call from any io_context; the answer comes back on the caller's executor.

#include "gateway/dossier/receipt.hpp"
#include "gateway/runtime/deadline.hpp"
#include "gateway/runtime/task.hpp"
#include "gateway/store/failure.hpp"
#include "providers/registry.hpp"
#include "schemas/validator.hpp"
#include "signing/digest.hpp"
#include "signing/verifier.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace store {

// All evidence of one dossier; unverified bytes cannot be stored by mistake.
struct Acceptance {
    providers::Admitted admitted;
    signing::Verified   verified;  // its at() is the filing time
    schemas::Valid      valid;
    std::string         content_sha256;   // 64 hex digits of the envelope as received
    std::string         idempotency_key;  // 1..200 visible ASCII characters
    std::string         trace_id;         // 32 hex digits
    std::shared_ptr<std::string const> body{};  // the envelope's bytes, where the caller shares them: saves delivery a read
    std::string         corrects{};       // id or case code of an accepted dossier of this provider and unit; empty: no correction
};

struct Stored {
    std::string      dossier_id;
    std::string      case_code;
    dossier::Receipt receipt;    // byte for byte the same on every repeat
    bool             repeated = false;
};

// A refused dossier, kept too (promise 4).
struct RefusalRecord {
    std::string      provider;         // code
    std::string      idempotency_key;
    std::string      content_sha256;
    std::string      body;             // as received; empty where it was never read
    std::string      fault_id;         // "GW-2001"
    std::string      problem;          // the problem+json we answered
    runtime::Instant at{};
    std::string      trace_id;
};

// Gives the receipt its bytes, inside the commit, once the number is known. Where it throws signing::KeyTrouble nothing
// is stored and the answer is `unavailable`.
using Sealer = std::function<dossier::Receipt(dossier::ReceiptFacts const&)>;

class Journal {
public:
    virtual ~Journal() = default;
    // One transaction: seen before? number it, give it its place in the log, sign the receipt, store the bytes, queue it.
    // The same bytes under another key are a `duplicate`, unless they come as a correction.
    virtual runtime::Task<Result<Stored>> accept(Acceptance acceptance, runtime::Deadline deadline) = 0;
    virtual runtime::Task<Result<void>> refuse(RefusalRecord record, runtime::Deadline deadline) = 0;
    // What this provider stored under this key, whatever has expired since. Empty: never accepted.
    // key_reused where it was other bytes.
    virtual runtime::Task<Result<std::optional<Stored>>> find(std::string provider, std::string idempotency_key,
                                                              std::string content_sha256, runtime::Deadline deadline) = 0;
};

}  // namespace store
