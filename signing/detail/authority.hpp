#pragma once

// Who may vouch for revocation evidence, and with which algorithms. Private to signing/.
//
// Threads: free functions, any thread. Errors: as values; never throws for bad input.

#include "signing/detail/openssl.hpp"
#include "signing/revocation.hpp"

#include <span>
#include <string>
#include <string_view>

namespace signing::detail {

[[nodiscard]] inline X509Ptr share(X509* certificate)
{
    X509_up_ref(certificate);
    return X509Ptr{certificate};
}

[[nodiscard]] bool same_key(X509* a, X509* b);
[[nodiscard]] bool same_name(X509_NAME const* a, X509_NAME const* b);  // RFC 5280 §7.1: case and spaces folded

// Did `issuer`, by name and by key, sign `certificate`?
[[nodiscard]] bool signed_by(X509* certificate, X509* issuer);

// Was `certificate` valid at that time?
[[nodiscard]] bool valid_at(X509* certificate, Instant at);

// Does `signer` speak for the path that `issuer` stands in, though its key is another one? Only where a signature says so:
// the issuer certified it (a new key, a key for CRLs alone), it certified the issuer (an old key renewed), or the same
// authority certified both. RFC 5280 §6.3.3 (f): the path of a CRL's issuer ends in the same anchor.
[[nodiscard]] bool related(X509* signer, X509* issuer, std::span<X509Ptr const> authorities);

// RSA (PKCS#1 v1.5 and PSS) of at least 2048 bits and ECDSA on P-256, P-384 or P-521, with SHA-256, 384 or 512; SHA-1 and
// shorter RSA keys only where the rules say so. Says what is wrong; nothing where nothing is. `algorithm` is what was
// signed with `key`.
[[nodiscard]] std::string algorithm_forbidden(X509_ALGOR const* algorithm, EVP_PKEY* key, EvidenceRules const& rules);

// Is `signature` the key's over `bytes`? False for every algorithm that algorithm_forbidden() does not know.
[[nodiscard]] bool verifies(X509_ALGOR const* algorithm, EVP_PKEY* key, std::string_view bytes, std::string_view signature);

}  // namespace signing::detail
