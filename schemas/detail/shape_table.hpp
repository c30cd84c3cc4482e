#pragma once

// A schema of ours as a table, generated from its XSD when it is loaded, and run on the events of a document. It only says
// whether the shape is sound: where it is not, libxml2's validator says what is wrong, so that findings come from one place.
//
// Understood: one global element; named and anonymous complex types that are a sequence, of elements of different names (minOccurs 0
// or 1, maxOccurs 1 or unbounded), or of nothing, or of one xs:any with processContents="skip"; simple types that are xs:token or
// xs:string, or restrict one by length bounds, one pattern and an enumeration. A schema with anything else, be it one attribute, is left to
// libxml2's validator; a test lists which of ours (none).
//
// Source: XML Schema 1.0 parts 1 and 2 (W3C 2004): §3.8.6 Unique Particle Attribution makes the next declaration certain;
// part 2 §4.3.6 white space, §4.3.1 to 4.3.5 facets; lengths count characters.
//
// Threads: a ShapeTable is immutable; a ShapeRun is one thread's. Errors: of() says why a schema is not understood.

#include <libxml/tree.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace schemas::detail {

class ShapeTable {
public:
    static constexpr std::size_t declarations_max = 4096, depth_max = 32;  // our own choice: ours have 60, 8 deep

    // Reads the XSD's own tree. Null where something is not understood; then `why` names it.
    // REQUIRES: libxml2 compiles it; what that refuses is not all looked for again.
    [[nodiscard]] static std::shared_ptr<ShapeTable const> of(xmlDoc const* xsd, std::string& why);
    ~ShapeTable();

    // Every declaration of an element has a number below this, the root's is 0; its name is what forms must write. A type that
    // is used at two places has its elements declared at both; those of one parent stand together, in order.
    [[nodiscard]] std::size_t declarations() const noexcept;
    [[nodiscard]] std::string_view name(std::size_t declaration) const noexcept;
    [[nodiscard]] std::size_t parent(std::size_t declaration) const noexcept;  // the root's is itself
    // Has no element in it: a simple type, or a sequence of nothing.
    [[nodiscard]] bool is_leaf(std::size_t declaration) const noexcept;
    [[nodiscard]] bool is_required(std::size_t declaration) const noexcept;
    [[nodiscard]] bool repeats(std::size_t declaration) const noexcept;

    struct Data;  // shape_data.hpp
    [[nodiscard]] Data const& data() const noexcept { return *data_; }

private:
    ShapeTable();
    std::unique_ptr<Data> data_;
};

struct Declaration;

// One document without CDATA sections against one table (libxml2 takes one for words, also where it is blank or empty, and our scanner
// declines them). Everything unsound makes sound() false for good; the calls that follow change nothing.
class ShapeRun {
public:
    static constexpr std::size_t skipped = static_cast<std::size_t>(-1);  // inside what xs:any passes over

    ShapeRun() = default;
    ShapeRun(ShapeRun const&) = delete;
    ShapeRun& operator=(ShapeRun const&) = delete;

    // REQUIRES: the table outlives the run. Before it nothing else is called but sound(), which is false.
    void begin(ShapeTable const& table);

    // Returns the number of the element's declaration; `skipped` also where it is unsound. `has_attributes`: any that is no
    // namespace declaration (our schemas declare none). Stricter than a validator, which lets xsi: attributes be.
    std::size_t start(std::string_view name, std::string_view uri, bool has_attributes);
    // The end of an element; `text` is all of its text where it is a leaf, and whether other than blank text stood in it where it
    // is not, joined over its pieces. Of skipped elements each by either, whatever it says. REQUIRES: text is valid UTF-8.
    void end_leaf(std::string_view text);
    void end_parent(bool has_words);

    // So far; asked when the root has ended, of the whole document.
    [[nodiscard]] bool sound() const noexcept { return sound_; }

private:
    struct Open {
        Declaration const* next;  // the next of its children that may come
        Declaration const* last;  // behind them
        Declaration const* declaration;
        bool met;                 // `next` repeats and came; of xs:any: an element came
    };
    Declaration const* further(Open& open, std::string_view name);
    std::size_t undeclared(Open& open);
    std::size_t unsound();
    void end_otherwise();

    std::vector<Open> open_;    // as many as the table is deep, behind one that holds the root
    Open* top_ = nullptr;       // inside xs:any the element that holds it, and when unsound the first: these have no further children
    std::size_t skipping_ = 0;  // open elements inside what is passed over
    bool sound_ = false;
};

}  // namespace schemas::detail
