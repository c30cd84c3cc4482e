#pragma once

// What libxml2 says while it validates, turned into findings: a handful of codes of our own, an XPath with indexes, a
// line. The offending value is never quoted: it is personal data.

#include "schemas/detail/findings.hpp"
#include "schemas/detail/places.hpp"
#include "schemas/findings.hpp"

#include <libxml/xmlerror.h>

#include <cstdint>
#include <exception>
#include <string>
#include <string_view>

namespace schemas::detail {

// The receiver of one validation. Threads: one validation's.
class SchemaErrors {
public:
    // On a tree: libxml2 names the node.
    SchemaErrors(std::string const& label, Findings& findings) : label_{label}, findings_{findings} {}
    // In a sweep: what it says is about the innermost element of the trail, or the one around it.
    SchemaErrors(std::string const& label, Findings& findings, Trail const& trail, Places& places)
        : label_{label}, findings_{findings}, trail_{&trail}, places_{&places}
    {
    }

    // In a sweep: what comes from now on is about a start tag, or no longer.
    void in_start_tag(bool yes) noexcept { in_start_tag_ = yes; }

    // For xmlSchemaSetValidStructuredErrors: `self` is a SchemaErrors.
    static void receive(void* self, xmlError* error) noexcept;

    // What was thrown while receiving, thrown again outside of C.
    void rethrow() const;

private:
    void add(xmlError const& error);
    void add_at_node(FindingId id, xmlError const& error, std::string_view said);
    void add_on_trail(FindingId id, int code, std::string_view said);
    [[nodiscard]] bool again(FindingId id, std::uintptr_t place);

    std::string const& label_;
    Findings& findings_;
    Trail const* trail_ = nullptr;
    Places* places_ = nullptr;
    bool in_start_tag_ = false;
    std::uintptr_t last_value_of_ = 0;  // libxml2 says twice what is wrong with one value; a node, or an element's ordinal
    std::exception_ptr thrown_;
};

}  // namespace schemas::detail
