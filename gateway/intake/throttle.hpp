#pragma once

// The backend's pace at our door: once the delivery queue passes its mark, dossiers are taken in as fast as the backend takes
// them off, and no faster. Below it this is open.
//
//   queue at 80 % of the mark     1.25 × what the backend takes      (open again below)
//   at the mark                   1 ×: the queue neither grows nor shrinks
//   above                         less, down to a tenth at 1.72 × the mark, so that several gateways settle too: each sees one queue
//
// The rate moves a third of the way at each look, from what was let in before; it is shared out among the parties seen lately, and what
// one does not use the others may. A backend that takes nothing still leaves `filings_per_second_min`: its outage must not stop
// what the law gives a deadline.
//
// Threads: none of its own; the caller locks. Pure: time is a parameter. Errors: none.

#include "gateway/runtime/config_field.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>

namespace intake {

// What delivery tells: of all gateways together, as the queue is one.
struct Backlog {
    std::uint64_t waiting = 0;
    double delivered_per_second = 0;
};

// How fast the queue is worked off, look by look, from what can be seen here.
class BacklogMeter {
public:
    using Time = std::chrono::steady_clock::time_point;
    // `delivered`: in all by this process; nothing where another one delivers: then from what was let in here and how the queue moved.
    [[nodiscard]] Backlog look(std::uint64_t waiting, std::optional<std::uint64_t> delivered, double admitted_per_second, Time now);

private:
    std::optional<Time> at_;
    std::uint64_t waiting_ = 0;
    std::optional<std::uint64_t> delivered_;
    double rate_ = 0;
};

struct ThrottleConfig {
    // A dossier waiting costs a row and its stored body: a million is about 10 GB. A backend that takes 100 a second works it off in three hours.
    std::uint64_t queue_mark = 1'000'000;
    double per_second_min = 20;  // HMRC's busiest hour of tax returns was 17 a second
    std::chrono::seconds active_for{10};
};

// Beside the rows of delivery, since that is whose queue it is.
inline constexpr std::tuple throttle_fields{
    runtime::Field{"delivery.queue_mark", &ThrottleConfig::queue_mark, 1u, std::uint64_t{1'000'000'000'000}, "Dossiers waiting for the backend; beyond, new ones are taken in no faster than the backend takes them."},
    runtime::Field{"delivery.filings_per_second_min", &ThrottleConfig::per_second_min, 0.001, 1e6, "Taken in each second however slow the backend is."},
};

class Throttle {
public:
    using Time = std::chrono::steady_clock::time_point;
    explicit Throttle(ThrottleConfig config) : config_{config} {}

    // A look at the queue, every second or so. `admitted_per_second`: what was let in lately.
    void observe(Backlog const& backlog, double admitted_per_second, Time now);

    [[nodiscard]] bool take(std::string_view party, double weight, Time now);
    void give_back(std::string_view party);  // it was not let in after all
    // When one that was turned away may come again: after those told so before, each to a token of the party's own.
    [[nodiscard]] std::chrono::nanoseconds come_again(std::string_view party, Time now);

    [[nodiscard]] bool holding() const noexcept { return holding_; }
    [[nodiscard]] double per_second() const noexcept { return rate_; }  // of all; means something while holding
    [[nodiscard]] double per_second_of(std::string_view party, double weight, Time now) const;
    [[nodiscard]] Backlog const& backlog() const noexcept { return backlog_; }

private:
    struct Party {
        double weight = 1, tokens = 1;
        Time seen{};
        Time told{};  // the last one turned away was told to come then
    };
    void refill(Time now);
    [[nodiscard]] bool expected(Party const& party, Time now) const;
    [[nodiscard]] double weights(Time now) const;

    ThrottleConfig config_;
    Backlog backlog_;
    bool holding_ = false;
    double rate_ = 0;
    std::map<std::string, Party, std::less<>> parties_;  // bounded by the registry
    double common_ = 0;  // what others did not use
    Time refilled_{};
};

}  // namespace intake
