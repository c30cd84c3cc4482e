#pragma once

// One XML document, parsed once and strictly: UTF-8, no DTD, no entities but the five, no network, bounded.
// The only place of the project that parses XML from outside.
//
// Taken: UTF-8 with or without a declaration that says so, with or without a UTF-8 byte-order mark; comments and
// processing instructions; character references. Refused: XML other than 1.0, any DOCTYPE, any other encoding,
// NUL bytes, documents that are not namespace-well-formed. A relative namespace name is left to signing/.
//
// Threads: a Document is a value of one thread at a time; parse() may run anywhere at once.
// Errors:  Failure with one finding (its form and path empty, its line known where the parser knew it); never
//          throws for bad input (std::bad_alloc passes). Nothing is printed.

#include "schemas/failure.hpp"
#include "schemas/limits.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace schemas {

class Document {
public:
    // The bytes are not kept: the tree owns what it needs. Source: XML 1.0 5th ed., Namespaces in XML 1.0.
    [[nodiscard]] static Result<Document> parse(std::string_view bytes, XmlLimits const& limits);

    Document(Document&&) noexcept;
    Document& operator=(Document&&) noexcept;
    ~Document();

    [[nodiscard]] std::string root_name() const;  // local name
    [[nodiscard]] std::string root_namespace() const;
    [[nodiscard]] std::size_t nodes() const noexcept;  // as counted against XmlLimits::nodes_max

    // Only schemas/ and signing/ know there is a tree: see tree.hpp.
    struct Tree;
    [[nodiscard]] Tree& tree() const noexcept { return *tree_; }

private:
    explicit Document(std::unique_ptr<Tree> tree) noexcept;
    std::unique_ptr<Tree> tree_;
};

}  // namespace schemas
