#pragma once

// A schema of ours as a table, generated from its XSD when it is loaded, and run on the events of a document. It only says
// whether the shape is sound: where it is not, libxml2's validator says what is wrong, so that findings come from one place.
//
// Understood: one global element; named and anonymous complex types that are a sequence of elements (minOccurs 0 or 1, maxOccurs
// 1 or unbounded) and of xs:any with processContents="skip"; simple types that restrict xs:token or xs:string by length bounds, one
// pattern and an enumeration. A schema with anything else is left to libxml2's validator; tests list which (none).
//
// Source: XML Schema 1.0 parts 1 and 2 (W3C 2004): §3.8.6 Unique Particle Attribution makes the next declaration certain;
// part 2 §4.3.6 white space, §4.3.1 to 4.3.5 facets; lengths count characters.
//
// Threads: a ShapeTable is immutable; a ShapeRun is one thread's. Errors: of() says why a schema is not understood.

#include <libxml/tree.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace schemas::detail {

class ShapeTable {
public:
    // Reads the XSD's own tree. Null where something is not understood; then `why` names it.
    [[nodiscard]] static std::shared_ptr<ShapeTable const> of(xmlDoc const* xsd, std::string& why);
    ~ShapeTable();

    // Every declaration of an element has a number below this, the root's is 0; its name is what forms must write.
    [[nodiscard]] std::size_t declarations() const noexcept;
    [[nodiscard]] std::string_view name(std::size_t declaration) const noexcept;
    [[nodiscard]] bool is_leaf(std::size_t declaration) const noexcept;  // a simple type

private:
    friend class ShapeRun;
    struct Data;
    ShapeTable();
    std::unique_ptr<Data> data_;
};

// One document against one table. Everything unsound makes sound() false for good.
class ShapeRun {
public:
    static constexpr std::size_t skipped = static_cast<std::size_t>(-1);  // inside what xs:any passes over

    // REQUIRES: the table outlives the run.
    void begin(ShapeTable const& table);

    // Returns the number of the element's declaration; `skipped` also where it is unsound. `has_attributes`: any that is no
    // namespace declaration (our schemas declare none).
    std::size_t start(std::string_view name, std::string_view uri, bool has_attributes);
    // The end of an element; `text` is all of its text where it is a leaf, and whether other than blank text stood in it where it
    // is not, joined over its pieces.
    void end_leaf(std::string_view text);
    void end_parent(bool has_words);

    [[nodiscard]] bool sound() const noexcept { return sound_; }

private:
    struct Open {
        std::size_t declaration;  // or skipped
        std::size_t at;           // next particle of its sequence
        bool        met;          // the particle at `at` was met already
    };
    ShapeTable const* table_ = nullptr;
    std::vector<Open> open_;
    bool sound_ = false;
};

}  // namespace schemas::detail
