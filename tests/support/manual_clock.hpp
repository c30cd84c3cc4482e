#pragma once

#include "gateway/runtime/clock.hpp"

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

} // namespace support
