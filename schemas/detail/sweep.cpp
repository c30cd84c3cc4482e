#include "schemas/detail/sweep.hpp"

#include <libxml/SAX2.h>
#include <libxml/dict.h>
#include <libxml/xmlerror.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <exception>
#include <limits>
#include <mutex>
#include <new>

namespace schemas::detail {

void initialise()
{
    static std::once_flag once;
    std::call_once(once, [] { xmlInitParser(); });
}

namespace {

struct FreeParser {
    void operator()(xmlParserCtxt* context) const noexcept { xmlFreeParserCtxt(context); }
};
using ParserPtr = std::unique_ptr<xmlParserCtxt, FreeParser>;

// One parse. Called from C: nothing is thrown through it.
struct Watch {
    XmlLimits const& limits;
    Listener& listener;
    std::size_t nodes = 0, depth = 0;
    bool in_text = false;  // the last thing that came was text
    bool refused = false;
    Refusal why = Refusal::xml_malformed;
    int code = 0;
    long line = 0, column = 0;
    std::array<char, 200> said{};
    std::exception_ptr thrown{};
};

xmlParserCtxt& parser_of(void* context) noexcept { return *static_cast<xmlParserCtxt*>(context); }
Watch& watch_of(void* context) noexcept { return *static_cast<Watch*>(parser_of(context)._private); }

// False where a bound was passed: the rest of the document is then read but no longer told. (xmlStopParser would
// free the input under the parser's own pointers; the bytes left are bounded, so nothing is lost by reading on.)
bool may_add(Watch& watch, std::size_t nodes) noexcept
{
    watch.nodes += nodes;
    if (watch.refused) return false;
    if (watch.nodes <= watch.limits.nodes_max && watch.depth <= watch.limits.depth_max) return true;
    watch.refused = true;
    watch.why = Refusal::xml_too_large;
    return false;
}

template <class Tell>
void tell(Watch& watch, Tell const& what) noexcept
{
    try {
        what();
    } catch (Overflow const&) {
        watch.refused = true;
        watch.why = Refusal::xml_too_large;
    } catch (...) {
        watch.refused = true;
        watch.thrown = std::current_exception();
    }
}

void on_start_document(void* context) noexcept
{
    xmlSAX2StartDocument(context);
    // HUGE takes the parser's own bound off its dictionary; names are kept there until the document goes.
    if (auto* const names = parser_of(context).dict) xmlDictSetLimit(names, watch_of(context).limits.names_bytes_max);
}

void on_start(void* context, xmlChar const* name, xmlChar const* prefix, xmlChar const* uri, int namespaces_size,
              xmlChar const** namespaces, int attributes_size, int defaulted, xmlChar const** attributes) noexcept
{
    auto& watch = watch_of(context);
    ++watch.depth;
    watch.in_text = false;
    if (!may_add(watch, 1 + static_cast<std::size_t>(namespaces_size) + 2 * static_cast<std::size_t>(attributes_size))) return;
    tell(watch, [&] {
        watch.listener.start(parser_of(context), {name, prefix, uri, namespaces_size, namespaces, attributes_size, defaulted, attributes});
    });
}

void on_end(void* context, xmlChar const* name, xmlChar const* prefix, xmlChar const* uri) noexcept
{
    auto& watch = watch_of(context);
    --watch.depth;
    watch.in_text = false;
    if (!watch.refused) tell(watch, [&] { watch.listener.end(parser_of(context), {name, prefix, uri, 0, nullptr, 0, 0, nullptr}); });
}

void on_characters(void* context, xmlChar const* text, int size) noexcept
{
    // Neighbouring texts are one node; only the first of them is counted.
    auto& watch = watch_of(context);
    bool const grows = std::exchange(watch.in_text, true);
    if (may_add(watch, grows ? 0 : 1)) tell(watch, [&] { watch.listener.text(parser_of(context), text, size); });
}

void on_cdata(void* context, xmlChar const* text, int size) noexcept
{
    auto& watch = watch_of(context);
    watch.in_text = false;
    if (may_add(watch, 1)) tell(watch, [&] { watch.listener.cdata(parser_of(context), text, size); });
}

void on_comment(void* context, xmlChar const* text) noexcept
{
    auto& watch = watch_of(context);
    watch.in_text = false;
    if (may_add(watch, 1)) tell(watch, [&] { watch.listener.comment(parser_of(context), text); });
}

void on_instruction(void* context, xmlChar const* target, xmlChar const* data) noexcept
{
    auto& watch = watch_of(context);
    watch.in_text = false;
    if (may_add(watch, 1)) tell(watch, [&] { watch.listener.instruction(parser_of(context), target, data); });
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

void set_handlers(xmlSAXHandler& sax) noexcept
{
    sax.startDocument = on_start_document;
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
}

int take_some(void* source, char* room, int size) noexcept
{
    auto& left = *static_cast<std::string_view*>(source);
    auto const taken = std::min(left.size(), static_cast<std::size_t>(size));
    std::memcpy(room, left.data(), taken);
    left.remove_prefix(taken);
    return static_cast<int>(taken);
}

// HUGE: a text node of libxml2 ends at 10 MB otherwise, and a base64 of 24 MB is lawful; the bounds are ours
// instead. NOENT: with no DTD there is nothing to expand but the five, and no reference nodes are left behind.
constexpr int options = XML_PARSE_NONET | XML_PARSE_NOENT | XML_PARSE_HUGE | XML_PARSE_BIG_LINES | XML_PARSE_COMPACT;

// libxml2 copies what it is given as one block; a large document is handed to it piece by piece instead.
constexpr std::size_t copied_bytes_max = 64u << 10;

xmlDoc* read(xmlParserCtxt* context, std::string_view text)
{
    if (text.size() <= copied_bytes_max)
        return xmlCtxtReadMemory(context, text.data(), static_cast<int>(text.size()), nullptr, nullptr, options);
    return xmlCtxtReadIO(context, take_some, nullptr, &text, nullptr, nullptr, options);
}

}  // namespace

Swept sweep(std::string_view text, XmlLimits const& limits, Listener& listener)
{
    initialise();
    if (text.size() > static_cast<std::size_t>(std::numeric_limits<int>::max()))
        return {.refused = ParseError{.why = Refusal::xml_too_large, .said = "more than 2 GiB"}, .doc = nullptr};

    ParserPtr const context{xmlNewParserCtxt()};
    if (!context) throw std::bad_alloc{};
    Watch watch{.limits = limits, .listener = listener};
    context->_private = &watch;
    set_handlers(*context->sax);

    Swept swept;
    swept.doc.reset(read(context.get(), text));
    if (watch.thrown) std::rethrow_exception(watch.thrown);
    if (watch.code == XML_ERR_NO_MEMORY) {
        // A full dictionary says the same as no memory; its use tells them apart. A single name that alone is longer than the
        // dictionary may be (a namespace's) never gets into it, but libxml2 names the dictionary then.
        bool const full = xmlDictGetUsage(context->dict) > limits.names_bytes_max;
        bool const one_too_long = text.size() > limits.names_bytes_max && std::string_view{watch.said.data()}.find("dictionary") != std::string_view::npos;
        if (!full && !one_too_long) throw std::bad_alloc{};
        watch.refused = true;
        watch.why = Refusal::xml_too_large;
    }
    bool const well_formed = swept.doc && context->wellFormed && context->nsWellFormed;
    if (!watch.refused && watch.code == 0 && well_formed) return swept;
    swept.refused = ParseError{.why = watch.refused ? watch.why : Refusal::xml_malformed, .code = watch.code, .line = watch.line,
                               .column = watch.column, .said = sentence(watch.said.data())};
    swept.doc.reset();
    return swept;
}

}  // namespace schemas::detail
