#pragma once

// The store in memory: what PgJournal and PgQueue keep in tables, as plain values with the same rules. MemoryJournal and
// StoredQueue stand on it, as two gateways stand on one database; both pass the contract suites of the real ones.
//
// Accepted and refused dossiers take places in the provable log as in production; the log itself is not here.
//
// Every function is one transaction. Acceptances, refusals, replays and leases are durable when the function returns.
// Outcomes of deliveries are not, as in PgQueue: until the next durable transaction a crash may take the newest of them.
// Threads: one; MemoryJournal has a mutex of its own around it.

#include "gateway/dossier/case_code.hpp"
#include "gateway/store/journal.hpp"
#include "gateway/store/queue.hpp"
#include "gateway/store/row.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace support {

class MemoryStore {
public:
    struct Entry {
        store::detail::Row row;
        store::Stored stored;
        std::uint64_t log_index = 0;  // as its receipt says
    };
    // One row of the queue. Rows are only ever added; a replayed dossier has a second one.
    struct Queued {
        std::int64_t sequence = 0;
        std::size_t entry = 0;
        runtime::Instant queued_at{};
    };
    struct Outcome {
        bool delivered = false;  // else it died
        std::uint32_t attempts = 0;
        int http_status = 0;
        std::string reason;
        runtime::Instant at{};
    };
    struct Retry {
        std::uint32_t attempts = 0;
        runtime::Instant due_at{};
    };
    // What is written down about one row: how it ended, or when it is tried again.
    struct Word {
        std::int64_t sequence = 0;
        std::optional<Outcome> outcome;
        std::optional<Retry> retry;
    };

    explicit MemoryStore(store::Sealer sealer, dossier::CaseCodeTemplate form = {});
    virtual ~MemoryStore() = default;
    MemoryStore(MemoryStore const&) = delete;
    MemoryStore& operator=(MemoryStore const&) = delete;

    // The journal.
    store::Result<store::Stored> accept(store::detail::Row row);
    virtual void refuse(store::RefusalRecord record);
    [[nodiscard]] store::Result<std::optional<store::Stored>> find(std::string const& provider, std::string const& key,
                                                                   std::string const& content_sha256) const;
    // By its content: what was accepted first of it, corrections apart. Null: nothing.
    [[nodiscard]] virtual Entry const* by_content(std::string const& provider, std::string const& content_sha256) const;
    // Redeems a one-time password, in the same breath as the acceptance: (challenge, provider, key, at). MemoryOtp::redeem.
    std::function<bool(std::string const&, std::string const&, std::string const&, runtime::Instant)> redeem;

    // The queue.
    virtual bool take_lease(std::string const& worker, std::chrono::milliseconds time, runtime::Instant now);
    void let_go(std::string const& worker);
    [[nodiscard]] std::string const& holder() const noexcept { return holder_; }
    [[nodiscard]] std::vector<Queued> unsettled_after(std::int64_t sequence, std::size_t rows) const;
    [[nodiscard]] Entry const& entry_of(std::int64_t sequence) const { return entries_[queue_.at(sequence).entry]; }
    [[nodiscard]] std::optional<Retry> retry_of(std::int64_t sequence) const;
    // The line of a dossier: those of one unit keep their order.
    [[nodiscard]] virtual std::string unit_key(Entry const& entry) const;
    virtual void record(std::vector<Word> const& words);
    [[nodiscard]] std::vector<store::DeadLetter> dead_letters(std::size_t limit) const;
    bool replay(std::string const& dossier_id);  // false where it is not dead
    [[nodiscard]] std::size_t waiting() const noexcept { return queue_.size() - settled_.size(); }
    [[nodiscard]] std::size_t dead() const noexcept { return letters_.size(); }

    // A crash: of what is not durable yet, the newest `lost` are gone.
    void crash(std::size_t lost);
    [[nodiscard]] std::size_t not_durable() const noexcept { return undo_.size(); }
    [[nodiscard]] std::uint64_t starts() const noexcept { return starts_; }  // another value: it has crashed since

    [[nodiscard]] std::vector<Entry> const& entries() const noexcept { return entries_; }  // in order of acceptance
    [[nodiscard]] std::vector<store::RefusalRecord> const& refusals() const noexcept { return refusals_; }
    [[nodiscard]] std::optional<Outcome> outcome_of(std::int64_t sequence) const;
    [[nodiscard]] std::uint64_t log_size() const noexcept { return log_size_; }
    [[nodiscard]] std::vector<std::uint64_t> const& refusal_places() const noexcept { return refusal_places_; }  // of refusals()

protected:
    using Key = std::pair<std::string, std::string>;
    [[nodiscard]] virtual std::optional<std::size_t> known(Key const& key) const;
    [[nodiscard]] virtual std::optional<std::size_t> known_content(Key const& content) const;
    [[nodiscard]] virtual store::Stored repeated(Entry const& entry) const;
    // What was written so far is durable, and so is this. Overridden to be late with it.
    virtual void durable() { undo_.clear(); }
    // The place in the log that a dossier's receipt names.
    [[nodiscard]] virtual std::uint64_t place() const { return log_size_; }
    // Of an acceptance, after its rows are there and before durable().
    virtual void accepted(Entry const&) {}
    void undo_with(std::function<void()> step) { undo_.push_back(std::move(step)); }
    // The same transaction's: a crash takes both or neither.
    void undo_also(std::function<void()> step)
    {
        auto both = [step = std::move(step), before = std::move(undo_.back())] { step(), before(); };
        undo_.back() = std::move(both);
    }
    [[nodiscard]] std::uint64_t& counter(std::string const& name) { return counters_[name]; }
    [[nodiscard]] dossier::CaseCodeTemplate const& form() const noexcept { return form_; }
    [[nodiscard]] store::Sealer const& sealer() const noexcept { return sealer_; }

private:
    struct Letter {
        std::int64_t sequence = 0;
        Outcome outcome;
    };
    void write(Word const& word);
    [[nodiscard]] bool correctable(store::detail::Row const& row) const;

    store::Sealer const sealer_;
    dossier::CaseCodeTemplate const form_;
    std::map<Key, std::size_t> by_key_;
    std::map<Key, std::size_t> by_content_;  // provider, content: the first that had it
    std::vector<Entry> entries_;
    std::vector<store::RefusalRecord> refusals_;
    std::vector<std::uint64_t> refusal_places_;
    std::uint64_t log_size_ = 0;
    std::map<std::string, std::uint64_t> counters_;
    std::map<std::string, std::string> owners_;  // agency/unit → tax code

    std::int64_t last_sequence_ = 0;
    std::map<std::int64_t, Queued> queue_;
    std::map<std::int64_t, Outcome> settled_;
    std::map<std::int64_t, Retry> retries_;
    std::map<std::size_t, Letter> letters_;  // by entry
    std::string holder_;
    runtime::Instant held_until_{};
    std::vector<std::function<void()>> undo_;  // what a crash may take back, newest last
    std::uint64_t starts_ = 1;
};

}  // namespace support
