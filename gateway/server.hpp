#pragma once

// The composition root: owns every part, starts them in order, stops them in reverse.
//
// Threads it makes: one per core for the provider listener (each with its own io_context, listener and task group), the
// CPU pool, one for delivery, one for housekeeping (operations' listener, probe, reload, alarms) with one helper for calls
// that block, one for revocation evidence, and those of store::Postgres.
// Threads of its interface: start() and stop() from one thread; reload() from any.
// Errors:  a bad start throws BadStart with every problem found; later trouble is logged, counted and shown by /readyz.

#include "gateway/config.hpp"
#include "gateway/runtime/clock.hpp"

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace gateway {

class BadStart : public std::runtime_error {
public:
    explicit BadStart(std::vector<std::string> problems);
    [[nodiscard]] std::vector<std::string> const& problems() const noexcept { return problems_; }

private:
    std::vector<std::string> problems_;
};

struct Ports {
    std::uint16_t intake = 0, ops = 0;
};

class Server {
public:
    // Loads keys, trust, schemas and rules; touches neither the database nor the network. Throws BadStart.
    explicit Server(Config config);
    Server(Config config, runtime::Clock const& clock);  // a test's clock; outlives the server
    ~Server();  // stops
    Server(Server const&) = delete;
    Server& operator=(Server const&) = delete;

    // Reads the registry (waits for the database, at most start_wait), then serves. Throws BadStart.
    void start(std::chrono::milliseconds start_wait = std::chrono::seconds{30});
    // Polite within server.stop_timeout: not ready for server.drain_wait while all is served, then no new connections, running
    // requests are answered; then what is under way to the
    // backend is settled, at most delivery.attempt_timeout + queue_timeout more. What overruns these bounds ends the
    // process at once. Twice is harmless.
    void stop();
    // Reads trust, receipt keys, providers and agencies again; what cannot be read stays as it was, and an alarm says so.
    void reload();

    [[nodiscard]] Ports ports() const noexcept;
    [[nodiscard]] std::string ready_line() const;  // "ready intake=https://127.0.0.1:8443 ops=http://127.0.0.1:9443"

private:
    struct Data;
    std::unique_ptr<Data> data_;
};

}  // namespace gateway
