#include "schemas/failure.hpp"

namespace schemas {

std::string_view name_of(Refusal why) noexcept
{
    switch (why) {  // No default: a new refusal must not compile until it has a name.
        case Refusal::body_empty: return "body_empty";
        case Refusal::xml_malformed: return "xml_malformed";
        case Refusal::xml_doctype: return "xml_doctype";
        case Refusal::xml_encoding: return "xml_encoding";
        case Refusal::xml_too_large: return "xml_too_large";
        case Refusal::envelope_wrong_root: return "envelope_wrong_root";
        case Refusal::envelope_field: return "envelope_field";
        case Refusal::form_count_mismatch: return "form_count_mismatch";
        case Refusal::form_too_many: return "form_too_many";
        case Refusal::form_length_mismatch: return "form_length_mismatch";
        case Refusal::form_base64: return "form_base64";
        case Refusal::form_duplicate_name: return "form_duplicate_name";
        case Refusal::form_kind_mismatch: return "form_kind_mismatch";
        case Refusal::form_unknown: return "form_unknown";
        case Refusal::form_version_unknown: return "form_version_unknown";
        case Refusal::schema_violation: return "schema_violation";
        case Refusal::rule_violation: return "rule_violation";
    }
    __builtin_unreachable();
}

}  // namespace schemas
