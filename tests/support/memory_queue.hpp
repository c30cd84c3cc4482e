#pragma once

// The work queue in memory: what the dispatcher's tests and the destination's need of Queue's contract, and a way to
// make it fail. Not a model of the PostgreSQL queue's speed or locking.
// Threads: one io_context.

#include "gateway/store/queue.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <set>

namespace support
{

class MemoryQueue final : public store::Queue {
public:
    struct Row {
        store::Claim claim;
        dossier::State state = dossier::State::stored;
        runtime::Instant due_at{}, leased_until{};
        std::string worker, reason;
        int http_status = 0;
    };
    std::map<std::int64_t, Row> rows;
    unsigned claims = 0, settles = 0, claims_to_fail = 0, settles_to_fail = 0;
    std::size_t largest_settle = 0;
    std::function<void()> while_claiming = [] {};  // once what is claimed is known

    void add(std::int64_t sequence, std::string unit, runtime::Instant at)
    {
        Row row;
        row.claim.sequence = sequence;
        row.claim.dossier_id = "D-" + std::to_string(sequence);
        row.claim.case_code = std::to_string(sequence) + ".G/2026/00108";
        row.claim.unit_code = std::move(unit);
        row.claim.body = std::make_shared<std::string const>("<Hoso/>");
        row.claim.received_at = at;
        rows.emplace(sequence, std::move(row));
    }
    [[nodiscard]] std::size_t count(dossier::State state) const
    {
        return static_cast<std::size_t>(
            std::count_if(rows.begin(), rows.end(), [&](auto const& r) { return r.second.state == state; }));
    }

    runtime::Task<store::Result<std::vector<store::Claim>>> claim(std::string worker, store::Places places,
                                                                  std::size_t bytes_max, std::chrono::seconds lease,
                                                                  runtime::Instant now, runtime::Deadline) override
    {
        ++claims;
        if (claims_to_fail > 0) {
            --claims_to_fail;
            co_return failure();
        }
        std::set<std::string> units;
        std::vector<Row*> due;
        for (auto& [sequence, row] : rows) {
            if (row.state == dossier::State::delivered || row.state == dossier::State::dead) continue;
            if (!units.insert(row.claim.unit_code).second) continue; // an older one of the unit comes first
            if (row.state == dossier::State::sending && row.leased_until > now) continue;
            if (row.due_at <= now) due.push_back(&row);
        }
        auto const since = [](Row const* row) { return std::max(row->due_at, row->claim.received_at); };
        std::stable_sort(due.begin(), due.end(), [&](auto const* a, auto const* b) { return since(a) < since(b); });
        std::vector<store::Claim> taken;
        std::size_t bytes = 0, retries = 0;
        for (auto* const one : due) {
            auto& row = *one;
            if (taken.size() >= places.rows || (bytes > 0 && bytes + row.claim.body->size() > bytes_max)) continue;
            bool const retry = row.claim.attempts > 0;
            if (retry && retries == places.retries) continue;
            retries += retry ? 1 : 0;
            row.state = dossier::State::sending;
            row.leased_until = now + lease;
            row.worker = worker;
            bytes += row.claim.body->size();
            taken.push_back(row.claim);
            ++row.claim.attempts;
        }
        while_claiming();
        co_return taken;
    }
    runtime::Task<store::Result<void>> settle(std::string worker, std::vector<store::Settlement> settlements,
                                              runtime::Deadline) override
    {
        ++settles;
        largest_settle = std::max(largest_settle, settlements.size());
        if (settles_to_fail > 0) {
            --settles_to_fail;
            co_return failure();
        }
        for (auto const& settlement : settlements) {
            auto& row = rows.at(settlement.sequence);
            if (row.state != dossier::State::sending || row.worker != worker || row.claim.attempts != settlement.attempts + 1) continue;
            row.state = settlement.state;
            row.due_at = settlement.due_at;
            row.reason = settlement.reason;
            row.http_status = settlement.http_status;
        }
        co_return store::Result<void>{};
    }
    runtime::Task<store::Result<store::QueueDepth>> depth(runtime::Instant, runtime::Deadline) override
    {
        store::QueueDepth depth;
        depth.waiting = count(dossier::State::stored) + count(dossier::State::deferred);
        depth.leased = count(dossier::State::sending);
        depth.dead = count(dossier::State::dead);
        co_return depth;
    }
    runtime::Task<store::Result<std::vector<store::DeadLetter>>> dead_letters(std::size_t, runtime::Deadline) override
    {
        co_return std::vector<store::DeadLetter>{};
    }
    runtime::Task<store::Result<void>> replay(std::string, runtime::Deadline) override { co_return failure(); }

private:
    static store::Failure failure()
    {
        store::Failure failure{store::Refusal::unavailable, "the test says so"};
        return failure;
    }
};

} // namespace support
