#pragma once

// The words of the catalogue's columns, as GET /v1/codes and ops/faults.md print them.

#include "gateway/fault/fault.hpp"

#include <string_view>

namespace fault {

[[nodiscard]] constexpr std::string_view word_of(Blame blame)
{
    switch (blame) {
        case Blame::provider: return "provider";
        case Blame::backend: return "backend";
        case Blame::hub: return "hub";
        case Blame::peer: return "peer";
    }
    return "";
}

[[nodiscard]] constexpr std::string_view word_of(Retry retry)
{
    switch (retry) {
        case Retry::never: return "never";
        case Retry::same: return "same";
        case Retry::after: return "after";
    }
    return "";
}

}  // namespace fault
