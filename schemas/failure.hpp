#pragma once

// What `schemas` says when it says no. A leaf neither logs nor knows HTTP: gateway/fault turns a Failure
// into a problem for the provider. All texts here are for people, in Vietnamese and English.

#include <boost/assert/source_location.hpp>
#include <boost/system/result.hpp>

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace schemas {

// The first check that said no. Each has one row in gateway/fault/faults.def.
enum class Refusal {
    body_empty,
    xml_malformed,         // not well-formed or not namespace-well-formed XML 1.0 in UTF-8
    xml_doctype,           // a DTD or an entity declaration: refused before anything is expanded
    xml_encoding,          // not UTF-8, or a byte-order mark or encoding we do not take
    xml_too_large,         // a bound of XmlLimits: bytes, depth, nodes, attributes, text
    envelope_wrong_root,   // the root is not Hoso, or the envelope's body lacks a part it must have
    envelope_field,        // a field of the envelope is missing, repeated, or not of its format
    form_count_mismatch,   // SoLuongFile is not the number of FileToKhai
    form_too_many,
    form_length_mismatch,  // DoDaiFile is not the length of the base64 text
    form_base64,           // NoiDungFile is not base64
    form_duplicate_name,   // two forms carry one TenFile
    form_kind_mismatch,    // LoaiFile says one thing, the bytes another
    form_unknown,          // MaToKhai × version × date names no schema we publish
    form_version_unknown,  // the form is known, the version or its dates are not
    schema_violation,      // at least one finding of the XSD
    rule_violation,        // at least one finding of the rules
};

// One thing wrong, at one place. All findings of a dossier are reported at once.
struct Finding {
    std::string form;        // MaToKhai, with "#n" behind it where it is not the only one; empty: the envelope
    std::string path;        // XPath of the element or attribute, as /D02-TS/NoiDung/LaoDong[3]/MasoBHXH
    long        line = 0;    // in the form's own text, 1-based; 0 where not known
    std::string code;        // stable, from schemas/findings.def, as "R-1021"
    std::string message_vi;
    std::string message_en;
};

struct Failure {
    Refusal              why;
    std::string          detail;    // for our log: may quote the parser, never personal data
    std::vector<Finding> findings;  // what the provider reads; may be empty where `why` says it all
};

template <class T>
using Result = boost::system::result<T, Failure>;

[[nodiscard]] std::string_view name_of(Refusal why) noexcept;

// Called by Result::value() on a failure; our code asks first, so this is a bug of ours.
[[noreturn]] inline void throw_exception_from_error(Failure const& failure, boost::source_location const&)
{
    throw std::logic_error("schemas::Result::value() on a failure: " + failure.detail);
}

}  // namespace schemas
