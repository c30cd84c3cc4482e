#pragma once

// Owns coroutines: every one is spawned into a group, a group can be told to stop, and waited for.
// Stop is polite (cancellation: total), then after a limit final (terminal). It may be announced before.
//
// Threads: one group belongs to one io_context and is used on its thread only.

#include "gateway/runtime/task.hpp"

#include <boost/asio/cancellation_signal.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <list>
#include <string>

namespace runtime {

class TaskGroup {
public:
    using OnError = std::function<void(std::string const& name, std::string const& what)>;

    // `on_error` hears of an exception that reached a coroutine's root: a surprise from a library.
    TaskGroup(net::io_context& context, OnError on_error);
    TaskGroup(TaskGroup const&) = delete;
    TaskGroup& operator=(TaskGroup const&) = delete;

    void spawn(std::string name, Task<void> task);
    void announce_stop();  // nothing ends and all is spawned as before; who looks at leaving() keeps nothing open for later
    void stop();  // asks every member to end; new spawns are refused from now on
    // Ends when the group is empty; after `polite` the rest is cancelled terminally and waited for again.
    Task<void> drained(std::chrono::milliseconds polite);
    [[nodiscard]] std::size_t size() const noexcept { return members_.size(); }
    [[nodiscard]] bool stopping() const noexcept { return stopping_; }
    [[nodiscard]] bool leaving() const noexcept { return leaving_; }  // a stop is announced, or there

private:
    struct Member {
        std::string name;
        net::cancellation_signal signal;
    };
    net::io_context& context_;
    OnError on_error_;
    std::list<Member> members_;
    bool leaving_ = false, stopping_ = false;
};

}  // namespace runtime
