#include "signing/detail/node.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace signing::detail {

void stop(Refusal why, xmlNode const* where, std::string detail)
{
    throw Stop{{.why = why, .form = {}, .path = path_of(where), .detail = std::move(detail)}};
}

void malformed(xmlNode const* where, std::string detail) { stop(Refusal::signature_malformed, where, std::move(detail)); }

bool is_within(xmlNode const* node, xmlNode const* top)
{
    for (; node != nullptr; node = node->parent)
        if (node == top) return true;
    return false;
}

bool is_words(xmlNode const* node)
{
    return (node->type == XML_TEXT_NODE || node->type == XML_CDATA_SECTION_NODE) && xmlIsBlankNode(node) != 1;
}

std::string path_of(xmlNode const* node)
{
    std::string path;
    for (; node != nullptr; node = node->parent)
        if (is_element(node)) path = fmt::format("/{}{}", view(node->name), path);
    return path;
}

xmlNode* next_in(xmlNode* node, xmlNode const* top)
{
    if (is_element(node) && node->children != nullptr) return node->children;
    while (node != top && node->next == nullptr) node = node->parent;
    return node == top ? nullptr : node->next;
}

std::vector<xmlNode*> children_of(xmlNode* parent)
{
    std::vector<xmlNode*> children;
    for (xmlNode* child = parent->children; child != nullptr; child = child->next) {
        if (is_element(child)) {
            children.push_back(child);
        } else if (child->type != XML_TEXT_NODE || xmlIsBlankNode(child) != 1) {
            malformed(parent, "something else than elements inside");
        }
    }
    return children;
}

xmlNode* only_child(xmlNode* parent, std::string_view name)
{
    auto const children = children_of(parent);
    if (children.size() != 1 || view(children[0]->name) != name || namespace_of(children[0]) != namespace_of(parent)) {
        malformed(parent, fmt::format("exactly one {} may stand here", name));
    }
    return children[0];
}

std::string_view text_in(xmlNode* node)
{
    xmlNode const* const text = node->children;
    if (text == nullptr) return {};
    if (text->type != XML_TEXT_NODE || text->next != nullptr) malformed(node, "not exactly one piece of text");
    return view(text->content);
}

std::string attribute_text(xmlAttr const* attribute)
{
    // One text child is what the parser makes of a plain value; an entity reference would be another kind of node.
    xmlNode const* const text = attribute->children;
    if (text == nullptr) return {};
    if (text->type != XML_TEXT_NODE || text->next != nullptr) malformed(attribute->parent, "an attribute is not plain text");
    return std::string{view(text->content)};
}

void only_attributes(xmlNode* node, std::initializer_list<std::string_view> names)
{
    for (xmlAttr const* a = node->properties; a != nullptr; a = a->next) {
        if (a->ns != nullptr || std::ranges::find(names, view(a->name)) == names.end()) {
            malformed(node, fmt::format("attribute {} does not belong here", view(a->name)));
        }
    }
}

std::optional<std::string> attribute(xmlNode* node, std::string_view name)
{
    for (xmlAttr const* a = node->properties; a != nullptr; a = a->next) {
        if (a->ns == nullptr && view(a->name) == name) return attribute_text(a);
    }
    return std::nullopt;
}

void no_children(xmlNode* node)
{
    if (!children_of(node).empty()) malformed(node, "parameters are not allowed here");
}

}  // namespace signing::detail
