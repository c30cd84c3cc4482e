#include "signing/detail/profile.hpp"

#include "signing/detail/node.hpp"
#include "signing/detail/survey.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace signing::detail {
namespace {

constexpr std::string_view xmlenc_ns = "http://www.w3.org/2001/04/xmlenc#";

// What no profile takes, wherever it stands (V2, V3, V8).
void refuse_ambiguities(Survey const& found)
{
    if (found.repeated_id != nullptr) malformed(found.repeated_id, "an Id is used twice");
    if (found.stray != nullptr) malformed(found.stray, "an element of XML Signature outside the Signature");
    // Canonical XML 1.0 §1.3: there is no canonical form, and tools that make an empty one would digest nothing.
    if (found.relative_namespace != nullptr) malformed(found.relative_namespace, "a namespace name is no absolute URI");
}

void refuse_other_counts(Survey const& found, xmlNode const* root, std::string_view missing)
{
    if (found.signatures == 0) stop(Refusal::signature_missing, root, std::string{missing});
    if (found.signatures > 1) stop(Refusal::signature_repeated, found.signature, fmt::format("{} Signature elements", found.signatures));
}

// xmlsec1 resolves "#id" by the document's table of ids: the one attribute that is meant goes into it.
void note_id(xmlAttr* attribute)
{
    if (attribute->atype != XML_ATTRIBUTE_ID) xmlAddID(nullptr, attribute->doc, attribute->children->content, attribute);
}

// ---- the dossier profile ----

void judge_place(Survey const& found, xmlNode* root, Place const& place)
{
    if (view(root->name) != place.root) stop(Refusal::signature_misplaced, root, fmt::format("the root is not {}", place.root));
    xmlNode* const holder = found.signature->parent;
    if (holder == root || !is_element(holder) || view(holder->name) != place.holder || holder->parent != root) {
        stop(Refusal::signature_misplaced, found.signature, fmt::format("the place is {}/{}", place.root, place.holder));
    }
    for (xmlNode const* other = root->children; other != nullptr; other = other->next) {
        if (other != holder && is_element(other) && view(other->name) == place.holder) {
            stop(Refusal::signature_misplaced, other, "two places for one signature");
        }
    }
}

// The whole document: "", or "#id" of the root element (V1).
void cover_the_root(SignatureShape& shape, xmlNode* root)
{
    if (shape.reference.empty()) return;
    for (xmlAttr* a = root->properties; a != nullptr; a = a->next) {
        if (a->ns != nullptr || !is_id_name(view(a->name)) || attribute_text(a) != std::string_view{shape.reference}.substr(1)) continue;
        note_id(a);
        shape.target = root;
        return;
    }
    stop(Refusal::reference_not_whole, shape.node, "the URI names a part of the document");
}

SignatureShape read_dossier(xmlDoc* doc, Place const& place, Policy const& policy, Instant at)
{
    xmlNode* const root = xmlDocGetRootElement(doc);
    auto const found = survey(doc);
    refuse_other_counts(found, root, fmt::format("no Signature in {}/{}", place.root, place.holder));
    judge_place(found, root, place);
    refuse_ambiguities(found);
    auto shape = read_shape(found.signature, policy, at, true);
    cover_the_root(shape, root);
    return shape;
}

// ---- the xmldsig profile ----

// Whoever reads the first piece of a text alone, or all of it, must read the same. Comments are not digested, and a CDATA
// section is digested as the text in it, so anybody may add both after signing (V4).
bool splits_text(xmlNode const* element)
{
    bool words = false, comment = false, cdata = false;
    std::size_t pieces = 0;
    for (xmlNode const* child = element->children; child != nullptr; child = child->next) {
        words = words || is_words(child);
        comment = comment || child->type == XML_COMMENT_NODE;
        cdata = cdata || child->type == XML_CDATA_SECTION_NODE;
        pieces += child->type == XML_CDATA_SECTION_NODE || child->type == XML_TEXT_NODE;
    }
    return words && (comment || (cdata && pieces > 1));
}

void refuse_split_texts(xmlNode* root)
{
    for (xmlNode* node = root; node != nullptr; node = next_in(node, root)) {
        if (is_element(node) && splits_text(node)) malformed(node, "a comment or CDATA section stands inside a value");
    }
}

// The element with this id; null for "", the whole document.
xmlNode* resolve(SignatureShape const& shape, Survey const& found)
{
    if (shape.reference.empty()) return nullptr;
    auto const named = found.ids.find(shape.reference.substr(1));
    if (named == found.ids.end() || named->second->ns != nullptr) stop(Refusal::reference_not_whole, shape.node, "no element has the id that the URI names");
    xmlAttr* const attribute = named->second;
    if (attribute_text(attribute) != named->first) stop(Refusal::reference_not_whole, shape.node, "the id has white space around it");
    note_id(attribute);
    return attribute->parent;
}

bool same_name(xmlNode const* a, xmlNode const* b)
{
    auto const lower = [](unsigned char c) { return std::tolower(c); };
    return std::ranges::equal(view(a->name), view(b->name), {}, lower, lower);
}

// Part of the document is signed: what stands outside must not be taken for it, by any reader who looks for a name or
// for a child where a Signature is (the XSW permutations: Somorovsky et al., USENIX Security 2012).
void refuse_look_alikes(xmlNode const* part, xmlNode* root)
{
    for (xmlNode* node = root; node != nullptr; node = next_in(node, root)) {
        if (node->type == XML_PI_NODE && !is_within(node, part)) stop(Refusal::reference_not_whole, node->parent, "an instruction outside what is signed");
        if (!is_element(node) || is_within(node, part)) continue;
        if (same_name(node, part)) stop(Refusal::reference_not_whole, node, "another element of the signed one's name stands outside it");
        if (view(node->name) == "Signature") stop(Refusal::reference_not_whole, node, "something called Signature outside what is signed");
        if (namespace_of(node) == xmlenc_ns) stop(Refusal::reference_not_whole, node, "something encrypted outside what is signed");
    }
}

void judge_coverage(SignatureShape const& shape, Survey const& found, xmlNode* root)
{
    xmlNode* const parent = shape.node->parent;
    bool const whole = shape.target == nullptr || shape.target == root;
    if (!whole && (shape.target->parent != root || !is_within(shape.node, shape.target))) {
        stop(Refusal::reference_not_whole, shape.node, "the URI names neither the document nor an element of the root around the Signature");
    }
    if (shape.target != nullptr && found.instruction != nullptr) stop(Refusal::reference_not_whole, root, "an instruction outside what is signed");
    bool const right_under = parent == (whole ? root : shape.target);
    bool const in_holder = whole && is_element(parent) && parent->parent == root;
    if (!right_under && !in_holder) stop(Refusal::signature_misplaced, shape.node, "the place is right under what is signed, or a child of the root");
    if (!whole) refuse_look_alikes(shape.target, root);
    // The transform takes the Signature out and joins the texts around it: moved into a value, it would split it.
    for (xmlNode const* beside = parent->children; beside != nullptr; beside = beside->next) {
        if (is_words(beside)) stop(Refusal::signature_misplaced, shape.node, "text stands beside the Signature");
    }
}

SignatureShape read_any(xmlDoc* doc, XmlRules const& rules, Policy const& policy, Instant at)
{
    xmlNode* const root = xmlDocGetRootElement(doc);
    auto const found = survey(doc, rules.id_attribute);
    refuse_other_counts(found, root, "no Signature in the document");
    refuse_ambiguities(found);
    refuse_split_texts(root);
    if (found.signature == root) stop(Refusal::signature_misplaced, root, "the Signature is the document");
    auto shape = read_shape(found.signature, policy, at, !rules.pinned);
    shape.target = resolve(shape, found);
    judge_coverage(shape, found, root);
    return shape;
}

template <class Read>
Result<SignatureShape> caught(Read const& read)
{
    try {
        return read();
    } catch (Stop& stopped) {
        return std::move(stopped.failure);
    }
}

}  // namespace

Result<SignatureShape> read_signature(xmlDoc* doc, Place const& place, Policy const& policy, Instant at)
{
    return caught([&] { return read_dossier(doc, place, policy, at); });
}

Result<SignatureShape> read_xml_signature(xmlDoc* doc, XmlRules const& rules, Policy const& policy, Instant at)
{
    return caught([&] { return read_any(doc, rules, policy, at); });
}

}  // namespace signing::detail
