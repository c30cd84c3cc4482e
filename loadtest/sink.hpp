#pragma once

// A backend that can lag and lie: answers POST /v1/cases as the workflow system would, checks what it gets, counts.
//
//   POST /v1/cases    201; 409 for an Idempotency-Key it knows with the same digest; 422 for one with another digest
//   GET  /counts      SinkCounts as JSON          GET /healthz    200
//
// Threads: one io_context. Bounds: SinkConfig. Loopback unless told otherwise.

#include "gateway/runtime/task.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

namespace loadtest
{

struct SinkConfig {
    std::string address = "127.0.0.1";
    std::uint16_t port = 0; // 0: any free one
    std::string certificate_file, key_file,
        client_ca_file; // TLS where a certificate is given; clients checked where a CA is
    std::uint64_t seed = 1;
    std::chrono::milliseconds lag{0}; // before every answer
    double fail_rate = 0;             // 503 with Retry-After
    double refuse_rate = 0;           // 422
    double cut_rate = 0;              // takes the case, then closes without an answer: the retry must meet 409
    double lie_rate = 0;              // takes the case, then answers rubbish
    std::chrono::seconds retry_after{1};
    std::size_t connections_max = 1024;
    std::size_t body_bytes_max = 64u << 20;
    std::size_t cases_max = 1'000'000; // remembered; beyond, the oldest is forgotten
    std::string record_file; // every hand-over is appended to it, before it is answered; what stands there is known at start
    // Workflow events back to the gateway, for every case taken: processing, done, returned.
    std::string events_url; // the gateway's provider listener; empty: none
    std::string events_ca, events_certificate, events_key, events_bearer;
    std::chrono::milliseconds events_delay{1000}; // between the steps
    std::size_t events_max = 100'000;             // waiting; beyond, a case gets none
};

struct SinkCounts {
    std::uint64_t requests = 0, cases = 0, repeated = 0;      // cases: distinct Idempotency-Keys taken
    std::uint64_t failed = 0, refused = 0, cut = 0, lied = 0; // answers of bad will
    std::uint64_t header_faults = 0, digest_mismatches = 0, order_violations = 0, key_conflicts = 0;
    std::uint64_t overlaps = 0; // hand-overs that came while another of their unit was under way
    std::uint64_t bytes = 0, connections = 0;
    std::uint64_t events_sent = 0, events_failed = 0, events_dropped = 0;
    [[nodiscard]] std::uint64_t mismatches() const
    {
        return header_faults + digest_mismatches + order_violations + key_conflicts + overlaps;
    }
};
[[nodiscard]] std::string to_json(SinkCounts const& counts);

class Sink {
public:
    // Binds, listens and begins to accept. Throws std::runtime_error for an address in use or an unusable file.
    Sink(net::io_context& context, SinkConfig config);
    ~Sink();
    [[nodiscard]] std::uint16_t port() const;
    [[nodiscard]] SinkCounts const& counts() const;
    void change(SinkConfig const& behaviour); // lag and rates; the rest stays
    runtime::Task<void> stop();               // ends when every connection has ended

private:
    struct Data;
    std::unique_ptr<Data> data_;
};

// The program: serves until SIGTERM, SIGINT or the time is over, then prints what it counted. Returns the exit status.
int run_sink(SinkConfig const& config, std::chrono::seconds time_max, std::string const& port_file);

} // namespace loadtest
