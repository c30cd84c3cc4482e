#pragma once

// Our own bug: stop at once, in release too. Safe, since nothing is promised before the commit.

namespace runtime {
[[noreturn]] void assertion_failed(char const* what, char const* file, int line) noexcept;
}

#define GW_ASSERT(condition) \
    ((condition) ? static_cast<void>(0) : ::runtime::assertion_failed(#condition, __FILE__, __LINE__))
