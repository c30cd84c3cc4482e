#include "gateway/dossier/case_code.hpp"

#include "gateway/runtime/assert.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace dossier {

namespace {

// One piece of a pattern: plain text, or a {field} with a width.
struct Piece {
    std::string_view text;   // plain text, or the field's name
    bool             field = false;
    std::size_t      width = 0;
};

constexpr std::size_t width_max = 18;

std::optional<std::vector<Piece>> pieces_of(std::string_view pattern)
{
    std::vector<Piece> pieces;
    while (!pattern.empty()) {
        auto const open = pattern.find_first_of("{}");
        if (open == std::string_view::npos) {
            pieces.push_back({pattern});
            break;
        }
        if (pattern[open] == '}') return std::nullopt;
        if (open > 0) pieces.push_back({pattern.substr(0, open)});
        auto const close = pattern.find('}', open);
        if (close == std::string_view::npos) return std::nullopt;
        auto inside = pattern.substr(open + 1, close - open - 1);
        Piece piece{.text = inside.substr(0, inside.find(':')), .field = true};
        if (piece.text.size() < inside.size()) {
            auto const width = inside.substr(piece.text.size() + 1);
            if (width.empty() || width.size() > 3) return std::nullopt;
            for (char const c : width) {
                if (c < '0' || c > '9') return std::nullopt;
                piece.width = piece.width * 10 + static_cast<std::size_t>(c - '0');
            }
            if (piece.width > width_max) return std::nullopt;
        }
        pieces.push_back(piece);
        pattern.remove_prefix(close + 1);
    }
    return pieces;
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

std::string yymmdd(std::chrono::sys_days day)
{
    auto const date = date_of(day);
    return fmt::format("{:02}{:02}{:02}", date.year % 100, date.month, date.day);
}

bool counts_by_day(std::string_view pattern) { return pattern.find("{yymmdd}") != std::string_view::npos; }

bool all_digits(std::string_view text, std::size_t least, std::size_t most)
{
    return text.size() >= least && text.size() <= most &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

std::optional<std::string> problem_of(CaseCodeTemplate const& form)
{
    auto const pieces = pieces_of(form.pattern);
    if (!pieces) return "case code pattern \"" + form.pattern + "\" has a broken {field}";
    bool number = false, agency = false, year = false;
    for (auto const& piece : *pieces) {
        if (!piece.field) continue;
        if (piece.text == "number") number = true;
        else if (piece.text == "agency" || piece.text == "agency_id") agency = true;
        else if (piece.text == "year" || piece.text == "yymmdd") year = true;
        else return "case code pattern \"" + form.pattern + "\" has the unknown field {" + std::string{piece.text} + "}";
    }
    // Without any one of the three two dossiers would get the same code.
    if (!number || !agency || !year)
        return "case code pattern \"" + form.pattern + "\" needs {number}, {agency} or {agency_id}, {year} or {yymmdd}";
    return std::nullopt;
}

std::string counter_of(CaseCodeTemplate const& form, std::string_view agency, std::chrono::sys_days day)
{
    if (counts_by_day(form.pattern)) return fmt::format("{}/{}", agency, yymmdd(day));
    return fmt::format("{}/{}", agency, date_of(day).year);
}

std::string format_case_code(CaseCodeTemplate const& form, std::string_view agency, std::chrono::sys_days day,
                             std::uint64_t number)
{
    auto const pieces = pieces_of(form.pattern);
    GW_ASSERT(pieces);
    std::string code;
    for (auto const& piece : *pieces) {
        if (!piece.field) code += piece.text;
        else if (piece.text == "number") code += fmt::format("{:0{}}", number, piece.width);
        else if (piece.text == "year") code += fmt::format("{:04}", date_of(day).year);
        else if (piece.text == "yymmdd") code += yymmdd(day);
        // BHXH's own identifier under QCVN 102:2016 is not public, so its agency code stands in both fields.
        else if (piece.text == "agency" || piece.text == "agency_id") code += agency;
    }
    return code;
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
    return fmt::format("{:0>5}{}/{}/{}", number, suffix ? ".G" : "", year, agency);
}

}  // namespace dossier
