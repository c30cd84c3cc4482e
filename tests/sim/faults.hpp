#pragma once

// What goes wrong, how often, and how often it has. Each seed draws its own set: some kinds not at all, some rare, some often.
// Threads: one.

#include "tests/sim/random.hpp"

#include <array>
#include <cstdint>
#include <string_view>

namespace sim {

enum class Fault : std::uint8_t {
    // The network, of each message.
    message_lost, message_delayed, message_doubled,
    // The database, of each call: it says no, or the connection dies before or behind the commit, or it takes long.
    call_refused, call_lost_before, call_lost_behind, call_slow,
    // The database, now and then.
    database_crash, database_away, outcome_not_durable,
    // The backend, of each request.
    backend_error, backend_error_though_stored, backend_lie, backend_busy, backend_refusal,
    // The backend, for a while.
    backend_slow, backend_down, backend_silent, backend_flapping,
    // A gateway, now and then.
    gateway_crash, gateway_paused, gateway_restart, clock_step,
};
inline constexpr std::size_t fault_kinds = 23;

inline constexpr std::array<std::string_view, fault_kinds> fault_names{
    "message_lost", "message_delayed", "message_doubled",
    "call_refused", "call_lost_before", "call_lost_behind", "call_slow",
    "database_crash", "database_away", "outcome_not_durable",
    "backend_error", "backend_error_though_stored", "backend_lie", "backend_busy", "backend_refusal",
    "backend_slow", "backend_down", "backend_silent", "backend_flapping",
    "gateway_crash", "gateway_paused", "gateway_restart", "clock_step",
};

class Faults {
public:
    explicit Faults(Random& random) : random_{random}
    {
        for (std::size_t kind = 0; kind < fault_kinds; ++kind) {
            bool const absent = random.chance(0.4);
            bool const often = random.chance(0.2);
            share_[kind] = absent ? 0.0 : often ? 0.15 : 0.02;
        }
    }

    // Whether it happens to this one; counted where it does.
    [[nodiscard]] bool strikes(Fault kind)
    {
        if (healed_ || !random_.chance(share_[static_cast<std::size_t>(kind)])) return false;
        count(kind);
        return true;
    }
    // For what happens now and then: how long until the next, drawn around `rare`, less where this world has it often.
    [[nodiscard]] Micros until_next(Fault kind, Micros rare) { return random_.about(share(kind) > 0.1 ? rare / 8 : rare); }
    [[nodiscard]] double share(Fault kind) const { return healed_ ? 0.0 : share_[static_cast<std::size_t>(kind)]; }
    void count(Fault kind, std::uint64_t times = 1) { counts_[static_cast<std::size_t>(kind)] += times; }
    // From now on nothing goes wrong any more.
    void heal() { healed_ = true; }
    [[nodiscard]] bool healed() const noexcept { return healed_; }
    [[nodiscard]] std::array<std::uint64_t, fault_kinds> const& counts() const noexcept { return counts_; }

private:
    Random& random_;
    std::array<double, fault_kinds> share_{};
    std::array<std::uint64_t, fault_kinds> counts_{};
    bool healed_ = false;
};

}  // namespace sim
