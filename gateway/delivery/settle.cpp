#include "gateway/delivery/settle.hpp"

#include "gateway/runtime/assert.hpp"

namespace delivery
{

namespace
{

constexpr std::size_t reason_bytes_max = 300;

dossier::Event event_of(SettleConfig const& config, store::Claim const& claim, Outcome const& outcome,
                        runtime::Instant now, bool destination_dead)
{
    using Kind = Outcome::Kind;
    switch (outcome.kind) {
    case Kind::accepted: return dossier::Event::accepted;
    case Kind::refused: return dossier::Event::refused;
    case Kind::failed_for_now: break;
    }
    bool const tried_enough =
        claim.attempts + 1 >= config.attempts_max || now - claim.received_at >= config.give_up_after;
    return tried_enough && !destination_dead ? dossier::Event::gave_up : dossier::Event::failed_for_now;
}

} // namespace

store::Settlement settle(SettleConfig const& config, store::Claim const& claim, Outcome const& outcome,
                         runtime::Instant now, bool destination_dead, Random& random)
{
    auto const event = event_of(config, claim, outcome, now, destination_dead);
    auto const state = dossier::next(dossier::State::sending, event);
    GW_ASSERT(state.has_value());

    store::Settlement settlement;
    settlement.sequence = claim.sequence;
    settlement.dossier_id = claim.dossier_id;
    settlement.attempts = claim.attempts;
    settlement.state = *state;
    settlement.http_status = outcome.http_status;
    settlement.reason = outcome.reason.substr(0, reason_bytes_max);
    if (event == dossier::Event::gave_up) settlement.reason = "given up: " + settlement.reason;
    if (*state == dossier::State::deferred)
        settlement.due_at = now + wait_before_retry(config.backoff, claim.attempts, outcome.retry_after, random);
    return settlement;
}

} // namespace delivery
