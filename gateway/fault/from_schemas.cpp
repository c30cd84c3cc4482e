#include "gateway/fault/fault.hpp"

namespace fault {
namespace {

FaultCode code_of(schemas::Refusal why)
{
    using enum schemas::Refusal;
    switch (why) {  // No default: a new refusal must not compile until it has a row.
        case body_empty: return FaultCode::length_required;
        case xml_malformed:
        case xml_encoding: return FaultCode::xml_malformed;
        case xml_doctype: return FaultCode::xml_doctype;
        case xml_too_large:
        case form_too_many: return FaultCode::xml_too_large;
        case envelope_wrong_root:
        case envelope_field: return FaultCode::envelope_invalid;
        case form_count_mismatch: return FaultCode::form_count_mismatch;
        case form_length_mismatch: return FaultCode::form_length_mismatch;
        case form_base64: return FaultCode::form_base64;
        case form_duplicate_name: return FaultCode::form_duplicate_name;
        case form_kind_mismatch: return FaultCode::form_kind_mismatch;
        case form_unknown: return FaultCode::form_unknown;
        case form_version_unknown: return FaultCode::form_version_unknown;
        case schema_violation: return FaultCode::schema_violation;
        case rule_violation: return FaultCode::rule_violation;
    }
    __builtin_unreachable();
}

}  // namespace

Fault fault_of(schemas::Failure const& failure) { return {code_of(failure.why), failure.detail, failure.findings, {}}; }

}  // namespace fault
