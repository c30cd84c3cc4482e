#pragma once

// Small questions about nodes of a tree, and the one way in which the readers of a Signature say no. Private to signing/.
//
// Threads: free functions, one tree per thread. Errors: Stop, thrown many levels deep and caught where reading began
// (profile.cpp, xml_profile.cpp) and nowhere else.

#include "signing/detail/uris.hpp"
#include "signing/failure.hpp"

#include <libxml/tree.h>

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace signing::detail {

struct Stop {
    Failure failure;
};
[[noreturn]] void stop(Refusal why, xmlNode const* where, std::string detail);
[[noreturn]] void malformed(xmlNode const* where, std::string detail);

[[nodiscard]] inline std::string_view view(xmlChar const* text)
{
    return text == nullptr ? std::string_view{} : reinterpret_cast<char const*>(text);
}
[[nodiscard]] inline std::string_view namespace_of(xmlNode const* node) { return node->ns == nullptr ? std::string_view{} : view(node->ns->href); }
[[nodiscard]] inline bool is_element(xmlNode const* node) { return node->type == XML_ELEMENT_NODE; }
[[nodiscard]] inline bool is_dsig(xmlNode const* node) { return is_element(node) && namespace_of(node) == dsig_ns; }
[[nodiscard]] inline bool is_dsig(xmlNode const* node, std::string_view name) { return is_dsig(node) && view(node->name) == name; }
[[nodiscard]] bool is_within(xmlNode const* node, xmlNode const* top);  // the node itself, or anywhere in it
// Text or CDATA that is more than white space.
[[nodiscard]] bool is_words(xmlNode const* node);

[[nodiscard]] std::string path_of(xmlNode const* node);                    // local names: /Hoso/CKy_Dvi/Signature
[[nodiscard]] xmlNode* next_in(xmlNode* node, xmlNode const* top);         // document order within `top`; null at its end

// Elements only; anything between them must be white space. Comments and the like are not part of the canonical form
// (V4), so inside a Signature they can only serve to mislead.
[[nodiscard]] std::vector<xmlNode*> children_of(xmlNode* parent);
[[nodiscard]] xmlNode* only_child(xmlNode* parent, std::string_view name);  // the one child; it has this local name and the parent's namespace
[[nodiscard]] std::string_view text_in(xmlNode* node);                      // empty, or exactly one piece of text
[[nodiscard]] std::string attribute_text(xmlAttr const* attribute);
void only_attributes(xmlNode* node, std::initializer_list<std::string_view> names);
[[nodiscard]] std::optional<std::string> attribute(xmlNode* node, std::string_view name);  // without namespace
void no_children(xmlNode* node);

}  // namespace signing::detail
