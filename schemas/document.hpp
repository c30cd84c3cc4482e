#pragma once

// One XML document, parsed once and strictly: UTF-8, no DTD, no entities but the five, no network, bounded.
// Every XML from outside that the scanner (scanner.hpp) does not read is read here, and all that is refused.
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

// What trees may still take; one of a dossier, drawn on by each of its forms.
struct TreeRoom {
    std::size_t bytes_max;  // of one document
    std::size_t nodes;      // left, of whole trees
    std::size_t kept;       // left, of skeletons
};

// Read in one of two ways. A small document is a tree of all its nodes. A large one is *swept*: a tree is some ten times
// its document, so only a skeleton is kept, what a signature's profile looks at, and everything else (digest, schema, rules)
// goes over the bytes again with the same parser, event by event. Both give the same verdict; the tree is the oracle.
class Document {
public:
    // The whole tree. The bytes are not kept: the tree owns what it needs. Source: XML 1.0 5th ed., Namespaces in XML 1.0.
    [[nodiscard]] static Result<Document> parse(std::string_view bytes, XmlLimits const& limits);

    // The whole tree where `room` has place for it, else swept. REQUIRES: `bytes` outlive the document and stay where they are.
    [[nodiscard]] static Result<Document> read(std::string_view bytes, XmlLimits const& limits, TreeRoom& room);

    Document(Document&&) noexcept;
    Document& operator=(Document&&) noexcept;
    ~Document();

    [[nodiscard]] std::string root_name() const;  // local name
    [[nodiscard]] std::string root_namespace() const;
    [[nodiscard]] std::size_t nodes() const noexcept;  // as counted against XmlLimits::nodes_max

    // Swept: there is no tree of it, and tree_of() refuses. Then text() is what is swept, without a byte-order mark.
    [[nodiscard]] bool swept() const noexcept { return swept_; }
    [[nodiscard]] std::string_view text() const noexcept { return text_; }
    [[nodiscard]] XmlLimits const& limits() const noexcept { return limits_; }

    // Nobody may take the tree for the whole document from now on: parts of it are given back. Same REQUIRES as read().
    void become_swept(std::string_view bytes);

    // Only schemas/ and signing/ know there is a tree: see tree.hpp.
    struct Tree;
    [[nodiscard]] Tree& tree() const noexcept { return *tree_; }

private:
    Document(std::unique_ptr<Tree> tree, XmlLimits const& limits) noexcept;
    std::unique_ptr<Tree> tree_;
    XmlLimits limits_;
    std::string_view text_;
    bool swept_ = false;
};

}  // namespace schemas
