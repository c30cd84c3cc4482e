#pragma once

// The libxml2 tree behind a Document, for signing/ alone (tests/tidy/arrows.txt holds this). What was
// verified is what is used: the reference engine digests this very tree, and the fields were read from it.

#include "schemas/document.hpp"

#include <libxml/tree.h>

#include <cstddef>

namespace schemas {

struct Document::Tree {
    xmlDoc*     doc = nullptr;  // owned
    std::size_t nodes = 0;      // counted against XmlLimits::nodes_max: at least as many as there are
    std::size_t kept = 0;       // nodes of the skeleton, where it is one
    Tree() = default;
    Tree(Tree const&) = delete;
    Tree& operator=(Tree const&) = delete;
    ~Tree();
};

// The whole document. Throws std::logic_error for a swept one: a digest of its skeleton would be one of another document.
[[nodiscard]] xmlDoc* tree_of(Document const& document);

// Every node that a signature's profile looks at: of a swept document its skeleton, of any other the whole tree. Never to be
// digested. Its SignedInfo and all that is in scope there are whole.
[[nodiscard]] inline xmlDoc* skeleton_of(Document const& document) noexcept { return document.tree().doc; }

}  // namespace schemas
