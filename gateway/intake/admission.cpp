#include "gateway/intake/admission.hpp"

#include "gateway/runtime/assert.hpp"
#include "gateway/runtime/steady.hpp"

#include <boost/asio/post.hpp>
#include <fmt/format.h>

#include <algorithm>

namespace intake {
namespace {

using runtime::Steady;
using Seconds = std::chrono::duration<double>;
using fault::Fault;
using fault::FaultCode;

constexpr double pressure_begins = 0.7, pressure_full = 0.95;  // of the memory: between them the limit shrinks to its floor
constexpr double crowd_begins = 0.5, crowd_full = 0.95;        // of the connections: between them patience shrinks
constexpr double patience_least = 0.1;
constexpr std::chrono::seconds told_for{10};                   // how long a refusal counts as being held back
constexpr std::chrono::milliseconds look_again_min{20};        // of those who wait
constexpr double jitter = 0.25;                                // of a wait, so that those told the same do not come as one

// Registry::admit() takes its roles as written in a call; a route's roles are a list of its table.
providers::Result<providers::Admitted> admit_as(providers::Registry const& registry, providers::Credentials const& credentials,
                                                std::vector<providers::Role> const& roles, std::chrono::sys_days today)
{
    switch (roles.size()) {
        case 1: return registry.admit(credentials, {roles[0]}, today);
        case 2: return registry.admit(credentials, {roles[0], roles[1]}, today);
        case 3: return registry.admit(credentials, {roles[0], roles[1], roles[2]}, today);
        default: break;
    }
    GW_ASSERT(roles.empty());
    return registry.admit(credentials, {}, today);
}

// draft-ietf-httpapi-ratelimit-headers: the policy (q tokens a window of w seconds) and what is left of it now.
Fields fields_of(providers::Quota const& quota, providers::QuotaMeter::Snapshot const& left, double held_to, std::chrono::seconds held_for)
{
    auto const window = quota.requests_per_second > 0 ? std::min(quota.burst / quota.requests_per_second, 86'400.0) : 86'400.0;
    auto policy = fmt::format(R"("burst";q={};w={})", quota.burst, std::max(1L, static_cast<long>(window + 0.999)));
    auto now = fmt::format(R"("burst";r={};t={})", left.remaining, left.reset.count());
    if (held_to > 0) {
        auto const each_minute = std::max(1L, static_cast<long>(held_to * 60));
        policy += fmt::format(R"(, "backend";q={};w=60)", each_minute);
        now += fmt::format(R"(, "backend";r={};t={})", held_for.count() > 0 ? 0L : std::max(1L, static_cast<long>(held_to)), std::max(1L, static_cast<long>(held_for.count())));
    }
    return {{"RateLimit-Policy", std::move(policy)}, {"RateLimit", std::move(now)}};
}

// Full below `begins`, `least` from `full` on, a straight line between.
double scaled(double used, double begins, double full, double least)
{
    return 1 - (1 - least) * std::clamp((used - begins) / (full - begins), 0.0, 1.0);
}

}  // namespace

std::string_view name_of(Want want) noexcept
{
    switch (want) {
        case Want::none: return "none";
        case Want::room: return "room";
        case Want::waited: return "waited";
        case Want::memory: return "memory";
        case Want::in_flight: return "in_flight";
        case Want::quota: return "quota";
        case Want::backlog: return "backlog";
    }
    return "";
}

struct Admission::Bell {
    explicit Bell(runtime::IoExecutor executor) : timer{std::move(executor)} {}
    runtime::Timer timer;
};

// ---- connections ----------------------------------------------------------------------------------------------------

ConnectionPlace::~ConnectionPlace()
{
    if (!admission_) return;
    admission_->connections_.fetch_sub(1);
    if (seat_.of == Doors::Seat::Of::nobody) return;
    std::lock_guard const lock{admission_->doors_mutex_};
    admission_->doors_.leave(seat_, Steady::now());
}

bool ConnectionPlace::come_in(Doors::Address const& address)
{
    Doors::Answer answer;
    {
        std::lock_guard const lock{admission_->doors_mutex_};
        answer = admission_->doors_.knock(address, Steady::now());
    }
    seat_ = answer.seat;
    if (answer.verdict == Doors::Verdict::come_in) return true;
    admission_->metrics_.connection_refused(answer.verdict == Doors::Verdict::too_many ? "too_many" : "too_often");
    return false;
}

std::optional<ConnectionPlace> Admission::take_connection() noexcept
{
    if (connections_.fetch_add(1) < limits_.connections_max) return ConnectionPlace{*this};
    connections_.fetch_sub(1);
    return std::nullopt;
}

std::chrono::nanoseconds Admission::accept_pause() const
{
    std::lock_guard const lock{doors_mutex_};
    return doors_.pause(Steady::now());
}

std::chrono::milliseconds Admission::patience(std::chrono::milliseconds usual) const noexcept
{
    auto const crowd = static_cast<double>(connections_.load(std::memory_order_relaxed)) / limits_.connections_max;
    if (crowd <= crowd_begins) return usual;
    auto const left = scaled(crowd, crowd_begins, crowd_full, patience_least) * static_cast<double>(usual.count());
    return std::max(std::chrono::milliseconds{static_cast<std::int64_t>(left + 0.5)}, std::chrono::milliseconds{1});
}

// ---- tickets --------------------------------------------------------------------------------------------------------

void Ticket::take(Ticket& other) noexcept
{
    admission_ = std::exchange(other.admission_, nullptr);
    admitted_ = std::move(other.admitted_);
    quota_ = other.quota_;
    party_ = std::move(other.party_);
    track_ = other.track_;
    place_ = std::exchange(other.place_, 0);
    bytes_ = std::exchange(other.bytes_, 0);
    held_to_ = other.held_to_;
    metered_ = std::exchange(other.metered_, false);
    throttled_ = std::exchange(other.throttled_, false);
    inside_ = std::exchange(other.inside_, false);
}

Ticket::Ticket(Ticket&& other) noexcept { take(other); }

Ticket& Ticket::operator=(Ticket&& other) noexcept
{
    if (this == &other) return *this;
    if (admission_) admission_->release(*this);
    take(other);
    return *this;
}

Ticket::~Ticket()
{
    if (admission_) admission_->release(*this);
}

Fields Ticket::rate_limit() const
{
    if (!quota_ || !admitted_) return {};
    return fields_of(admitted_->provider().quota, *quota_, held_to_, std::chrono::seconds{0});
}

void Ticket::step_aside()
{
    std::lock_guard const lock{admission_->mutex_};
    admission_->places_[index_of(track_)].step_aside(place_);
    admission_->let_in(track_, Steady::now());
}

void Ticket::step_in()
{
    std::lock_guard const lock{admission_->mutex_};
    admission_->places_[index_of(track_)].step_in(place_);
}

bool Ticket::grow(std::uint64_t bytes)
{
    std::lock_guard const lock{admission_->mutex_};
    if (!admission_->reserve(party_, bytes, bytes_)) return false;
    bytes_ += bytes;
    return true;
}

void Ticket::shrink(std::uint64_t bytes)
{
    std::lock_guard const lock{admission_->mutex_};
    GW_ASSERT(bytes <= bytes_);
    bytes_ -= bytes;
    admission_->memory_ -= bytes;
    admission_->memory_ebb_.given_back(bytes, Steady::now());
    if (!party_.empty()) admission_->parties_.at(party_).bytes -= bytes;
    admission_->metrics_.memory_reserved(admission_->memory_);
}

// ---- coming in ------------------------------------------------------------------------------------------------------

Admission::Admission(std::shared_ptr<providers::Registry const> registry, Limits const& limits, runtime::Clock const& clock,
                     observe::Metrics& metrics)
    : registry_{std::move(registry)}, limits_{limits}, clock_{clock}, metrics_{metrics}, pace_{limits.pace, Steady::now()},
      places_{Places{limits.places}, Places{limits.places}, Places{limits.places}, Places{limits.places}, Places{limits.places}},
      throttle_{limits.throttle}, random_{static_cast<std::minstd_rand::result_type>(limits.seed != 0 ? limits.seed : std::random_device{}())}, doors_{limits.doors}
{
}

fault::Result<Ticket> Admission::admit(Route const& route, providers::Credentials const& credentials, std::uint64_t bytes)
{
    auto ticket = who(route, credentials);
    if (!ticket) return ticket;
    auto const now = Steady::now();
    std::lock_guard const lock{mutex_};
    auto entered = knock(*ticket, route, bytes, false, now);
    if (entered) entered = settle(*ticket, bytes, now);
    if (entered) return ticket;
    give_back(*ticket, now);
    return entered.error();
}

runtime::Task<fault::Result<Ticket>> Admission::enter(Route const& route, providers::Credentials credentials, std::uint64_t bytes)
{
    auto ticket = who(route, credentials);
    if (!ticket) co_return ticket.error();

    std::optional<fault::Result<bool>> entered;
    {
        auto const now = Steady::now();
        std::lock_guard const lock{mutex_};
        entered = knock(*ticket, route, bytes, true, now);
        if (*entered && **entered) entered = settle(*ticket, bytes, now);
        if (!*entered) give_back(*ticket, now);
    }
    if (!*entered) co_return entered->error();
    if (**entered) co_return std::move(*ticket);

    // Its turn has not come. From here on the ticket gives its place in the line back, however this ends.
    auto const executor = co_await net::this_coro::executor;
    auto const bell = std::make_shared<Bell>(executor);
    auto const until = Steady::now() + limits_.places.wait_max;
    for (;;) {
        {
            auto const now = Steady::now();
            std::lock_guard const lock{mutex_};
            let_in(Track::filings, now);  // a body that takes long may be set aside by now: nobody else would notice
            auto& waiting = waiting_.at(ticket->place_);
            if (waiting.entered || now >= until) break;
            waiting.bell = bell;
            bell->timer.expires_at(std::min(until, now + std::max<Steady::duration>(limits_.places.reading_grace, look_again_min)));
        }
        auto const [cut_off] = co_await bell->timer.async_wait(runtime::as_result);
        auto const cancellation = co_await net::this_coro::cancellation_state;
        if (cut_off && cancellation.cancelled() != net::cancellation_type::none) break;
    }

    auto const now = Steady::now();
    std::lock_guard const lock{mutex_};
    if (waiting_.at(ticket->place_).entered) entered = settle(*ticket, bytes, now);
    else entered = no_room(*ticket, Want::waited, bytes, now);
    waiting_.erase(ticket->place_);
    if (entered->has_value()) co_return std::move(*ticket);
    give_back(*ticket, now);
    co_return entered->error();
}

fault::Result<Ticket> Admission::who(Route const& route, providers::Credentials const& credentials) const
{
    Ticket ticket;  // holds nothing yet
    if (route.access == Access::open) return ticket;
    auto admitted = admit_as(*registry_.load(), credentials, route.roles, runtime::vietnam_day(clock_.now()));
    if (!admitted) return fault::fault_of(admitted.error());
    ticket.track_ = route.track;
    ticket.party_ = admitted->provider().code;
    ticket.admitted_ = std::move(*admitted);
    return ticket;
}

// True: there is a place. False: it waits for one.
fault::Result<bool> Admission::knock(Ticket& ticket, Route const& route, std::uint64_t bytes, bool may_wait, Time now)
{
    ticket.admission_ = this;
    if (in_flight_ >= limits_.in_flight_max) return no_room(ticket, Want::in_flight, bytes, now);
    auto const weight = ticket.admitted_ ? ticket.admitted_->provider().quota.requests_per_second : 1;
    if (route.counts_quota && ticket.admitted_) {
        auto taken = take_quota(ticket, parties_[ticket.party_], now);
        if (!taken) return taken;
    }
    bool const filing = ticket.track_ == Track::filings;
    if (filing && throttle_.holding()) {
        ticket.held_to_ = throttle_.per_second_of(ticket.party_, weight, now);
        if (!throttle_.take(ticket.party_, weight, now)) return no_room(ticket, Want::backlog, bytes, now);
        ticket.throttled_ = true;
    }
    Places::Asking const asking{ticket.party_, weight, filing && bytes > limits_.small_bytes_max, may_wait && filing};
    auto const answer = places_[index_of(ticket.track_)].ask(asking, pacing_of(ticket.track_), now);
    if (answer.kind == Places::Answer::Kind::refused) return no_room(ticket, Want::room, bytes, now);
    ticket.place_ = answer.id;
    if (answer.kind == Places::Answer::Kind::entered) return true;
    waiting_.emplace(answer.id, Waiting{});
    return false;
}

fault::Result<bool> Admission::take_quota(Ticket& ticket, Party& party, Time now)
{
    auto const& quota = ticket.admitted_->provider().quota;
    auto& meter = ticket.track_ == Track::filings ? party.filings : party.asks;
    if (!meter) meter.emplace(quota, now);
    auto const taken = meter->take(now);
    ticket.quota_ = meter->snapshot(now);
    if (taken) {
        ticket.metered_ = true;
        return true;
    }
    metrics_.admission_refused(name_of(ticket.track_), name_of(Want::quota));
    party.held_back = Want::quota;
    party.held_back_at = now;
    auto fault = fault::fault_of(taken.error());
    fault.headers = fields_of(quota, *ticket.quota_, 0, std::chrono::seconds{0});
    return fault;
}

// It has its place; the memory for its body is the last thing.
fault::Result<bool> Admission::settle(Ticket& ticket, std::uint64_t bytes, Time now)
{
    if (!reserve(ticket.party_, bytes, 0)) return no_room(ticket, Want::memory, bytes, now);
    ticket.bytes_ = bytes;
    ticket.inside_ = true;
    ++in_flight_;
    return true;
}

// When there should be room for it, from the pace of what is lacking.
std::chrono::seconds Admission::room_in(Ticket const& ticket, Want want, std::uint64_t bytes, Time now)
{
    std::optional<std::chrono::nanoseconds> wait;
    switch (want) {
        case Want::room:
        case Want::waited: wait = places_[index_of(ticket.track_)].come_again(ticket.party_, now); break;
        case Want::backlog: wait = throttle_.come_again(ticket.party_, now); break;
        case Want::memory: wait = memory_ebb_.come_again(std::max<std::uint64_t>(bytes, 1), now); break;
        case Want::in_flight: wait = in_flight_ebb_.come_again(1, now); break;
        case Want::none:
        case Want::quota: break;
    }
    return wait ? told(*wait) : limits_.retry_after;
}

Fault Admission::no_room(Ticket const& ticket, Want want, std::uint64_t bytes, Time now)
{
    metrics_.admission_refused(name_of(ticket.track_), name_of(want));
    auto const wait = room_in(ticket, want, bytes, now);
    Fault fault{FaultCode::overloaded, fmt::format("{}: {}", name_of(ticket.track_), name_of(want)), {}, wait};
    if (ticket.party_.empty()) return fault;
    auto& party = parties_[ticket.party_];
    if (ticket.track_ == Track::filings) {
        party.held_back = want;
        party.held_back_at = now;
    }
    if (ticket.quota_) {
        auto left = *ticket.quota_;
        if (want != Want::backlog) left.remaining = 0;  // whatever the quota leaves, there is room for none of it now
        left.reset = std::max(left.reset, wait);
        fault.headers = fields_of(ticket.admitted_->provider().quota, left, ticket.held_to_, want == Want::backlog ? wait : std::chrono::seconds{0});
    }
    return fault;
}

// Retry-After counts whole seconds: rounded up, who obeys comes late rather than early.
std::chrono::seconds Admission::told(std::chrono::nanoseconds wait)
{
    auto const late = 1 + jitter * std::uniform_real_distribution<double>{0, 1}(random_);
    auto const seconds = std::chrono::ceil<std::chrono::seconds>(Seconds{wait} * (wait > std::chrono::seconds{1} ? late : 1));
    return std::clamp(seconds, std::chrono::seconds{1}, limits_.retry_after_max);
}

bool Admission::reserve(std::string const& party, std::uint64_t bytes, std::uint64_t already)
{
    // Small bodies may use all of the memory, large ones leave a part to them.
    bool const small = bytes + already <= limits_.small_bytes_max;
    auto const ceiling = small ? limits_.memory_bytes_max : limits_.memory_bytes_max / 100 * (100 - limits_.memory_small_percent);
    if (memory_ + bytes > ceiling) return false;
    if (!party.empty()) {
        auto& share = parties_[party].bytes;
        if (share + bytes > limits_.memory_bytes_max / 100 * limits_.provider_memory_percent_max) return false;
        share += bytes;
    }
    memory_ += bytes;
    if (bytes > 0) metrics_.memory_reserved(memory_);
    return true;
}

// ---- places ---------------------------------------------------------------------------------------------------------

std::uint32_t Admission::limit_of(Track track) const
{
    switch (track) {
        case Track::filings: {
            auto const used = static_cast<double>(memory_) / static_cast<double>(limits_.memory_bytes_max);
            auto const limit = pace_.limit() * scaled(used, pressure_begins, pressure_full, 0);
            return std::max(limits_.pace.min, static_cast<std::uint32_t>(limit));
        }
        case Track::asks: return limits_.asks_max;
        case Track::waits: return limits_.waits_max;
        case Track::events: return limits_.events_max;
        case Track::open: return limits_.open_max;
    }
    return 0;
}

// Each takes about as long as the median dossier: so many go through each second (Little's law).
Places::Pacing Admission::pacing_of(Track track) const
{
    auto const limit = limit_of(track);
    auto const each = Seconds{pace_.lately()}.count();
    return {limit, track == Track::filings && each > 0 ? limit / each : 0};
}

void Admission::let_in(Track track, Time now)
{
    for (auto const id : places_[index_of(track)].next(limit_of(track), now)) {
        auto& waiting = waiting_.at(id);
        waiting.entered = true;
        if (auto bell = waiting.bell) {
            auto const executor = bell->timer.get_executor();
            net::post(executor, [bell = std::move(bell)] { bell->timer.cancel(); });
        }
    }
}

void Admission::committed(std::chrono::nanoseconds took, bool stored, std::uint64_t bytes)
{
    if (stored && bytes > limits_.small_bytes_max) return;
    auto const now = Steady::now();
    std::lock_guard const lock{mutex_};
    auto const before = pace_.limit();
    auto const& places = places_[index_of(Track::filings)];
    if (pace_.window_over(now)) pace_.shared_unevenly(places.shared_unevenly(limit_of(Track::filings), now));
    pace_.committed(took, stored, places.inside(), now);
    if (pace_.limit() > before) let_in(Track::filings, now);
}

void Admission::observe(Backlog const& backlog)
{
    auto const now = Steady::now();
    std::lock_guard const lock{mutex_};
    throttle_.observe(backlog, places_[index_of(Track::filings)].leaving_per_second(now), now);
    let_in(Track::filings, now);
    for (auto const track : all_tracks) {
        auto const& places = places_[index_of(track)];
        metrics_.admission(name_of(track), limit_of(track), places.inside(), places.waiting());
    }
    metrics_.admission_state(pace_.unloaded(), pace_.lately(), places_[index_of(Track::filings)].aside(), throttle_.holding() ? throttle_.per_second() : 0);
}

double Admission::filings_per_second() const
{
    std::lock_guard const lock{mutex_};
    return places_[index_of(Track::filings)].leaving_per_second(Steady::now());
}

Admission::Standing Admission::standing(providers::Provider const& provider) const
{
    auto const now = Steady::now();
    auto const weight = provider.quota.requests_per_second;
    std::lock_guard const lock{mutex_};
    Standing standing;
    standing.limit = limit_of(Track::filings);
    standing.filings = places_[index_of(Track::filings)].standing(provider.code, weight, standing.limit, now);
    if (throttle_.holding()) standing.held_to = throttle_.per_second_of(provider.code, weight, now);
    auto const found = parties_.find(provider.code);
    if (found == parties_.end()) return standing;
    auto const& party = found->second;
    if (party.filings) standing.filings_quota = party.filings->snapshot(now);
    if (party.asks) standing.asks_quota = party.asks->snapshot(now);
    if (now - party.held_back_at < told_for) standing.held_back = party.held_back;
    return standing;
}

// ---- going ----------------------------------------------------------------------------------------------------------

// Whatever the ticket holds, also where it was refused half way.
void Admission::give_back(Ticket& ticket, Time now)
{
    auto const party = ticket.party_.empty() ? parties_.end() : parties_.find(ticket.party_);
    if (ticket.metered_ && party != parties_.end()) {
        auto& meter = ticket.track_ == Track::filings ? party->second.filings : party->second.asks;
        if (ticket.inside_) meter->give_back();
        else meter->refund();
    }
    if (ticket.throttled_ && !ticket.inside_) throttle_.give_back(ticket.party_);
    if (ticket.inside_) {
        --in_flight_;
        in_flight_ebb_.given_back(1, now);
    }
    memory_ -= ticket.bytes_;
    if (ticket.bytes_ > 0) memory_ebb_.given_back(ticket.bytes_, now);
    if (party != parties_.end()) party->second.bytes -= ticket.bytes_;
    if (ticket.bytes_ > 0) metrics_.memory_reserved(memory_);
    if (ticket.place_ != 0) {
        if (!ticket.inside_ && ticket.track_ == Track::filings) waiting_.erase(ticket.place_);
        places_[index_of(ticket.track_)].leave(ticket.place_, now);
        let_in(ticket.track_, now);
    }
    ticket.admission_ = nullptr;
}

void Admission::release(Ticket& ticket) noexcept
{
    std::lock_guard const lock{mutex_};
    give_back(ticket, Steady::now());
}

void Admission::swap_registry(std::shared_ptr<providers::Registry const> next)
{
    {
        std::lock_guard const lock{mutex_};
        for (auto& [code, party] : parties_) {
            auto const provider = next->find(code);
            if (!provider) continue;
            if (party.filings) party.filings->change(provider->quota);
            if (party.asks) party.asks->change(provider->quota);
        }
    }
    registry_.store(std::move(next));
}

std::uint64_t Admission::memory_reserved() const
{
    std::lock_guard const lock{mutex_};
    return memory_;
}

std::uint32_t Admission::in_flight() const
{
    std::lock_guard const lock{mutex_};
    return in_flight_;
}

}  // namespace intake
