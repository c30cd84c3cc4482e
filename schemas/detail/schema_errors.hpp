#pragma once

// What libxml2 says while it validates, turned into findings: a handful of codes of our own, an XPath with indexes, a
// line. The offending value is never quoted: it is personal data.

#include "schemas/findings.hpp"

#include <libxml/xmlerror.h>

#include <exception>
#include <string>

namespace schemas::detail {

// The receiver of one validation. Threads: one validation's.
class SchemaErrors {
public:
    SchemaErrors(std::string const& label, Findings& findings) : label_{label}, findings_{findings} {}

    // For xmlSchemaSetValidStructuredErrors: `self` is a SchemaErrors.
    static void receive(void* self, xmlError* error) noexcept;

    // What was thrown while receiving, thrown again outside of C.
    void rethrow() const;

private:
    void add(xmlError const& error);
    std::string const& label_;
    Findings& findings_;
    void const* last_value_of_ = nullptr;  // libxml2 says twice what is wrong with one value
    std::exception_ptr thrown_;
};

}  // namespace schemas::detail
