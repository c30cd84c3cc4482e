#pragma once

// When to try again. Pure: randomness and time are parameters.

#include "gateway/runtime/clock.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <random>
#include <string_view>

namespace delivery
{

using Random = std::mt19937_64;

struct BackoffConfig {
    std::chrono::milliseconds first{1000};      // the first wait is drawn from 0..first
    std::chrono::milliseconds max{10 * 60'000}; // no wait is drawn from more
    std::chrono::seconds retry_after_max{3600}; // a longer Retry-After is cut to this
};

// Exponential with full jitter: uniform in 0..min(max, first · 2^attempts). Retry-After is obeyed (bounded), and spread
// by up to `first` so that all do not come back in the same moment. `attempts`: failed before this one.
[[nodiscard]] std::chrono::milliseconds wait_before_retry(BackoffConfig const& config, std::uint32_t attempts,
                                                          std::chrono::seconds retry_after, Random& random);

// RFC 9110 §10.2.3: seconds, or an HTTP-date in any of its three forms (§5.6.7). A date passed is 0. Nothing: neither.
[[nodiscard]] std::optional<std::chrono::seconds> parse_retry_after(std::string_view text, runtime::Instant now);

} // namespace delivery
