#pragma once

// The provable log as it is asked about: signed heads, and proofs about them (gateway/ledger). Whoever writes it is the journal.
//
// Threads: call from any io_context; the answer comes back on the caller's executor. Errors: Failure; not_found where nothing
// of that name has a place in the log, `behind` where no signed head covers it yet.

#include "gateway/ledger/head.hpp"
#include "gateway/ledger/proof.hpp"
#include "gateway/runtime/clock.hpp"
#include "gateway/runtime/deadline.hpp"
#include "gateway/runtime/task.hpp"
#include "gateway/store/failure.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace store {

struct LedgerConfig {
    std::string name = "ivan-hub";                   // in every head: whose log it is
    std::chrono::milliseconds head_interval{600'000};  // a head is signed at least so often
    std::chrono::milliseconds head_age_min{1'000};     // and, when it is asked for, no more often than this
};

struct SignedHead {
    std::uint64_t size = 0;
    runtime::Instant at{};
    std::string key_id, text;  // ledger/head.hpp
    std::string signature;     // signing::sign_text over the text
};

// Signs a head of this size and root, at this time. May throw signing::KeyTrouble.
using HeadSigner = std::function<SignedHead(std::uint64_t size, ledger::Hash const& root, runtime::Instant at)>;

// A place in the log with the octets that stand there, as the database's rows say.
struct LogEntry {
    std::uint64_t index = 0;
    std::string octets;  // ledger/leaf.hpp
};

struct Inclusion {
    LogEntry entry;
    std::uint64_t size = 0;
    ledger::Proof path;
    std::optional<SignedHead> head;  // of that size; nothing where the size was given
};

class Log {
public:
    virtual ~Log() = default;
    // The newest head, signed now where it is older than `age_max` and leaves have come since, or is older than head_interval.
    virtual runtime::Task<Result<SignedHead>> head(std::chrono::milliseconds age_max, runtime::Instant now, runtime::Deadline deadline) = 0;
    // Of a dossier by its id or case code, or of the newest refusal of a content; each only the provider's own. Without `size`
    // up to the newest head.
    enum class By { id, case_code, refused_content };
    virtual runtime::Task<Result<Inclusion>> inclusion(std::string provider, By by, std::string value, std::optional<std::uint64_t> size,
                                                       runtime::Instant now, runtime::Deadline deadline) = 0;
    // not_found where `to` is more than the log has.
    virtual runtime::Task<Result<ledger::Proof>> consistency(std::uint64_t from, std::uint64_t to, runtime::Deadline deadline) = 0;
};

}  // namespace store
