#include "signing/detail/canonical.hpp"

#include <libxml/c14n.h>
#include <libxml/xmlIO.h>

#include <new>

namespace signing::detail {
namespace {

bool is_within(xmlNode const* node, xmlNode const* top)
{
    for (; node != nullptr; node = node->parent)
        if (node == top) return true;
    return false;
}

// An attribute or a namespace is in the set with its element. libxml2 hands namespaces over as nodes, whose own
// fields past the type must not be touched.
int is_visible(void* data, xmlNode* node, xmlNode* parent)
{
    auto const& part = *static_cast<Part const*>(data);
    xmlNode const* const at = node->type == XML_NAMESPACE_DECL || node->type == XML_ATTRIBUTE_NODE ? parent : node;
    if (part.top != nullptr && !is_within(at, part.top)) return 0;
    return part.without != nullptr && is_within(at, part.without) ? 0 : 1;
}

int write(void* context, char const* bytes, int size)
{
    (*static_cast<Sink const*>(context))(std::string_view{bytes, static_cast<std::size_t>(size)});
    return size;
}

int mode_of(C14n kind)
{
    switch (kind) {
        case C14n::inclusive: return XML_C14N_1_0;
        case C14n::inclusive11: return XML_C14N_1_1;
        case C14n::exclusive: return XML_C14N_EXCLUSIVE_1_0;
    }
    return XML_C14N_1_0;
}

}  // namespace

bool canonicalise(xmlDoc* doc, Part const& part, Canonicalisation const& how, Sink const& sink)
{
    std::vector<xmlChar*> prefixes;  // libxml2 wants them ended by a null pointer, and does not write to them
    for (auto const& prefix : how.prefixes) prefixes.push_back(reinterpret_cast<xmlChar*>(const_cast<char*>(prefix.c_str())));
    prefixes.push_back(nullptr);
    xmlOutputBuffer* const out = xmlOutputBufferCreateIO(write, nullptr, const_cast<Sink*>(&sink), nullptr);
    if (out == nullptr) throw std::bad_alloc{};
    auto set = part;
    int const done = xmlC14NExecute(doc, is_visible, &set, mode_of(how.kind), how.kind == C14n::exclusive ? prefixes.data() : nullptr, 0, out);
    int const closed = xmlOutputBufferClose(out);  // writes what is left
    return done >= 0 && closed >= 0;
}

}  // namespace signing::detail
