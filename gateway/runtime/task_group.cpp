#include "gateway/runtime/task_group.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>

#include <exception>

namespace runtime {

TaskGroup::TaskGroup(net::io_context& context, OnError on_error) : context_{context}, on_error_{std::move(on_error)} {}

void TaskGroup::spawn(std::string name, Task<void> task)
{
    if (stopping_) return;
    auto const member = members_.emplace(members_.end());
    member->name = std::move(name);
    auto done = [this, member](std::exception_ptr error) {
        if (error) {
            std::string what = "unknown exception";
            try {
                std::rethrow_exception(error);
            } catch (std::exception const& e) {
                what = e.what();
            } catch (...) {
            }
            on_error_(member->name, what);
        }
        members_.erase(member);
    };
    net::co_spawn(context_.get_executor(), std::move(task), net::bind_cancellation_slot(member->signal.slot(), std::move(done)));
}

void TaskGroup::announce_stop() { leaving_ = true; }

void TaskGroup::stop()
{
    leaving_ = stopping_ = true;
    // A member may end, and leave the list, inside emit(): step first.
    for (auto it = members_.begin(); it != members_.end();) {
        auto& member = *it++;
        member.signal.emit(net::cancellation_type::total);
    }
}

Task<void> TaskGroup::drained(std::chrono::milliseconds polite)
{
    Timer timer{context_.get_executor()};
    auto const limit = Steady::now() + polite;
    bool final_sent = false;
    while (!members_.empty()) {
        timer.expires_after(std::chrono::milliseconds{5});
        co_await timer.async_wait(as_result);
        if (!final_sent && Steady::now() >= limit) {
            final_sent = true;
            for (auto it = members_.begin(); it != members_.end();) {
                auto& member = *it++;
                member.signal.emit(net::cancellation_type::terminal);
            }
        }
    }
}

}  // namespace runtime
