#pragma once

// Bodies of dossiers committed a moment ago, so that delivery need not read them back. Only a short cut: what is not here is in
// the journal. Threads: any. Bound: bytes; beyond it the oldest leave.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

namespace store::detail {

class Bodies {
public:
    using Body = std::shared_ptr<std::string const>;
    static constexpr std::size_t bytes_max = 8u << 20;

    void put(std::int64_t sequence, Body body)
    {
        if (!body || body->size() > bytes_max / 8) return;  // a large one costs little to read, measured by its own size
        std::lock_guard const lock{mutex_};
        if (kept_.contains(sequence)) return;
        bytes_ += body->size();
        kept_.emplace(sequence, std::move(body));
        order_.push_back(sequence);
        while (bytes_ > bytes_max || order_.size() > entries_max) forget_oldest();
    }
    // Null: not here. It is forgotten: a retry reads the journal.
    [[nodiscard]] Body take(std::int64_t sequence)
    {
        std::lock_guard const lock{mutex_};
        auto const found = kept_.find(sequence);
        if (found == kept_.end()) return nullptr;
        auto body = std::move(found->second);
        bytes_ -= body->size();
        kept_.erase(found);
        while (!order_.empty() && !kept_.contains(order_.front())) order_.pop_front();
        return body;
    }
    void clear()
    {
        std::lock_guard const lock{mutex_};
        kept_.clear();
        order_.clear();
        bytes_ = 0;
    }

private:
    static constexpr std::size_t entries_max = 8192;
    void forget_oldest()  // REQUIRES: mutex_ held
    {
        auto const found = kept_.find(order_.front());
        order_.pop_front();
        if (found == kept_.end()) return;
        bytes_ -= found->second->size();
        kept_.erase(found);
    }
    std::mutex mutex_;
    std::unordered_map<std::int64_t, Body> kept_;
    std::deque<std::int64_t> order_;
    std::size_t bytes_ = 0;
};

}  // namespace store::detail
