#include "gateway/intake/places.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace intake {
namespace {

using Seconds = std::chrono::duration<double>;

constexpr double rate_memory = 1;       // seconds, of the rate at which requests leave
constexpr double rate_min = 1;          // of one party, where nothing better is known
constexpr std::chrono::seconds told_max{60};

Places::Time::duration seconds(double count)
{
    return std::chrono::duration_cast<Places::Time::duration>(Seconds{count});
}

}  // namespace

Places::Places(PlacesConfig config) : config_{config} {}

bool Places::active(Party const& party, Time now) const
{
    return party.inside > 0 || party.waiting() > 0 || now - party.seen < config_.active_for;
}

double Places::weights(Time now) const
{
    double sum = 0;
    for (auto const& [code, party] : parties_)
        if (active(party, now)) sum += party.weight;
    return sum;
}

// At least one: who has a contract is never shut out by many others.
std::uint32_t Places::part_of(Party const& party, std::uint32_t of, double weights)
{
    if (weights <= 0) return of;
    return std::max(1u, static_cast<std::uint32_t>(static_cast<double>(of) * std::min(1.0, party.weight / weights)));
}

bool Places::fits(Party const& party, bool large, std::uint32_t limit, double weights) const
{
    if (large) {
        auto const part = std::max(1u, static_cast<std::uint32_t>(std::uint64_t{limit} * config_.large_percent / 100));
        if (large_ >= part && party.large >= part_of(party, part, weights)) return false;
    }
    return inside_ < limit || party.inside < part_of(party, limit, weights);
}

Places::Answer Places::ask(Asking const& asking, Pacing pacing, Time now)
{
    set_slow_ones_aside(now);
    auto const found = parties_.try_emplace(std::string{asking.party}).first;
    auto& party = found->second;
    party.weight = std::max(asking.weight, 1e-6);
    party.seen = now;
    auto const sum = weights(now);
    auto const& before = asking.large ? party.large_waiting : party.small_waiting;
    Request request{&party, asking.large, Request::At::waiting};

    if (before.empty() && fits(party, asking.large, pacing.limit, sum)) {
        ++last_;
        enter(last_, requests_.emplace(last_, request).first->second, now);
        return {Answer::Kind::entered, last_};
    }
    if (!asking.may_wait || waiting_ >= config_.waiting_max) return {};
    // Better told at once than after a wait in vain. The rate at which requests left lately says little alone: it was low
    // where few came.
    auto const per_second = std::max(pacing.per_second, leaving_per_second(now)) * party.weight / sum;
    auto const ahead = static_cast<double>(party.waiting() + 1);
    if (pacing.per_second > 0 && ahead > per_second * Seconds{config_.wait_max}.count()) return {};
    requests_.emplace(++last_, request);
    (asking.large ? party.large_waiting : party.small_waiting).push_back(last_);
    ++waiting_;
    return {Answer::Kind::waits, last_};
}

std::chrono::nanoseconds Places::come_again(std::string_view code, Time now)
{
    auto const found = parties_.find(code);
    if (found == parties_.end()) return std::chrono::seconds{1};
    auto& party = found->second;
    auto const per_second = std::max(rate_min, leaving_per_second(now) * party.weight / std::max(weights(now), party.weight));
    auto const drained = now + seconds(static_cast<double>(party.waiting()) / per_second);
    party.told = std::min(std::max(drained, party.told) + seconds(1 / per_second), now + told_max);
    return party.told - now;
}

// Of one party: small ones first. A large one has its turn all the same where none of the party's is inside and it came first.
std::deque<Places::Id>* Places::turn_of(Party& party, std::uint32_t limit, double weights) const
{
    auto* const small = !party.small_waiting.empty() && fits(party, false, limit, weights) ? &party.small_waiting : nullptr;
    auto* const large = !party.large_waiting.empty() && fits(party, true, limit, weights) ? &party.large_waiting : nullptr;
    if (small && large && party.large == 0 && large->front() < small->front()) return large;
    return small ? small : large;
}

