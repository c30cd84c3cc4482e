#pragma once

// The canonical form of a part of a tree, by libxml2 on the very tree the document was parsed into. Private to signing/.
//
// Source: Canonical XML 1.0 and 1.1, Exclusive XML Canonicalization 1.0 (W3C), all without comments: a Reference to ""
// or "#id" leaves comments out whatever the method says (XMLDSig 1.1 §4.4.3.3).
//
// Threads: free functions, one tree per thread. Errors: false where there is no canonical form (a relative namespace name:
// Canonical XML 1.0 §1.3); what the sink was given before then is worth nothing.

#include <libxml/tree.h>

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace signing::detail {

enum class C14n { inclusive, inclusive11, exclusive };

struct Canonicalisation {
    C14n kind = C14n::inclusive;
    std::vector<std::string> prefixes;  // of InclusiveNamespaces; "#default" is the default namespace
};

// A node set: `top` and all in it (null: the whole document, with what stands before and behind the root), but for
// `without` and all in it.
struct Part {
    xmlNode const* top = nullptr;
    xmlNode const* without = nullptr;
};

using Sink = std::function<void(std::string_view)>;  // called again and again; must not throw

[[nodiscard]] bool canonicalise(xmlDoc* doc, Part const& part, Canonicalisation const& how, Sink const& sink);

}  // namespace signing::detail
