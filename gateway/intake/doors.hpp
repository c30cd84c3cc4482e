#pragma once

// Connections by the address they come from: how many one may hold, and how often it may begin a new one. A handshake costs us
// as much as thirty dossiers and the peer little, so an address that makes them without end is closed at once, which costs it more.
//
// Addresses that many share (a TLS proxy of ours, this machine) are named in `unlimited` and pass. IPv6 is counted by /64, the
// smallest net a customer is given (RFC 6177 §2).
//
// Threads: none of its own; the caller locks. Pure: time is a parameter. Errors: none.
// Bounds:  addresses_max; an address beyond them shares one row with all such.

#include "gateway/runtime/config_field.hpp"

#include <boost/asio/ip/address.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

namespace intake {

struct DoorsConfig {
    std::uint32_t connections_max = 512;     // of one address: a provider keeps some dozens
    double handshakes_per_second = 20;       // of one address, once its burst is used up
    std::uint32_t handshakes_burst = 200;    // a provider's whole pool after a restart
    double handshakes_per_second_all = 300;  // of all addresses together: about a third of a core
    std::uint32_t handshakes_burst_all = 1000;
    std::string unlimited = "127.0.0.0/8,::1";
    std::uint32_t addresses_max = 16'384;
};

inline constexpr std::tuple doors_fields{
    runtime::Field{"intake.address_connections_max", &DoorsConfig::connections_max, 1u, 100'000u, "Connections one address may hold; the next one is closed at once."},
    runtime::Field{"intake.address_handshakes_per_second", &DoorsConfig::handshakes_per_second, 0.01, 100'000.0, "New connections of one address each second, after its burst."},
    runtime::Field{"intake.address_handshakes_burst", &DoorsConfig::handshakes_burst, 1u, 100'000u, "New connections of one address at once."},
    runtime::Field{"intake.handshakes_per_second", &DoorsConfig::handshakes_per_second_all, 0.01, 1'000'000.0, "New connections of all addresses each second, after their burst; beyond, they wait in the kernel's queue."},
    runtime::Field{"intake.handshakes_burst", &DoorsConfig::handshakes_burst_all, 1u, 1'000'000u, "New connections of all addresses at once."},
};
inline constexpr std::tuple doors_text_fields{
    runtime::TextField{"intake.unlimited_addresses", &DoorsConfig::unlimited, "Addresses and nets that none of these bounds counts, separated by commas: this machine, a TLS proxy before us."},
};

// "127.0.0.0/8,::1" → what is wrong with it; empty: nothing.
[[nodiscard]] std::string unlimited_problem(std::string const& text);

class Doors {
public:
    using Time = std::chrono::steady_clock::time_point;
    using Address = boost::asio::ip::address;
    explicit Doors(DoorsConfig const& config);  // what of `unlimited` cannot be read is passed over: the root has checked it

    struct Key {
        std::uint64_t net = 0;
        bool six = false;
        bool operator==(Key const&) const = default;
    };
    // What a connection holds: nothing, one of its address's, or one of those that share a row.
    struct Seat {
        enum class Of { nobody, address, others } of = Of::nobody;
        Key key;
    };
    enum class Verdict { come_in, too_many, too_often };
    struct Answer {
        Verdict verdict;
        Seat seat;  // come_in: held until leave()
    };
    [[nodiscard]] Answer knock(Address const& address, Time now);
    void leave(Seat const& seat, Time now);

    // How long no connection should be accepted, so that handshakes leave time for dossiers; 0: none.
    [[nodiscard]] std::chrono::nanoseconds pause(Time now) const;
    [[nodiscard]] std::size_t addresses() const noexcept { return rows_.size(); }

private:
    struct Hash {
        std::size_t operator()(Key const& key) const noexcept { return std::hash<std::uint64_t>{}(key.net * 2 + key.six); }
    };
    struct Net {
        Address from;
        unsigned bits;
    };
    // Tokens of new connections, as they were at `since`.
    struct Bucket {
        double tokens;
        Time since{};
        void refill(double per_second, double most, Time now);
    };
    struct Row {
        std::uint32_t open = 0;
        Bucket bucket;
    };

    static std::vector<Net> read(std::string const& text, std::string& problem);
    friend std::string unlimited_problem(std::string const& text);
    [[nodiscard]] bool unlimited(Address const& address) const;
    [[nodiscard]] static Key key_of(Address const& address);
    [[nodiscard]] std::pair<Row*, Seat> row_of(Address const& address, Time now);
    void forget_quiet_ones(Time now);

    DoorsConfig config_;
    std::vector<Net> nets_;
    std::unordered_map<Key, Row, Hash> rows_;
    Row others_;
    Bucket all_;
    Time swept_{};
};

}  // namespace intake
