#pragma once

// Outcome → next state and time, by the table of gateway/dossier/state.hpp. Pure: randomness and time are parameters.

#include "gateway/delivery/backoff.hpp"
#include "gateway/delivery/destination.hpp"
#include "gateway/runtime/config_field.hpp"
#include "gateway/store/queue.hpp"

#include <chrono>
#include <cstdint>
#include <tuple>

namespace delivery
{

struct SettleConfig {
    BackoffConfig backoff;
    std::uint32_t attempts_max = 100;         // then a person looks
    std::chrono::hours give_up_after{24 * 5}; // since it was received
};

inline constexpr std::tuple settle_fields{
    runtime::Field{"delivery.attempts_max", &SettleConfig::attempts_max, 1u, 100'000u,
                   "Attempts before a dossier becomes a dead letter, while the backend takes others."},
    runtime::Field{"delivery.give_up_after", &SettleConfig::give_up_after, std::chrono::hours{1},
                   std::chrono::hours{24 * 365},
                   "Age at which a dossier becomes a dead letter, while the backend takes others."},
};

// `destination_dead`: nobody's dossier gets through now, so that none is given up for it (promise 5).
[[nodiscard]] store::Settlement settle(SettleConfig const& config, store::Claim const& claim, Outcome const& outcome,
                                       runtime::Instant now, bool destination_dead, Random& random);

} // namespace delivery
