#pragma once

// What a ShapeTable holds. Made by shape_table.cpp from an XSD, read by shape_run.cpp.

#include "schemas/detail/pattern.hpp"
#include "schemas/detail/shape_table.hpp"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace schemas::detail {

// A simple type. XML Schema 1.0 part 2 §4.3.
struct ValueType {
    bool collapses = false;  // whiteSpace: xs:token collapses, xs:string preserves
    bool empty = false;      // no character at all, not even white space: a sequence of nothing
    std::size_t chars_min = 0, chars_max = std::numeric_limits<std::size_t>::max();
    std::optional<Pattern> pattern;
    std::vector<std::string> words;  // the enumeration, where there is one

    [[nodiscard]] bool takes(std::string_view text) const;

private:
    [[nodiscard]] bool takes_exact(std::string_view text) const;
    [[nodiscard]] bool takes_collapsed(std::string_view text) const;
};

struct Declaration {
    char const*   name = nullptr;  // into the table's names
    std::uint32_t name_size = 0;
    bool          required = true, repeats = false;
    bool          any = false, any_required = false, any_repeats = false;  // its children are those of xs:any
    std::uint32_t number = 0, parent = 0;
    ValueType const*   value = nullptr;             // of a leaf
    Declaration const* first = nullptr;             // its children
    Declaration const* last = nullptr;              // behind them
};

struct ShapeTable::Data {
    std::vector<Declaration> declarations;  // breadth first, so that siblings stand together
    std::vector<std::string> names;
    std::vector<ValueType>   values;
    std::size_t depth = 0;
};

}  // namespace schemas::detail
