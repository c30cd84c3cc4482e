#pragma once

// One immutable value that is swapped whole: readers keep the one they took for as long as they use it.
//
// Threads: any; a mutex guards the pointer alone, never the value behind it.

#include <memory>
#include <mutex>
#include <utility>

namespace runtime {

template <class T>
class Snapshot {
public:
    Snapshot() = default;
    explicit Snapshot(std::shared_ptr<T const> first) : value_{std::move(first)} {}

    [[nodiscard]] std::shared_ptr<T const> load() const
    {
        std::lock_guard const lock{mutex_};
        return value_;
    }
    void store(std::shared_ptr<T const> next)
    {
        std::lock_guard const lock{mutex_};
        value_.swap(next);  // the parameter outlives the lock, so the old value dies outside it
    }

private:
    mutable std::mutex mutex_;
    std::shared_ptr<T const> value_;  // two owners really exist: the snapshot and whoever reads it during a swap
};

}  // namespace runtime
