#pragma once

// The delivery queue over a MemoryStore: PgQueue without PostgreSQL. The order of each unit and what is in flight are kept by
// the very Backlog that PgQueue uses; only the tables behind it are plain values. One object is one gateway's.
//
// Threads: one. Errors: as store::Queue, never unavailable.

#include "gateway/store/detail/backlog.hpp"
#include "gateway/store/queue.hpp"
#include "tests/support/memory_store.hpp"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace support {

class StoredQueue final : public store::Queue {
public:
    static constexpr std::chrono::seconds hold_max{15};

    // `database_time`: the clock that leases are counted by.
    StoredQueue(MemoryStore& store, std::function<runtime::Instant()> database_time)
        : store_{store}, database_time_{std::move(database_time)}
    {
    }

    runtime::Task<store::Result<std::vector<store::Claim>>> claim(std::string worker, store::Places places, std::size_t bytes_max,
                                                                  std::chrono::seconds lease, runtime::Instant now,
                                                                  runtime::Deadline deadline) override;
    runtime::Task<store::Result<void>> settle(std::string worker, std::vector<store::Settlement> settlements, runtime::Deadline deadline) override;
    runtime::Task<store::Result<void>> let_go(std::string worker, runtime::Deadline deadline) override;
    runtime::Task<store::Result<store::QueueDepth>> depth(runtime::Instant now, runtime::Deadline deadline) override;
    runtime::Task<store::Result<std::vector<store::DeadLetter>>> dead_letters(std::size_t limit, runtime::Deadline deadline) override;
    runtime::Task<store::Result<void>> replay(std::string dossier_id, runtime::Deadline deadline) override;

    // The same as plain calls, for who says himself when they take place and what they take.
    std::vector<store::Claim> claim_now(std::string const& worker, store::Places places, std::size_t bytes_max, std::chrono::seconds lease,
                                        runtime::Instant now);
    void settle_now(std::string const& worker, std::vector<store::Settlement> const& settlements);
    void let_go_now(std::string const& worker);
    [[nodiscard]] store::QueueDepth depth_now(runtime::Instant now);

private:
    struct Turn {
        std::string worker;
        runtime::Instant renew_at{}, until{};
        std::uint64_t starts = 0;  // of the store
        store::detail::Backlog backlog;
        std::int64_t read = 0;  // every row up to here is known
    };
    [[nodiscard]] bool hold(std::string const& worker, std::chrono::seconds lease);
    void read_on();

    MemoryStore& store_;
    std::function<runtime::Instant()> database_time_;
    std::optional<Turn> turn_;
};

}  // namespace support
