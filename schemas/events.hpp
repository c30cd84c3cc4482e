#pragma once

// A document as events, for those who must see all of it without a tree. Knows no parser: what is told here is the document
// as Canonical XML models it (names resolved, references expanded, attribute values normalised).

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
};

// Hears one document; views live as long as the call. Neighbouring texts may come in any number of pieces, and CDATA as text.
class Events {
public:
    virtual ~Events() = default;
    virtual void start(StartEvent const& tag) = 0;
    virtual void end(std::string_view name, std::string_view prefix) = 0;
    virtual void text(std::string_view text) = 0;
    virtual void comment(std::string_view text) = 0;
    virtual void instruction(std::string_view target, std::string_view data) = 0;
};

// Tells `events` the whole of a swept document, by the parser and with the bounds that read it the first time. What
// `events` throws passes through. REQUIRES: document.swept().
void sweep(Document const& document, Events& events);

// The same for text that no Document was made of yet. False: it is refused somewhere, and what was told is worth nothing.
[[nodiscard]] bool sweep(std::string_view bytes, XmlLimits const& limits, Events& events);

}  // namespace schemas
