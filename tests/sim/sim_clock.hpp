#pragma once

// Simulated time: what happens next, in order. Nothing passes while anybody has something to do; then time jumps to the next
// sleeper or event. Of what is due at one moment, what was asked for first comes first.
//
// Threads: one world is one thread's.

#include "gateway/runtime/clock.hpp"
#include "gateway/runtime/steady.hpp"
#include "tests/sim/random.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <utility>
#include <vector>

namespace sim {

class Calendar final : public runtime::SteadySource {
public:
    using Action = std::function<void()>;
    using Owner = unsigned;

    [[nodiscard]] Time now() const noexcept override { return now_; }
    [[nodiscard]] Micros passed() const { return std::chrono::duration_cast<Micros>(now_ - Time{}); }
    [[nodiscard]] std::uint64_t name() override { return ++last_name_; }
    void add(std::uint64_t timer, std::uint64_t wait, Time at, std::unique_ptr<Wait> body) override
    {
        Place const place{std::max(at, now_), wait};
        waits_.emplace(std::pair{timer, wait}, place);
        by_wait_.emplace(wait, timer);
        due_.emplace(place, Due{timer, std::move(body), {}, owner});
    }
    std::size_t cancel_timer(std::uint64_t timer, std::size_t waits_max) override
    {
        std::size_t cancelled = 0;
        for (auto found = waits_.lower_bound({timer, 0}); found != waits_.end() && found->first.first == timer && cancelled < waits_max;
             found = waits_.lower_bound({timer, 0}), ++cancelled)
            cancel_wait(found->first.second);
        return cancelled;
    }
    void cancel_wait(std::uint64_t wait) override
    {
        auto const timer = by_wait_.find(wait);
        if (timer == by_wait_.end()) return;
        auto const found = due_.find(waits_.at({timer->second, wait}));
        auto const body = std::move(found->second.body);
        remove(found);
        body->finish(true);
    }

    void at(Time when, Action action) { due_.emplace(Place{std::max(when, now_), name()}, Due{0, nullptr, std::move(action), 0}); }
    void after(Micros wait, Action action) { at(now_ + wait, std::move(action)); }

    // Whose waits are added from now on: 0 is the world's own.
    Owner owner = 0;
    // A process is gone: its waits end without being finished.
    void forget(Owner gone)
    {
        std::vector<std::unique_ptr<Wait>> bodies;  // they go together, since one's end may cancel another
        for (auto it = due_.begin(); it != due_.end();) {
            auto const here = it++;
            if (here->second.owner != gone || !here->second.body) continue;
            bodies.push_back(std::move(here->second.body));
            remove(here);
        }
    }

    // Time jumps to what is next, and that happens. False: nothing ever will.
    bool step()
    {
        if (due_.empty()) return false;
        auto const first = due_.begin();
        now_ = first->first.first;
        auto const body = std::move(first->second.body);
        auto const action = std::move(first->second.action);
        remove(first);
        if (body) body->finish(false);
        else action();
        return true;
    }

private:
    using Place = std::pair<Time, std::uint64_t>;
    struct Due {
        std::uint64_t timer;
        std::unique_ptr<Wait> body;
        Action action;
        Owner owner;
    };
    using DueMap = std::map<Place, Due>;
    void remove(DueMap::iterator which)
    {
        auto const wait = which->first.second;
        if (which->second.timer != 0) {
            waits_.erase({which->second.timer, wait});
            by_wait_.erase(wait);
        }
        due_.erase(which);
    }

    Time now_{};
    std::uint64_t last_name_ = 0;
    DueMap due_;
    std::map<std::pair<std::uint64_t, std::uint64_t>, Place> waits_;  // (timer, wait)
    std::map<std::uint64_t, std::uint64_t> by_wait_;                  // wait → timer
};

// One machine's wall clock: it may be wrong by `offset`.
class WallClock final : public runtime::Clock {
public:
    WallClock(Calendar const& calendar, runtime::Instant start) : calendar_{calendar}, start_{start} {}
    [[nodiscard]] runtime::Instant now() const override { return start_ + calendar_.passed() + offset; }
    Micros offset{0};

private:
    Calendar const& calendar_;
    runtime::Instant start_;
};

}  // namespace sim