std::vector<Places::Id> Places::next(std::uint32_t limit, Time now)
{
    std::vector<Id> entered;
    if (waiting_ == 0) return entered;
    set_slow_ones_aside(now);
    auto const sum = weights(now);
    for (;;) {
        std::deque<Id>* chosen = nullptr;
        double least = std::numeric_limits<double>::infinity();
        for (auto& [code, party] : parties_) {
            auto* const turn = party.waiting() > 0 ? turn_of(party, limit, sum) : nullptr;
            if (!turn) continue;
            auto const held = (party.inside + 1) / party.weight;
            if (chosen && (held > least || (held == least && turn->front() > chosen->front()))) continue;
            least = held;
            chosen = turn;
        }
        if (!chosen) return entered;
        auto const id = chosen->front();
        chosen->pop_front();
        --waiting_;
        enter(id, requests_.at(id), now);
        entered.push_back(id);
    }
}

void Places::enter(Id id, Request& request, Time now)
{
    request.at = Request::At::reading;
    take(request);
    reading_.emplace_back(now, id);
}

void Places::take(Request const& request)
{
    ++inside_;
    ++request.party->inside;
    if (request.large) {
        ++large_;
        ++request.party->large;
    }
}

void Places::give_back(Request const& request)
{
    --inside_;
    --request.party->inside;
    if (request.large) {
        --large_;
        --request.party->large;
    }
}

void Places::set_slow_ones_aside(Time now)
{
    while (!reading_.empty()) {
        auto const [since, id] = reading_.front();
        auto const found = requests_.find(id);
        bool const reads = found != requests_.end() && found->second.at == Request::At::reading;
        if (reads && now - since < config_.reading_grace) return;
        reading_.pop_front();
        if (!reads) continue;
        step_aside(id);
    }
}

void Places::step_aside(Id id)
{
    auto const found = requests_.find(id);
    if (found == requests_.end()) return;
    auto& request = found->second;
    if (request.at != Request::At::reading && request.at != Request::At::whole) return;
    give_back(request);
    request.at = Request::At::aside;
    ++aside_;
}

void Places::step_in(Id id)
{
    auto const found = requests_.find(id);
    if (found == requests_.end() || found->second.at == Request::At::waiting) return;
    auto& request = found->second;
    if (request.at == Request::At::aside) {
        --aside_;
        take(request);
    }
    request.at = Request::At::whole;
}

void Places::leave(Id id, Time now)
{
    auto const found = requests_.find(id);
    if (found == requests_.end()) return;
    auto const request = found->second;
    requests_.erase(found);
    switch (request.at) {
        case Request::At::waiting: {
            auto& line = request.large ? request.party->large_waiting : request.party->small_waiting;
            line.erase(std::find(line.begin(), line.end(), id));
            --waiting_;
            return;
        }
        case Request::At::aside: --aside_; return;
        case Request::At::whole:
            rate_ = leaving_per_second(now) + 1 / rate_memory;
            rate_at_ = std::max(now, rate_at_);
            break;
        case Request::At::reading: break;
    }
    give_back(request);
}

double Places::leaving_per_second(Time now) const
{
    auto const age = std::max(0.0, Seconds{now - rate_at_}.count());
    return rate_ * std::exp(-age / rate_memory);
}

bool Places::shared_unevenly(std::uint32_t limit, Time now) const
{
    auto const sum = weights(now);
    bool within = false, beyond = false;
    for (auto const& [code, party] : parties_) {
        if (!active(party, now)) continue;
        (party.waiting() > 0 || party.inside > part_of(party, limit, sum) ? beyond : within) = true;
    }
    return within && beyond;
}

Places::Standing Places::standing(std::string_view code, double weight, std::uint32_t limit, Time now) const
{
    auto const found = parties_.find(code);
    Party nobody;
    nobody.weight = weight;
    auto const& party = found == parties_.end() ? nobody : found->second;
    auto sum = weights(now);
    bool const counted = found != parties_.end() && active(party, now);
    if (!counted) sum += party.weight;  // its share as soon as it asks
    return {part_of(party, limit, sum), party.inside, static_cast<std::uint32_t>(party.waiting())};
}

}  // namespace intake
