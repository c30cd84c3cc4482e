#pragma once

// The way back from a thread of ours to the coroutine that waits: one value, once, on the coroutine's own executor.
//
// Threads: an Answer may be called from any thread. REQUIRES: called exactly once, and the io_context outlives it.

#include "gateway/runtime/task.hpp"

#include <boost/asio/async_result.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>

#include <memory>
#include <utility>

namespace store::detail {

template <class T>
class Answer {
public:
    Answer() = default;
    template <class Handler>
    Answer(runtime::IoExecutor executor, Handler handler) : held_{std::make_unique<Held<Handler>>(executor, std::move(handler))}
    {
    }
    void operator()(T value)
    {
        auto const held = std::move(held_);
        held->complete(std::move(value));
    }

private:
    struct Base {
        virtual ~Base() = default;
        virtual void complete(T value) = 0;
    };
    template <class Handler>
    struct Held final : Base {
        Held(runtime::IoExecutor executor, Handler given) : handler{std::move(given)}, work{executor} {}
        void complete(T value) override
        {
            auto resume = [h = std::move(handler), v = std::move(value)]() mutable { std::move(h)(std::move(v)); };
            net::post(work.get_executor(), std::move(resume));
        }
        Handler handler;
        net::executor_work_guard<runtime::IoExecutor> work;  // the io_context must not run out while we hold this
    };
    std::unique_ptr<Base> held_;
};

// Calls start(Answer<T>) and waits for the answer.
template <class T, class Start>
runtime::Task<T> answered(Start start)
{
    auto const executor = co_await net::this_coro::executor;
    auto initiate = [&start, executor](auto handler) { start(Answer<T>{executor, std::move(handler)}); };
    co_return co_await net::async_initiate<net::use_awaitable_t<runtime::IoExecutor> const, void(T)>(std::move(initiate),
                                                                                                       runtime::use_task);
}

}  // namespace store::detail
