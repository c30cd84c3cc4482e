#pragma once

// What somebody can do to the provider listener without a dossier, and what it costs both sides: connections that come and go,
// handshakes begun and left, heads that trickle, connections that only stand there. From one address.
//
// Processor time is read from the kernel, ours from /proc/PID/stat, theirs from getrusage(2); packets on one machine are paid by
// whoever sends them. Threads: the caller's. Bounds: seconds, and connections held at once. Errors: std::runtime_error.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace loadtest {

enum class Siege {
    churn,       // connect, close
    hello,       // connect, a ClientHello made once, close
    slow_heads,  // hold as many as one gets; a byte of a request's head each second, in clear or inside TLS's first record
    idle,        // hold as many as one gets, say nothing
};
// "churn" …; empty where there is none such.
[[nodiscard]] std::string_view name_of(Siege kind);
[[nodiscard]] bool siege_from(std::string_view name, Siege& kind);

struct SiegeConfig {
    std::string url;  // http:// or https://host:port
    Siege kind = Siege::churn;
    long pid = 0;  // of the gateway
    std::chrono::seconds duration{10};
    std::size_t held_max = 2000;  // connections at once, of slow_heads and idle
};

struct SiegeReport {
    std::uint64_t begun = 0, turned_away = 0;  // turned away: closed by the gateway within a moment of being opened
    std::size_t held_most = 0, held_at_end = 0;
    double ours_s = 0, theirs_s = 0;            // processor time while it lasted
    double seconds = 0;
    std::int64_t memory_bytes = 0;              // what the gateway's resident memory grew by, at most
    [[nodiscard]] double ratio() const { return theirs_s > 0 ? ours_s / theirs_s : 0; }
};

[[nodiscard]] SiegeReport besiege(SiegeConfig const& config);
[[nodiscard]] std::string to_json(SiegeConfig const& config, SiegeReport const& report);

}  // namespace loadtest
