#include "gateway/delivery/attempt.hpp"

#include "gateway/observe/log.hpp"
#include "gateway/runtime/steady.hpp"

#include <algorithm>
#include <exception>

namespace delivery
{

runtime::Task<Attempted> attempt(Destination& destination, store::Claim const& claim, std::chrono::milliseconds budget)
{
    auto const begun = runtime::Steady::now();
    runtime::Deadline const deadline{std::min(runtime::Deadline::after(budget).at(), claim.held_until)};
    Attempted attempted;
    try {
        attempted.outcome = co_await destination.deliver(claim, deadline);
    } catch (std::exception const& e) {
        attempted.outcome.kind = Outcome::Kind::failed_for_now;
        attempted.outcome.reason = "internal";
        observe::log(observe::Level::error, "delivery attempt threw",
                     {{"dossier_id", claim.dossier_id}, {"what", e.what()}});
    }
    attempted.took = runtime::Steady::now() - begun;
    co_return attempted;
}

} // namespace delivery
