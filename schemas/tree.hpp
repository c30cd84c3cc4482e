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
    Tree() = default;
    Tree(Tree const&) = delete;
    Tree& operator=(Tree const&) = delete;
    ~Tree();
};

[[nodiscard]] inline xmlDoc* tree_of(Document const& document) noexcept { return document.tree().doc; }

}  // namespace schemas
