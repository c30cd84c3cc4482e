#pragma once

// How many dossiers may be examined and committed at once, found from what each takes: from when it is whole until it is stored, its turn
// at the core and the commit included, so that whichever is scarce is seen.
//
// A group commit has a fixed cost and one for each row, so with n dossiers in it about takes 2a + bn: held at T times its unloaded
// time it gives 1 - 1/T of its peak, on a fast disk with few dossiers, on a slow one with many. So the limit moves until the median
// dossier takes `tolerance` times the unloaded one. (The idea of comparing a long with a short average instead of probing is that of
// Netflix's Gradient2; a long average that follows our own queue, as there, would let the limit grow for as long as an overload lasts.)
//
//   unloaded   falls quickly with every shorter window; rises only where our own queue cannot be the reason: while hardly
//              anything is under way, or while the limit stands at its floor
//   tolerance  how much of the peak is worth how long a wait. Where a party within its share is here beside one beyond it, the
//              one owes nothing to the flood of the other: `tolerance_shared` then gives up a tenth of the peak at most,
//              and everybody waits less
//   the limit  grows only while it is used, shrinks whenever windows take too long; one odd window or a few slow commits move it little
//
// Threads: none of its own; the caller locks. Pure: time is a parameter. Errors: none.

#include "gateway/runtime/config_field.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <tuple>
#include <vector>

namespace intake {

struct PaceConfig {
    std::uint32_t min = 16, max = 1024;           // dossiers at once
    double tolerance = 6;                         // 1 - 1/6: five sixths of what the store could do at any price in time
    double tolerance_shared = 4;                  // (1 - 1/4) is nine tenths of (1 - 1/6)
    std::chrono::milliseconds time_max{1000};     // however slow the store is unloaded, nobody waits for more of our making
    std::chrono::milliseconds window{100};
};

inline constexpr std::tuple pace_fields{
    runtime::Field{"intake.filings_min", &PaceConfig::min, 1u, 100'000u, "Dossiers examined and committed at once: the adaptive limit never falls below."},
    runtime::Field{"intake.filings_max", &PaceConfig::max, 1u, 100'000u, "The adaptive limit never rises above."},
    runtime::Field{"intake.filings_tolerance", &PaceConfig::tolerance, 1.5, 100.0, "The limit moves until a dossier takes, from whole to stored, so many times what it takes unloaded; T leaves about 1/T of the peak unused and keeps waits short."},
    runtime::Field{"intake.filings_tolerance_shared", &PaceConfig::tolerance_shared, 1.5, 100.0, "The same while a provider within its share is here beside one beyond it: so that the flood of the one is not the waiting of the other."},
    runtime::Field{"intake.filings_time_max", &PaceConfig::time_max, std::chrono::milliseconds{1}, std::chrono::minutes{1}, "A dossier that takes longer lowers the limit however slow the store is unloaded."},
    runtime::Field{"intake.pace_window", &PaceConfig::window, std::chrono::milliseconds{10}, std::chrono::milliseconds{10'000}, "How often the limit moves."},
};

class Pace {
public:
    using Time = std::chrono::steady_clock::time_point;
    Pace(PaceConfig config, Time now);

    // One small dossier: what it took from whole to stored, whether it was (false: turned away for want of time or room), and how
    // many are under way. Large ones are not told: they take long for reasons of their own.
    void committed(std::chrono::nanoseconds took, bool stored, std::uint32_t in_flight, Time now);

    // From now on: whether a party within its share is here beside one beyond it (Places::shared_unevenly). It counts when the limit
    // moves, so it need be told only where the next commit may move it.
    void shared_unevenly(bool now) noexcept { uneven_ = now; }
    [[nodiscard]] bool window_over(Time now) const noexcept { return now - began_ >= config_.window; }

    [[nodiscard]] std::uint32_t limit() const noexcept;
    [[nodiscard]] std::chrono::nanoseconds unloaded() const noexcept { return nanoseconds_of(unloaded_); }  // 0: not known yet
    [[nodiscard]] std::chrono::nanoseconds lately() const noexcept { return nanoseconds_of(lately_); }      // median of the last window

private:
    static std::chrono::nanoseconds nanoseconds_of(double seconds) noexcept;
    void close(Time now);
    void learn(double median);
    void move(double median);

    PaceConfig config_;
    double limit_;
    double unloaded_ = 0, lately_ = 0;  // seconds
    Time began_;
    std::vector<double> took_;          // of this window, bounded
    std::size_t samples_ = 0, failed_ = 0;
    std::uint32_t peak_ = 0;            // in flight in this window
    bool uneven_ = false;
};

}  // namespace intake
