#include "schemas/envelope.hpp"

#include "schemas/base64.hpp"
#include "schemas/detail/envelope_fields.hpp"
#include "schemas/detail/findings.hpp"
#include "schemas/detail/libxml2.hpp"
#include "schemas/names.hpp"
#include "schemas/tree.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <unordered_map>
#include <utility>

namespace schemas {

using namespace detail;

class EnvelopeReader {
public:
    explicit EnvelopeReader(EnvelopeLimits const& limits) noexcept
        : limits_{limits}, room_{.bytes_max = limits.tree_bytes_max, .nodes = limits.tree_nodes_max, .kept = limits.kept_nodes_max}
    {
    }

    Result<Envelope> read(std::shared_ptr<std::string const> bytes)
    {
        envelope_.bytes_ = std::move(bytes);
        auto document = Document::parse(*envelope_.bytes_, limits_.xml);
        if (!document) return std::move(document).error();
        envelope_.xml_ = std::move(*document);
        // Its nodes are few (limits.xml); what is large is the base64 in them, given back form by form once decoded.
        if (envelope_.bytes_->size() > limits_.tree_bytes_max) envelope_.xml_->become_swept(*envelope_.bytes_);

        auto const* const root = xmlDocGetRootElement(envelope_.xml_->tree().doc);
        if (local_name(root) != names::envelope_root || !namespace_of(root).empty()) {
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
        find(why, make_finding(id, form_, std::move(path), at ? line_of(at) : 0, en, vi));
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
            findings_.push_back(make_finding(FindingId::findings_more, {}, {}, 0, more + " more.", "Thêm " + more + " lỗi."));
        }
        return {.why = *why_, .detail = std::move(detail), .findings = std::move(findings_)};
    }

    // ---- shape

    // No attribute has a meaning here. Ids are taken since signatures may refer to them, and what belongs to XML
    // or XML Schema itself since serialisers add it.
    void check_attributes(xmlNode const* element, std::string const& path)
    {
        for (auto const* a = element->properties; a; a = a->next) {
            auto const name = view(a->name);
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
                if (namespace_of(child) != names::xmldsig) elements.push_back(child);
            } else if (child->type == XML_TEXT_NODE || child->type == XML_CDATA_SECTION_NODE) {
                if (!trimmed(view(child->content)).empty())
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
            auto const name = local_name(child);
            auto const slot = static_cast<std::size_t>(std::ranges::find(known, name) - known.begin());
            auto const child_path = path + "/" + std::string{name};
            if (slot == n || !namespace_of(child).empty()) {
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
            return view(only->content);
        for (auto const* child = only; child; child = child->next) {
            if (child->type == XML_TEXT_NODE || child->type == XML_CDATA_SECTION_NODE)
                room += view(child->content);
            else if (child->type == XML_ELEMENT_NODE)
                find(Refusal::envelope_field, FindingId::element_unknown, path + "/" + std::string{local_name(child)}, child);
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
            if (local_name(child) == names::form && namespace_of(child).empty()) return false;
            find(Refusal::envelope_field, FindingId::element_unknown, path + "/" + std::string{local_name(child)}, child);
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
        form.code_ = canonical_code(bare_code);
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

    // The text of a swept envelope's form, once it is decoded.
    void give_back(xmlNode const* content)
    {
        if (!envelope_.xml_->swept()) return;
        auto* const field = const_cast<xmlNode*>(content);
        xmlFreeNodeList(field->children);
        field->children = nullptr;
        field->last = nullptr;
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
        form.bytes_ = std::make_unique<std::string const>(std::move(*decoded));
        give_back(content);
        return true;
    }

    void check_content(Form& form, std::string const& extension, xmlNode const* kind, std::string const& path)
    {
        if (extension.empty()) return;
        auto const kind_path = path + "/" + std::string{names::form_kind};
        auto const claimed = content_for(extension);
        if (!claimed) return find(Refusal::form_kind_mismatch, FindingId::form_kind_unknown, kind_path, kind);
        form.content_ = *claimed;
        if (!is_content(*claimed, form.bytes())) return find(Refusal::form_kind_mismatch, FindingId::form_kind_mismatch, kind_path, kind);
        if (*claimed == Content::xml_form) parse_form(form, path);
    }

    void parse_form(Form& form, std::string const& path)
    {
        auto left = limits_.form;
        left.nodes_max -= std::min(left.nodes_max, form_nodes_);  // one budget for all forms
        auto document = Document::read(form.bytes(), left, room_);
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
    TreeRoom room_;  // one for all forms
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

Result<Envelope> read_envelope(std::shared_ptr<std::string const> bytes, EnvelopeLimits const& limits)
{
    return EnvelopeReader{limits}.read(std::move(bytes));
}

Result<Envelope> read_envelope(std::string bytes, EnvelopeLimits const& limits)
{
    return read_envelope(std::make_shared<std::string const>(std::move(bytes)), limits);
}

}  // namespace schemas
