#pragma once

// The work queue to the backend: small, apart from the journal. At least once, in order per unit, dead letters for a person.
// One worker at a time holds the queue: claim() takes and renews the hold, and whoever is silent for too long loses it to the next
// who asks, with all that it had in flight.
// Threads: call from any io_context; the answer comes back on the caller's executor.

#include "gateway/dossier/state.hpp"
#include "gateway/runtime/clock.hpp"
#include "gateway/runtime/deadline.hpp"
#include "gateway/runtime/task.hpp"
#include "gateway/store/failure.hpp"

#include <chrono>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <vector>

namespace store {

struct Claim {
    std::int64_t sequence = 0;
    std::string dossier_id, case_code, provider, unit_code, agency, procedure, content_sha256, idempotency_key, trace_id;
    runtime::Instant received_at{};
    std::uint32_t attempts = 0;  // before this one
    std::shared_ptr<std::string const> body;  // the envelope exactly as received; never null where it was claimed
    // The queue is this worker's until then, however its database fares; an attempt ends before, or another gateway may be at the same unit.
    std::chrono::steady_clock::time_point held_until = std::chrono::steady_clock::time_point::max();
    bool as_digested = false;    // body is the very string that content_sha256 was taken of, not one restored from the store
};

struct Settlement {
    std::int64_t sequence = 0;
    std::string dossier_id;
    dossier::State state{};          // delivered, deferred or dead
    runtime::Instant due_at{};       // for deferred
    int http_status = 0;             // 0: no answer
    std::string reason;              // short, for the dead letter and the log
    std::uint32_t attempts = 0;      // as the claim had it; of an attempt that has been followed by another nothing is written
};

struct QueueDepth {
    std::uint64_t waiting = 0, leased = 0, dead = 0;
    bool held = false;  // by who asks: all that is delivered passes through it
    std::chrono::seconds oldest{0};
};

struct DeadLetter {
    std::int64_t sequence = 0;
    std::string dossier_id, case_code, provider, unit_code, agency, reason;
    int http_status = 0;
    std::uint32_t attempts = 0;
    runtime::Instant died_at{};
};

inline constexpr std::chrono::seconds hold_renewal{3};

// How many a claim may take: `rows` in all, of which `retries` may have been tried before.
struct Places {
    Places(std::size_t all, std::size_t tried_before = std::numeric_limits<std::size_t>::max()) : rows{all}, retries{tried_before} {}
    std::size_t rows, retries;
};

class Queue {
public:
    virtual ~Queue() = default;
    // At most so many whose time has come, at most one of each unit, the unit's oldest; each comes back by itself after `lease`.
    // Nothing where another worker holds the queue. With no rows it only renews the hold, for which it is to be called every
    // few seconds (hold_renewal).
    virtual runtime::Task<Result<std::vector<Claim>>> claim(std::string worker, Places places, std::size_t bytes_max,
                                                            std::chrono::seconds lease, runtime::Instant now,
                                                            runtime::Deadline deadline) = 0;
    virtual runtime::Task<Result<void>> settle(std::string worker, std::vector<Settlement> settlements, runtime::Deadline deadline) = 0;
    // Gives the queue back before the hold ends, for the next worker.
    virtual runtime::Task<Result<void>> let_go(std::string worker, runtime::Deadline deadline)
    {
        static_cast<void>(worker), static_cast<void>(deadline);
        co_return Result<void>{};
    }
    virtual runtime::Task<Result<QueueDepth>> depth(runtime::Instant now, runtime::Deadline deadline) = 0;
    virtual runtime::Task<Result<std::vector<DeadLetter>>> dead_letters(std::size_t limit, runtime::Deadline deadline) = 0;
    virtual runtime::Task<Result<void>> replay(std::string dossier_id, runtime::Deadline deadline) = 0;  // not_found where not dead
};

}  // namespace store
