#pragma once

// libxml2 with owners, and its parser held to our bounds. Every context is its own: no global handler is set, no
// global option changed, so parses on many threads know nothing of each other and nothing is printed.

#include "schemas/failure.hpp"
#include "schemas/limits.hpp"

#include <libxml/parser.h>
#include <libxml/tree.h>

#include <memory>
#include <string>
#include <string_view>

namespace schemas::detail {

struct FreeDoc {
    void operator()(xmlDoc* doc) const noexcept { xmlFreeDoc(doc); }
};
using DocPtr = std::unique_ptr<xmlDoc, FreeDoc>;

struct FreeParser {
    void operator()(xmlParserCtxt* context) const noexcept { xmlFreeParserCtxt(context); }
};
using ParserPtr = std::unique_ptr<xmlParserCtxt, FreeParser>;

// Idempotent, thread-safe; xmlInitParser once.
void initialise();

// What the parser said when it said no.
struct ParseError {
    Refusal     why;
    int         code = 0;     // xmlParserErrors
    long        line = 0;
    long        column = 0;
    std::string said;         // the parser's sentence: may quote names of the document, so it is not for our log
};
using ParseResult = boost::system::result<DocPtr, ParseError>;

[[noreturn]] void throw_exception_from_error(ParseError const& error, boost::source_location const&);

// REQUIRES: scan() let `text` through with these limits. Counts again while the tree is built, and stops building.
[[nodiscard]] ParseResult parse(std::string_view text, XmlLimits const& limits);

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
