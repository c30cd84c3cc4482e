#pragma once

// Burst quota of one provider: a token bucket and a ceiling on requests in flight. Pure: time is a parameter.
// Threads: one thread or an outer lock (intake/admission has one).

#include "providers/failure.hpp"
#include "providers/provider.hpp"

#include <chrono>
#include <cstdint>

namespace providers {

class QuotaMeter {
public:
    using Time = std::chrono::steady_clock::time_point;
    QuotaMeter(Quota quota, Time now);

    // Takes one request, or says when to come again: each one turned away is told a token of its own, so that all who obey find one.
    [[nodiscard]] Result<void> take(Time now);
    void give_back();  // the request was answered
    void refund();     // it was not let in after all: its token comes back too
    struct Snapshot { std::uint32_t limit, remaining; std::chrono::seconds reset; std::uint32_t in_flight; };
    [[nodiscard]] Snapshot snapshot(Time now) const;  // for the RateLimit headers
    void change(Quota quota);

private:
    Quota quota_;
    double tokens_;
    Time refilled_;
    Time told_{};  // the last one turned away was told to come then
    std::uint32_t in_flight_ = 0;
};

}  // namespace providers
