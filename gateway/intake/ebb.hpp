#pragma once

// How fast something is given back (bytes of memory, requests in flight), and when so much more of it will have been: what
// Retry-After tells where that is what was lacking.
//
// Threads: none of its own; the caller locks. Pure: time is a parameter. Errors: none.

#include <chrono>
#include <cstdint>
#include <optional>

namespace intake {

class Ebb {
public:
    using Time = std::chrono::steady_clock::time_point;

    void given_back(std::uint64_t amount, Time now);
    // When so much will have been given back, after what those before it were told. Nothing: too little was lately to tell.
    [[nodiscard]] std::optional<std::chrono::nanoseconds> come_again(std::uint64_t amount, Time now);

private:
    [[nodiscard]] double per_second(Time now) const;

    double rate_ = 0;  // a second, as it was at rate_at_
    Time rate_at_{};
    Time told_{};  // the last one refused was told to come then
};

}  // namespace intake
