#pragma once

// Wall time as a parameter, so that tests and the simulator can stand at any day. Threads: any.

#include <chrono>

namespace runtime {

using Instant = std::chrono::system_clock::time_point;

class Clock {
public:
    virtual ~Clock() = default;
    [[nodiscard]] virtual Instant now() const = 0;
};

class SystemClock final : public Clock {
public:
    [[nodiscard]] Instant now() const override { return std::chrono::system_clock::now(); }
};

// Filing days and hours are Vietnam's: UTC+7 all year, no summer time.
inline constexpr std::chrono::hours vietnam_offset{7};
[[nodiscard]] std::chrono::sys_days vietnam_day(Instant at);

}  // namespace runtime
