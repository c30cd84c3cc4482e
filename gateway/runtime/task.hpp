#pragma once

#include "gateway/runtime/net.hpp"

namespace runtime {
// A coroutine of one core. Parameters by value, or a reference to something its TaskGroup outlives.
template <class T = void>
using Task = net::awaitable<T, IoExecutor>;
inline constexpr net::use_awaitable_t<IoExecutor> use_task{};
}  // namespace runtime
