#pragma once

// Connections for their own sake: many that stay idle, to see what they cost the gateway, and handshakes as fast as they go, full
// and resumed. TLS 1.3 with a client certificate where one is given.
//
// Threads: handshakes() makes its own, which end before it returns. Errors: std::runtime_error.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

namespace loadtest {

struct ConnectConfig {
    std::string url;  // http:// or https://host:port
    std::string ca_file, certificate_file, key_file;
    std::size_t count = 1024;       // idle connections
    std::chrono::seconds hold{30};  // how long they stay
    std::string ready_file;         // written once all are open, for whoever measures
    std::chrono::seconds each{5};   // handshakes: of each kind
    std::size_t threads = 2;
    std::chrono::seconds io_timeout{10};  // one connection's
};

// Opens `count` connections one after the other, holds them, closes them. Returns how many were still open at the end.
std::size_t hold_idle(ConnectConfig const& config);

struct Handshakes {
    std::uint64_t full = 0, resumed = 0, failed = 0, not_resumed = 0;  // not_resumed: asked for, and done in full
    double full_per_second = 0, resumed_per_second = 0;
};
// A handshake is over when the server's ticket has come: then it has checked the client's part too. REQUIRES: https.
Handshakes handshakes(ConnectConfig const& config);

}  // namespace loadtest
