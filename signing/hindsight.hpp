#pragma once

// What is known now of a moment in the past: a dossier accepted under its anchor's grace is judged again when fresh
// evidence is there.
//
// Threads: a pure function, any thread. Errors: words; never throws for bad input.

#include "signing/revocation.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace signing {

struct Hindsight {
    enum class Word {
        unknown,  // of some certificate of the path there is no fresh evidence yet
        good,     // none of them was revoked at that moment
        revoked,  // one of them was
    };
    Word word = Word::unknown;
    std::size_t depth = 0;              // unknown, revoked: which certificate of the path; 0 is the signer's
    RevocationEvidence evidence = {};   // of that certificate, or of the signer's
    std::optional<Instant> revoked_at = {};
    std::string detail = {};            // for our log
};

// `path`: DER of the certificate, its issuers, the anchor. `at`: the moment in question. `now`: when the evidence must be
// fresh; a revocation counts where its date is at or before `at` (RFC 5280 §5.3.3 gives the date as the CA knows it).
[[nodiscard]] Hindsight look_back(Revocations const& revocations, std::vector<std::string> const& path, Instant at, Instant now);

}  // namespace signing
