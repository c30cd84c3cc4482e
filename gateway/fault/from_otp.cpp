#include "gateway/fault/fault.hpp"

namespace fault {

Fault fault_of(otp::Failure const& failure)
{
    using enum otp::Refusal;
    switch (failure.why) {  // No default: a new refusal must not compile until it has a row.
        case malformed: return {FaultCode::parameter_invalid, failure.detail, {}, {}};
        case wrong: return {FaultCode::otp_wrong, failure.detail, {}, {}};
        case expired: return {FaultCode::otp_expired, failure.detail, {}, {}};
        case exhausted: return {FaultCode::otp_exhausted, failure.detail, {}, {}};
        case used: return {FaultCode::otp_used, failure.detail, {}, {}};
        case too_soon: return {FaultCode::otp_too_soon, failure.detail, {}, failure.wait};
        case unavailable: return {FaultCode::otp_unavailable, failure.detail, {}, {}};
        case store: return fault_of(failure.store);
    }
    __builtin_unreachable();
}

}  // namespace fault
