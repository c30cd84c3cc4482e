#pragma once

// Outcome → next state and time, by the table of gateway/dossier/state.hpp. Pure: randomness and time are parameters.

#include "gateway/delivery/backoff.hpp"
#include "gateway/delivery/destination.hpp"
#include "gateway/store/queue.hpp"

#include <chrono>
#include <cstdint>

namespace delivery
{

struct SettleConfig {
    BackoffConfig backoff;
    std::uint32_t attempts_max = 100;         // then a person looks
    std::chrono::hours give_up_after{24 * 5}; // since it was received
};

// `destination_dead`: nobody's dossier gets through now, so that none is given up for it (promise 5).
[[nodiscard]] store::Settlement settle(SettleConfig const& config, store::Claim const& claim, Outcome const& outcome,
                                       runtime::Instant now, bool destination_dead, Random& random);

} // namespace delivery
