#include "schemas/detail/envelope_fields.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>

namespace schemas::detail {

using namespace std::string_view_literals;

namespace {

constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
constexpr bool is_letter(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
constexpr bool is_code_character(char c) noexcept
{
    return is_letter(c) || is_digit(c) || c == '.' || c == '-' || c == '_';
}

bool all_digits(std::string_view text) noexcept { return !text.empty() && std::ranges::all_of(text, is_digit); }

// One character of valid UTF-8 off the front.
char32_t take_character(std::string_view& text) noexcept
{
    auto const byte = [&](std::size_t i) -> char32_t { return static_cast<unsigned char>(text[i]); };
    auto const tail = [&](std::size_t i) { return byte(i) & 0x3F; };
    char32_t const lead = byte(0);
    if (lead < 0x80) return text.remove_prefix(1), lead;
    if (lead < 0xE0) {
        char32_t const c = (lead & 0x1F) << 6 | tail(1);
        return text.remove_prefix(2), c;
    }
    if (lead < 0xF0) {
        char32_t const c = (lead & 0x0F) << 12 | tail(1) << 6 | tail(2);
        return text.remove_prefix(3), c;
    }
    char32_t const c = (lead & 0x07) << 18 | tail(1) << 12 | tail(2) << 6 | tail(3);
    return text.remove_prefix(4), c;
}

// The letters of Vietnamese, composed: Latin-1, Ă Đ Ĩ Ũ Ơ Ư and the block U+1EA0 to U+1EF9, in pairs.
constexpr char32_t lower_case(char32_t c) noexcept
{
    if (c >= U'A' && c <= U'Z') return c + 0x20;
    if (c >= 0xC0 && c <= 0xDE && c != 0xD7) return c + 0x20;
    if (c == 0x102 || c == 0x110 || c == 0x128 || c == 0x168 || c == 0x1A0) return c + 1;
    if (c == 0x1AF) return 0x1B0;
    if (c >= 0x1EA0 && c <= 0x1EF9) return c | 1;
    return c;
}

// One form under two codes: the canonical one is its root element, which carries the content of either.
struct Alias {
    std::string_view alias, canonical;
};
constexpr std::array aliases{
    Alias{"01B-HSB", "M01B-HSB"},  // QĐ 166/QĐ-BHXH 2019; the root element is M01B-HSB
    Alias{"D02-LT", "D02-TS"},     // QĐ 1040/QĐ-BHXH 2020: D02-LT replaced D02-TS and travels under the old name
};

struct Kind {
    std::string_view extension;
    Content content;
};
constexpr std::array kinds{
    Kind{".xml", Content::xml_form},    Kind{".pdf", Content::pdf},         Kind{".png", Content::png},
    Kind{".jpg", Content::jpeg},        Kind{".jpeg", Content::jpeg},       Kind{".tif", Content::tiff},
    Kind{".tiff", Content::tiff},       Kind{".docx", Content::zip_office}, Kind{".xlsx", Content::zip_office},
    Kind{".doc", Content::ole_office},  Kind{".xls", Content::ole_office},
};

}  // namespace

std::string_view trimmed(std::string_view text) noexcept
{
    while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
    return text;
}

std::u32string folded(std::string_view text)
{
    std::u32string fold;
    while (!text.empty()) fold.push_back(lower_case(take_character(text)));
    return fold;
}

std::string ascii_lower(std::string_view text)
{
    std::string lower{text};
    for (char& c : lower)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
    return lower;
}

std::optional<std::uint64_t> number(std::string_view text) noexcept
{
    std::uint64_t value = 0;
    if (text.size() > 15 || !all_digits(text)) return std::nullopt;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

bool tax_code_format(std::string_view t) noexcept
{
    if (t.size() == 14) return all_digits(t.substr(0, 10)) && t[10] == '-' && all_digits(t.substr(11));
    return (t.size() == 10 || t.size() == 12) && all_digits(t);
}

bool agency_format(std::string_view t) noexcept { return t.size() == 5 && all_digits(t); }

bool unit_code_format(std::string_view t) noexcept
{
    return t.size() <= 20 && std::ranges::all_of(t, [](char c) { return is_letter(c) || is_digit(c); });
}

bool unit_kind_format(std::string_view t) noexcept { return t.size() <= 9 && all_digits(t); }

bool month_format(std::string_view t) noexcept
{
    if (t.size() != 7 || t[2] != '/' || !all_digits(t.substr(0, 2)) || !all_digits(t.substr(3))) return false;
    return std::chrono::month{static_cast<unsigned>(*number(t.substr(0, 2)))}.ok();
}

bool date_format(std::string_view t) noexcept
{
    if (t.size() != 10 || t[2] != '/' || !all_digits(t.substr(0, 2)) || !month_format(t.substr(3))) return false;
    using namespace std::chrono;
    year const y{static_cast<int>(*number(t.substr(6)))};
    month const m{static_cast<unsigned>(*number(t.substr(3, 2)))};
    day const d{static_cast<unsigned>(*number(t.substr(0, 2)))};
    return (y / m / d).ok();
}

bool code_format(std::string_view t) noexcept { return t.size() <= 50 && std::ranges::all_of(t, is_code_character); }

bool number_format(std::string_view t) noexcept { return number(t).has_value(); }

bool file_name_safe(std::string_view t) noexcept
{
    if (t == "." || t == "..") return false;
    while (!t.empty()) {
        char32_t const c = take_character(t);
        bool const control = c < 0x20 || (c >= 0x7F && c <= 0x9F);
        bool const direction = c == 0x200E || c == 0x200F || (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
        if (c == U'/' || c == U'\\' || control || direction) return false;
    }
    return true;
}

CodeAndVersion without_version(std::string_view text) noexcept
{
    auto const mark = text.find_last_of("-_");
    if (mark == std::string_view::npos || mark == 0) return {text, {}};
    auto const tail = text.substr(mark + 1);
    if (tail.size() < 3 || tail.size() > 4 || !all_digits(tail)) return {text, {}};
    return {text.substr(0, mark), tail};
}

std::string_view canonical_code(std::string_view code) noexcept
{
    auto const* const known = std::ranges::find(aliases, code, &Alias::alias);
    return known == aliases.end() ? code : known->canonical;
}

std::optional<Content> content_for(std::string_view extension)
{
    auto const* const kind = std::ranges::find(kinds, ascii_lower(extension), &Kind::extension);
    return kind == kinds.end() ? std::nullopt : std::optional{kind->content};
}

// By the first bytes, as file(1) does; an office file of today is a ZIP that names its content types (ECMA-376).
bool is_content(Content content, std::string_view bytes)
{
    switch (content) {
        case Content::pdf: return bytes.starts_with("%PDF-");
        case Content::png: return bytes.starts_with("\x89PNG\r\n\x1A\n"sv);
        case Content::jpeg: return bytes.starts_with("\xFF\xD8\xFF"sv);
        case Content::tiff: return bytes.starts_with("II*\0"sv) || bytes.starts_with("MM\0*"sv);
        case Content::zip_office:
            return bytes.starts_with("PK\x03\x04"sv) && bytes.find("[Content_Types].xml") != std::string_view::npos;
        case Content::ole_office: return bytes.starts_with("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1"sv);
        case Content::xml_form:
            if (bytes.starts_with("\xEF\xBB\xBF"sv)) bytes.remove_prefix(3);
            while (!bytes.empty() && is_space(bytes.front())) bytes.remove_prefix(1);
            // UTF-16 is XML too: the document's own refusal says it better than "not XML".
            return bytes.starts_with('<') || bytes.starts_with("\xFF\xFE"sv) || bytes.starts_with("\xFE\xFF"sv) ||
                   bytes.starts_with("\0<"sv);
    }
    __builtin_unreachable();
}

std::string_view extension_of(std::string_view file_name) noexcept
{
    auto const dot = file_name.rfind('.');
    if (dot == std::string_view::npos) return {};
    auto const tail = file_name.substr(dot + 1);
    bool const plain = std::ranges::all_of(tail, [](char c) { return is_letter(c) || is_digit(c); });
    return plain && tail.size() <= 5 && std::ranges::any_of(tail, is_letter) ? file_name.substr(dot) : std::string_view{};
}

}  // namespace schemas::detail
