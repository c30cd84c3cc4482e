#pragma once

// The strict profile: what a Signature element must look like before any cryptography runs. Private to signing/.
//
// Works on the tree alone; judges structure, algorithms, transforms, the one Reference, and reads the certificates.
// What it passes can mean one thing only, so that xmlsec1 has nothing to interpret.
//
// Threads: free functions, one tree per thread. Errors: a Failure with the place; never throws for bad input.

#include "signing/failure.hpp"
#include "signing/policy.hpp"

#include <libxml/tree.h>

#include <optional>
#include <string>
#include <vector>

namespace signing::detail {

struct SignatureShape {
    xmlNode*    node = nullptr;
    std::string signature_algorithm;  // "rsa-sha256"
    std::string digest_algorithm;     // "sha256"
    std::string canonicalisation;     // of the Reference: "c14n", "c14n11" or "exc-c14n"
    bool        rsa = false;          // else ECDSA
    bool        sha1 = false;         // SHA-1 in one of the two, allowed by the dated switch
    std::vector<std::string> certificates;  // DER, in document order, at least one
    std::optional<Instant> signing_time;
};

// Finds the one Signature of the document, in root/holder, and reads it. `at` decides about dated switches.
[[nodiscard]] Result<SignatureShape> read_signature(xmlDoc* doc, Place const& place, Policy const& policy, Instant at);

}  // namespace signing::detail
