#pragma once

// What one Signature element says, read strictly before any cryptography runs: structure, algorithms, transforms, the one
// Reference, certificates. What passes can mean one thing only, so that xmlsec1 has nothing to interpret. Where the
// Signature may stand and what the Reference may name is judged in profile.cpp. Private to signing/.
//
// Source: XMLDSig 1.1 §4; RFC 9231 §2.3.9 and §2.3.10 (RSA-PSS); XAdES (ETSI TS 101 903 v1.4.2 §7.6.2) for the one place of
// an OCSP response in unsigned properties.
//
// Threads: free functions, one tree per thread. Errors: Stop (node.hpp); bad input makes nothing else.

#include "signing/detail/canonical.hpp"
#include "signing/policy.hpp"

#include <libxml/tree.h>

#include <optional>
#include <string>
#include <vector>

namespace signing::detail {

struct SignatureShape {
    xmlNode*    node = nullptr;
    xmlNode*    signed_info = nullptr;
    xmlNode*    target = nullptr;     // what the Reference covers, but for the Signature; null: the whole document
    std::string reference;            // its URI: "" or "#id"
    std::string signature_algorithm;  // "rsa-sha256"
    std::string digest_algorithm;     // "sha256"
    std::string canonicalisation;     // of the Reference: "c14n", "c14n11" or "exc-c14n"
    Canonicalisation signed_info_c14n, reference_c14n;
    std::string value, digest;        // out of their base64
    bool        rsa = false;          // else ECDSA
    bool        pss = false;          // RSA-PSS, which xmlsec1 1.2.37 does not know
    bool        sha1 = false;         // SHA-1 in one of the two, allowed by the dated switch
    std::vector<std::string> certificates;  // DER, in document order; hints, like the next
    std::vector<std::string> ocsp;          // DER responses
    std::optional<Instant> signing_time;
};

// `at` decides about dated switches. `certificate_needed`: refuse a KeyInfo without one (no pinned key is known).
[[nodiscard]] SignatureShape read_shape(xmlNode* signature, Policy const& policy, Instant at, bool certificate_needed);

}  // namespace signing::detail
