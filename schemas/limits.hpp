#pragma once

// Every bound of reading XML, with its reason. Bounds hold at each level: the envelope, and each form
// inside its base64. Reaching one is Refusal::xml_too_large (or form_too_many), never a crash or a stall.

#include <cstddef>

namespace schemas {

// Of one document. Checked over the bytes before the parser sees them, and again while it builds the tree.
struct XmlLimits {
    std::size_t bytes_max      = 32u << 20;  // one document; the body bound of intake is not larger
    std::size_t depth_max      = 32;         // our deepest form is 8 deep; recursion in libxml2 is then harmless
    std::size_t nodes_max      = 4'000'000;  // elements, texts, comments, instructions, two for an attribute; a cell is 2 to 3
    std::size_t attributes_max = 64;         // of one element, namespaces included: libxml2 compares each with each
    std::size_t namespaces_max = 64;         // declared and in scope at one place: libxml2 searches them one by one
    std::size_t name_bytes_max = 256;        // of an element, attribute, prefix or instruction name
};

struct EnvelopeLimits {
    // The envelope itself is small but for its base64: 13 elements a form, and a signature of some 40.
    XmlLimits   xml{.nodes_max = 50'000};
    // One form. nodes_max is of all forms of a dossier together, so that memory is bounded by it: at about
    // 100 bytes a node some 200 MB, when a form of 1,000 employees takes about 10 MB.
    XmlLimits   form{.bytes_max = 24u << 20, .nodes_max = 2'000'000};
    std::size_t forms_max            = 100;
    std::size_t forms_bytes_total_max = 24u << 20;  // decoded, all forms of a dossier together
    std::size_t field_bytes_max      = 1000;        // of one text field of the envelope
    std::size_t findings_max         = 100;         // listed; the last says that there are more
};

}  // namespace schemas
