#pragma once

// Who may be under way next: the places of the adaptive limit, shared out among parties.
//
//   a place is free            anybody may take it, so that no share lies idle
//   none is free               who holds less than its guaranteed share enters all the same; who holds more waits, a short
//                              time, in the order of need: least of its share first, small before large, then who came first
//   its wait would be too long refused at once, with the time by which what waits will have drained
//
// A guaranteed share is limit × weight / weights of all parties seen lately. Shares add up to the limit, so at most twice the
// limit (and one a party) are ever under way; as soon as more than the limit are, nobody above its share is let in. Large
// bodies together may take a part of the limit, shared out the same way. A body that takes long to come gives its place back
// until it is whole: memory and in_flight_max bound those.
//
// Threads: none of its own; the caller locks. Pure: time is a parameter. Errors: none.
// Trusts:  nothing: a party that asks and asks raises only its own queue.

#include "gateway/runtime/config_field.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

namespace intake {

struct PlacesConfig {
    std::chrono::milliseconds wait_max{500};  // a closed loop over 1,024 connections needs 410 ms at 2,500 dossiers a second
    std::uint32_t waiting_max = 2048;         // all together
    std::uint32_t large_percent = 50;         // of the limit, for large bodies
    std::chrono::milliseconds reading_grace{100};  // header and body of a dossier come together; what takes longer is a slow line
    std::chrono::seconds active_for{10};      // a party without a request for so long has no share kept for it
};

inline constexpr std::tuple places_fields{
    runtime::Field{"intake.filings_wait_max", &PlacesConfig::wait_max, std::chrono::milliseconds{0}, std::chrono::milliseconds{30'000}, "A dossier waits so long at most for its turn, its body unread; beyond: 503."},
    runtime::Field{"intake.filings_waiting_max", &PlacesConfig::waiting_max, 0u, 100'000u, "Dossiers waiting for their turn, of all parties together."},
    runtime::Field{"intake.filings_large_percent", &PlacesConfig::large_percent, 1u, 100u, "Part of the adaptive limit that large bodies may take."},
    runtime::Field{"intake.reading_grace", &PlacesConfig::reading_grace, std::chrono::milliseconds{1}, std::chrono::milliseconds{60'000}, "A body that has not come by then gives its place to others until it is whole."},
    runtime::Field{"intake.party_active_for", &PlacesConfig::active_for, std::chrono::seconds{1}, std::chrono::seconds{3600}, "How long after its last request a party's share is kept for it."},
};

class Places {
public:
    using Time = std::chrono::steady_clock::time_point;
    using Id = std::uint64_t;  // of one request, from asking until it leaves; never 0
    explicit Places(PlacesConfig config);

    struct Asking {
        std::string_view party;
        double weight = 1;
        bool large = false;
        bool may_wait = true;  // false: refused where it would wait
    };
    struct Pacing {
        std::uint32_t limit = 1;  // the adaptive one, now
        double per_second = 0;    // what so many places let through; 0: not known yet
    };
    struct Answer {
        enum class Kind { entered, waits, refused } kind = Kind::refused;
        Id id = 0;  // 0: refused
    };
    [[nodiscard]] Answer ask(Asking const& asking, Pacing pacing, Time now);
    // When one that was refused may come again and find a place: after what waits, and after those told so before.
    // Spread out, so that they do not come all at once.
    [[nodiscard]] std::chrono::nanoseconds come_again(std::string_view party, Time now);

    // Who may enter now, in order. Asked after each change: one that left, time passed, a limit that rose.
    [[nodiscard]] std::vector<Id> next(std::uint32_t limit, Time now);
    void step_in(Id id);           // its body has come, or what it waited for: it has its place, whoever else is inside
    void step_aside(Id id);        // it waits for something that is not ours, and gives its place up meanwhile
    void leave(Id id, Time now);   // answered, or waits no longer

    [[nodiscard]] std::uint32_t inside() const noexcept { return inside_; }
    [[nodiscard]] std::uint32_t waiting() const noexcept { return waiting_; }
    [[nodiscard]] std::uint32_t aside() const noexcept { return aside_; }
    [[nodiscard]] double leaving_per_second(Time now) const;  // of those that were whole
    // Whether a party seen lately keeps within its share while another one is beyond its own, or waits.
    [[nodiscard]] bool shared_unevenly(std::uint32_t limit, Time now) const;

    struct Standing {
        std::uint32_t share = 0, inside = 0, waiting = 0;
    };
    [[nodiscard]] Standing standing(std::string_view party, double weight, std::uint32_t limit, Time now) const;

private:
    struct Party {
        double weight = 1;
        std::uint32_t inside = 0, large = 0;
        Time seen{};
        std::deque<Id> small_waiting, large_waiting;
        Time told{};  // the last one refused was told to come then
        [[nodiscard]] std::size_t waiting() const { return small_waiting.size() + large_waiting.size(); }
    };
    struct Request {
        Party* party;
        bool large;
        enum class At { waiting, reading, aside, whole } at;
    };

    [[nodiscard]] bool active(Party const& party, Time now) const;
    [[nodiscard]] double weights(Time now) const;
    [[nodiscard]] static std::uint32_t part_of(Party const& party, std::uint32_t of, double weights);
    [[nodiscard]] bool fits(Party const& party, bool large, std::uint32_t limit, double weights) const;
    [[nodiscard]] std::deque<Id>* turn_of(Party& party, std::uint32_t limit, double weights) const;
    void set_slow_ones_aside(Time now);
    void enter(Id id, Request& request, Time now);
    void take(Request const& request);
    void give_back(Request const& request);

    PlacesConfig config_;
    std::map<std::string, Party, std::less<>> parties_;  // bounded by the registry: only admitted parties ask
    std::unordered_map<Id, Request> requests_;
    std::deque<std::pair<Time, Id>> reading_;  // oldest first; those that went since are passed over
    Id last_ = 0;
    std::uint32_t inside_ = 0, large_ = 0, waiting_ = 0, aside_ = 0;
    double rate_ = 0;  // leaving a second, as it was at rate_at_
    Time rate_at_{};
};

}  // namespace intake
