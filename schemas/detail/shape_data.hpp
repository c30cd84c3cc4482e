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

// XML Schema 1.0 part 2 §4.3.6: what collapsing is about. No other blank of Unicode is.
[[nodiscard]] inline bool is_blank(char c) noexcept { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// A simple type. XML Schema 1.0 part 2 §4.3.
struct ValueType {
    bool collapses = false;  // whiteSpace: xs:token collapses, xs:string preserves
    bool empty = false;      // no character at all, not even white space: a sequence of nothing
    std::size_t chars_min = 0, chars_max = std::numeric_limits<std::size_t>::max();
    std::optional<Pattern> pattern;
    std::vector<std::string> words;  // the enumeration, where there is one

    void find_shortcut();  // once all of it is known
    [[nodiscard]] bool takes(std::string_view text) const
    {
        if (text.size() <= shortcut_max) {
            if (shortcut == Shortcut::any || (shortcut == Shortcut::word && !text.empty() && !is_blank(text.front()))) return true;
            if (shortcut == Shortcut::pattern && pattern->matches(text)) return true;
            if (shortcut == Shortcut::words && is_word(text)) return true;
        }
        return takes_as_written(text);
    }

private:
    // What makes a short text sound by itself: nothing; that it begins with other than a blank; that the pattern, which knows no
    // blank, takes it as it stands; that it is a word of the enumeration, which are collapsed.
    enum class Shortcut : std::uint8_t { none, any, word, pattern, words };
    Shortcut shortcut = Shortcut::none;
    std::size_t shortcut_max = 0;  // bytes: a character is one or more

    [[nodiscard]] bool is_word(std::string_view text) const noexcept;
    [[nodiscard]] bool takes_as_written(std::string_view text) const;
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
