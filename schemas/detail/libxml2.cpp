#include "schemas/detail/libxml2.hpp"

#include <libxml/SAX2.h>
#include <libxml/xmlerror.h>

#include <array>
#include <cstddef>
#include <cstring>
#include <limits>
#include <mutex>
#include <new>
#include <stdexcept>

namespace schemas::detail {

void throw_exception_from_error(ParseError const& error, boost::source_location const&)
{
    throw std::logic_error("schemas::detail::ParseResult::value() on an error " + std::to_string(error.code));
}

void initialise()
{
    static std::once_flag once;
    std::call_once(once, [] { xmlInitParser(); });
}

namespace {

// One parse. Called from C: nothing here throws or allocates.
struct Watch {
    XmlLimits const& limits;
    std::size_t nodes = 0, depth = 0;
    bool refused = false;
    Refusal why = Refusal::xml_malformed;
    int code = 0;
    long line = 0, column = 0;
    std::array<char, 200> said{};
};

Watch& watch_of(void* context) noexcept { return *static_cast<Watch*>(static_cast<xmlParserCtxt*>(context)->_private); }

// False where a bound was passed: the rest of the document is then read but no longer built. (xmlStopParser would
// free the input under the parser's own pointers; the bytes left are bounded, so nothing is lost by reading on.)
bool may_add(void* context, std::size_t nodes) noexcept
{
    auto& watch = watch_of(context);
    watch.nodes += nodes;
    if (watch.refused) return false;
    if (watch.nodes <= watch.limits.nodes_max && watch.depth <= watch.limits.depth_max) return true;
    watch.refused = true;
    watch.why = Refusal::xml_too_large;
    return false;
}

void on_start(void* context, xmlChar const* name, xmlChar const* prefix, xmlChar const* uri, int namespaces_size,
              xmlChar const** namespaces, int attributes_size, int defaulted, xmlChar const** attributes) noexcept
{
    ++watch_of(context).depth;
    if (may_add(context, 1 + static_cast<std::size_t>(namespaces_size) + 2 * static_cast<std::size_t>(attributes_size)))
        xmlSAX2StartElementNs(context, name, prefix, uri, namespaces_size, namespaces, attributes_size, defaulted, attributes);
}

void on_end(void* context, xmlChar const* name, xmlChar const* prefix, xmlChar const* uri) noexcept
{
    --watch_of(context).depth;
    if (!watch_of(context).refused) xmlSAX2EndElementNs(context, name, prefix, uri);
}

void on_characters(void* context, xmlChar const* text, int size) noexcept
{
    // Neighbouring texts grow into one node; only the first of them is counted.
    auto const* const parser = static_cast<xmlParserCtxt*>(context);
    bool const grows = parser->node && parser->node->last && parser->node->last->type == XML_TEXT_NODE;
    if (may_add(context, grows ? 0 : 1)) xmlSAX2Characters(context, text, size);
}

void on_cdata(void* context, xmlChar const* text, int size) noexcept
{
    if (may_add(context, 1)) xmlSAX2CDataBlock(context, text, size);
}

void on_comment(void* context, xmlChar const* text) noexcept
{
    if (may_add(context, 1)) xmlSAX2Comment(context, text);
}

void on_instruction(void* context, xmlChar const* target, xmlChar const* data) noexcept
{
    if (may_add(context, 1)) xmlSAX2ProcessingInstruction(context, target, data);
}

void on_doctype(void* context, xmlChar const*, xmlChar const*, xmlChar const*) noexcept
{
    auto& watch = watch_of(context);
    if (!watch.refused) watch.why = Refusal::xml_doctype;
    watch.refused = true;
}

#if LIBXML_VERSION >= 21200
using ErrorOfHandler = xmlError const*;
#else
using ErrorOfHandler = xmlError*;
#endif

void on_error(void* context, ErrorOfHandler error) noexcept
{
    // Warnings (a relative namespace name) and complaints about validity (an xml:id) are not for us.
    if (error->level < XML_ERR_ERROR || error->domain == XML_FROM_VALID || error->domain == XML_FROM_DTD) return;
    auto& watch = watch_of(context);
    if (watch.code != 0) return;  // The first one counts; a namespace error does not stop the parser by itself.
    watch.code = error->code;
    watch.line = error->line;
    watch.column = error->int2;
    if (error->message) std::strncpy(watch.said.data(), error->message, watch.said.size() - 1);
}

// One line of whole UTF-8 characters.
std::string sentence(char const* said)
{
    std::string text{said};
    while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0xC0) == 0x80) text.pop_back();
    if (!text.empty() && static_cast<unsigned char>(text.back()) >= 0xC0) text.pop_back();
    for (char& c : text)
        if (static_cast<unsigned char>(c) < 0x20) c = ' ';
    while (!text.empty() && text.back() == ' ') text.pop_back();
    return text;
}

}  // namespace

ParseResult parse(std::string_view text, XmlLimits const& limits)
{
    initialise();
    if (text.size() > static_cast<std::size_t>(std::numeric_limits<int>::max()))
        return ParseError{.why = Refusal::xml_too_large, .said = "more than 2 GiB"};

    ParserPtr const context{xmlNewParserCtxt()};
    if (!context) throw std::bad_alloc{};
    Watch watch{.limits = limits};
    context->_private = &watch;
    auto& sax = *context->sax;
    sax.startElementNs = on_start;
    sax.endElementNs = on_end;
    sax.characters = on_characters;
    sax.ignorableWhitespace = on_characters;
    sax.cdataBlock = on_cdata;
    sax.comment = on_comment;
    sax.processingInstruction = on_instruction;
    sax.internalSubset = on_doctype;
    sax.externalSubset = on_doctype;
    sax.entityDecl = nullptr;
    sax.unparsedEntityDecl = nullptr;
    sax.notationDecl = nullptr;
    sax.attributeDecl = nullptr;
    sax.elementDecl = nullptr;
    sax.serror = on_error;
    sax.error = nullptr;
    sax.fatalError = nullptr;
    sax.warning = nullptr;

    // HUGE: a text node of libxml2 ends at 10 MB otherwise, and a base64 of 24 MB is lawful; the bounds are ours
    // instead. NOENT: with no DTD there is nothing to expand but the five, and no reference nodes are left behind.
    constexpr int options = XML_PARSE_NONET | XML_PARSE_NOENT | XML_PARSE_HUGE | XML_PARSE_BIG_LINES | XML_PARSE_COMPACT;
    DocPtr doc{xmlCtxtReadMemory(context.get(), text.data(), static_cast<int>(text.size()), nullptr, nullptr, options)};
    if (watch.code == XML_ERR_NO_MEMORY) throw std::bad_alloc{};

    bool const well_formed = doc && context->wellFormed && context->nsWellFormed;
    if (!watch.refused && watch.code == 0 && well_formed) return doc;
    return ParseError{.why = watch.refused ? watch.why : Refusal::xml_malformed, .code = watch.code, .line = watch.line,
                      .column = watch.column, .said = sentence(watch.said.data())};
}

}  // namespace schemas::detail
