#include "schemas/envelope.hpp"

#include "schemas/base64.hpp"
#include "schemas/detail/envelope_builder.hpp"
#include "schemas/detail/envelope_table.hpp"
#include "schemas/detail/findings.hpp"
#include "schemas/detail/libxml2.hpp"
#include "schemas/names.hpp"
#include "schemas/tree.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

namespace schemas {

using namespace detail;

class EnvelopeReader {
public:
    EnvelopeReader(std::shared_ptr<std::string const> bytes, EnvelopeLimits const& limits)
        : limits_{limits}, room_{.bytes_max = limits.tree_bytes_max, .nodes = limits.tree_nodes_max, .kept = limits.kept_nodes_max}, builder_{std::move(bytes)}
    {
    }

    Result<Envelope> read()
    {
        auto const& bytes = builder_.envelope().bytes();
        auto document = Document::parse(bytes, limits_.xml);
        if (!document) return std::move(document).error();
        // Its nodes are few (limits.xml); what is large is the base64 in them, given back form by form once decoded.
        if (bytes.size() > limits_.tree_bytes_max) document->become_swept(bytes);
        builder_.set_document(std::move(*document));

        auto const* const root = xmlDocGetRootElement(builder_.document().tree().doc);
        if (local_name(root) != names::envelope_root || !namespace_of(root).empty()) {
            find(Refusal::envelope_wrong_root, FindingId::wrong_root, "/*", root);
            return failure();
        }
        read_root(root);
        if (why_) return failure();
        return std::move(builder_).take();
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

    // The value without outer white space; nothing where there is none (and that is a finding if the row says so).
    std::string field(FieldRow const& row, xmlNode const* node, std::string const& parent_path)
    {
        auto const path = parent_path + "/" + std::string{row.name};
        if (!node) {
            if (row.need != Need::optional) find(Refusal::envelope_field, FindingId::field_missing, path);
            return {};
        }
        std::string room;
        auto const value = trimmed(text(node, path, room));
        if (value.empty()) {
            if (row.need == Need::filled) find(Refusal::envelope_field, FindingId::field_empty, path, node);
            return {};
        }
        if (value.size() > limits_.field_bytes_max) {
            find(Refusal::envelope_field, FindingId::field_too_long, path, node);
            return {};
        }
        if (row.fits && !row.fits(value)) {
            find(Refusal::envelope_field, row.format, path, node);
            return {};
        }
        return std::string{value};
    }

    struct PartRead {
        std::array<xmlNode const*, static_cast<std::size_t>(Field::count)> nodes{};
        FieldValues values;
        xmlNode const* beside = nullptr;  // the one child that is no field: ToKhais, NoiDungFile
        [[nodiscard]] xmlNode const* at(Field field) const noexcept { return nodes[static_cast<std::size_t>(field)]; }
    };

    // The fields of a part in the order of the table, after each: `then`, where something is to be judged between them.
    template <class Then>
    PartRead read_part(xmlNode const* node, std::string const& path, Part part, std::string_view beside, Then const& then)
    {
        PartRead read;
        Nodes others;
        auto const mine = [&](FieldRow const& row) { return row.part == part; };
        for (auto const* child : children(node, path)) {
            auto const name = local_name(child);
            auto const row = std::ranges::find_if(field_rows, [&](FieldRow const& r) { return mine(r) && r.name == name; });
            auto const child_path = path + "/" + std::string{name};
            bool const is_field = row != field_rows.end();
            if (!namespace_of(child).empty() || (!is_field && (beside.empty() || name != beside))) {
                find(Refusal::envelope_field, FindingId::element_unknown, child_path, child);
                continue;
            }
            auto& place = is_field ? read.nodes[static_cast<std::size_t>(row->field)] : read.beside;
            if (place) find(Refusal::envelope_field, FindingId::field_repeated, child_path, child);
            else place = child;
        }
        for (auto const& row : field_rows) {
            if (!mine(row)) continue;
            read.values[row.field] = field(row, read.at(row.field), path);
            then(row.field, read);
        }
        return read;
    }
    PartRead read_part(xmlNode const* node, std::string const& path, Part part, std::string_view beside = {})
    {
        return read_part(node, path, part, beside, [](Field, PartRead&) {});
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
        auto read = read_part(node, path, Part::provider);
        builder_.set_provider(read.values);
    }

    void read_unit(xmlNode const* node, std::string const& path)
    {
        auto read = read_part(node, path, Part::unit);
        builder_.set_unit(read.values);
    }

    void read_filing(xmlNode const* node, std::string const& path)
    {
        auto read = read_part(node, path, Part::filing, names::forms);
        auto const said = read.values[Field::filing_form_count];
        builder_.set_filing(read.values);

        auto const forms_path = path + "/" + std::string{names::forms};
        if (!part(read.beside, forms_path)) return;
        auto const files = files_of(read.beside, forms_path);
        if (!said.empty() && number(said) != files.size()) {
            auto const real = std::to_string(files.size());
            find(Refusal::form_count_mismatch, FindingId::form_count, path + "/" + std::string{names::filing_form_count}, read.at(Field::filing_form_count),
                 "It says " + said + ", there are " + real + ".", "Ghi " + said + ", thực tế có " + real + ".");
        }
        if (files.empty()) find(Refusal::envelope_field, FindingId::forms_missing, forms_path, read.beside);
        if (files.size() > limits_.forms_max) {
            find(Refusal::form_too_many, FindingId::form_too_many, forms_path, read.beside);
            why_ = Refusal::form_too_many;  // None of them is decoded.
            return;
        }
        builder_.expect_forms(files.size());
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
        auto& form = builder_.begin_form();
        form_ = form.label();  // until its code is known
        auto read = read_part(node, path, Part::form, names::form_content, [&](Field field, PartRead& so_far) {
            if (field != Field::form_code) return;
            builder_.name_form(so_far.values[field]);
            form_ = form.label();
        });
        auto const extension = read.values[Field::form_kind], said_length = read.values[Field::form_length];
        builder_.set_form_texts(read.values);
        check_name(form, extension, read.at(Field::form_file_name), path);

        if (!read.beside) {
            find(Refusal::envelope_field, FindingId::field_missing, path + "/" + std::string{names::form_content});
            return;
        }
        if (read_content(read.beside, said_length, read.at(Field::form_length), path)) check_content(form, extension, read.at(Field::form_kind), path);
    }

    void check_name(Form const& form, std::string_view extension, xmlNode const* at, std::string const& path)
    {
        if (form.file_name().empty()) return;
        auto const name_path = path + "/" + std::string{names::form_file_name};
        if (auto const first = builder_.claim_file_name())
            find(Refusal::form_duplicate_name, FindingId::form_duplicate_name, name_path, at,
                 "The other one is in " + *first + ".", "Tệp kia thuộc " + *first + ".");
        if (!name_fits_kind(form.file_name(), extension)) find(Refusal::form_kind_mismatch, FindingId::form_name_extension, name_path, at);
    }

    // The text of a swept envelope's form, once it is decoded.
    void give_back(xmlNode const* content)
    {
        if (!builder_.document().swept()) return;
        auto* const field = const_cast<xmlNode*>(content);
        xmlFreeNodeList(field->children);
        field->children = nullptr;
        field->last = nullptr;
    }

    bool read_content(xmlNode const* content, std::string_view said_length, xmlNode const* length, std::string const& path)
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
        builder_.set_form_bytes(std::move(*decoded));
        give_back(content);
        return true;
    }

