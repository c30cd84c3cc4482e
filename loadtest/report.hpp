#pragma once

// What a run found, for people and for programs. Threads: values.

#include "loadtest/source.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace loadtest
{

struct Latency {
    double p50_ms = 0, p90_ms = 0, p99_ms = 0, p999_ms = 0, max_ms = 0;
};
// Nearest rank. All zero where there is none.
[[nodiscard]] Latency latency_of(std::vector<std::chrono::nanoseconds> times);

struct Report {
    std::uint64_t sent = 0, accepted = 0, refused = 0; // refused: as expected, with the code expected
    std::uint64_t unsent = 0; // of the unanswered: the time was over before their turn
    std::uint64_t unanswered = 0, repeats = 0, busy = 0, lost = 0;
    double seconds = 0, docs_per_second = 0, mebibytes = 0;
    Latency latency;                        // of accepted ones
    std::optional<std::uint64_t> delivered; // by the sink's own count; nothing: not asked
    double delivered_after_seconds = 0;     // from the first request to the last delivery
    std::uint64_t receipts_checked = 0;
    std::string receipts_from; // "database", "http", or empty
    std::uint64_t mismatches = 0;
    std::vector<std::string> first_mismatches; // some of them, in words

    void mismatch(std::string what);
    [[nodiscard]] bool good() const;
};

// Verdicts, rate and latency of what was sent.
[[nodiscard]] Report report_of(SourceResult const& result, std::vector<Prepared> const& prepared);
[[nodiscard]] std::string to_text(Report const& report);
[[nodiscard]] std::string to_json(Report const& report);

// One line on a terminal that is drawn over; a line every few seconds elsewhere. Writes to standard error.
class Progress {
public:
    Progress(std::string label, std::size_t total);
    void at(std::size_t done);
    void end();

private:
    std::string label_;
    std::size_t total_, done_ = 0;
    bool terminal_;
    std::chrono::steady_clock::time_point begun_, shown_{};
};

} // namespace loadtest
