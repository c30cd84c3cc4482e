#pragma once

// The tree of a document, whole or as a skeleton, and small words about its nodes.

#include "schemas/detail/sweep.hpp"

#include <libxml/tree.h>

#include <cstddef>
#include <string_view>

namespace schemas::detail {

using ParseResult = boost::system::result<DocPtr, ParseError>;

[[noreturn]] void throw_exception_from_error(ParseError const& error, boost::source_location const&);

// Every node of the document.
// REQUIRES: scan() let `text` through with these limits. Counts again while the tree is built, and stops building.
[[nodiscard]] ParseResult parse(std::string_view text, XmlLimits const& limits);

// What a signature's profile has to look at, and no more: the root; of its children the first two of each name; every element
// that carries attributes or namespaces, or is of XML Signature, with all that stands below such a one; and the ancestors of
// these; instructions outside the root. No text but below an element of XML Signature. `kept` becomes the number of nodes; more than `kept_max` is refused.
[[nodiscard]] ParseResult parse_skeleton(std::string_view text, XmlLimits const& limits, std::size_t kept_max, std::size_t& kept);

[[nodiscard]] inline std::string_view view(xmlChar const* text) noexcept
{
    return text ? std::string_view{reinterpret_cast<char const*>(text)} : std::string_view{};
}
[[nodiscard]] inline std::string_view local_name(xmlNode const* node) noexcept { return view(node->name); }
[[nodiscard]] inline std::string_view namespace_of(xmlNode const* node) noexcept
{
    return node->ns ? view(node->ns->href) : std::string_view{};
}
[[nodiscard]] inline long line_of(xmlNode const* node) noexcept { return xmlGetLineNo(node); }

}  // namespace schemas::detail
