#pragma once

// Who is calling, may they, and is there room: decided before a byte of the body is read, and cheaply.
//
// Threads: any; one mutex guards the meters and the shares, never across a co_await. The registry is a snapshot,
//          swapped whole. Limits and Metrics outlive it.
// Errors:  a Fault: credentials, contract, role, then room (overloaded), then quota: a call refused for want of room
//          costs no token.

#include "gateway/fault/fault.hpp"
#include "gateway/intake/limits.hpp"
#include "gateway/intake/router.hpp"
#include "gateway/observe/metrics.hpp"
#include "gateway/runtime/clock.hpp"
#include "gateway/runtime/snapshot.hpp"
#include "providers/quota.hpp"
#include "providers/registry.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

namespace intake {

class Admission;

// The room of one admitted request; gives all of it back when it goes.
class Ticket {
public:
    Ticket(Ticket&& other) noexcept;
    Ticket& operator=(Ticket&& other) noexcept;
    ~Ticket();

    [[nodiscard]] std::optional<providers::Admitted> const& admitted() const noexcept { return admitted_; }
    // Set where the route counts quota: what the RateLimit fields tell.
    [[nodiscard]] std::optional<providers::QuotaMeter::Snapshot> const& quota() const noexcept { return quota_; }
    // Reserves more memory, for unpacking. False: there is none, and nothing changed.
    [[nodiscard]] bool grow(std::uint64_t bytes);
    void shrink(std::uint64_t bytes);

private:
    friend class Admission;
    Ticket() = default;
    Admission* admission_ = nullptr;  // null: holds no room
    std::optional<providers::Admitted> admitted_;
    std::optional<providers::QuotaMeter::Snapshot> quota_;
    std::string party_;           // whose share; empty on open routes
    std::uint64_t bytes_ = 0;
    bool metered_ = false;        // holds one in-flight place of the party's meter
};

// One connection's place under the ceiling, given back when it goes.
class ConnectionPlace {
public:
    explicit ConnectionPlace(Admission& admission) noexcept : admission_{&admission} {}
    ConnectionPlace(ConnectionPlace&& other) noexcept : admission_{std::exchange(other.admission_, nullptr)} {}
    ConnectionPlace& operator=(ConnectionPlace&&) = delete;
    ~ConnectionPlace();

private:
    Admission* admission_;
};

class Admission {
public:
    // `registry` is shared with sessions that took it before a swap.
    Admission(std::shared_ptr<providers::Registry const> registry, Limits const& limits, runtime::Clock const& clock,
              observe::Metrics& metrics);
    Admission(Admission const&) = delete;
    Admission& operator=(Admission const&) = delete;

    // `bytes`: what the body may take in memory before unpacking.
    [[nodiscard]] fault::Result<Ticket> admit(Route const& route, providers::Credentials const& credentials, std::uint64_t bytes);

    void swap_registry(std::shared_ptr<providers::Registry const> next);
    [[nodiscard]] std::shared_ptr<providers::Registry const> registry() const { return registry_.load(); }

    // Connections of all listeners that share this Admission. Nothing where the ceiling is met.
    [[nodiscard]] std::optional<ConnectionPlace> take_connection() noexcept;

    [[nodiscard]] std::uint64_t memory_reserved() const;
    [[nodiscard]] std::uint32_t in_flight() const;
    [[nodiscard]] std::uint32_t connections() const noexcept { return connections_.load(); }

private:
    friend class Ticket;
    friend class ConnectionPlace;
    struct Party {
        std::optional<providers::QuotaMeter> meter;
        std::uint64_t bytes = 0;
    };
    [[nodiscard]] bool reserve(std::string const& party, std::uint64_t bytes, std::uint64_t already);  // REQUIRES: mutex_ held
    void release(Ticket& ticket) noexcept;

    runtime::Snapshot<providers::Registry> registry_;
    Limits const& limits_;
    runtime::Clock const& clock_;
    observe::Metrics& metrics_;

    mutable std::mutex mutex_;  // guards the four below
    std::unordered_map<std::string, Party> parties_;
    std::uint64_t memory_ = 0;
    std::uint32_t in_flight_ = 0;

    std::atomic<std::uint32_t> connections_{0};
};

}  // namespace intake
