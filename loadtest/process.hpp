#pragma once

// What the kernel says of a process (proc(5)). Threads: any. Errors: std::runtime_error from processor_seconds() and ticks_of().

#include <cstdint>
#include <string_view>

namespace loadtest {

[[nodiscard]] std::int64_t resident_bytes(long pid);     // 0 where there is no such process
[[nodiscard]] double processor_seconds(long pid);        // user and system, since it began
// The same of a line of /proc/PID/stat, in clock ticks.
[[nodiscard]] std::uint64_t ticks_of(std::string_view stat);

}  // namespace loadtest
