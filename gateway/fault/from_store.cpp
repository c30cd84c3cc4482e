#include "gateway/fault/fault.hpp"

namespace fault {
namespace {

FaultCode code_of(store::Refusal why)
{
    using enum store::Refusal;
    switch (why) {  // No default: a new refusal must not compile until it has a row.
        case busy: return FaultCode::overloaded;
        case unavailable: return FaultCode::store_unavailable;
        case deadline_passed: return FaultCode::deadline_passed;
        case outcome_unknown: return FaultCode::outcome_unknown;
        case key_reused: return FaultCode::idempotency_key_reused;
        case duplicate: return FaultCode::content_duplicate;
        case correction_invalid: return FaultCode::correction_invalid;
        case unit_owner_mismatch: return FaultCode::unit_owner_mismatch;
        case otp_used: return FaultCode::otp_used;
        case not_found: return FaultCode::not_found;
        case status_unlawful: return FaultCode::status_unlawful;
        case event_conflict: return FaultCode::event_conflict;
        case behind: return FaultCode::log_not_yet;
        case internal: return FaultCode::internal;
    }
    __builtin_unreachable();
}

}  // namespace

Fault fault_of(store::Failure const& failure)
{
    Fault fault{code_of(failure.why), failure.detail, {}, {}};
    fault.original = failure.original;
    return fault;
}

}  // namespace fault
