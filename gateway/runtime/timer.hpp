#pragma once

// A timer of one core: Asio's own, or where the thread counts by another source (steady.hpp) a place in that one's queue.
//
// Threads: one io_context. Errors: operation_aborted where the wait was cancelled: by cancel(), by a new expiry, by the
// timer's end, or through the cancellation slot of whoever waits.

#include "gateway/runtime/steady.hpp"

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/error_code.hpp>

#include <chrono>
#include <cstddef>
#include <limits>
#include <memory>
#include <optional>
#include <utility>

namespace runtime {

using IoExecutor = boost::asio::io_context::executor_type;

class Timer {
public:
    using clock_type = std::chrono::steady_clock;
    using duration = clock_type::duration;
    using time_point = clock_type::time_point;
    using executor_type = IoExecutor;

    explicit Timer(IoExecutor executor) : executor_{executor}
    {
        if (auto* const source = Steady::source()) name_ = source->name();
        else real_.emplace(executor);
    }
    Timer(IoExecutor executor, time_point at) : Timer{executor} { expires_at(at); }
    Timer(IoExecutor executor, duration after) : Timer{executor} { expires_after(after); }
    Timer(Timer&& other) noexcept
        : executor_{other.executor_}, real_{std::move(other.real_)}, name_{std::exchange(other.name_, 0)}, expiry_{other.expiry_}
    {
    }
    Timer& operator=(Timer&&) = delete;
    ~Timer()
    {
        if (name_ != 0) cancel();
    }

    [[nodiscard]] IoExecutor get_executor() const noexcept { return executor_; }
    [[nodiscard]] time_point expiry() const { return real_ ? real_->expiry() : expiry_; }
    std::size_t expires_at(time_point at)
    {
        if (real_) return real_->expires_at(at);
        auto const cancelled = cancel();
        expiry_ = at;
        return cancelled;
    }
    std::size_t expires_after(duration after)
    {
        if (real_) return real_->expires_after(after);
        return expires_at(Steady::now() + after);
    }
    std::size_t cancel() { return real_ ? real_->cancel() : cancel_queued(std::numeric_limits<std::size_t>::max()); }
    std::size_t cancel_one() { return real_ ? real_->cancel_one() : cancel_queued(1); }

    template <class Token>
    auto async_wait(Token&& token)
    {
        return boost::asio::async_initiate<Token, void(boost::system::error_code)>(Initiation{this}, token);
    }

private:
    template <class Handler>
    class Queued final : public SteadySource::Wait {
    public:
        Queued(IoExecutor executor, Handler handler) : executor_{executor}, handler_{std::move(handler)} {}
        void finish(bool cancelled) override
        {
            boost::system::error_code error;
            if (cancelled) error = boost::asio::error::operation_aborted;
            boost::asio::post(executor_, [handler = std::move(handler_), error]() mutable { std::move(handler)(error); });
        }

    private:
        IoExecutor executor_;
        Handler handler_;
    };

    class Initiation {
    public:
        using executor_type = IoExecutor;
        explicit Initiation(Timer* timer) : timer_{timer} {}
        [[nodiscard]] IoExecutor get_executor() const noexcept { return timer_->executor_; }
        template <class Handler>
        void operator()(Handler&& handler) const
        {
            if (timer_->real_) timer_->real_->async_wait(std::forward<Handler>(handler));
            else timer_->queue(std::forward<Handler>(handler));
        }

    private:
        Timer* timer_;
    };

    template <class Handler>
    void queue(Handler handler)
    {
        auto* const source = Steady::source();
        auto const wait = source->name();
        auto slot = boost::asio::get_associated_cancellation_slot(handler);
        if (slot.is_connected()) {
            slot.assign([wait](boost::asio::cancellation_type) {
                if (auto* const now = Steady::source()) now->cancel_wait(wait);
            });
        }
        source->add(name_, wait, expiry_, std::make_unique<Queued<Handler>>(executor_, std::move(handler)));
    }
    std::size_t cancel_queued(std::size_t waits_max)
    {
        auto* const source = Steady::source();
        return source && name_ != 0 ? source->cancel_timer(name_, waits_max) : 0;
    }

    IoExecutor executor_;
    std::optional<boost::asio::basic_waitable_timer<clock_type, boost::asio::wait_traits<clock_type>, IoExecutor>> real_;
    std::uint64_t name_ = 0;  // in the source's queue; 0: the timer is real
    time_point expiry_{};
};

}  // namespace runtime
