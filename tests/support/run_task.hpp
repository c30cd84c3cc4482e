#pragma once

// Runs one coroutine of a test to its end on an io_context, within a bound of wall time that only a hang reaches.

#include "gateway/runtime/task.hpp"

#include <boost/asio/co_spawn.hpp>

#include <chrono>
#include <exception>
#include <optional>
#include <stdexcept>
#include <utility>

namespace support
{

inline constexpr std::chrono::seconds hang_after{30};

template <class Done>
void run_until(net::io_context& context, Done done)
{
    auto const limit = std::chrono::steady_clock::now() + hang_after;
    context.restart();
    while (!done()) {
        if (context.run_one_until(limit) == 0 && !done())
            throw std::runtime_error("nothing left to run, or the test hangs");
    }
}

template <class T>
T run_task(net::io_context& context, runtime::Task<T> task)
{
    std::optional<T> value;
    std::exception_ptr error;
    auto done = [&](std::exception_ptr e, T v) {
        error = e;
        value.emplace(std::move(v));
    };
    net::co_spawn(context.get_executor(), std::move(task), std::move(done));
    run_until(context, [&] { return value.has_value(); });
    if (error) std::rethrow_exception(error);
    return std::move(*value);
}

inline void run_task(net::io_context& context, runtime::Task<void> task)
{
    bool ended = false;
    std::exception_ptr error;
    auto done = [&](std::exception_ptr e) {
        error = e;
        ended = true;
    };
    net::co_spawn(context.get_executor(), std::move(task), std::move(done));
    run_until(context, [&] { return ended; });
    if (error) std::rethrow_exception(error);
}

} // namespace support