    void check_content(Form const& form, std::string const& extension, xmlNode const* kind, std::string const& path)
    {
        if (extension.empty()) return;
        auto const kind_path = path + "/" + std::string{names::form_kind};
        auto const claimed = content_for(extension);
        if (!claimed) return find(Refusal::form_kind_mismatch, FindingId::form_kind_unknown, kind_path, kind);
        builder_.set_content(*claimed);
        if (!is_content(*claimed, form.bytes())) return find(Refusal::form_kind_mismatch, FindingId::form_kind_mismatch, kind_path, kind);
        if (*claimed == Content::xml_form) parse_form(form, path);
    }

    void parse_form(Form const& form, std::string const& path)
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
        builder_.set_form_document(std::move(*document));
    }

    EnvelopeLimits const& limits_;
    TreeRoom room_;  // one for all forms
    EnvelopeBuilder builder_;
    std::string form_;  // label of the form being read; empty: the envelope
    std::optional<Refusal> why_;
    std::vector<Finding> findings_;
    std::size_t found_ = 0;
    std::size_t decoded_ = 0;
    std::size_t form_nodes_ = 0;
};

std::string const& Form::bytes() const
{
    if (!bytes_) throw std::logic_error("schemas: this form's bytes were not kept");
    return *bytes_;
}

Document const& Envelope::xml() const
{
    if (!xml_) throw std::logic_error("schemas: no document was made of this envelope");
    return *xml_;
}

Result<Envelope> read_envelope(std::shared_ptr<std::string const> bytes, EnvelopeLimits const& limits)
{
    return EnvelopeReader{std::move(bytes), limits}.read();
}

Result<Envelope> read_envelope(std::string bytes, EnvelopeLimits const& limits)
{
    return read_envelope(std::make_shared<std::string const>(std::move(bytes)), limits);
}

}  // namespace schemas
