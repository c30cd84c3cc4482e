#pragma once

// One world from one seed: gateways, a database, a backend, senders and what goes wrong between them, on one thread. First
// dossiers are filed while faults strike; then nothing goes wrong any more, and all must come to rest as promised.
//
// Threads: a world is one thread's; several may run at once on several.

#include "tests/sim/checker.hpp"
#include "tests/sim/faults.hpp"
#include "tests/sim/planted.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace sim {

inline constexpr std::size_t dossiers_least = 50;

struct WorldConfig {
    std::uint64_t seed = 1;
    Planted planted = Planted::none;
    bool text = false;            // keep the trace as text
    std::size_t dossiers_max = 1500;  // another one is another world
};

struct WorldReport {
    std::uint64_t seed = 0;
    std::size_t dossiers_max = 0;
    Micros simulated{0};
    std::size_t dossiers = 0;  // filed
    std::size_t acknowledged = 0, delivered = 0;
    std::array<std::uint64_t, fault_kinds> faults{};
    std::optional<Violation> violation;
    std::uint64_t trace_hash = 0;
    std::vector<std::string> trace;
};

[[nodiscard]] WorldReport run_world(WorldConfig const& config);

}  // namespace sim
