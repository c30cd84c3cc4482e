#include "gateway/dossier/case_code.hpp"

#include "gateway/runtime/assert.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace dossier {

namespace {

// One piece of a pattern: plain text, or a {field} with a width.
struct Piece {
    std::string_view text;   // plain text, or the field's name
    bool             field = false;
    std::size_t      width = 0;
};

constexpr std::size_t width_max = 18;

// "field" or "field:width"; nothing where the width is none.
std::optional<Piece> field_of(std::string_view inside)
{
    Piece piece{.text = inside.substr(0, inside.find(':')), .field = true};
    if (piece.text.size() == inside.size()) return piece;
    auto const width = inside.substr(piece.text.size() + 1);
    if (width.empty() || width.size() > 3) return std::nullopt;
    for (char const c : width) {
        if (c < '0' || c > '9') return std::nullopt;
        piece.width = piece.width * 10 + static_cast<std::size_t>(c - '0');
    }
    if (piece.width > width_max) return std::nullopt;
    return piece;
}

// Hands over piece after piece; false where the pattern is broken.
template <class Take>
bool for_each_piece(std::string_view pattern, Take const& take)
{
    while (!pattern.empty()) {
        auto const open = std::min(pattern.find_first_of("{}"), pattern.size());
        if (open > 0) take(Piece{.text = pattern.substr(0, open)});
        pattern.remove_prefix(open);
        if (pattern.empty()) break;
        auto const close = pattern.find('}');
        if (close == std::string_view::npos || close == 0) return false;
        auto const piece = field_of(pattern.substr(1, close - 1));
        if (!piece) return false;
        take(*piece);
        pattern.remove_prefix(close + 1);
    }
    return true;
}

// In decimal, with zeros in front up to `width`.
void append_number(std::string& text, std::uint64_t number, std::size_t width)
{
    std::array<char, 20> digits;
    auto const size = static_cast<std::size_t>(std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr - digits.data());
    if (size < width) text.append(width - size, '0');
    text.append(digits.data(), size);
}

struct Date {
    int      year;
    unsigned month, day;
};

Date date_of(std::chrono::sys_days day)
{
    std::chrono::year_month_day const date{day};
    return {static_cast<int>(date.year()), static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day())};
}

void append_yymmdd(std::string& text, std::chrono::sys_days day)
{
    auto const date = date_of(day);
    append_number(text, static_cast<unsigned>(date.year % 100), 2);
    append_number(text, date.month, 2);
    append_number(text, date.day, 2);
}

// A piece without the number in it.
void append_plain(std::string& text, Piece const& piece, std::string_view agency, std::chrono::sys_days day)
{
    if (!piece.field) text += piece.text;
    else if (piece.text == "year") append_number(text, static_cast<unsigned>(date_of(day).year), 4);
    else if (piece.text == "yymmdd") append_yymmdd(text, day);
    // BHXH's own identifier under QCVN 102:2016 is not public, so its agency code stands in both fields.
    else if (piece.text == "agency" || piece.text == "agency_id") text += agency;
}

bool counts_by_day(std::string_view pattern) { return pattern.find("{yymmdd}") != std::string_view::npos; }

