#include "gateway/store/failure.hpp"

namespace store {

std::string_view name_of(Refusal why) noexcept
{
    switch (why) {
        case Refusal::busy: return "busy";
        case Refusal::unavailable: return "unavailable";
        case Refusal::deadline_passed: return "deadline_passed";
        case Refusal::outcome_unknown: return "outcome_unknown";
        case Refusal::key_reused: return "key_reused";
        case Refusal::duplicate: return "duplicate";
        case Refusal::correction_invalid: return "correction_invalid";
        case Refusal::unit_owner_mismatch: return "unit_owner_mismatch";
        case Refusal::otp_used: return "otp_used";
        case Refusal::not_found: return "not_found";
        case Refusal::status_unlawful: return "status_unlawful";
        case Refusal::event_conflict: return "event_conflict";
        case Refusal::behind: return "behind";
        case Refusal::internal: return "internal";
    }
    return "";
}

}  // namespace store
