#pragma once

// Runs work on a pool and comes back to the caller's core with its value. For more than about half a millisecond
// of CPU, and for anything that blocks. An exception of the work is rethrown at the co_await.

#include "gateway/runtime/task.hpp"

#include <boost/asio/async_result.hpp>
#include <boost/asio/thread_pool.hpp>

#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

namespace runtime {

template <class Work>
auto on_cpu(net::thread_pool& pool, Work work) -> Task<std::invoke_result_t<Work&>>
{
    using Value = std::invoke_result_t<Work&>;
    struct Box {
        std::optional<Value> value;
        std::exception_ptr error;
    };
    Box box;  // lives in this coroutine's frame until it is resumed
    auto const executor = co_await net::this_coro::executor;
    auto initiate = [&pool, &box, &work, executor](auto handler) {
        auto job = [&box, &work, executor, held = std::move(handler)]() mutable {
            try {
                box.value.emplace(work());
            } catch (...) {
                box.error = std::current_exception();
            }
            net::post(executor, [held = std::move(held)]() mutable { std::move(held)(); });
        };
        net::post(pool, std::move(job));
    };
    co_await net::async_initiate<net::use_awaitable_t<IoExecutor> const, void()>(std::move(initiate), use_task);
    if (box.error) std::rethrow_exception(box.error);
    co_return std::move(*box.value);
}

}  // namespace runtime
