#pragma once

// Cancels a socket's pending operation when a deadline passes. The socket stays open, so that a peer that was too slow
// can still be told so. An operation begun after that without a new deadline is cancelled too, a moment later: the deadline may
// have passed while the socket had something to say, when there was nothing to cancel.
//
// Threads: one core. Cost: moving the deadline later is one store; the timer looks again when it fires.
// Lifetime: a Watchdog is destroyed before its socket.

#include "gateway/runtime/net.hpp"
#include "gateway/runtime/steady.hpp"

#include <chrono>
#include <memory>

namespace runtime {

class Watchdog {
public:
    using Time = std::chrono::steady_clock::time_point;

    explicit Watchdog(Socket& socket) : state_{std::make_shared<State>(socket)} {}
    Watchdog(Watchdog const&) = delete;
    Watchdog& operator=(Watchdog const&) = delete;
    ~Watchdog()
    {
        state_->socket = nullptr;
        state_->timer.cancel();
    }

    static constexpr std::chrono::milliseconds again_after{50};

    // From now on the socket's operations are cancelled at `deadline`. fired() is forgotten.
    void arm(Time deadline)
    {
        state_->deadline = deadline;
        state_->fired = false;
        if (!state_->waiting || deadline < state_->timer.expiry()) wait(state_);
    }
    void disarm() { state_->deadline = Time::max(); }
    // True where the deadline has passed.
    [[nodiscard]] bool fired() const noexcept { return state_->fired; }

private:
    struct State {
        explicit State(Socket& s) : socket{&s}, timer{s.get_executor()} {}
        Socket* socket;  // null once the Watchdog is gone: a handler already queued may still run
        Timer timer;
        Time deadline = Time::max();
        unsigned round = 0;  // a newer wait makes the older handler mute
        bool waiting = false;
        bool fired = false;
    };

    static void wait(std::shared_ptr<State> const& state)
    {
        state->waiting = true;
        state->timer.expires_at(state->deadline);
        auto look = [state, round = ++state->round](boost::system::error_code) {
            if (!state->socket || round != state->round) return;
            state->waiting = false;
            if (state->deadline == Time::max()) return;
            if (Steady::now() < state->deadline) return wait(state);
            state->fired = true;
            boost::system::error_code ignored;
            state->socket->cancel(ignored);
            state->deadline = Steady::now() + again_after;
            wait(state);
        };
        state->timer.async_wait(std::move(look));
    }

    std::shared_ptr<State> state_;  // shared with the timer's handler, which may outlive the session by one turn
};

}  // namespace runtime
