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
    // In a sweep: what it says is about the innermost element of the trail.
    SchemaErrors(std::string const& label, Findings& findings, Trail const& trail, Places& places)
        : label_{label}, findings_{findings}, trail_{&trail}, places_{&places}
    {
    }

    // For xmlSchemaSetValidStructuredErrors: `self` is a SchemaErrors.
    static void receive(void* self, xmlError* error) noexcept;

    // What was thrown while receiving, thrown again outside of C.
    void rethrow() const;

private:
    void add(xmlError const& error);
    void add_at_node(FindingId id, xmlError const& error, std::string_view said);
    void add_on_trail(FindingId id, std::string_view said);
    [[nodiscard]] bool again(FindingId id, std::uintptr_t place);

    std::string const& label_;
    Findings& findings_;
    Trail const* trail_ = nullptr;
    Places* places_ = nullptr;
    std::uintptr_t last_value_of_ = 0;  // libxml2 says twice what is wrong with one value; a node, or an element's ordinal
    std::exception_ptr thrown_;
};

}  // namespace schemas::detail
