#pragma once

// Dossiers under grace in memory: for tests of what stands before the store. It may stand in for PgGrace because it passes
// the same contract suite (tests/contract/grace_contract_test.cpp).
//
// Threads: one. Errors: as store::Grace; unavailable while `down` is set.

#include "gateway/store/grace.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace support {

class MemoryGrace final : public store::Grace {
public:
    struct Entry {
        store::GraceDossier dossier;
        runtime::Instant looked_at = runtime::Instant::min(), leased_until = runtime::Instant::min();
        std::optional<store::GraceVerdict> verdict;
        bool acknowledged = false;
    };
    std::map<std::string, Entry> entries;
    std::vector<std::string> notices;  // dossier ids, in order
    bool down = false;

    void add(store::GraceDossier dossier)
    {
        auto id = dossier.dossier_id;
        entries[std::move(id)].dossier = std::move(dossier);
    }

    runtime::Task<store::Result<std::vector<store::GraceDossier>>> claim(std::size_t rows, runtime::Instant sweep, runtime::Instant now,
                                                                         std::chrono::seconds lease, runtime::Deadline) override
    {
        if (down) co_return away();
        std::vector<Entry*> free;
        for (auto& [id, entry] : entries)
            if (!entry.verdict && entry.looked_at < sweep && entry.leased_until <= now) free.push_back(&entry);
        std::sort(free.begin(), free.end(), [](auto const* a, auto const* b) { return a->looked_at < b->looked_at; });
        std::vector<store::GraceDossier> claimed;
        for (auto* entry : free) {
            if (claimed.size() == rows) break;
            entry->looked_at = now;
            entry->leased_until = now + lease;
            claimed.push_back(entry->dossier);
        }
        co_return claimed;
    }
    runtime::Task<store::Result<bool>> settle(store::GraceVerdict verdict, runtime::Deadline) override
    {
        if (down) co_return away();
        auto const found = entries.find(verdict.dossier_id);
        if (found == entries.end() || found->second.verdict) co_return false;
        if (verdict.revoked_at) notices.push_back(verdict.dossier_id);
        found->second.verdict = std::move(verdict);
        co_return true;
    }
    runtime::Task<store::Result<store::GraceCounts>> counts(runtime::Deadline) override
    {
        if (down) co_return away();
        store::GraceCounts counts;
        for (auto const& [id, entry] : entries) {
            if (!entry.verdict) {
                ++counts.pending;
                counts.oldest = std::min(counts.oldest.value_or(entry.dossier.received_at), entry.dossier.received_at);
            } else if (!entry.verdict->revoked_at) {
                ++counts.cleared;
            } else if (!entry.acknowledged) {
                ++counts.late;
            }
        }
        co_return counts;
    }
    runtime::Task<store::Result<std::vector<store::LateRevocation>>> late(std::size_t limit, runtime::Deadline) override
    {
        if (down) co_return away();
        std::vector<store::LateRevocation> found;
        for (auto const& [id, entry] : entries) {
            if (!entry.verdict || !entry.verdict->revoked_at || entry.acknowledged) continue;
            auto const& d = entry.dossier;
            found.push_back({d.dossier_id, d.case_code, d.provider, d.agency, entry.verdict->evidence.source, d.received_at,
                             *entry.verdict->revoked_at, entry.verdict->at});
        }
        std::sort(found.begin(), found.end(), [](auto const& a, auto const& b) { return a.found_at < b.found_at; });
        if (found.size() > limit) found.resize(limit);
        co_return found;
    }
    runtime::Task<store::Result<void>> acknowledge(std::string dossier_id, std::string, runtime::Instant, runtime::Deadline) override
    {
        if (down) co_return away();
        auto const found = entries.find(dossier_id);
        bool const open = found != entries.end() && found->second.verdict && found->second.verdict->revoked_at && !found->second.acknowledged;
        if (!open) co_return store::Failure{store::Refusal::not_found, dossier_id};
        found->second.acknowledged = true;
        co_return store::Result<void>{};
    }

private:
    static store::Failure away() { return {store::Refusal::unavailable, "down"}; }
};

}  // namespace support
