#pragma once

// What waits for delivery, as the gateway that delivers holds it in memory: the line of each unit, who is in flight, who is due when.
// Pure: knows no database, and time is a parameter.
//
// Order:   of a unit only the smallest sequence can be taken, and nothing else of it until that one is settled.
// Threads: one at a time.

#include "gateway/runtime/clock.hpp"
#include "gateway/store/queue.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace store::detail {

struct Waiting {
    std::int64_t sequence = 0;
    std::string unit_key, dossier_id, agency;
    runtime::Instant received_at{}, queued_at{};
    std::size_t content_bytes = 0;
    std::uint32_t attempts = 0;       // that have begun
    runtime::Instant due_at{};        // not before
};

class Backlog {
public:
    // False where its sequence is here already.
    bool add(Waiting entry);
    // At most so many that are due, together at most `bytes_max` of content or one, in order of being due; each comes back by
    // itself after `lease` if nothing is said of it.
    [[nodiscard]] std::vector<Waiting> take(Places places, std::size_t bytes_max, runtime::Instant now, std::chrono::seconds lease);
    // It was taken and not tried after all.
    void give_back(std::int64_t sequence);
    // What is taken now by the attempt before which there were `attempts_before`, also when its lease has ended since. Null: it is
    // not taken, or by another attempt: what is said of an older one counts no more.
    [[nodiscard]] Waiting const* taken(std::int64_t sequence, std::uint32_t attempts_before) const;
    void settle(std::int64_t sequence);                           // it is done with: the unit's next may go
    void defer(std::int64_t sequence, runtime::Instant due_at);
    void forget_untaken();  // to be read again from where it is kept

    [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }
    [[nodiscard]] std::size_t taken(runtime::Instant now) const;
    [[nodiscard]] std::optional<runtime::Instant> oldest() const;  // since when the longest has waited

private:
    struct Entry {
        Waiting waiting;
        bool taken = false;
        runtime::Instant ready_at{};  // while it heads its unit's line: its place in heads_
    };
    using Line = std::set<std::int64_t>;
    void head(Entry& entry);        // enters heads_
    void behead(Entry const& entry);
    void remove(std::int64_t sequence);

    std::unordered_map<std::int64_t, Entry> entries_;
    std::unordered_map<std::string, Line> lines_;
    std::set<std::pair<runtime::Instant, std::int64_t>> heads_;
};

}  // namespace store::detail