bool all_digits(std::string_view text, std::size_t least, std::size_t most)
{
    return text.size() >= least && text.size() <= most &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

std::vector<CaseCodeTemplate> built_in_templates()
{
    return {CaseCodeTemplate{}, CaseCodeTemplate{.pattern = "{agency_id}-{yymmdd}-{number:04}", .from = {}}};
}

std::optional<std::string> problem_of(CaseCodeTemplate const& form)
{
    bool number = false, agency = false, year = false;
    std::optional<std::string_view> unknown;
    bool const whole = for_each_piece(form.pattern, [&](Piece const& piece) {
        if (!piece.field) return;
        if (piece.text == "number") number = true;
        else if (piece.text == "agency" || piece.text == "agency_id") agency = true;
        else if (piece.text == "year" || piece.text == "yymmdd") year = true;
        else if (!unknown) unknown = piece.text;
    });
    if (!whole) return "case code pattern \"" + form.pattern + "\" has a broken {field}";
    if (unknown) return "case code pattern \"" + form.pattern + "\" has the unknown field {" + std::string{*unknown} + "}";
    // Without any one of the three two dossiers would get the same code.
    if (!number || !agency || !year)
        return "case code pattern \"" + form.pattern + "\" needs {number}, {agency} or {agency_id}, {year} or {yymmdd}";
    return std::nullopt;
}

std::string counter_of(CaseCodeTemplate const& form, std::string_view agency, std::chrono::sys_days day)
{
    std::string counter{agency};
    counter += '/';
    if (counts_by_day(form.pattern)) append_yymmdd(counter, day);
    else append_number(counter, static_cast<unsigned>(date_of(day).year), 0);
    return counter;
}

std::string format_case_code(CaseCodeTemplate const& form, std::string_view agency, std::chrono::sys_days day,
                             std::uint64_t number)
{
    std::string code;
    bool const whole = for_each_piece(form.pattern, [&](Piece const& piece) {
        if (piece.field && piece.text == "number") append_number(code, number, piece.width);
        else append_plain(code, piece, agency, day);
    });
    GW_ASSERT(whole);
    return code;
}

std::optional<std::uint64_t> number_in(CaseCodeTemplate const& form, std::string_view agency, std::chrono::sys_days day, std::string_view code)
{
    std::string before, after;
    auto* side = &before;
    bool const whole = for_each_piece(form.pattern, [&](Piece const& piece) {
        if (piece.field && piece.text == "number") side = &after;
        else append_plain(*side, piece, agency, day);
    });
    GW_ASSERT(whole);
    if (code.size() <= before.size() + after.size() || !code.starts_with(before) || !code.ends_with(after)) return std::nullopt;
    auto const digits = code.substr(before.size(), code.size() - before.size() - after.size());
    if (!all_digits(digits, 1, width_max)) return std::nullopt;
    std::uint64_t number = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), number);
    return format_case_code(form, agency, day, number) == code ? std::optional{number} : std::nullopt;
}

CaseCodeTemplate const& in_force(std::vector<CaseCodeTemplate> const& templates, std::chrono::sys_days day)
{
    GW_ASSERT(!templates.empty());
    auto const* found = &templates.front();
    for (auto const& form : templates)
        if (form.from <= day) found = &form;
    return *found;
}

std::optional<std::string> normalise_case_code(std::string_view typed)
{
    constexpr std::string_view blanks = " \t\r\n";
    auto const first = typed.find_first_not_of(blanks);
    if (first == std::string_view::npos) return std::nullopt;
    typed = typed.substr(first, typed.find_last_not_of(blanks) - first + 1);
    if (typed.size() > 64) return std::nullopt;

    if (auto const dash = typed.find('-'); dash != std::string_view::npos) {
        auto const second = typed.find('-', dash + 1);
        if (second == std::string_view::npos || !all_digits(typed.substr(0, dash), 5, 5) ||
            !all_digits(typed.substr(dash + 1, second - dash - 1), 6, 6) || !all_digits(typed.substr(second + 1), 4, 18))
            return std::nullopt;
        return std::string{typed};
    }

    auto const slash = typed.find('/');
    auto const second = slash == std::string_view::npos ? slash : typed.find('/', slash + 1);
    if (second == std::string_view::npos) return std::nullopt;
    auto number = typed.substr(0, slash);
    bool suffix = false;
    if (number.size() > 2 && (number.back() == 'G' || number.back() == 'g') &&
        (number[number.size() - 2] == '.' || number[number.size() - 2] == '_')) {
        suffix = true;
        number.remove_suffix(2);
    }
    auto const year = typed.substr(slash + 1, second - slash - 1);
    auto const agency = typed.substr(second + 1);
    if (!all_digits(number, 1, 18) || !all_digits(year, 4, 4) || !all_digits(agency, 5, 5)) return std::nullopt;
    std::string code(number.size() < 5 ? 5 - number.size() : 0, '0');
    return code.append(number).append(suffix ? ".G" : "").append("/").append(year).append("/").append(agency);
}

}  // namespace dossier
