#include "signing/detail/survey.hpp"

#include "signing/detail/node.hpp"

#include <algorithm>

namespace signing::detail {
namespace {

// An absolute URI begins with a scheme (RFC 3986 §3.1). The empty name takes a default namespace away and is none.
bool is_relative(std::string_view name)
{
    if (name.empty()) return false;
    auto const letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
    auto const end = std::ranges::find_if_not(name, [&](char c) { return letter(c) || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.'; });
    return !letter(name.front()) || end == name.end() || *end != ':';
}

// White space around an id is no other id: schema processors strip it (XML Schema 1.0 part 2 §3.3.8).
std::string stripped(std::string text)
{
    auto const blank = [](char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; };
    text.erase(text.begin(), std::ranges::find_if_not(text, blank));
    while (!text.empty() && blank(text.back())) text.pop_back();
    return text;
}

void note_ids(Survey& found, xmlNode const* node, std::string_view more)
{
    for (xmlAttr* a = node->properties; a != nullptr; a = a->next) {
        if (is_id_name(view(a->name), more) && !found.ids.emplace(stripped(attribute_text(a)), a).second) found.repeated_id = node;
    }
}

bool in_signature(xmlNode const* node)
{
    for (; node != nullptr; node = node->parent)
        if (is_dsig(node, "Signature")) return true;
    return false;
}

void note_element(Survey& found, xmlNode* node, std::string_view id_attribute)
{
    if (is_dsig(node, "Signature")) {
        ++found.signatures;
        found.signature = node;
    } else if (is_dsig(node) && !is_dsig(node->parent) && !in_signature(node) && found.stray == nullptr) {
        found.stray = node;
    }
    note_ids(found, node, id_attribute);
    for (xmlNs const* ns = node->nsDef; ns != nullptr; ns = ns->next) {
        if (is_relative(view(ns->href)) && found.relative_namespace == nullptr) found.relative_namespace = node;
    }
}

}  // namespace

bool is_id_name(std::string_view name, std::string_view more)
{
    return name == "Id" || name == "ID" || name == "id" || name == "iD" || (!more.empty() && name == more);
}

Survey survey(xmlDoc* doc, std::string_view id_attribute)
{
    Survey found;
    xmlNode* const root = xmlDocGetRootElement(doc);
    for (xmlNode* node = root; node != nullptr; node = next_in(node, root)) {
        if (is_element(node)) note_element(found, node, id_attribute);
    }
    for (xmlNode const* node = doc->children; node != nullptr; node = node->next) {
        if (node->type == XML_PI_NODE) found.instruction = node;
    }
    return found;
}

}  // namespace signing::detail
