#pragma once

// Dossiers committed a moment ago, as delivery wants them, so that it need not read them back. Only a short cut: what is not here
// is in the journal. Threads: any. Bounds: entries and bytes; beyond them the oldest leave.

#include "gateway/store/queue.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

namespace store::detail {

class AtHand {
public:
    static constexpr std::size_t bytes_max = 8u << 20;
    static constexpr std::size_t one_bytes_max = bytes_max / 8;  // reading a larger one back costs little, measured by its own size
    static constexpr std::size_t entries_max = 4096;

    // `claim` without its body, which is shared until it is taken.
    void put(Claim claim, std::shared_ptr<std::string const> body)
    {
        if (!body || body->size() > one_bytes_max) return;
        std::lock_guard const lock{mutex_};
        auto const sequence = claim.sequence;
        auto const size = body->size();
        if (!kept_.try_emplace(sequence, std::move(claim), std::move(body)).second) return;
        bytes_ += size;
        order_.push_back(sequence);
        while (bytes_ > bytes_max || order_.size() > entries_max) forget_oldest();
    }
    // With its body; it is forgotten: a retry reads the journal. Nothing: not here.
    [[nodiscard]] std::optional<Claim> take(std::int64_t sequence)
    {
        std::lock_guard const lock{mutex_};
        auto const found = kept_.find(sequence);
        if (found == kept_.end()) return std::nullopt;
        auto claim = std::move(found->second.first);
        claim.body = std::move(found->second.second);
        claim.as_digested = true;
        bytes_ -= claim.body->size();
        kept_.erase(found);
        while (!order_.empty() && !kept_.contains(order_.front())) order_.pop_front();
        return claim;
    }
    void clear()
    {
        std::lock_guard const lock{mutex_};
        kept_.clear();
        order_.clear();
        bytes_ = 0;
    }

private:
    void forget_oldest()  // REQUIRES: mutex_ held
    {
        auto const found = kept_.find(order_.front());
        order_.pop_front();
        if (found == kept_.end()) return;
        bytes_ -= found->second.second->size();
        kept_.erase(found);
    }
    std::mutex mutex_;
    std::unordered_map<std::int64_t, std::pair<Claim, std::shared_ptr<std::string const>>> kept_;
    std::deque<std::int64_t> order_;
    std::size_t bytes_ = 0;
};

}  // namespace store::detail
