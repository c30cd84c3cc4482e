#pragma once

// Work on many threads whose results come back in the order it was given, with a bound on what is under way.
//
// Threads: one gives and takes; the work runs on others. Errors: what a piece of work throws is thrown by the take() that would
// have given its result.

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <future>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace store::detail {

template <class Result>
class InOrder {
public:
    InOrder(unsigned threads, std::size_t under_way_max) : under_way_max_{under_way_max}
    {
        for (unsigned i = 0; i < threads; ++i) threads_.emplace_back([this] { serve(); });
    }
    ~InOrder()
    {
        {
            std::lock_guard const lock{mutex_};
            stopping_ = true;
        }
        changed_.notify_all();
        for (auto& thread : threads_) thread.join();
    }
    InOrder(InOrder const&) = delete;
    InOrder& operator=(InOrder const&) = delete;

    [[nodiscard]] bool full() const noexcept { return under_way_.size() >= under_way_max_; }
    [[nodiscard]] bool empty() const noexcept { return under_way_.empty(); }
    // REQUIRES: not full.
    void give(std::function<Result()> work)
    {
        std::packaged_task<Result()> task{std::move(work)};
        under_way_.push_back(task.get_future());
        {
            std::lock_guard const lock{mutex_};
            waiting_.push_back(std::move(task));
        }
        changed_.notify_one();
    }
    // The oldest, when it is done. REQUIRES: not empty.
    [[nodiscard]] Result take()
    {
        auto oldest = std::move(under_way_.front());
        under_way_.pop_front();
        return oldest.get();
    }

private:
    void serve()
    {
        for (;;) {
            std::packaged_task<Result()> task;
            {
                std::unique_lock lock{mutex_};
                changed_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
                if (stopping_) return;
                task = std::move(waiting_.front());
                waiting_.pop_front();
            }
            task();
        }
    }

    std::size_t const under_way_max_;
    std::deque<std::future<Result>> under_way_;  // the giver's
    std::mutex mutex_;                           // guards waiting_, stopping_
    std::condition_variable changed_;
    std::deque<std::packaged_task<Result()>> waiting_;
    bool stopping_ = false;
    std::vector<std::thread> threads_;
};

}  // namespace store::detail
