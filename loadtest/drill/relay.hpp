#pragma once

// A network between a provider and the hub that loses answers: passes bytes both ways, and closes a share of the connections
// at the very moment the answer to an accepted dossier ("HTTP/1.1 201") would go through. Plain HTTP only.
//
// Threads: one io_context. Bounds: connections_max. Loopback.

#include "gateway/runtime/task.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace loadtest::drill
{

struct RelayConfig {
    std::uint16_t port = 0; // 0: any free one
    std::string host = "127.0.0.1";
    std::uint16_t to = 0;
    double drop_share = 0.1; // of the answers 201
    std::uint64_t seed = 1;
    std::size_t connections_max = 1024;
};

class Relay {
public:
    Relay(net::io_context& context, RelayConfig config); // throws std::runtime_error
    ~Relay();
    [[nodiscard]] std::uint16_t port() const;
    [[nodiscard]] std::uint64_t dropped() const;
    [[nodiscard]] std::uint64_t passed() const; // answers 201 that went through

private:
    struct Data;
    std::shared_ptr<Data> data_; // shared with the connections under way
};

// The program: until SIGTERM; `dropped_file` then says how many answers were lost. Returns the exit status.
int run_relay(RelayConfig const& config, std::string const& dropped_file);

} // namespace loadtest::drill
