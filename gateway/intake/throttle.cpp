#include "gateway/intake/throttle.hpp"

#include <algorithm>

namespace intake {
namespace {

using Seconds = std::chrono::duration<double>;

constexpr double opens_below = 0.8;    // of the mark: hysteresis
constexpr double fastest = 1.25;       // of the backend's pace, there
constexpr double slowest = 0.1;
constexpr double each_look = 1.0 / 3;  // of the way to the wanted rate
constexpr double burst = 1.0;          // seconds' worth of tokens
constexpr std::chrono::seconds told_max{60};

}  // namespace

Backlog BacklogMeter::look(std::uint64_t waiting, std::optional<std::uint64_t> delivered, double admitted_per_second, Time now)
{
    auto const passed = at_ ? Seconds{now - *at_}.count() : 0.0;
    if (passed > 0) {
        auto const moved = (static_cast<double>(waiting) - static_cast<double>(waiting_)) / passed;
        // Who has just taken over has not delivered all of its life's since the last look.
        bool const counted = delivered && delivered_;
        auto const seen = counted ? static_cast<double>(*delivered - std::min(*delivered, *delivered_)) / passed : std::max(0.0, admitted_per_second - moved);
        rate_ += each_look * (seen - rate_);
    }
    at_ = now;
    waiting_ = waiting;
    delivered_ = delivered;
    return {waiting, rate_};
}

void Throttle::observe(Backlog const& backlog, double admitted_per_second, Time now)
{
    backlog_ = backlog;
    auto const depth = static_cast<double>(backlog.waiting) / static_cast<double>(config_.queue_mark);
    if (!holding_ && depth < 1) return;
    if (depth < opens_below) {
        holding_ = false;
        return;
    }
    if (!holding_) {
        holding_ = true;
        rate_ = std::max({admitted_per_second, backlog.delivered_per_second, config_.per_second_min});
        refilled_ = now;
        common_ = 0;
        parties_.clear();
    }
    refill(now);
    auto const share = std::max(slowest, fastest - (depth - opens_below) * (fastest - 1) / (1 - opens_below));
    auto const wanted = std::max(config_.per_second_min, share * backlog.delivered_per_second);
    rate_ = std::max(config_.per_second_min, rate_ + each_look * (wanted - rate_));
}

// Seen lately, or told to come again at a time that is not long past: its share grows until it comes.
bool Throttle::expected(Party const& party, Time now) const { return now - std::max(party.seen, party.told) < config_.active_for; }

double Throttle::weights(Time now) const
{
    double sum = 0;
    for (auto const& [code, party] : parties_)
        if (expected(party, now)) sum += party.weight;
    return sum;
}

void Throttle::refill(Time now)
{
    auto const passed = std::clamp(Seconds{now - refilled_}.count(), 0.0, 10.0);
    refilled_ = std::max(now, refilled_);
    auto const sum = weights(now);
    for (auto& [code, party] : parties_) {
        if (!expected(party, now)) continue;
        auto const mine = rate_ * party.weight / sum;
        party.tokens += mine * passed;
        auto const most = std::max(1.0, mine * burst);
        if (party.tokens > most) common_ += party.tokens - most;
        party.tokens = std::min(party.tokens, most);
    }
    common_ = std::min(common_, std::max(1.0, rate_ * burst));
}

bool Throttle::take(std::string_view code, double weight, Time now)
{
    if (!holding_) return true;
    refill(now);
    auto& party = parties_.try_emplace(std::string{code}).first->second;
    party.weight = std::max(weight, 1e-6);
    party.seen = now;
    auto& purse = party.tokens >= 1 ? party.tokens : common_;
    if (purse < 1) return false;
    purse -= 1;
    return true;
}

std::chrono::nanoseconds Throttle::come_again(std::string_view code, Time now)
{
    auto const found = parties_.find(code);
    if (!holding_ || found == parties_.end()) return std::chrono::seconds{1};
    auto& party = found->second;
    auto const mine = rate_ * party.weight / std::max(weights(now), party.weight);
    auto const seconds = [](double count) { return std::chrono::duration_cast<Time::duration>(Seconds{count}); };
    auto const next = std::max(now + seconds(std::max(0.0, 1 - party.tokens) / mine), party.told + seconds(1 / mine));
    party.told = std::min(next, now + told_max);
    return party.told - now;
}

void Throttle::give_back(std::string_view code)
{
    auto const found = parties_.find(code);
    if (holding_ && found != parties_.end()) found->second.tokens += 1;
}

double Throttle::per_second_of(std::string_view code, double weight, Time now) const
{
    auto const found = parties_.find(code);
    auto sum = weights(now);
    if (found == parties_.end() || !expected(found->second, now)) sum += weight;
    return sum > 0 ? rate_ * weight / sum : rate_;
}

}  // namespace intake
