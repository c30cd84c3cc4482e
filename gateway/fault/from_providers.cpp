#include "gateway/fault/fault.hpp"

namespace fault {
namespace {

FaultCode code_of(providers::Refusal why)
{
    using enum providers::Refusal;
    switch (why) {  // No default: a new refusal must not compile until it has a row.
        case credentials_missing: return FaultCode::credentials_missing;
        case credentials_unknown: return FaultCode::credentials_unknown;
        case contract_not_started:
        case contract_ended: return FaultCode::contract_not_in_force;
        case role_forbidden: return FaultCode::role_forbidden;
        case alias_mismatch: return FaultCode::provider_alias_mismatch;
        case quota_exceeded:
        case too_many_in_flight: return FaultCode::quota_exceeded;
    }
    __builtin_unreachable();
}

}  // namespace

// Retry-After counts whole seconds: rounded up, a client that obeys comes late rather than early.
Fault fault_of(providers::Failure const& failure)
{
    return {code_of(failure.why), failure.detail, {}, std::chrono::ceil<std::chrono::seconds>(failure.retry_after)};
}

}  // namespace fault
