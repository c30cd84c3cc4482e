#include "schemas/detail/shape_data.hpp"
#include "schemas/detail/shape_table.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace schemas::detail {

namespace {

bool begins_character(char c) noexcept { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }

std::size_t count_characters(std::string_view text) noexcept
{
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), begins_character));
}

// As many as are left after collapsing: a run of blanks counts one, at both ends none.
std::size_t count_collapsed(std::string_view text) noexcept
{
    std::size_t count = 0;
    bool gap = false;
    for (char const c : text) {
        if (is_blank(c)) {
            gap = count != 0;
            continue;
        }
        count += begins_character(c) + std::exchange(gap, false);
    }
    return count;
}

std::string collapsed(std::string_view text)
{
    std::string made;
    bool gap = false;
    for (char const c : text) {
        if (is_blank(c)) {
            gap = !made.empty();
            continue;
        }
        if (std::exchange(gap, false)) made += ' ';
        made += c;
    }
    return made;
}

template <class Word>
Word load(char const* at) noexcept
{
    Word word;
    std::memcpy(&word, at, sizeof word);
    return word;
}

// Names and words are short: cheaper than a call of memcmp.
inline bool same(char const* a, char const* b, std::size_t size) noexcept
{
    if (size >= 8) {
        for (std::size_t i = 0; i + 8 < size; i += 8)
            if (load<std::uint64_t>(a + i) != load<std::uint64_t>(b + i)) return false;
        return load<std::uint64_t>(a + size - 8) == load<std::uint64_t>(b + size - 8);
    }
    if (size >= 4) return load<std::uint32_t>(a) == load<std::uint32_t>(b) && load<std::uint32_t>(a + size - 4) == load<std::uint32_t>(b + size - 4);
    for (std::size_t i = 0; i < size; ++i)
        if (a[i] != b[i]) return false;
    return true;
}

inline bool is(Declaration const& declaration, std::string_view name) noexcept
{
    return declaration.name_size == name.size() && same(declaration.name, name.data(), name.size());
}

Declaration const outside;  // what holds the root

}  // namespace

bool ValueType::takes_as_written(std::string_view text) const
{
    if (empty) return text.empty();
    return collapses ? takes_collapsed(text) : takes_exact(text);
}

void ValueType::find_shortcut()
{
    shortcut = Shortcut::none;
    shortcut_max = chars_max;
    if (empty) return;
    if (!words.empty()) {
        if (chars_min == 0 && !pattern) shortcut = Shortcut::words;
    } else if (pattern) {
        if (chars_min == 0 && !pattern->takes_blanks()) shortcut = Shortcut::pattern;
    } else if (chars_min == 0) {
        shortcut = Shortcut::any;
    } else if (chars_min == 1 && collapses) {
        shortcut = Shortcut::word;
    }
}

bool ValueType::is_word(std::string_view text) const noexcept
{
    for (auto const& word : words)
        if (word.size() == text.size() && same(word.data(), text.data(), text.size())) return true;
    return false;
}

bool ValueType::takes_exact(std::string_view text) const
{
    if (chars_min > 0 || text.size() > chars_max) {
        auto const characters = count_characters(text);
        if (characters < chars_min || characters > chars_max) return false;
    }
    if (!words.empty() && !is_word(text)) return false;
    return !pattern || pattern->matches(text);
}

bool ValueType::takes_collapsed(std::string_view text) const
{
    if (chars_min > 0 || text.size() > chars_max) {
        auto const characters = count_collapsed(text);
        if (characters < chars_min || characters > chars_max) return false;
    }
    if (words.empty() && !pattern) return true;
    std::string made;  // what holds no blank is collapsed as it stands
    if (std::any_of(text.begin(), text.end(), is_blank)) {
        made = collapsed(text);
        text = made;
    }
    if (!words.empty() && !is_word(text)) return false;
    return !pattern || pattern->matches(text);
}

void ShapeRun::begin(ShapeTable const& table)
{
    auto const& data = table.data();
    open_.resize(data.depth + 1);
    top_ = open_.data();
    *top_ = {data.declarations.data(), data.declarations.data() + 1, &outside, false};  // the root, once
    skipping_ = 0;
    sound_ = true;
}

// Nothing is declared from now on.
std::size_t ShapeRun::unsound()
{
    sound_ = false;
    top_ = open_.data();
    top_->next = top_->last;
    return skipped;
}

// Which of the open element's further children this is: what is passed by must be optional. Null: none.
Declaration const* ShapeRun::further(Open& open, std::string_view name)
{
    for (; open.next != open.last; ++open.next, open.met = false) {
        if (is(*open.next, name)) return open.next;
        if (open.next->required && !open.met) return nullptr;
    }
    return nullptr;
}

// What no sequence declares: xs:any's, or unsound.
std::size_t ShapeRun::undeclared(Open& open)
{
    if (!sound_) return skipped;
    if (skipping_ == 0) {
        auto const& holder = *open.declaration;
        if (!holder.any || (open.met && !holder.any_repeats)) return unsound();
        open.met = true;
    }
    ++skipping_;
    return skipped;
}

std::size_t ShapeRun::start(std::string_view name, std::string_view uri, bool has_attributes)
{
    auto& open = *top_;
    auto const* child = open.next;
    if (child == open.last || !is(*child, name)) {
        child = further(open, name);
        if (!child) return undeclared(open);
    }
    if (!uri.empty() || has_attributes) return unsound();
    open.met = child->repeats;
    if (!child->repeats) ++open.next;
    *++top_ = {child->first, child->last, child, false};
    return child->number;
}

void ShapeRun::end_leaf(std::string_view text)
{
    auto const* const value = top_->declaration->value;
    if (value && value->takes(text)) --top_;
    else end_otherwise();
}

// The end of what was skipped, or unsound.
void ShapeRun::end_otherwise()
{
    if (!sound_) return;
    if (skipping_ != 0) --skipping_;
    else unsound();
}

void ShapeRun::end_parent(bool has_words)
{
    auto& open = *top_;
    auto const& declaration = *open.declaration;
    if (skipping_ != 0 || has_words || top_ == open_.data() || declaration.value || (declaration.any_required && !open.met)) return end_otherwise();
    for (; open.next != open.last; ++open.next, open.met = false)
        if (open.next->required && !open.met) return end_otherwise();
    --top_;
}

}  // namespace schemas::detail
