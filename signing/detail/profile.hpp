#pragma once

// Where a Signature may stand and what it must cover: the dossier profile (one fixed place per form) and the xmldsig
// profile (any document). Private to signing/.
//
// Threads: free functions, one tree per thread (ids are noted in it). Errors: a Failure with the place; never throws for
// bad input.

#include "signing/detail/shape.hpp"
#include "signing/failure.hpp"
#include "signing/policy.hpp"

#include <string>

namespace signing::detail {

// The one Signature of the document, in root/holder, over the whole document.
[[nodiscard]] Result<SignatureShape> read_signature(xmlDoc* doc, Place const& place, Policy const& policy, Instant at);

struct XmlRules {
    std::string id_attribute;  // beside Id, ID, id and iD
    bool pinned = false;       // the key is known: KeyInfo may be empty or missing
};

// The one Signature of any document. It covers the whole of it; or an element right under the root, whose child it then
// is, and outside of which stands nothing that could be taken for it (wrapping, V1).
[[nodiscard]] Result<SignatureShape> read_xml_signature(xmlDoc* doc, XmlRules const& rules, Policy const& policy, Instant at);

}  // namespace signing::detail
