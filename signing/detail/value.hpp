#pragma once

// A signature value over bytes, checked by OpenSSL alone: what xmlsec1 does not know (RSA-PSS) and what a second opinion
// on it needs. Private to signing/.
//
// What OpenSSL wants to be told of a key and an algorithm takes it as long as a third of the verification; so each thread
// keeps the contexts of the keys it met last, a bounded number.
//
// Source: XMLDSig 1.1 §6.4; RFC 9231 §2.3.9, §2.3.10 (RSA-PSS: salt as long as the digest, MGF1 with the same digest).
//
// Threads: free functions, any thread; a key may be used by several at once.

#include "signing/detail/openssl.hpp"

#include <string_view>

namespace signing::detail {

// `algorithm` is a name of policy.hpp: "rsa-sha256", "rsa-pss-sha256", "ecdsa-sha384", … ECDSA values are r‖s of exactly
// twice the size of the curve's order (XMLDSig 1.1 §6.4.3). False for a wrong value, a key of another family, an unknown
// algorithm. Never throws for bad input.
[[nodiscard]] bool verify_value(std::string_view algorithm, EVP_PKEY* key, std::string_view bytes, std::string_view value);

// A digest by its name of policy.hpp, "sha256", fetched once for the process: looking it up takes locks on every use. Null
// where the name is none of ours.
[[nodiscard]] EVP_MD const* digest_named(std::string_view name);

}  // namespace signing::detail
