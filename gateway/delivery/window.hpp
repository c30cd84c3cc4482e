#pragma once

// How many dossiers may be under way to one destination at once. Starts small, doubles until the first trouble, then
// opens by one for each window of successes; halves on trouble, but only when a tenth of a window went wrong
// together (hysteresis: one bad answer among many says nothing about the destination). After `cohorts_failed_max`
// windows of trouble without one success the destination is dead, and is probed one at a time with growing pauses.
// The idea is that of Postfix's queue manager (scheduler feedback and failed cohorts); the numbers are our own choice.
//
// Threads: one core. Pure: time is a parameter.

#include "gateway/runtime/clock.hpp"
#include "gateway/runtime/config_field.hpp"

#include <chrono>
#include <cstddef>
#include <tuple>

namespace delivery
{

struct WindowConfig {
    std::size_t start = 16, min = 1, max = 256;
    double trouble_share = 0.1;      // of a window, before it halves
    unsigned cohorts_failed_max = 3; // windows of trouble in a row, then the destination is dead
    std::chrono::milliseconds probe_wait_first{500}, probe_wait_max{15'000};
    std::chrono::seconds pause_max{60}; // longest Retry-After that holds back the whole destination
};
inline constexpr std::tuple window_fields{
    runtime::Field{"delivery.window_start", &WindowConfig::start, 1u, 4096u,
                   "Dossiers under way at once to a destination nobody knows yet."},
    runtime::Field{"delivery.window_min", &WindowConfig::min, 1u, 4096u,
                   "The window never closes further while the destination lives."},
    runtime::Field{"delivery.window_max", &WindowConfig::max, 1u, 4096u, "The window never opens further."},
    runtime::Field{"delivery.trouble_share", &WindowConfig::trouble_share, 0.0, 1.0,
                   "Share of a window that must go wrong before it halves."},
    runtime::Field{"delivery.cohorts_failed_max", &WindowConfig::cohorts_failed_max, 1u, 1000u,
                   "Windows of trouble in a row that mean: the destination is dead."},
    runtime::Field{"delivery.probe_wait_first", &WindowConfig::probe_wait_first, std::chrono::milliseconds{1},
                   std::chrono::milliseconds{600'000}, "First pause between probes of a dead destination."},
    runtime::Field{"delivery.probe_wait_max", &WindowConfig::probe_wait_max, std::chrono::milliseconds{1},
                   std::chrono::milliseconds{600'000}, "Longest pause between probes of a dead destination."},
    runtime::Field{"delivery.pause_max", &WindowConfig::pause_max, std::chrono::seconds{0}, std::chrono::seconds{3600},
                   "Longest Retry-After that holds back the whole destination."},
};

class Window {
public:
    explicit Window(WindowConfig config);

    // How many more may start now. 0 while paused, or while a probe is under way.
    [[nodiscard]] std::size_t room(std::size_t in_flight, runtime::Instant now) const;
    // When room() may grow without an outcome: the end of a pause; `now` where there is none.
    [[nodiscard]] runtime::Instant opens_at(runtime::Instant now) const;

    // An answer came: the destination is alive. `in_flight` counts this one too, as below; a window that was not used
    // does not grow.
    void answered(std::size_t in_flight);
    // Trouble: no answer, or one that says later. `retry_after` is the destination's word; 0: none.
    void troubled(std::size_t in_flight, runtime::Instant now, std::chrono::seconds retry_after);

    [[nodiscard]] std::size_t size() const noexcept { return dead_ ? 1 : size_; }
    [[nodiscard]] bool dead() const noexcept { return dead_; }

private:
    void halve(std::size_t in_flight);

    WindowConfig config_;
    std::size_t size_;
    std::size_t threshold_;    // below it the window doubles, above it opens by one
    double opened_ = 0;        // fraction of the next place, by successes
    std::size_t outcomes_ = 0; // of this cohort
    std::size_t troubles_ = 0; // of this cohort
    std::size_t old_ = 0;      // outcomes still to come of attempts begun before the last halving: they say nothing new
    double cohorts_failed_ = 0; // since the last answer
    bool dead_ = false;
    std::chrono::milliseconds probe_wait_;
    runtime::Instant paused_until_{};
};

} // namespace delivery
