#pragma once

// Every metric of the gateway, by name and in one list (metrics.cpp), from which ops/metrics.md is generated.
// Backed by prometheus-cpp, which stays inside metrics.cpp. Threads: any; counters are atomics.

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace observe {

enum class Stage { header, body, unpack, sweep, parse, verify, validate, commit, examine, submit, deliver };
[[nodiscard]] std::string_view name_of(Stage stage) noexcept;

struct MetricInfo {
    std::string name, type, help, labels;
};

class Metrics {
public:
    Metrics();
    ~Metrics();

    void accepted(std::string_view provider, bool repeated);
    void refused(std::string_view provider, std::string_view code);
    void stage_time(Stage stage, std::chrono::nanoseconds took);
    void examined(std::string_view engine);      // sweep or tree
    void cross_check(std::string_view outcome);  // agreed, disagreed, passed_over
    void batch(std::size_t rows, std::size_t bytes);
    void commit(std::string_view numbers);  // foreseen, asked or mistaken
    void connections(int delta);
    void handshake(std::chrono::nanoseconds took, bool resumed);
    void handshake_failed();
    void accept_paused();  // the ceiling of connections was met
    void request(std::string_view route, int status);
    void queue(std::uint64_t depth, std::chrono::seconds oldest, std::uint64_t dead);
    void delivery(std::string_view outcome, std::chrono::nanoseconds took);
    void delivery_window(std::size_t window, std::size_t in_flight, std::size_t retries_left);
    void pool(std::string_view pool, std::size_t in_use, std::size_t size);
    void certificate_cache(std::uint64_t hits, std::uint64_t misses, std::size_t entries);
    void memory_reserved(std::size_t bytes);
    // One lane of admission: its places now, who holds them, who waits for one.
    void admission(std::string_view track, std::size_t limit, std::size_t in_flight, std::size_t waiting);
    void admission_refused(std::string_view track, std::string_view reason);
    // The median commit unloaded and lately, bodies that take long to come, and what is let in each second while the backend
    // holds us back (0: it does not).
    void admission_state(std::chrono::nanoseconds unloaded, std::chrono::nanoseconds lately, std::size_t slow_bodies, double held_to);
    void connection_refused(std::string_view reason);
    void revocation_fetch(std::string_view kind, std::string_view outcome);
    // Of the CRLs in use: the age of the oldest, the time until the first one ends (negative: it has ended), and how many
    // entries all hold; `wanted`: certificates whose evidence is looked for.
    void revocation_evidence(std::chrono::seconds oldest, std::chrono::seconds first_end, std::size_t entries, std::size_t wanted);
    void grace(std::uint64_t pending, std::uint64_t late);
    void grace_settled(std::string_view outcome);
    void otp_message(std::string_view channel, std::string_view outcome);  // sent, retried, lost or dropped
    void alarm(std::string_view name, bool raised);
    void ready(bool is);

    [[nodiscard]] std::string exposition() const;  // text format 0.0.4 for /metrics
    [[nodiscard]] static std::vector<MetricInfo> list();

    // What the console draws: totals since start.
    struct Totals { std::uint64_t accepted, repeated, refused, delivered, queue_depth, dead; double queue_age_s; };
    [[nodiscard]] Totals totals() const;

private:
    struct Data;
    std::unique_ptr<Data> data_;
};

}  // namespace observe
