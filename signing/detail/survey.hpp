#pragma once

// One pass over a whole document before anything in it is believed: where its Signatures are, which ids it has, and what
// could make two readers see two documents. Private to signing/.
//
// Threads: one tree per thread. Errors: what is wrong is noted, not judged: the profiles say which comes first.

#include <libxml/tree.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>

namespace signing::detail {

struct Survey {
    xmlNode*    signature = nullptr;  // the last one in document order
    std::size_t signatures = 0;
    xmlNode const* stray = nullptr;               // an element of XML Signature outside a Signature
    xmlNode const* repeated_id = nullptr;         // shares its id with another (V2)
    xmlNode const* relative_namespace = nullptr;  // declares a namespace name that is no absolute URI (V8)
    xmlNode const* instruction = nullptr;         // a processing instruction outside the root
    std::unordered_map<std::string, xmlAttr*> ids;  // by value; attributes without namespace alone can be referred to
};

// Attributes that are ids in one document that is swept: one or two. Its skeleton would keep each (schemas::EnvelopeLimits::kept_nodes_max).
inline constexpr std::size_t swept_ids_max = 32;

// Names of attributes that are ids: Id, ID, id, iD, xml:id, and the caller's.
[[nodiscard]] bool is_id_name(std::string_view name, std::string_view more = {});

[[nodiscard]] Survey survey(xmlDoc* doc, std::string_view id_attribute = {});

}  // namespace signing::detail
