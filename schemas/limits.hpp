#pragma once

// Every bound of reading XML, with its reason. Bounds hold at each level: the envelope, and each form
// inside its base64. Reaching one is Refusal::xml_too_large (or form_too_many), never a crash or a stall.
//
// Together they keep the promise of memory: examining a dossier takes at most 4 × its body + 8 MiB. A node of libxml2 takes
// some 130 bytes, so trees are kept small: 12,000 nodes of the envelope, 20,000 of forms and 12,000 of skeletons are about
// 6 MB. What grows with the body is the body itself, one copy of its base64 while it is decoded, and the decoded forms.

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
    // All different names and namespaces together: libxml2 keeps each until the document goes, at some 50 bytes. Taken up to
    // the next of its steps (1,000, 5,000, 21,000, 85,000); our forms have some 2,000.
    std::size_t names_bytes_max = 64u << 10;
    // One comment, instruction, or value of an attribute, which the parser holds as a whole and more than once; of a swept
    // document one text between two tags too (our longest value has a thousand characters).
    std::size_t token_bytes_max = 1u << 20;
};

struct EnvelopeLimits {
    // The envelope itself is small but for its base64: 13 elements a form, and a signature of some 40.
    XmlLimits   xml{.nodes_max = 12'000, .names_bytes_max = 16u << 10};
    // One form. nodes_max is of all forms of a dossier together: time is bounded by it, some 10,000 employees' rows twice.
    XmlLimits   form{.bytes_max = 24u << 20, .nodes_max = 2'000'000, .names_bytes_max = 16u << 10};
    std::size_t forms_max            = 100;
    std::size_t forms_bytes_total_max = 24u << 20;  // decoded, all forms of a dossier together
    std::size_t field_bytes_max      = 1000;        // of one text field of the envelope
    std::size_t findings_max         = 100;         // listed; the last says that there are more

    // Up to these a form is read into a tree of its own, as all small ones are; beyond, it is swept: see document.hpp.
    std::size_t tree_bytes_max = 256u << 10;  // of one document, the envelope included
    std::size_t tree_nodes_max = 20'000;      // of all trees of forms together; 200 employees or so
    std::size_t kept_nodes_max = 12'000;      // of all skeletons together: signatures, ids and namespaces of swept forms
};

}  // namespace schemas
