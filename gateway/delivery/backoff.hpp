#pragma once

// When to try again. Pure: randomness and time are parameters.

#include "gateway/runtime/clock.hpp"
#include "gateway/runtime/config_field.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <random>
#include <string_view>
#include <tuple>

namespace delivery
{

using Random = std::mt19937_64;

struct BackoffConfig {
    std::chrono::milliseconds first{1000};      // the first wait is drawn from 0..first
    std::chrono::milliseconds max{10 * 60'000}; // no wait is drawn from more
    std::chrono::seconds retry_after_max{3600}; // a longer Retry-After is cut to this
};

inline constexpr std::tuple backoff_fields{
    runtime::Field{"delivery.backoff_first", &BackoffConfig::first, std::chrono::milliseconds{1},
                   std::chrono::milliseconds{3'600'000}, "The first retry comes after a random wait of at most this."},
    runtime::Field{"delivery.backoff_max", &BackoffConfig::max, std::chrono::milliseconds{1},
                   std::chrono::milliseconds{86'400'000}, "No retry waits longer, unless the backend says so."},
    runtime::Field{"delivery.retry_after_max", &BackoffConfig::retry_after_max, std::chrono::seconds{1},
                   std::chrono::seconds{86'400}, "A longer Retry-After of the backend is cut to this."},
};

// Exponential with full jitter: uniform in 0..min(max, first · 2^attempts). Retry-After is obeyed (bounded), and spread
// by up to `first` so that all do not come back in the same moment. `attempts`: failed before this one.
[[nodiscard]] std::chrono::milliseconds wait_before_retry(BackoffConfig const& config, std::uint32_t attempts,
                                                          std::chrono::seconds retry_after, Random& random);

// RFC 9110 §10.2.3: seconds, or an HTTP-date in any of its three forms (§5.6.7). A date passed is 0. Nothing: neither.
[[nodiscard]] std::optional<std::chrono::seconds> parse_retry_after(std::string_view text, runtime::Instant now);

} // namespace delivery
