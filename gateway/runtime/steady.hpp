#pragma once

// Time that only moves forward: what deadlines and timers count by. It is the machine's, except on a thread that put another
// source in its place: the simulator's, where days pass as fast as there is something to do.
//
// Threads: a source is one thread's own, and stays in place as long as a timer of that thread lives.

#include <chrono>
#include <cstdint>
#include <memory>

namespace runtime {

class SteadySource {
public:
    using Time = std::chrono::steady_clock::time_point;
    // One wait of one timer. finish() is called once at most: the time has come, or the wait was cancelled.
    class Wait {
    public:
        virtual ~Wait() = default;
        virtual void finish(bool cancelled) = 0;  // hands the handler to its executor and does not run it
    };

    virtual ~SteadySource() = default;
    [[nodiscard]] virtual Time now() const noexcept = 0;
    // Names for timers and for waits; none twice.
    [[nodiscard]] virtual std::uint64_t name() = 0;
    virtual void add(std::uint64_t timer, std::uint64_t wait, Time at, std::unique_ptr<Wait> body) = 0;
    // Ends the waits of a timer, at most so many, or one wait by its name. How many there were.
    virtual std::size_t cancel_timer(std::uint64_t timer, std::size_t waits_max) = 0;
    virtual void cancel_wait(std::uint64_t wait) = 0;
};

// A clock as the standard library describes one. Its time points are those of std::chrono::steady_clock.
class Steady {
public:
    using duration = std::chrono::steady_clock::duration;
    using rep = duration::rep;
    using period = duration::period;
    using time_point = std::chrono::steady_clock::time_point;
    static constexpr bool is_steady = true;

    [[nodiscard]] static time_point now() noexcept { return source_ ? source_->now() : std::chrono::steady_clock::now(); }
    [[nodiscard]] static SteadySource* source() noexcept { return source_; }  // null: the machine's

    // Puts a source in place on this thread for as long as it lives.
    class Instead {
    public:
        explicit Instead(SteadySource& source) noexcept { source_ = &source; }
        Instead(Instead const&) = delete;
        Instead& operator=(Instead const&) = delete;
        ~Instead() { source_ = nullptr; }
    };

private:
    static inline constinit thread_local SteadySource* source_ = nullptr;
};

}  // namespace runtime
