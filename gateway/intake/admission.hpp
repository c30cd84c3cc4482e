#pragma once

// Who is calling, may they, and is there room: decided before a byte of the body is read, and cheaply.
//
//   who (registry) → quota of the party → the backend's pace (throttle) → a place of the lane (places, pace) → memory
//
// A dossier of a party above its share may wait a short while for its place, its body unread and nothing held but the connection.
// What an earlier step gave is taken back where a later one refuses: a call refused for want of room costs no token.
//
// Threads: any; one mutex guards meters, shares and places, never across a co_await. Who waits is woken on its own core. The
//          registry is a snapshot, swapped whole. Limits and Metrics outlive it.
// Errors:  a Fault: credentials, contract, role; quota (429); overloaded (503), with the time after which there should be room.

#include "gateway/fault/fault.hpp"
#include "gateway/intake/ebb.hpp"
#include "gateway/intake/limits.hpp"
#include "gateway/intake/router.hpp"
#include "gateway/observe/metrics.hpp"
#include "gateway/runtime/clock.hpp"
#include "gateway/runtime/snapshot.hpp"
#include "gateway/runtime/task.hpp"
#include "providers/quota.hpp"
#include "providers/registry.hpp"

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace intake {

class Admission;

// Why there was no room; a label of metrics, and what GET /v1/limits tells.
enum class Want { none, room, waited, memory, in_flight, quota, backlog };
[[nodiscard]] std::string_view name_of(Want want) noexcept;

using Fields = std::vector<std::pair<std::string, std::string>>;

// The room of one admitted request; gives all of it back when it goes.
class Ticket {
public:
    Ticket(Ticket&& other) noexcept;
    Ticket& operator=(Ticket&& other) noexcept;
    ~Ticket();

    [[nodiscard]] std::optional<providers::Admitted> const& admitted() const noexcept { return admitted_; }
    // Set where the route counts quota.
    [[nodiscard]] std::optional<providers::QuotaMeter::Snapshot> const& quota() const noexcept { return quota_; }
    [[nodiscard]] Fields rate_limit() const;  // the RateLimit fields; none where the route counts no quota
    // What the request waits for is not ours (evidence of a CA): its place is another's meanwhile. And back, or its body has come.
    void step_aside();
    void step_in();
    // Reserves more memory, for unpacking. False: there is none, and nothing changed.
    [[nodiscard]] bool grow(std::uint64_t bytes);
    void shrink(std::uint64_t bytes);

private:
    friend class Admission;
    Ticket() = default;
    void take(Ticket& other) noexcept;

    Admission* admission_ = nullptr;  // null: holds nothing
    std::optional<providers::Admitted> admitted_;
    std::optional<providers::QuotaMeter::Snapshot> quota_;
    std::string party_;           // whose share; empty on open routes
    Track track_ = Track::open;
    Places::Id place_ = 0;        // held or waited for
    std::uint64_t bytes_ = 0;
    double held_to_ = 0;          // dossiers a second that the backend's pace leaves the party; 0: it does not hold back
    bool metered_ = false;        // holds one in-flight place of the party's meter
    bool throttled_ = false;      // was counted by the throttle
    bool inside_ = false;         // admitted, no longer waiting
};

// One connection's place under the ceiling, given back when it goes.
class ConnectionPlace {
public:
    explicit ConnectionPlace(Admission& admission) noexcept : admission_{&admission} {}
    ConnectionPlace(ConnectionPlace&& other) noexcept : admission_{std::exchange(other.admission_, nullptr)}, seat_{std::exchange(other.seat_, {})} {}
    ConnectionPlace& operator=(ConnectionPlace&&) = delete;
    ~ConnectionPlace();

    // Who came. False: its address holds or makes too many; the connection is to be closed at once.
    [[nodiscard]] bool come_in(Doors::Address const& address);

private:
    Admission* admission_;
    Doors::Seat seat_;
};

class Admission {
public:
    // `registry` is shared with sessions that took it before a swap.
    Admission(std::shared_ptr<providers::Registry const> registry, Limits const& limits, runtime::Clock const& clock,
              observe::Metrics& metrics);
    Admission(Admission const&) = delete;
    Admission& operator=(Admission const&) = delete;

    // `bytes`: what the body may take in memory before unpacking. Waits for its turn, at most Limits::places.wait_max.
    // `route` outlives the task.
    [[nodiscard]] runtime::Task<fault::Result<Ticket>> enter(Route const& route, providers::Credentials credentials, std::uint64_t bytes);
    // The same without waiting.
    [[nodiscard]] fault::Result<Ticket> admit(Route const& route, providers::Credentials const& credentials, std::uint64_t bytes);

    void swap_registry(std::shared_ptr<providers::Registry const> next);
    [[nodiscard]] std::shared_ptr<providers::Registry const> registry() const { return registry_.load(); }

    // What one dossier took from whole to stored (Pace). Of any core.
    void committed(std::chrono::nanoseconds took, bool stored, std::uint64_t bytes);
    // A look at the delivery queue, every second or so (Throttle); and the gauges are set.
    void observe(Backlog const& backlog);
    [[nodiscard]] double filings_per_second() const;  // answered lately

    // Connections of all listeners that share this Admission. Nothing where the ceiling is met.
    [[nodiscard]] std::optional<ConnectionPlace> take_connection() noexcept;
    // How long to accept nobody, so that handshakes leave time for dossiers; 0: go on.
    [[nodiscard]] std::chrono::nanoseconds accept_pause() const;
    // A timeout for peers that say nothing: shortened, down to a tenth, as connections near their ceiling.
    [[nodiscard]] std::chrono::milliseconds patience(std::chrono::milliseconds usual) const noexcept;

    // What one party may know of its own standing.
    struct Standing {
        std::uint32_t limit = 0;                 // of all parties' dossiers at once, now
        Places::Standing filings;                // its share, and what it holds
        std::optional<providers::QuotaMeter::Snapshot> filings_quota, asks_quota;  // nothing: it has not asked yet
        double held_to = 0;                      // a second; 0: the backend does not hold it back
        Want held_back = Want::none;             // why a dossier of its was refused in the last ten seconds
    };
    [[nodiscard]] Standing standing(providers::Provider const& party) const;

    [[nodiscard]] std::uint64_t memory_reserved() const;
    [[nodiscard]] std::uint32_t in_flight() const;
    [[nodiscard]] std::uint32_t connections() const noexcept { return connections_.load(); }

private:
    friend class Ticket;
    friend class ConnectionPlace;
    using Time = std::chrono::steady_clock::time_point;
    struct Party {
        std::optional<providers::QuotaMeter> filings, asks;
        std::uint64_t bytes = 0;
        Want held_back = Want::none;
        Time held_back_at{};
    };
    struct Bell;  // wakes one who waits, on its own core
    struct Waiting {
        bool entered = false;
        std::shared_ptr<Bell> bell;  // shared with the waker's post; null until it has begun to wait
    };

    // All below but `who` REQUIRE: mutex_ held.
    [[nodiscard]] fault::Result<Ticket> who(Route const& route, providers::Credentials const& credentials) const;
    [[nodiscard]] fault::Result<bool> knock(Ticket& ticket, Route const& route, std::uint64_t bytes, bool may_wait, Time now);
    [[nodiscard]] fault::Result<bool> take_quota(Ticket& ticket, Party& party, Time now);
    [[nodiscard]] fault::Result<bool> settle(Ticket& ticket, std::uint64_t bytes, Time now);
    [[nodiscard]] fault::Fault no_room(Ticket const& ticket, Want want, std::uint64_t bytes, Time now);
    [[nodiscard]] std::chrono::seconds room_in(Ticket const& ticket, Want want, std::uint64_t bytes, Time now);
    [[nodiscard]] std::chrono::seconds told(std::chrono::nanoseconds wait);
    [[nodiscard]] bool reserve(std::string const& party, std::uint64_t bytes, std::uint64_t already);
    [[nodiscard]] std::uint32_t limit_of(Track track) const;
    [[nodiscard]] Places::Pacing pacing_of(Track track) const;
    void let_in(Track track, Time now);
    void give_back(Ticket& ticket, Time now);
    void release(Ticket& ticket) noexcept;  // takes the mutex

    runtime::Snapshot<providers::Registry> registry_;
    Limits const& limits_;
    runtime::Clock const& clock_;
    observe::Metrics& metrics_;

    mutable std::mutex mutex_;  // guards all below but connections_
    std::unordered_map<std::string, Party> parties_;
    Pace pace_;
    std::array<Places, all_tracks.size()> places_;
    Throttle throttle_;
    Ebb memory_ebb_, in_flight_ebb_;  // bytes, requests
    std::unordered_map<Places::Id, Waiting> waiting_;  // of filings: no other lane waits
    std::uint64_t memory_ = 0;
    std::uint32_t in_flight_ = 0;
    std::minstd_rand random_;

    mutable std::mutex doors_mutex_;  // guards doors_
    Doors doors_;
    std::atomic<std::uint32_t> connections_{0};
};

}  // namespace intake
