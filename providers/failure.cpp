#include "providers/failure.hpp"

namespace providers {

std::string_view name_of(Refusal why) noexcept
{
    switch (why) {
        case Refusal::credentials_missing: return "credentials_missing";
        case Refusal::credentials_unknown: return "credentials_unknown";
        case Refusal::contract_not_started: return "contract_not_started";
        case Refusal::contract_ended: return "contract_ended";
        case Refusal::role_forbidden: return "role_forbidden";
        case Refusal::alias_mismatch: return "alias_mismatch";
        case Refusal::quota_exceeded: return "quota_exceeded";
        case Refusal::too_many_in_flight: return "too_many_in_flight";
    }
    return "";
}

}  // namespace providers
