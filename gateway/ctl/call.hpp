#pragma once

// Runs one coroutine to its end and gives its value: a command is a straight line of calls.
// Threads: one; answers may come from others. REQUIRES: the threads that answer have ended before `context` goes; what asks the
// store asks through Database::answer(), which sees to it. Errors: what escapes the coroutine is thrown here as std::runtime_error.

#include "gateway/runtime/task_group.hpp"

#include <boost/asio/executor_work_guard.hpp>

#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

namespace ctl {

template <class T>
T finish(net::io_context& context, runtime::Task<T> task)
{
    std::optional<T> value;
    std::string trouble;
    runtime::TaskGroup group{context, [&trouble](std::string const&, std::string const& what) { trouble = what; }};
    auto keep = [](runtime::Task<T> work, std::optional<T>& into) -> runtime::Task<void> { into.emplace(co_await std::move(work)); };
    auto const guard = net::make_work_guard(context);  // the answer may be on its way from another thread
    context.restart();
    group.spawn("command", keep(std::move(task), value));
    while (group.size() > 0) context.run_one();
    if (!value) throw std::runtime_error(trouble.empty() ? "the call did not end" : trouble);
    return std::move(*value);
}

}  // namespace ctl
