#pragma once

// What the next commit finds where nobody else commits in between: the counters, the delivery sequence and the log as this gateway's last
// commit left them. With it receipts are signed before the database is asked, and a commit is one round trip; the database says whether
// all was as foreseen (migrations/0008_foresight.sql), and where it was not, nothing has happened and the commit asks first.
//
// Where another gateway commits too, foreseeing is in vain: it rests until so many commits in a row found the log as our last one left it.
//
// Threads: one. Errors: none. Bounds: counters_max.

#include "gateway/ledger/frontier.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>

namespace store::detail {

class Foresight {
public:
    static constexpr std::size_t counters_max = 10'000;  // agencies and days
    static constexpr unsigned alone_after = 8;           // commits

    // What a commit that took numbers or places found and left.
    struct Left {
        std::map<std::string, std::int64_t> last;  // number of each counter it took from
        std::optional<std::int64_t> sequence;      // the last it drew
        std::uint64_t log_found = 0;               // size of the log before its own leaves
        ledger::Frontier log;                      // with them
    };

    void committed(Left left)
    {
        bool const undisturbed = known_ && log_.span().end == left.log_found;
        if (!undisturbed) {
            last_.clear();
            sequence_.reset();
        }
        if (known_) alone_ = undisturbed ? std::min(alone_ + 1, alone_after) : 0;
        if (last_.size() >= counters_max) last_.clear();
        for (auto& [counter, last] : left.last) last_[counter] = last;
        if (left.sequence) sequence_ = left.sequence;
        log_ = std::move(left.log);
        known_ = true;
    }
    // Something was not as foreseen: somebody else is here.
    void mistaken()
    {
        forget();
        alone_ = 0;
    }
    // What became of the last commit is not known.
    void forget()
    {
        known_ = false;
        last_.clear();
        sequence_.reset();
    }

    [[nodiscard]] bool worth_trying() const noexcept { return known_ && alone_ >= alone_after; }
    [[nodiscard]] std::optional<std::int64_t> last(std::string const& counter) const
    {
        auto const found = last_.find(counter);
        return found == last_.end() ? std::nullopt : std::optional{found->second};
    }
    [[nodiscard]] std::optional<std::int64_t> sequence() const noexcept { return sequence_; }
    [[nodiscard]] ledger::Frontier const& log() const noexcept { return log_; }

private:
    bool known_ = false;
    unsigned alone_ = alone_after;  // until somebody else is seen
    std::map<std::string, std::int64_t> last_;
    std::optional<std::int64_t> sequence_;
    ledger::Frontier log_;
};

}  // namespace store::detail
