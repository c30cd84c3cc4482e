#pragma once

// Chance from a seed, the same everywhere: no distribution of the standard library, whose results are each library's own.
// Threads: one.

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>

namespace sim {

using Micros = std::chrono::microseconds;

class Random {
public:
    explicit Random(std::uint64_t seed) : engine_{seed} {}
    [[nodiscard]] std::uint64_t next() { return engine_(); }
    [[nodiscard]] double share() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }  // [0, 1)
    [[nodiscard]] bool chance(double p) { return p > 0 && share() < p; }
    [[nodiscard]] std::size_t below(std::size_t n) { return static_cast<std::size_t>(next() % n); }
    [[nodiscard]] Micros between(Micros low, Micros high)
    {
        return low + Micros{static_cast<std::int64_t>(share() * static_cast<double>((high - low).count()))};
    }
    // Of events that come at random, one in `mean`.
    [[nodiscard]] Micros about(Micros mean)
    {
        auto const drawn = -std::log(1.0 - share()) * static_cast<double>(mean.count());
        return Micros{static_cast<std::int64_t>(std::clamp(drawn, 1.0, 20.0 * static_cast<double>(mean.count())))};
    }

private:
    std::mt19937_64 engine_;
};

}  // namespace sim
