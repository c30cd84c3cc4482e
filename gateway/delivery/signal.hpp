#pragma once

// A flag one coroutine waits for, with a limit. A notice given while nobody waits is kept for the next wait.
// Threads: one core. One waiter.

#include "gateway/runtime/task.hpp"

#include <chrono>

namespace delivery
{

class Signal {
public:
    explicit Signal(net::io_context& context) : timer_{context.get_executor()} {}

    void notify()
    {
        set_ = true;
        timer_.cancel();
    }
    runtime::Task<void> wait(std::chrono::milliseconds limit)
    {
        if (!set_) {
            timer_.expires_after(limit);
            co_await timer_.async_wait(runtime::as_result);
        }
        set_ = false;
    }

private:
    runtime::Timer timer_;
    bool set_ = false;
};

} // namespace delivery
