#pragma once

// The narrow way from rules to the tree: elements in no namespace, their text, their place. The only walker of forms
// besides the schema engine itself, so that another engine has one thing to replace.
//
// Threads: reads only. An Element is valid as long as its Document.

#include "schemas/detail/libxml2.hpp"
#include "schemas/detail/places.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace schemas::detail {

class Element {
public:
    Element() = default;
    explicit Element(xmlNode const* node) noexcept : node_{node} {}
    [[nodiscard]] static Element root_of(xmlDoc const* doc) noexcept { return Element{xmlDocGetRootElement(const_cast<xmlDoc*>(doc))}; }

    [[nodiscard]] explicit operator bool() const noexcept { return node_ != nullptr; }
    [[nodiscard]] xmlNode* node() const noexcept { return const_cast<xmlNode*>(node_); }
    [[nodiscard]] std::string_view name() const noexcept { return node_ ? local_name(node_) : std::string_view{}; }

    // Text of the element itself, joined and trimmed; of its child elements nothing.
    [[nodiscard]] std::string text() const
    {
        std::string whole;
        for (auto const* at = node_ ? node_->children : nullptr; at; at = at->next)
            if (at->type == XML_TEXT_NODE || at->type == XML_CDATA_SECTION_NODE) whole.append(view(at->content));
        auto const first = whole.find_first_not_of(blanks);
        if (first == whole.npos) return {};
        return whole.substr(first, whole.find_last_not_of(blanks) - first + 1);
    }

    [[nodiscard]] Element first_child() const noexcept { return node_ ? Element{element_from(node_->children)} : Element{}; }
    [[nodiscard]] Element next() const noexcept { return node_ ? Element{element_from(node_->next)} : Element{}; }
    [[nodiscard]] Element child(std::string_view child_name) const noexcept
    {
        auto at = first_child();
        while (at && at.name() != child_name) at = at.next();
        return at;
    }

    // XPath with indexes, as /D02-TS/NoiDung/LaoDong[3]/MasoBHXH. Counts siblings: not for every element of a form.
    [[nodiscard]] std::string path() const
    {
        if (!node_) return {};
        auto* const path = xmlGetNodePath(node_);
        std::string const copy{view(path)};
        xmlFree(path);
        return copy;
    }
    [[nodiscard]] long line() const noexcept { return !node_ ? 0 : node_->psvi ? reinterpret_cast<std::intptr_t>(node_->psvi) : line_of(node_); }

    // In a tree that a sweep builds and prunes, where siblings cannot be counted: note() when it starts, chain() instead of path().
    void note(std::size_t ordinal, long at_line) const noexcept
    {
        auto* const node = const_cast<xmlNode*>(node_);
        node->_private = reinterpret_cast<void*>(ordinal);
        node->psvi = reinterpret_cast<void*>(static_cast<std::intptr_t>(at_line));
    }
    [[nodiscard]] Chain chain() const
    {
        Chain chain;
        for (auto const* at = node_; at && at->type == XML_ELEMENT_NODE; at = at->parent)
            chain.push_back({reinterpret_cast<std::uintptr_t>(at->_private), step_name(at->name, at->ns ? at->ns->prefix : nullptr, at->ns ? at->ns->href : nullptr)});
        std::ranges::reverse(chain);
        return chain;
    }

private:
    static constexpr std::string_view blanks = " \t\r\n";
    [[nodiscard]] static xmlNode const* element_from(xmlNode const* at) noexcept
    {
        while (at && (at->type != XML_ELEMENT_NODE || at->ns)) at = at->next;
        return at;
    }

    xmlNode const* node_ = nullptr;
};

}  // namespace schemas::detail
