#pragma once

// The intake journal in memory: for the simulator and for tests of what stands before the journal. It may stand in for
// PgJournal because it passes the same contract suite (tests/contract/journal_contract_test.cpp).
//
// Threads: any (one mutex). Errors: as store::Journal, but never unavailable unless `down` is set.

#include "tests/support/memory_store.hpp"

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace support {

class MemoryJournal final : public store::Journal {
public:
    using Entry = MemoryStore::Entry;

    explicit MemoryJournal(store::Sealer sealer, dossier::CaseCodeTemplate form = {});

    runtime::Task<store::Result<store::Stored>> accept(store::Acceptance acceptance, runtime::Deadline deadline) override;
    runtime::Task<store::Result<void>> refuse(store::RefusalRecord record, runtime::Deadline deadline) override;
    runtime::Task<store::Result<std::optional<store::Stored>>> find(std::string provider, std::string idempotency_key,
                                                                    std::string content_sha256, runtime::Deadline deadline) override;
    runtime::Task<store::Result<store::Stored>> accept_row(store::detail::Row row, runtime::Deadline deadline);

    // Redeems a one-time password, in the same breath as the acceptance: (challenge, provider, key, at). MemoryOtp::redeem.
    std::function<bool(std::string const&, std::string const&, std::string const&, runtime::Instant)> redeem;

    std::atomic<bool> down{false};  // answers unavailable, stores nothing

    [[nodiscard]] std::vector<Entry> entries() const;  // in order of acceptance
    [[nodiscard]] std::vector<store::RefusalRecord> refusals() const;
    [[nodiscard]] std::vector<std::uint64_t> refusal_places() const;  // in the provable log
    // For a queue over the same rows. REQUIRES: nobody calls the journal meanwhile.
    [[nodiscard]] MemoryStore& store() noexcept { return store_; }

private:
    mutable std::mutex mutex_;  // guards store_
    MemoryStore store_;
};

}  // namespace support
