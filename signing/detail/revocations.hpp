#pragma once

// Asking a Revocations snapshot about one certificate. Private to signing/.

#include "signing/detail/openssl.hpp"
#include "signing/revocation.hpp"

#include <optional>
#include <span>
#include <string>

namespace signing::detail {

struct Standing {
    enum class State {
        good,     // fresh evidence says it is not revoked
        revoked,  // evidence, fresh or stale, says it was revoked at or before `at`
        stale,    // evidence that has ended says it was not revoked; `evidence` is the one that ended last
        unknown,  // no evidence speaks of it
    };
    State state = State::unknown;
    RevocationEvidence evidence;
    std::optional<Instant> revoked_at;
    std::string detail;                     // for our log
    Instant holds_until = Instant::max();   // the answer may change after this: nextUpdate, or a revocation to come
};

// `issuer` signed `certificate`. `stapled`: OCSP responses (DER) that came with the document; each is verified like
// any other, and one that does not verify is passed over.
[[nodiscard]] Standing standing_of(Revocations const& revocations, X509* certificate, X509* issuer, Instant at,
                                   std::span<std::string const> stapled = {});

}  // namespace signing::detail
