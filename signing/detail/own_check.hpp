#pragma once

// Digest and signature value, checked by libxml2's canonical form and OpenSSL alone: what xmlsec1 1.2.37 does not know
// (RSA-PSS), and for all other algorithms of the policy a second opinion on it. Private to signing/.
//
// Works on a SignatureShape, which profile.cpp made: algorithms, transforms and the one Reference are judged there.
//
// Threads: free functions, one tree per thread. Errors: values; std::bad_alloc and OpenSSL's own failures pass.

#include "signing/detail/openssl.hpp"
#include "signing/detail/profile.hpp"
#include "signing/detail/xmlsec.hpp"

#include <functional>

namespace signing::detail {

// The value over the canonical SignedInfo. REQUIRES: shape.signed_info stands in its document, since inclusive
// canonicalisation takes the namespaces in scope there.
[[nodiscard]] bool check_value(SignatureShape const& shape, EVP_PKEY* key);

// Writes the canonical form of what the Reference covers; false where there is none.
using Form = std::function<bool(Sink const&)>;

// The one Reference by `form`, then the value.
[[nodiscard]] Checked check_with(SignatureShape const& shape, EVP_PKEY* key, Form const& form);

// The one Reference, then the value: the same questions in the same order as check() of xmlsec.hpp.
[[nodiscard]] Checked check_alone(SignatureShape const& shape, EVP_PKEY* key);

}  // namespace signing::detail
