#pragma once

// Asking a Revocations snapshot about one certificate. Private to signing/.

#include "signing/detail/crl.hpp"
#include "signing/detail/ocsp.hpp"
#include "signing/detail/openssl.hpp"
#include "signing/revocation.hpp"

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace signing {

// What a snapshot holds: the pieces, shared with the snapshots before and after it, and the ways to find them.
struct Revocations::Data {
    struct HeldCrl {
        std::string name;
        Sha256 hash{};  // of the piece's bytes
        std::shared_ptr<detail::Crl const> crl;
    };
    struct HeldOcsp {
        std::string name;
        Sha256 hash{};
        std::shared_ptr<std::vector<detail::Ocsp> const> responses;
    };
    // Lists of one issuer, key and scope: of these the newest counts, with the delta that fits it. Newest first.
    struct Scope {
        std::vector<detail::Crl const*> complete, deltas;
        [[nodiscard]] detail::Crl const& any() const { return complete.empty() ? *deltas.front() : *complete.front(); }
    };
    struct Answer {
        detail::Ocsp const* response = nullptr;
        detail::OcspAnswer const* answer = nullptr;
        std::size_t held = 0;  // its piece's place in `ocsp`
    };

    EvidenceRules rules;
    std::vector<detail::X509Ptr> authorities;  // the same objects as in the snapshot before, where they are the same certificates
    std::vector<Sha256> authority_ids;         // of their DER, in the same order
    std::vector<HeldCrl> crls;
    std::vector<HeldOcsp> ocsp;
    std::vector<Scope> scopes;
    std::map<detail::Serial, std::vector<Answer>> answers;

    void index();  // scopes and answers, from the pieces
};

namespace detail {

[[nodiscard]] bool same_scope(Crl const& a, Crl const& b);
// By thisUpdate, then by number: RFC 5280 §5.2.3 lets both only grow.
[[nodiscard]] bool newer(Crl const& a, Crl const& b);
[[nodiscard]] bool same_issuer(X509* a, X509* b);  // name and key

struct Standing {
    enum class State {
        good,     // fresh evidence says it is not revoked
        revoked,  // evidence, fresh or stale, lists it as revoked; evidence issued after `at`: as revoked at or before `at`
        stale,    // evidence that has ended says it was not revoked; `evidence` is the one that ended last
        unknown,  // no evidence speaks of it
    };
    State state = State::unknown;
    RevocationEvidence evidence;
    std::optional<Instant> revoked_at;
    std::string detail;                     // for our log
    Instant holds_until = Instant::max();   // the answer may change after this: nextUpdate, or evidence yet to come into force
};

// `issuer` signed `certificate`. `stapled`: OCSP responses (DER) that came with the document; each is verified like
// any other, and one that does not verify is passed over.
//
// Of the same kind and scope the newest evidence counts, so that a certificate taken off hold is good again. Between
// kinds and scopes whoever says "revoked" is believed before whoever says "good"; of the good ones the one issued last
// is reported. Lists of some reasons only (RFC 5280 §5.2.5) are good together, when they cover all reasons.
[[nodiscard]] Standing standing_of(Revocations const& revocations, X509* certificate, X509* issuer, Instant at,
                                   std::span<std::string const> stapled = {});

// Stapled responses beyond these are not looked at: each costs a signature.
inline constexpr std::size_t stapled_max = 4;

}  // namespace detail
}  // namespace signing
