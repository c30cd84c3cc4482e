#include "schemas/detail/shape_data.hpp"
#include "schemas/detail/shape_table.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace schemas::detail {

namespace {

// XML Schema 1.0 part 2 §4.3.6: what collapsing is about. No other blank of Unicode is.
bool blank(char c) noexcept { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
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
        if (blank(c)) {
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
        if (blank(c)) {
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

// Names are short: cheaper than a call of memcmp.
bool same(char const* a, char const* b, std::size_t size) noexcept
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

bool is(Declaration const& declaration, std::string_view name) noexcept
{
    return declaration.name_size == name.size() && same(declaration.name, name.data(), name.size());
}

}  // namespace

bool ValueType::takes(std::string_view text) const
{
    if (empty) return text.empty();
    return collapses ? takes_collapsed(text) : takes_exact(text);
}

bool ValueType::takes_exact(std::string_view text) const
{
    if (chars_min > 0 || text.size() > chars_max) {  // A character is a byte or more.
        auto const characters = count_characters(text);
        if (characters < chars_min || characters > chars_max) return false;
    }
    if (!words.empty() && std::find(words.begin(), words.end(), text) == words.end()) return false;
    return !pattern || pattern->matches(text);
}

bool ValueType::takes_collapsed(std::string_view text) const
{
    if (text.size() > chars_max || chars_min > 1 || (chars_min == 1 && (text.empty() || blank(text.front())))) {
        auto const characters = count_collapsed(text);
        if (characters < chars_min || characters > chars_max) return false;
    }
    if (words.empty() && !pattern) return true;

    // What holds no blank is collapsed as it stands, and so is what a pattern takes that knows none.
    if (words.empty() && !pattern->takes_blanks() && pattern->matches(text)) return true;
    std::string made;
    if (std::any_of(text.begin(), text.end(), blank)) made = collapsed(text), text = made;
    if (!words.empty() && std::find(words.begin(), words.end(), text) == words.end()) return false;
    return !pattern || pattern->matches(text);
}

void ShapeRun::begin(ShapeTable const& table)
{
    table_ = &table.data();
    open_.resize(table_->depth);
    open_size_ = skipping_ = 0;
    sound_ = true;
    begun_ = false;
}

std::size_t ShapeRun::unsound()
{
    sound_ = false;
    return skipped;
}

// Which child of the open element this is: what is passed by must be optional. Null: none.
Declaration const* ShapeRun::declare(Open& open, std::string_view name)
{
    auto const* const last = open.declaration->last;
    for (; open.next != last; ++open.next, open.met = false) {
        auto const* const child = open.next;
        if (is(*child, name)) {
            if (child->repeats) open.met = true;
            else ++open.next;
            return child;
        }
        if (child->required && !open.met) return nullptr;
    }
    return nullptr;
}

std::size_t ShapeRun::start(std::string_view name, std::string_view uri, bool has_attributes)
{
    if (!sound_) return skipped;
    if (skipping_ != 0) return ++skipping_, skipped;

    Declaration const* declared = nullptr;
    if (open_size_ != 0) {
        auto& open = open_[open_size_ - 1];
        if (open.declaration->any) {
            if (open.met && !open.declaration->any_repeats) return unsound();
            open.met = true;
            return ++skipping_, skipped;
        }
        declared = declare(open, name);
    } else if (!begun_ && is(table_->declarations.front(), name)) {
        declared = &table_->declarations.front();
        begun_ = true;
    }
    if (!declared || !uri.empty() || has_attributes) return unsound();
    open_[open_size_++] = {declared, declared->first, false};
    return declared->number;
}

// The element that ends; null where there is none to judge.
ShapeRun::Open* ShapeRun::leave()
{
    if (!sound_) return nullptr;
    if (skipping_ != 0) return --skipping_, nullptr;
    if (open_size_ == 0) return unsound(), nullptr;
    return &open_[--open_size_];
}

void ShapeRun::end_leaf(std::string_view text)
{
    auto const* const open = leave();
    if (open && !(open->declaration->value && open->declaration->value->takes(text))) unsound();
}

void ShapeRun::end_parent(bool has_words)
{
    auto* const open = leave();
    if (!open) return;
    auto const& declaration = *open->declaration;
    if (has_words || declaration.value || (declaration.any_required && !open->met)) unsound();
    for (; open->next != declaration.last; ++open->next, open->met = false)
        if (open->next->required && !open->met) unsound();
}

}  // namespace schemas::detail
