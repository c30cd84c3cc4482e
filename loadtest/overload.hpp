#pragma once

// Whether overload is refused early, fairly and cheaply: a well-behaved provider within its share, alone first; the peak of what
// the hub stores; then another provider that floods at a multiple of that peak whatever the answers say; then the time after. What a
// flood is measured by stands on both sides of it, because a shared machine may give more or less by then.
//
//   calm → peak (the best of several numbers of connections) → flood → after → peak → calm
//
// Every dossier has bytes of its own: signed once, then told apart by white space behind the root element, which no signature covers
// (Canonical XML 1.0 §2.1).
//
// Threads: one for each of the two providers, which end before it returns. Bounds: every phase has its seconds, every provider its
// connections; what finds none free is counted as not sent. Errors: std::runtime_error.

#include "loadtest/mix.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace loadtest {

struct OverloadConfig {
    std::string url = "https://localhost:8443", ops_url;
    std::string pki;  // as `ivanctl keys pki` makes it: certificates of both providers and the CA of units
    std::string good = "thaison", good_alias = "00040";  // the well-behaved one: NAME of pki/tls/NAME.pem, and its MaIVAN
    std::string flood = "vnpt", flood_alias = "IVAN-VNPT";
    double good_rate = 50;          // dossiers a second
    double times = 3;               // of the peak, offered by the flood
    std::size_t connections = 256;  // of the flood
    std::vector<std::size_t> peak_connections{32, 64, 128};
    std::chrono::seconds calm{10}, peak{10}, duration{30}, after{15};  // peak: of each number of connections
    std::size_t distinct = 200, signers = 50;
    unsigned people = 10;
    long pid = 0;  // of the gateway, for its memory; 0: not measured
    bool json = false;
};

// What one provider met in one phase.
struct Met {
    std::uint64_t offered = 0, not_sent = 0, accepted = 0, busy = 0, lost = 0, wrong = 0;  // busy: 429 and 503
    double seconds = 0, p50_ms = 0, p99_ms = 0, max_ms = 0;                                // of accepted ones, from when they were due
    [[nodiscard]] double per_second() const { return seconds > 0 ? static_cast<double>(accepted) / seconds : 0; }
    [[nodiscard]] double refused_share() const
    {
        auto const sent = offered - not_sent;
        return sent > 0 ? static_cast<double>(busy + lost + wrong) / static_cast<double>(sent) : 0;
    }
};

struct OverloadReport {
    Met calm, peak, flood, good, after;  // good: the well-behaved one while the other floods
    Met settled;                         // of good, without the time in which the flood's connections are made
    Met peak_again, calm_again;          // behind it
    std::size_t peak_connections = 0;
    double recovery_s = 0;               // after the flood, until 99 of 100 of the well-behaved one's are served as before
    std::uint64_t rss_before = 0, rss_mid = 0, rss_after = 0;  // KiB: before the flood, half-way, at its end
    bool ahead = false;  // the client of the well-behaved one ran with a priority above the others' (it may be alone on a machine of its own)
    std::string first_wrong;

    [[nodiscard]] double goodput_share() const;  // both providers together, of the mean of both peaks
    [[nodiscard]] double p99_ratio() const;      // of the mean of both calm ones
    [[nodiscard]] double rss_growth() const;     // from half-way to the end of the flood
    [[nodiscard]] bool passed() const;           // goodput >= 90 %, refusals < 1 %, p99 < 3 x, recovery < 10 s, memory grows by less than a tenth
};

[[nodiscard]] OverloadReport measure_overload(OverloadConfig const& config);
[[nodiscard]] std::string to_text(OverloadConfig const& config, OverloadReport const& report);
[[nodiscard]] std::string to_json(OverloadConfig const& config, OverloadReport const& report);

// How many are due so long after the beginning, at a rate a second: the first at once, the second one period later.
[[nodiscard]] std::uint64_t due_by(std::chrono::duration<double> since, double rate);

// From when on, in seconds, no more than one of a hundred of all that was due met trouble; `troubles_s`: when those were due that did. One
// commit that the disk held up long afterwards is no recovery.
[[nodiscard]] double recovered_after(std::vector<double> troubles_s, std::size_t due);

// The n-th of its kind: white space, behind the root element.
[[nodiscard]] std::string distinguishing_space(std::uint64_t n);

}  // namespace loadtest
