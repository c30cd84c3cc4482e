#pragma once

// Turns at the processor of one core: a piece of work of some hundred microseconds waits until it is its party's turn, and between two
// turns the core serves whatever else is ready. So what is small (an answer that came, a byte on a socket) waits for one piece of
// work at most however many are asked for, and a party that asks for many waits in a line of its own.
//
//   parties take turns in rounds: the first of each, then the second of each; of one party, who came first
//   a turn ends where the coroutine next waits, and the next begins behind all that was ready by then
//
// Threads: one core. Errors: none. Who waits is not cancelled: its turn comes within what waits before it.
// Bounds:  what waits is bounded by who may ask (Admission's places).

#include "gateway/runtime/task.hpp"

#include <cstddef>
#include <memory>
#include <string_view>

namespace runtime {

class Turns {
public:
    // `context`: run by one thread. It may outlive this; those that wait then never go on, and are destroyed with this.
    explicit Turns(net::io_context& context);
    Turns(Turns const&) = delete;
    Turns& operator=(Turns const&) = delete;
    ~Turns();

    // Ends when it is its turn, at once where nobody has one. On the context's thread.
    [[nodiscard]] Task<void> take(std::string_view party);
    [[nodiscard]] std::size_t waiting() const noexcept;

private:
    struct Lines;
    std::shared_ptr<Lines> lines_;  // shared with what was posted
};

}  // namespace runtime
