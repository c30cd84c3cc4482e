#pragma once

// How many dossiers may be under way to one destination at once. Starts small, doubles until the first trouble, then
// opens by one for each window of successes; halves on trouble, but only when a tenth of a window went wrong
// together (hysteresis: one bad answer among many says nothing about the destination). After `cohorts_failed_max`
// windows of trouble without one success the destination is dead, and is probed one at a time with growing pauses.
// The idea is that of Postfix's queue manager (scheduler feedback and failed cohorts); the numbers are our own choice.
//
// Threads: one core. Pure: time is a parameter.

#include "gateway/runtime/clock.hpp"

#include <chrono>
#include <cstddef>

namespace delivery {

struct WindowConfig {
    std::size_t start = 16, min = 1, max = 256;
    double trouble_share = 0.1;         // of a window, before it halves
    unsigned cohorts_failed_max = 3;    // windows of trouble in a row, then the destination is dead
    std::chrono::milliseconds probe_wait_first{500}, probe_wait_max{15'000};
    std::chrono::seconds pause_max{60};  // longest Retry-After that holds back the whole destination
};

class Window {
public:
    explicit Window(WindowConfig config);

    // How many more may start now. 0 while paused, or while a probe is under way.
    [[nodiscard]] std::size_t room(std::size_t in_flight, runtime::Instant now) const;
    // When room() may grow without an outcome: the end of a pause; `now` where there is none.
    [[nodiscard]] runtime::Instant opens_at(runtime::Instant now) const;

    // An answer came: the destination is alive. `in_flight` counts this one too; a window that was not used does not grow.
    void answered(std::size_t in_flight);
    // Trouble: no answer, or one that says later. `retry_after` is the destination's word; 0: none.
    void troubled(runtime::Instant now, std::chrono::seconds retry_after);

    [[nodiscard]] std::size_t size() const noexcept { return dead_ ? 1 : size_; }
    [[nodiscard]] bool dead() const noexcept { return dead_; }

private:
    void halve();

    WindowConfig config_;
    std::size_t size_;
    std::size_t threshold_;      // below it the window doubles, above it opens by one
    double opened_ = 0;          // fraction of the next place, by successes
    std::size_t outcomes_ = 0;   // of this cohort
    std::size_t troubles_ = 0;   // of this cohort
    double cohorts_failed_ = 0;  // since the last answer
    bool dead_ = false;
    std::chrono::milliseconds probe_wait_;
    runtime::Instant paused_until_{};
};

}  // namespace delivery
