#include "gateway/intake/admission.hpp"

#include "gateway/runtime/assert.hpp"

namespace intake {
namespace {

fault::Fault no_room(Limits const& limits, std::string_view detail)
{
    return {fault::FaultCode::overloaded, std::string{detail}, {}, limits.retry_after};
}

// Registry::admit() takes its roles as written in a call; a route's roles are a list of its table.
providers::Result<providers::Admitted> who(providers::Registry const& registry, providers::Credentials const& credentials,
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

}  // namespace

ConnectionPlace::~ConnectionPlace()
{
    if (admission_) admission_->connections_.fetch_sub(1);
}

Ticket::Ticket(Ticket&& other) noexcept
    : admission_{std::exchange(other.admission_, nullptr)}, admitted_{std::move(other.admitted_)}, quota_{other.quota_},
      party_{std::move(other.party_)}, bytes_{std::exchange(other.bytes_, 0)}, metered_{std::exchange(other.metered_, false)}
{
}

Ticket& Ticket::operator=(Ticket&& other) noexcept
{
    if (this == &other) return *this;
    if (admission_) admission_->release(*this);
    admission_ = std::exchange(other.admission_, nullptr);
    admitted_ = std::move(other.admitted_);
    quota_ = other.quota_;
    party_ = std::move(other.party_);
    bytes_ = std::exchange(other.bytes_, 0);
    metered_ = std::exchange(other.metered_, false);
    return *this;
}

Ticket::~Ticket()
{
    if (admission_) admission_->release(*this);
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
    if (!party_.empty()) admission_->parties_.at(party_).bytes -= bytes;
    admission_->metrics_.memory_reserved(admission_->memory_);
}

Admission::Admission(std::shared_ptr<providers::Registry const> registry, Limits const& limits, runtime::Clock const& clock,
                     observe::Metrics& metrics)
    : registry_{std::move(registry)}, limits_{limits}, clock_{clock}, metrics_{metrics}
{
}

fault::Result<Ticket> Admission::admit(Route const& route, providers::Credentials const& credentials, std::uint64_t bytes)
{
    Ticket ticket;  // holds nothing until the last line
    providers::Quota quota;
    if (route.access == Access::party) {
        auto admitted = who(*registry_.load(), credentials, route.roles, runtime::vietnam_day(clock_.now()));
        if (!admitted) return fault::fault_of(admitted.error());
        quota = admitted->provider().quota;
        ticket.party_ = admitted->provider().code;
        ticket.admitted_ = std::move(*admitted);
    }

    std::lock_guard const lock{mutex_};
    if (in_flight_ >= limits_.in_flight_max) return no_room(limits_, "requests in flight");
    if (!reserve(ticket.party_, bytes, 0)) return no_room(limits_, "memory for bodies");
    if (route.counts_quota && !ticket.party_.empty()) {
        auto const now = std::chrono::steady_clock::now();
        auto& party = parties_[ticket.party_];
        if (!party.meter) party.meter.emplace(quota, now);
        auto const taken = party.meter->take(now);
        if (!taken) {
            memory_ -= bytes;
            party.bytes -= bytes;
            return fault::fault_of(taken.error());
        }
        ticket.metered_ = true;
        ticket.quota_ = party.meter->snapshot(now);
    }
    ++in_flight_;
    ticket.bytes_ = bytes;
    ticket.admission_ = this;
    return ticket;
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

void Admission::release(Ticket& ticket) noexcept
{
    std::lock_guard const lock{mutex_};
    --in_flight_;
    memory_ -= ticket.bytes_;
    if (!ticket.party_.empty()) {
        auto& party = parties_[ticket.party_];
        party.bytes -= ticket.bytes_;
        if (ticket.metered_ && party.meter) party.meter->give_back();
    }
    if (ticket.bytes_ > 0) metrics_.memory_reserved(memory_);
}

void Admission::swap_registry(std::shared_ptr<providers::Registry const> next)
{
    {
        std::lock_guard const lock{mutex_};
        for (auto& [code, party] : parties_)
            if (auto const provider = next->find(code); provider && party.meter) party.meter->change(provider->quota);
    }
    registry_.store(std::move(next));
}

std::optional<ConnectionPlace> Admission::take_connection() noexcept
{
    if (connections_.fetch_add(1) < limits_.connections_max) return ConnectionPlace{*this};
    connections_.fetch_sub(1);
    return std::nullopt;
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
