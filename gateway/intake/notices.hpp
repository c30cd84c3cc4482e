#pragma once

// GET /v1/notices?after=&wait=&limit=: status changes after a cursor, oldest first. With `wait` the answer is held back
// until there is one, at most 30 s (a long poll); the cursor to ask with next time is in the answer.
//
// Threads: any core; the count of waiters is locked inside. Errors: every outcome is a Reply.

#include "gateway/intake/reply.hpp"
#include "gateway/intake/request.hpp"
#include "gateway/runtime/task.hpp"
#include "gateway/store/archive.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <map>
#include <mutex>
#include <string>

namespace intake {

struct NoticesConfig {
    std::chrono::seconds wait_max{30};
    std::size_t rows_max = 500;                      // of one answer
    std::size_t waiters_max = 8;                     // long polls one provider may hold; beyond: quota_exceeded
    std::chrono::milliseconds poll_interval{500};    // how often a waiter looks at the database
};

class Notices {
public:
    Notices(NoticesConfig config, store::Archive& archive) : config_{config}, archive_{archive} {}  // archive outlives this

    [[nodiscard]] runtime::Task<Reply> handle(Request request);
    // Every waiter answers with what there is within one poll_interval; new ones do not wait.
    void stop() noexcept { stopping_ = true; }

private:
    class Waiter;
    NoticesConfig config_;
    store::Archive& archive_;
    std::atomic<bool> stopping_{false};
    std::mutex mutex_;
    std::map<std::string, std::size_t> waiting_;  // by provider; only those who wait now
};

}  // namespace intake
