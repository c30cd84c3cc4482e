#pragma once

// An immutable snapshot of CRL facts: each CRL verified (signature, issuer, dates) when loaded, its serials
// indexed; swapped whole, never edited.

#include "signing/certificate.hpp"

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace signing {

struct RevocationEvidence {
    std::string source;        // "crl:<issuer CN>" or "none"
    Instant     this_update{};
    Instant     next_update{};
};

}  // namespace signing
