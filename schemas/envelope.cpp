#include "schemas/envelope.hpp"

#include "schemas/base64.hpp"
#include "schemas/detail/findings.hpp"
#include "schemas/detail/libxml2.hpp"
#include "schemas/names.hpp"
#include "schemas/tree.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <map>
#include <unordered_map>
#include <utility>

namespace schemas {

using detail::FindingId;
using namespace std::string_view_literals;

namespace {

// ---- characters ---------------------------------------------------------------------------------------------

constexpr bool is_space(char c) noexcept { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
constexpr bool is_letter(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
constexpr bool is_code_character(char c) noexcept
{
    return is_letter(c) || is_digit(c) || c == '.' || c == '-' || c == '_';
}

bool all_digits(std::string_view text) noexcept { return !text.empty() && std::ranges::all_of(text, is_digit); }

std::string_view trimmed(std::string_view text) noexcept
{
    while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
    return text;
}

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

// ---- formats of fields --------------------------------------------------------------------------------------

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
    return year_month_day{year{static_cast<int>(*number(t.substr(6)))}, month{static_cast<unsigned>(*number(t.substr(3, 2)))},
                          day{static_cast<unsigned>(*number(t.substr(0, 2)))}}.ok();
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

// ---- codes --------------------------------------------------------------------------------------------------

struct CodeAndVersion {
    std::string_view code, version;
};

// "TK1-TS-595" → TK1-TS, 595. Vendors tag the decision a code follows: -595 _595 -959 -166 -1040 (vendors' public code).
CodeAndVersion without_version(std::string_view text) noexcept
{
    auto const mark = text.find_last_of("-_");
    if (mark == std::string_view::npos || mark == 0) return {text, {}};
    auto const tail = text.substr(mark + 1);
    if (tail.size() < 3 || tail.size() > 4 || !all_digits(tail)) return {text, {}};
    return {text.substr(0, mark), tail};
}

// One form under two codes: the canonical one is its root element, which carries the content of either.
struct Alias {
    std::string_view alias, canonical;
};
constexpr std::array aliases{
    Alias{"01B-HSB", "M01B-HSB"},  // QĐ 166/QĐ-BHXH 2019; the root element is M01B-HSB
    Alias{"D02-LT", "D02-TS"},     // QĐ 1040/QĐ-BHXH 2020: D02-LT replaced D02-TS and travels under the old name
};

std::string_view canonical(std::string_view code) noexcept
{
    auto const* const known = std::ranges::find(aliases, code, &Alias::alias);
    return known == aliases.end() ? code : known->canonical;
}

// ---- kinds of files -----------------------------------------------------------------------------------------

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

// ".pdf" of "giấy tờ.pdf"; empty where what follows the last dot is no extension, as in "v1.2".
std::string_view extension_of(std::string_view file_name) noexcept
{
    auto const dot = file_name.rfind('.');
    if (dot == std::string_view::npos) return {};
    auto const tail = file_name.substr(dot + 1);
    bool const plain = std::ranges::all_of(tail, [](char c) { return is_letter(c) || is_digit(c); });
    return plain && tail.size() <= 5 && std::ranges::any_of(tail, is_letter) ? file_name.substr(dot) : std::string_view{};
}

}  // namespace

// ---- the reader ---------------------------------------------------------------------------------------------

class EnvelopeReader {
public:
    explicit EnvelopeReader(EnvelopeLimits const& limits) noexcept : limits_{limits} {}

    Result<Envelope> read(std::string bytes)
    {
        envelope_.bytes_ = std::move(bytes);
        auto document = Document::parse(envelope_.bytes_, limits_.xml);
        if (!document) return std::move(document).error();
        envelope_.xml_ = std::move(*document);

        auto const* const root = xmlDocGetRootElement(tree_of(*envelope_.xml_));
        if (detail::local_name(root) != names::envelope_root || !detail::namespace_of(root).empty()) {
            find(Refusal::envelope_wrong_root, FindingId::wrong_root, "/*", root);
            return failure();
        }
        read_root(root);
        if (why_) return failure();
        return std::move(envelope_);
    }

private:
    using Nodes = std::vector<xmlNode const*>;

    // ---- findings

    void find(Refusal why, FindingId id, std::string path, xmlNode const* at = nullptr, std::string_view en = {}, std::string_view vi = {})
    {
        find(why, detail::make_finding(id, form_, std::move(path), at ? detail::line_of(at) : 0, en, vi));
    }

    void find(Refusal why, Finding finding)
    {
        if (!why_) why_ = why;
        if (findings_.size() < limits_.findings_max) findings_.push_back(std::move(finding));
        ++found_;
    }

    Failure failure()
    {
        auto detail = findings_.front().code + ", first of " + std::to_string(found_);
        if (found_ > findings_.size()) {
            auto const more = std::to_string(found_ - findings_.size());
            findings_.push_back(detail::make_finding(FindingId::findings_more, {}, {}, 0, more + " more.", "Thêm " + more + " lỗi."));
        }
        return {.why = *why_, .detail = std::move(detail), .findings = std::move(findings_)};
    }

    // ---- shape

    // No attribute has a meaning here. Ids are taken since signatures may refer to them, and what belongs to XML
    // or XML Schema itself since serialisers add it.
    void check_attributes(xmlNode const* element, std::string const& path)
    {
        for (auto const* a = element->properties; a; a = a->next) {
            auto const name = detail::view(a->name);
            if (a->ns || ascii_lower(name) == "id") continue;
            find(Refusal::envelope_field, FindingId::attribute_unknown, path + "/@" + std::string{name}, element);
        }
    }

    // The element children, in order. Comments and instructions between them are nobody's business; a Signature
    // in a wrong place is signing's, which names it as what it is.
    Nodes children(xmlNode const* parent, std::string const& path)
    {
        check_attributes(parent, path);
        Nodes elements;
        for (auto const* child = parent->children; child; child = child->next) {
            if (child->type == XML_ELEMENT_NODE) {
                if (detail::namespace_of(child) != names::xmldsig) elements.push_back(child);
            } else if (child->type == XML_TEXT_NODE || child->type == XML_CDATA_SECTION_NODE) {
                if (!trimmed(detail::view(child->content)).empty())
                    find(Refusal::envelope_field, FindingId::content_misplaced, path, child);
            }
        }
        return elements;
    }

    // The child of each name, in any order; null where there is none. Unknown and repeated ones are findings.
    template <std::size_t n>
    std::array<xmlNode const*, n> parts(xmlNode const* parent, std::string const& path, std::array<std::string_view, n> const& known)
    {
        std::array<xmlNode const*, n> found{};
        for (auto const* child : children(parent, path)) {
            auto const name = detail::local_name(child);
            auto const slot = static_cast<std::size_t>(std::ranges::find(known, name) - known.begin());
            auto const child_path = path + "/" + std::string{name};
            if (slot == n || !detail::namespace_of(child).empty()) {
                find(Refusal::envelope_field, FindingId::element_unknown, child_path, child);
            } else if (found[slot]) {
                find(Refusal::envelope_field, FindingId::field_repeated, child_path, child);
            } else {
                found[slot] = child;
            }
        }
        return found;
    }

    // The text of a field: its text and CDATA nodes together, as canonicalisation reads them. `room` holds it
    // where it is not in one node already.
    std::string_view text(xmlNode const* field, std::string const& path, std::string& room)
    {
        check_attributes(field, path);
        auto const* const only = field->children;
        if (only && !only->next && (only->type == XML_TEXT_NODE || only->type == XML_CDATA_SECTION_NODE))
            return detail::view(only->content);
        for (auto const* child = only; child; child = child->next) {
            if (child->type == XML_TEXT_NODE || child->type == XML_CDATA_SECTION_NODE)
                room += detail::view(child->content);
            else if (child->type == XML_ELEMENT_NODE)
                find(Refusal::envelope_field, FindingId::element_unknown, path + "/" + std::string{detail::local_name(child)}, child);
            else  // A comment inside a value splits it for careless readers and is not signed: refused.
                find(Refusal::envelope_field, FindingId::content_misplaced, path, child);
        }
        return room;
    }

    enum class Need { filled, present, optional };

    // The value without outer white space; nothing where there is none (and that is a finding if `need` says so).
    std::string field(xmlNode const* node, std::string const& parent_path, std::string_view name, Need need,
                      FindingId format = FindingId::field_empty, bool (*fits)(std::string_view) noexcept = nullptr)
    {
        auto const path = parent_path + "/" + std::string{name};
        if (!node) {
            if (need != Need::optional) find(Refusal::envelope_field, FindingId::field_missing, path);
            return {};
        }
        std::string room;
        auto const value = trimmed(text(node, path, room));
        if (value.empty()) {
            if (need == Need::filled) find(Refusal::envelope_field, FindingId::field_empty, path, node);
            return {};
        }
        if (value.size() > limits_.field_bytes_max) {
            find(Refusal::envelope_field, FindingId::field_too_long, path, node);
            return {};
        }
        if (fits && !fits(value)) {
            find(Refusal::envelope_field, format, path, node);
            return {};
        }
        return std::string{value};
    }

    // ---- the parts, from the outside in

    xmlNode const* part(xmlNode const* node, std::string const& path)
    {
        if (!node) find(Refusal::envelope_wrong_root, FindingId::part_missing, path);
        return node;
    }

    void read_root(xmlNode const* root)
    {
        std::string const path = "/Hoso";
        auto const [body, signature] = parts(root, path, std::array{names::envelope_body, names::envelope_signature});
        if (part(body, path + "/NoiDung")) read_body(body, path + "/NoiDung");
    }

    void read_body(xmlNode const* body, std::string const& path)
    {
        auto const [provider, unit, filing] = parts(body, path, std::array{names::provider, names::unit, names::filing});
        auto const at = [&](std::string_view name) { return path + "/" + std::string{name}; };
        if (part(provider, at(names::provider))) read_provider(provider, at(names::provider));
        if (part(unit, at(names::unit))) read_unit(unit, at(names::unit));
        if (part(filing, at(names::filing))) read_filing(filing, at(names::filing));
    }

    void read_provider(xmlNode const* node, std::string const& path)
    {
        auto const [alias, name] = parts(node, path, std::array{names::provider_alias, names::provider_name});
        envelope_.provider_ = {
            .alias = field(alias, path, names::provider_alias, Need::filled, FindingId::provider_format, code_format),
            .name = field(name, path, names::provider_name, Need::present),
        };
    }

    void read_unit(xmlNode const* node, std::string const& path)
    {
        auto const [name, code, kind, tax_code, signatory, phone, agency] =
            parts(node, path, std::array{names::unit_name, names::unit_code, names::unit_kind, names::unit_tax_code,
                                         names::unit_signatory, names::unit_phone, names::unit_agency});
        envelope_.unit_ = {
            .name = field(name, path, names::unit_name, Need::filled),
            .code = field(code, path, names::unit_code, Need::filled, FindingId::unit_code_format, unit_code_format),
            .kind = field(kind, path, names::unit_kind, Need::filled, FindingId::unit_kind_format, unit_kind_format),
            .tax_code = field(tax_code, path, names::unit_tax_code, Need::filled, FindingId::tax_code_format, tax_code_format),
            .signatory = field(signatory, path, names::unit_signatory, Need::present),
            .phone = field(phone, path, names::unit_phone, Need::present),
            .agency = field(agency, path, names::unit_agency, Need::filled, FindingId::agency_format, agency_format),
        };
    }

    void read_filing(xmlNode const* node, std::string const& path)
    {
        auto const [procedure_name, procedure, period, made_on, count, iso_process, forms] =
            parts(node, path, std::array{names::filing_procedure_name, names::filing_procedure, names::filing_period,
                                         names::filing_made_on, names::filing_form_count, names::filing_iso_process, names::forms});
        auto const code = field(procedure, path, names::filing_procedure, Need::filled, FindingId::procedure_format, code_format);
        envelope_.filing_ = {
            .procedure = std::string{without_version(code).code},
            .procedure_name = field(procedure_name, path, names::filing_procedure_name, Need::present),
            .period = field(period, path, names::filing_period, Need::filled, FindingId::period_format, month_format),
            .made_on = field(made_on, path, names::filing_made_on, Need::filled, FindingId::made_on_format, date_format),
            .iso_process = field(iso_process, path, names::filing_iso_process, Need::optional),
        };
        auto const said = field(count, path, names::filing_form_count, Need::filled, FindingId::number_format, number_format);

        auto const forms_path = path + "/" + std::string{names::forms};
        if (!part(forms, forms_path)) return;
        auto const files = files_of(forms, forms_path);
        if (!said.empty() && number(said) != files.size()) {
            auto const real = std::to_string(files.size());
            find(Refusal::form_count_mismatch, FindingId::form_count, path + "/" + std::string{names::filing_form_count}, count,
                 "It says " + said + ", there are " + real + ".", "Ghi " + said + ", thực tế có " + real + ".");
        }
        if (files.empty()) find(Refusal::envelope_field, FindingId::forms_missing, forms_path, forms);
        if (files.size() > limits_.forms_max) {
            find(Refusal::form_too_many, FindingId::form_too_many, forms_path, forms);
            why_ = Refusal::form_too_many;  // None of them is decoded.
            return;
        }
        envelope_.forms_.reserve(files.size());
        for (std::size_t i = 0; i < files.size(); ++i)
            read_form(files[i], forms_path + "/" + std::string{names::form} + "[" + std::to_string(i + 1) + "]");
        form_.clear();
    }

    Nodes files_of(xmlNode const* forms, std::string const& path)
    {
        auto files = children(forms, path);
        std::erase_if(files, [&](xmlNode const* child) {
            if (detail::local_name(child) == names::form && detail::namespace_of(child).empty()) return false;
            find(Refusal::envelope_field, FindingId::element_unknown, path + "/" + std::string{detail::local_name(child)}, child);
            return true;
        });
        return files;
    }

    // ---- one form

    void read_form(xmlNode const* node, std::string const& path)
    {
        auto& form = envelope_.forms_.emplace_back();
        form_ = "#" + std::to_string(envelope_.forms_.size());  // until its code is known
        auto const [code, description, name, kind, length, content] =
            parts(node, path, std::array{names::form_code, names::form_description, names::form_file_name, names::form_kind,
                                         names::form_length, names::form_content});

        auto const full_code = field(code, path, names::form_code, Need::filled, FindingId::form_code_format, code_format);
        auto const [bare_code, version] = without_version(full_code);
        form.code_ = canonical(bare_code);
        form.version_ = version;
        if (!full_code.empty()) {
            auto const nth = ++seen_codes_[form.code_];
            form_ = nth == 1 ? form.code_ : form.code_ + "#" + std::to_string(nth);
        }
        form.label_ = form_;

        form.description_ = field(description, path, names::form_description, Need::present);
        form.file_name_ = field(name, path, names::form_file_name, Need::filled, FindingId::form_name_unsafe, file_name_safe);
        auto const extension = field(kind, path, names::form_kind, Need::filled);
        auto const said_length = field(length, path, names::form_length, Need::filled, FindingId::number_format, number_format);
        check_name(form, extension, name, path);

        if (!content) {
            find(Refusal::envelope_field, FindingId::field_missing, path + "/" + std::string{names::form_content});
            return;
        }
        if (read_content(form, content, said_length, length, path)) check_content(form, extension, kind, path);
    }

    void check_name(Form const& form, std::string_view extension, xmlNode const* at, std::string const& path)
    {
        if (form.file_name_.empty()) return;
        auto const name_path = path + "/" + std::string{names::form_file_name};
        if (auto const [first, fresh] = seen_names_.try_emplace(folded(form.file_name_), form.label_); !fresh)
            find(Refusal::form_duplicate_name, FindingId::form_duplicate_name, name_path, at,
                 "The other one is in " + first->second + ".", "Tệp kia thuộc " + first->second + ".");
        auto const own = extension_of(form.file_name_);
        if (own.empty() || extension.empty()) return;
        auto const claimed = content_for(extension);
        if (claimed && (content_for(own) != claimed))
            find(Refusal::form_kind_mismatch, FindingId::form_name_extension, name_path, at);
    }

    // DoDaiFile counts the characters of the base64 text (vendors' public code). White space around it is never
    // counted; white space inside it may be or may not be, since the vendors' line breaking is not known.
    static bool length_fits(std::uint64_t said, std::string_view base64) noexcept
    {
        return said == base64.size() || said == base64.size() - static_cast<std::size_t>(std::ranges::count_if(base64, is_space));
    }

    bool read_content(Form& form, xmlNode const* content, std::string_view said_length, xmlNode const* length, std::string const& path)
    {
        auto const content_path = path + "/" + std::string{names::form_content};
        std::string room;
        auto const base64 = trimmed(text(content, content_path, room));
        if (base64.empty()) {
            find(Refusal::envelope_field, FindingId::field_empty, content_path, content);
            return false;
        }
        if (!said_length.empty() && !length_fits(*number(said_length), base64)) {
            auto const real = std::to_string(base64.size());
            find(Refusal::form_length_mismatch, FindingId::form_length, path + "/" + std::string{names::form_length}, length,
                 "It says " + std::string{said_length} + ", the text has " + real + " characters.",
                 "Ghi " + std::string{said_length} + ", chuỗi thực tế có " + real + " ký tự.");
        }
        auto decoded = base64_decode(base64);
        if (!decoded) {
            find(Refusal::form_base64, FindingId::form_base64, content_path, content);
            return false;
        }
        if (decoded->size() > limits_.forms_bytes_total_max - decoded_) {
            find(Refusal::xml_too_large, FindingId::forms_too_large, content_path, content);
            return false;
        }
        decoded_ += decoded->size();
        form.bytes_ = std::move(*decoded);
        return true;
    }

    void check_content(Form& form, std::string const& extension, xmlNode const* kind, std::string const& path)
    {
        if (extension.empty()) return;
        auto const kind_path = path + "/" + std::string{names::form_kind};
        auto const claimed = content_for(extension);
        if (!claimed) return find(Refusal::form_kind_mismatch, FindingId::form_kind_unknown, kind_path, kind);
        form.content_ = *claimed;
        if (!is_content(*claimed, form.bytes_)) return find(Refusal::form_kind_mismatch, FindingId::form_kind_mismatch, kind_path, kind);
        if (*claimed == Content::xml_form) parse_form(form, path);
    }

    void parse_form(Form& form, std::string const& path)
    {
        auto left = limits_.form;
        left.nodes_max -= std::min(left.nodes_max, form_nodes_);  // one budget for all forms
        auto document = Document::parse(form.bytes_, left);
        if (!document) {
            for (auto& finding : document.error().findings) {
                finding.form = form_;
                finding.path = path + "/" + std::string{names::form_content};
                find(document.error().why, std::move(finding));
            }
            return;
        }
        form_nodes_ += document->tree().nodes;
        form.xml_ = std::move(*document);
    }

    EnvelopeLimits const& limits_;
    Envelope envelope_;
    std::string form_;  // label of the form being read; empty: the envelope
    std::optional<Refusal> why_;
    std::vector<Finding> findings_;
    std::size_t found_ = 0;
    std::size_t decoded_ = 0;
    std::size_t form_nodes_ = 0;
    std::unordered_map<std::string, unsigned> seen_codes_;
    std::map<std::u32string, std::string> seen_names_;  // folded TenFile → label
};

Result<Envelope> read_envelope(std::string bytes, EnvelopeLimits const& limits)
{
    return EnvelopeReader{limits}.read(std::move(bytes));
}

}  // namespace schemas
