#pragma once

// The only file that talks to xmlsec1. Private to signing/.
//
// Threads: start() once; the rest anywhere, one tree per thread. Errors: values; std::runtime_error from sign().
// Trusts: xmlsec1 with canonicalisation, digest and signature value, and with nothing else: what it may accept is
// set here for every check, the key is ours, and its X.509 store is never asked.

#include "signing/detail/openssl.hpp"
#include "signing/signer.hpp"

#include <libxml/tree.h>

#include <cstddef>
#include <string>

namespace signing::detail {

// libxml2 and xmlsec1, once per process; harmless to call again. Silences both: what they say about bad input
// goes into Checked::detail.
void start();

enum class Outcome { valid, digest_mismatch, value_mismatch, unusable };

struct Checked {
    Outcome     outcome = Outcome::unusable;
    std::size_t digested_bytes = 0;  // length of the canonical form the digest was taken of
    std::string detail;
};

// Verifies a Signature whose shape profile.cpp has passed. `sha1` lets SHA-1 through for this one.
[[nodiscard]] Checked check(xmlNode* signature, EVP_PKEY* key, bool sha1);

// Appends a Signature to `holder` and fills it. Throws std::runtime_error.
void sign(xmlNode* holder, KeyPair const& key, SignOptions const& options);

}  // namespace signing::detail
