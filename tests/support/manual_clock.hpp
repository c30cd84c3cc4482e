#pragma once

#include "gateway/runtime/clock.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>

namespace support
{

// Stands still until the test moves it. Threads: one.
class ManualClock final : public runtime::Clock {
public:
    runtime::Instant at = std::chrono::sys_days{std::chrono::year{2026} / 11 / 21} + std::chrono::hours{2};
    [[nodiscard]] runtime::Instant now() const override { return at; }
    template <class Duration>
    void advance(Duration by)
    {
        at += by;
    }
};

// Runs with the system's clock, ahead by what the test leaps. Threads: any.
class LeapingClock final : public runtime::Clock {
public:
    [[nodiscard]] runtime::Instant now() const override
    {
        return std::chrono::system_clock::now() + std::chrono::seconds{ahead_.load()};
    }
    void leap(std::chrono::seconds by) { ahead_ += by.count(); }

private:
    std::atomic<std::int64_t> ahead_{0};
};

} // namespace support
