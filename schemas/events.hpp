#pragma once

// A document as events, for those who must see all of it without a tree. Knows no parser: what is told here is the document
// as Canonical XML models it (names resolved, references expanded, attribute values normalised). Two readers tell it: libxml2's
// parser (sweep(), below) and our own (scanner.hpp), which also shows the bytes where they are canonical as they stand.

#include "schemas/document.hpp"

#include <span>
#include <string_view>

namespace schemas {

struct NamespaceEvent {
    std::string_view prefix, uri;  // prefix empty: the default namespace; uri empty with it: none any more
};

struct AttributeEvent {
    std::string_view name, prefix, uri, value;
};

struct StartEvent {
    std::string_view name, prefix, uri;
    std::span<NamespaceEvent const> namespaces;  // declared here
    std::span<AttributeEvent const> attributes;  // in document order, without those that declare namespaces
    // "<prefix:name>" as it stands in the document, where it has no namespaces, no attributes and no white space; else empty.
    std::string_view raw = {};
};

struct EndEvent {
    std::string_view name, prefix;
    std::string_view raw = {};  // "</prefix:name>", where it stands so in the document; empty behind <name/> and white space
};

struct TextEvent {
    std::string_view text;
    // `text` itself, where these very bytes are its canonical form: no reference, none of & < > and CR. Else empty.
    std::string_view raw = {};
};

// Hears one document. Neighbouring texts may come in any number of pieces, and CDATA as text.
// Views of names, texts and raw bytes live until views_end(); the spans of a StartEvent and the values of its attributes as
// long as the call. Where two raw views touch in memory, they touch in the document.
class Events {
public:
    virtual ~Events() = default;
    virtual void start(StartEvent const& tag) = 0;
    virtual void end(EndEvent const& tag) = 0;
    virtual void text(TextEvent const& text) = 0;
    virtual void comment(std::string_view text) = 0;
    virtual void instruction(std::string_view target, std::string_view data) = 0;
    virtual void views_end() {}  // whoever keeps a view copies it now
};

// Tells `events` the whole of a swept document, by the parser and with the bounds that read it the first time. What
// `events` throws passes through. REQUIRES: document.swept().
void sweep(Document const& document, Events& events);

// The same for text that no Document was made of yet. False: it is refused somewhere, and what was told is worth nothing.
[[nodiscard]] bool sweep(std::string_view bytes, XmlLimits const& limits, Events& events);

}  // namespace schemas
