#pragma once

// Every bound of reading XML, with its reason. Bounds hold at each level: the envelope, and each form
// inside its base64. Reaching one is Refusal::xml_too_large (or form_too_many), never a crash or a stall.

#include <cstddef>

namespace schemas {

struct XmlLimits {
    std::size_t bytes_max      = 32u << 20;  // one document; the body bound of intake is not larger
    std::size_t depth_max      = 32;         // our deepest form is 8 deep; recursion in libxml2 is then harmless
    std::size_t nodes_max      = 4'000'000;  // elements + text nodes of one document; about 10 nodes a cell row
    std::size_t attributes_max = 64;         // of one element
    std::size_t name_bytes_max = 256;        // of an element, attribute or prefix name
};

struct EnvelopeLimits {
    XmlLimits   xml;
    XmlLimits   form{.bytes_max = 24u << 20};
    std::size_t forms_max            = 100;
    std::size_t forms_bytes_total_max = 24u << 20;  // decoded, all forms of a dossier together
    std::size_t field_bytes_max      = 1000;        // of one text field of the envelope
};

}  // namespace schemas
