#pragma once

// Digest and signature value of a document that was swept: its digest from a sweep over its bytes, the value from the
// SignedInfo of its skeleton, which is whole. Private to signing/.
//
// Threads: free functions, one document per thread. Errors: values, as own_check.hpp has them.

#include "signing/detail/own_check.hpp"

#include "schemas/document.hpp"

namespace signing::detail {

// REQUIRES: document.swept(); `shape` was read from its skeleton by the dossier profile, so that it has one Signature and
// covers the whole document or the root by its id.
[[nodiscard]] Checked check_swept(schemas::Document const& document, SignatureShape const& shape, EVP_PKEY* key);

}  // namespace signing::detail
