#pragma once

// One sweep of libxml2's parser over a document, as events, held to our bounds. Everything that reads XML from outside
// comes through here: the whole tree (libxml2.hpp), the skeleton of a large form, its digest, its schema, its rules.
//
// Several sweeps over the same bytes see the same events: the parser, its options and its bounds are the same, and
// nothing of one sweep is left for the next.
//
// Threads: free functions; every context is its own: no global handler is set and nothing is printed.
// Errors:  a ParseError where the document or a bound says no. What a Listener throws is thrown again, outside of C.

#include "schemas/failure.hpp"
#include "schemas/limits.hpp"

#include <libxml/parser.h>
#include <libxml/tree.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace schemas::detail {

struct FreeDoc {
    void operator()(xmlDoc* doc) const noexcept { xmlFreeDoc(doc); }
};
using DocPtr = std::unique_ptr<xmlDoc, FreeDoc>;

// What the parser said when it said no.
struct ParseError {
    Refusal     why;
    int         code = 0;     // xmlParserErrors
    long        line = 0;
    long        column = 0;
    std::string said;         // the parser's sentence: may quote names of the document, so it is not for our log
};

// A start tag as libxml2's SAX2 has it: names are zero-terminated and live as long as the parser; values of attributes
// are not, and live as long as the call.
struct Tag {
    xmlChar const*  name;
    xmlChar const*  prefix;
    xmlChar const*  uri;
    int             namespaces_size;
    xmlChar const** namespaces;       // prefix, uri
    int             attributes_size;
    int             defaulted;
    xmlChar const** attributes;       // name, prefix, uri, begin of value, end of value
};

// Hears one document. Neighbouring texts may come in any number of pieces. The parser's context is for those who build with
// libxml2's own builders (xmlSAX2…), which keep the tree in it.
class Listener {
public:
    virtual ~Listener() = default;
    virtual void start(xmlParserCtxt& parser, Tag const& tag) = 0;
    virtual void end(xmlParserCtxt& parser, Tag const& tag) = 0;  // name, prefix and uri only
    virtual void text(xmlParserCtxt& parser, xmlChar const* text, int size) = 0;
    virtual void cdata(xmlParserCtxt& parser, xmlChar const* text, int size) = 0;
    virtual void comment(xmlParserCtxt& parser, xmlChar const* text) = 0;
    virtual void instruction(xmlParserCtxt& parser, xmlChar const* target, xmlChar const* data) = 0;  // data may be null
};

// A listener's own bound was passed: refused as xml_too_large.
struct Overflow {};

// Idempotent, thread-safe; xmlInitParser once.
void initialise();

struct Swept {
    std::optional<ParseError> refused;
    DocPtr doc;  // what was built in the parser's context; not null where nothing was refused
};

// REQUIRES: scan() let `text` through with these limits. Counts again, and tells no more once a bound is passed.
[[nodiscard]] Swept sweep(std::string_view text, XmlLimits const& limits, Listener& listener);

}  // namespace schemas::detail
