#include "signing/detail/profile.hpp"

#include "schemas/base64.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <initializer_list>
#include <string_view>
#include <unordered_set>

namespace signing::detail {
namespace {

constexpr std::string_view dsig_ns = "http://www.w3.org/2000/09/xmldsig#";
constexpr std::string_view exclusive_ns = "http://www.w3.org/2001/10/xml-exc-c14n#";
constexpr std::string_view enveloped_uri = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";
constexpr std::string_view sha1_uri = "http://www.w3.org/2000/09/xmldsig#sha1";
constexpr std::string_view rsa_sha1_uri = "http://www.w3.org/2000/09/xmldsig#rsa-sha1";
constexpr std::string_view ecdsa_sha1_uri = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha1";

// Leaves the reader at once; caught in read_signature() and nowhere else, since a shape is read many levels deep.
struct Stop {
    Failure failure;
};

std::string_view view(xmlChar const* text) { return text == nullptr ? std::string_view{} : reinterpret_cast<char const*>(text); }
std::string_view namespace_of(xmlNode const* node) { return node->ns == nullptr ? std::string_view{} : view(node->ns->href); }
bool is_element(xmlNode const* node) { return node->type == XML_ELEMENT_NODE; }
bool is_dsig(xmlNode const* node) { return is_element(node) && namespace_of(node) == dsig_ns; }
bool is_dsig(xmlNode const* node, std::string_view name) { return is_dsig(node) && view(node->name) == name; }

std::string path_of(xmlNode const* node)
{
    std::string path;
    for (; node != nullptr && is_element(node); node = node->parent) path = fmt::format("/{}{}", view(node->name), path);
    return path;
}

[[noreturn]] void stop(Refusal why, xmlNode const* where, std::string detail)
{
    throw Stop{{.why = why, .form = {}, .path = path_of(where), .detail = std::move(detail)}};
}
[[noreturn]] void malformed(xmlNode const* where, std::string detail) { stop(Refusal::signature_malformed, where, std::move(detail)); }

// The next node in document order within `top`.
xmlNode* next_in(xmlNode* node, xmlNode const* top)
{
    if (is_element(node) && node->children != nullptr) return node->children;
    while (node != top && node->next == nullptr) node = node->parent;
    return node == top ? nullptr : node->next;
}

std::string attribute_text(xmlAttr const* attribute)
{
    // One text child is what the parser makes of a plain value; an entity reference would be another kind of node.
    xmlNode const* const text = attribute->children;
    if (text == nullptr) return {};
    if (text->type != XML_TEXT_NODE || text->next != nullptr) malformed(attribute->parent, "an attribute is not plain text");
    return std::string{view(text->content)};
}

bool is_id_name(std::string_view name) { return name == "Id" || name == "ID" || name == "id" || name == "iD"; }

// Elements only; anything between them must be white space. Comments and the like are not part of the canonical form
// (V4), so inside a Signature they can only serve to mislead.
std::vector<xmlNode*> children_of(xmlNode* parent)
{
    std::vector<xmlNode*> children;
    for (xmlNode* child = parent->children; child != nullptr; child = child->next) {
        if (is_element(child)) {
            children.push_back(child);
        } else if (child->type != XML_TEXT_NODE || xmlIsBlankNode(child) != 1) {
            malformed(parent, "something else than elements inside");
        }
    }
    return children;
}

std::string_view text_in(xmlNode* node)
{
    xmlNode const* const text = node->children;
    if (text == nullptr) return {};
    if (text->type != XML_TEXT_NODE || text->next != nullptr) malformed(node, "not exactly one piece of text");
    return view(text->content);
}

void only_attributes(xmlNode* node, std::initializer_list<std::string_view> names)
{
    for (xmlAttr const* a = node->properties; a != nullptr; a = a->next) {
        if (a->ns != nullptr || std::ranges::find(names, view(a->name)) == names.end()) {
            malformed(node, fmt::format("attribute {} does not belong here", view(a->name)));
        }
    }
}

std::optional<std::string> attribute(xmlNode* node, std::string_view name)
{
    for (xmlAttr const* a = node->properties; a != nullptr; a = a->next) {
        if (a->ns == nullptr && view(a->name) == name) return attribute_text(a);
    }
    return std::nullopt;
}

std::string algorithm_of(xmlNode* node)
{
    only_attributes(node, {"Algorithm"});
    auto uri = attribute(node, "Algorithm");
    if (!uri) malformed(node, "no Algorithm");
    return *uri;
}

void no_children(xmlNode* node)
{
    if (!children_of(node).empty()) malformed(node, "parameters are not allowed here");
}

class Reader {
public:
    Reader(xmlDoc* doc, Place const& place, Policy const& policy, Instant at)
        : root_{xmlDocGetRootElement(doc)}, place_{place}, policy_{policy}, at_{at}
    {
    }

    SignatureShape read()
    {
        shape_.node = find();
        only_attributes(shape_.node, {"Id"});
        auto const children = children_of(shape_.node);
        std::size_t at = 0;
        auto const take = [&](std::string_view name) -> xmlNode* {
            return at < children.size() && is_dsig(children[at], name) ? children[at++] : nullptr;
        };
        xmlNode* const signed_info = take("SignedInfo");
        if (signed_info == nullptr) malformed(shape_.node, "SignedInfo must come first");
        xmlNode* const value = take("SignatureValue");
        if (value == nullptr) malformed(shape_.node, "one SignedInfo, then SignatureValue");
        xmlNode* const key_info = take("KeyInfo");
        std::vector<xmlNode*> objects;
        while (xmlNode* const object = take("Object")) objects.push_back(object);
        if (at != children.size()) malformed(children[at], "this child of Signature is unknown, repeated or out of order");

        read_signed_info(signed_info);
        only_attributes(value, {"Id"});
        read_base64(value);
        if (key_info == nullptr) stop(Refusal::key_info_forbidden, shape_.node, "no KeyInfo, so no certificate");
        read_key_info(key_info);
        for (xmlNode* const object : objects) read_object(object);
        return std::move(shape_);
    }

private:
    // One pass over the whole document: counts signatures, and refuses ids that two elements share (V2).
    xmlNode* find()
    {
        xmlNode* found = nullptr;
        std::size_t count = 0;
        xmlNode const* stray = nullptr;
        xmlNode const* repeated_id = nullptr;
        std::unordered_set<std::string> ids;
        for (xmlNode* node = root_; node != nullptr; node = next_in(node, root_)) {
            if (!is_element(node)) continue;
            if (is_dsig(node, "Signature")) {
                ++count;
                found = node;
            } else if (is_dsig(node) && !is_dsig(node->parent) && stray == nullptr) {
                stray = node;
            }
            for (xmlAttr const* a = node->properties; a != nullptr; a = a->next) {
                if (is_id_name(view(a->name)) && !ids.insert(attribute_text(a)).second) repeated_id = node;
            }
        }
        if (count == 0) stop(Refusal::signature_missing, root_, fmt::format("no Signature in {}/{}", place_.root, place_.holder));
        if (count > 1) stop(Refusal::signature_repeated, found, fmt::format("{} Signature elements", count));
        if (view(root_->name) != place_.root) stop(Refusal::signature_misplaced, root_, fmt::format("the root is not {}", place_.root));
        xmlNode* const holder = found->parent;
        if (holder == root_ || !is_element(holder) || view(holder->name) != place_.holder || holder->parent != root_) {
            stop(Refusal::signature_misplaced, found, fmt::format("the place is {}/{}", place_.root, place_.holder));
        }
        for (xmlNode const* other = root_->children; other != nullptr; other = other->next) {
            if (other != holder && is_element(other) && view(other->name) == place_.holder) {
                stop(Refusal::signature_misplaced, other, "two places for one signature");
            }
        }
        if (repeated_id != nullptr) malformed(repeated_id, "an Id is used twice");
        if (stray != nullptr) malformed(stray, "an element of XML Signature outside the Signature");
        return found;
    }

    void read_signed_info(xmlNode* node)
    {
        only_attributes(node, {"Id"});
        auto const children = children_of(node);
        if (children.size() < 3 || !is_dsig(children[0], "CanonicalizationMethod") || !is_dsig(children[1], "SignatureMethod")) {
            malformed(node, "CanonicalizationMethod, SignatureMethod, Reference are wanted");
        }
        static_cast<void>(read_canonicalisation(children[0], Refusal::algorithm_forbidden));
        read_signature_method(children[1]);
        for (std::size_t i = 2; i < children.size(); ++i) {
            if (!is_dsig(children[i], "Reference")) malformed(children[i], "only Reference may stand here");
        }
        if (children.size() != 3) stop(Refusal::reference_not_whole, node, fmt::format("{} References", children.size() - 2));
        read_reference(children[2]);
    }

    std::string read_canonicalisation(xmlNode* node, Refusal otherwise)
    {
        auto const uri = algorithm_of(node);
        auto const* const known = find_algorithm(canonicalisations(), uri);
        if (known == nullptr) stop(otherwise, node, uri);
        auto const children = children_of(node);
        if (uri != exclusive_ns) {
            if (!children.empty()) malformed(node, "parameters are not allowed here");
        } else if (!children.empty()) {
            // Exclusive C14N §4: one InclusiveNamespaces with a PrefixList, and nothing else.
            xmlNode* const list = children.front();
            if (children.size() != 1 || view(list->name) != "InclusiveNamespaces" || namespace_of(list) != exclusive_ns) {
                malformed(node, "only InclusiveNamespaces may stand here");
            }
            only_attributes(list, {"PrefixList"});
            no_children(list);
        }
        return std::string{known->name};
    }

    void read_signature_method(xmlNode* node)
    {
        auto const uri = algorithm_of(node);
        if (auto const* known = find_algorithm(signature_algorithms(), uri)) {
            shape_.signature_algorithm = known->name;
        } else if (uri == rsa_sha1_uri || uri == ecdsa_sha1_uri) {
            allow_sha1(node);
            shape_.signature_algorithm = uri == rsa_sha1_uri ? "rsa-sha1" : "ecdsa-sha1";
        } else {
            stop(Refusal::algorithm_forbidden, node, uri);
        }
        no_children(node);
        shape_.rsa = shape_.signature_algorithm.starts_with("rsa");
    }

    void allow_sha1(xmlNode* node)
    {
        if (!sha1_allowed(policy_, at_)) stop(Refusal::algorithm_sha1, node, "SHA-1 is not taken on this day");
        shape_.sha1 = true;
    }

    void read_reference(xmlNode* node)
    {
        only_attributes(node, {"Id", "URI", "Type"});
        check_uri(node);
        auto const children = children_of(node);
        std::size_t at = 0;
        if (at < children.size() && is_dsig(children[at], "Transforms")) read_transforms(children[at++]);
        else stop(Refusal::transform_forbidden, node, "the enveloped-signature transform is missing");
        if (children.size() != at + 2 || !is_dsig(children[at], "DigestMethod") || !is_dsig(children[at + 1], "DigestValue")) {
            malformed(node, "Transforms, DigestMethod, DigestValue are wanted");
        }
        auto const size = read_digest_method(children[at]);
        only_attributes(children[at + 1], {});
        if (read_base64(children[at + 1]).size() != size) malformed(children[at + 1], "not the length of the digest");
    }

    // The whole document: "", or "#id" of the root element (V1). Nothing else may be resolved (V12).
    void check_uri(xmlNode* node)
    {
        auto const uri = attribute(node, "URI");
        if (!uri) stop(Refusal::reference_not_whole, node, "no URI");
        if (uri->empty()) return;
        std::string_view const id = std::string_view{*uri}.substr(1);
        // Names only: xmlsec1 builds an XPointer out of this text.
        bool const plain = std::ranges::all_of(id, [](unsigned char c) {
            return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
        });
        if (uri->front() != '#' || id.empty() || !plain) stop(Refusal::reference_not_whole, node, "the URI does not name this document");
        for (xmlAttr* a = root_->properties; a != nullptr; a = a->next) {
            if (a->ns != nullptr || !is_id_name(view(a->name)) || attribute_text(a) != id) continue;
            if (a->atype != XML_ATTRIBUTE_ID) xmlAddID(nullptr, root_->doc, a->children->content, a);
            return;
        }
        stop(Refusal::reference_not_whole, node, "the URI names a part of the document");
    }

    void read_transforms(xmlNode* node)
    {
        only_attributes(node, {});
        auto const children = children_of(node);
        for (std::size_t i = 0; i < children.size(); ++i) {
            xmlNode* const transform = children[i];
            if (!is_dsig(transform, "Transform")) malformed(transform, "only Transform may stand here");
            auto const uri = algorithm_of(transform);
            if (i == 0) {
                if (uri != enveloped_uri) stop(Refusal::transform_forbidden, transform, "enveloped-signature must come first: " + uri);
                no_children(transform);
            } else {
                if (i > 1) stop(Refusal::transform_forbidden, transform, "too many transforms");
                shape_.canonicalisation = read_canonicalisation(transform, Refusal::transform_forbidden);
            }
        }
        if (children.empty()) stop(Refusal::transform_forbidden, node, "the enveloped-signature transform is missing");
        // XMLDSig 1.1 §4.4.3.2: a node set that reaches the digest goes through inclusive C14N 1.0.
        if (shape_.canonicalisation.empty()) shape_.canonicalisation = "c14n";
    }

    std::size_t read_digest_method(xmlNode* node)
    {
        auto const uri = algorithm_of(node);
        no_children(node);
        if (uri == sha1_uri) {
            allow_sha1(node);
            shape_.digest_algorithm = "sha1";
            return 20;
        }
        auto const* const known = find_algorithm(digest_algorithms(), uri);
        if (known == nullptr) stop(Refusal::algorithm_forbidden, node, uri);
        shape_.digest_algorithm = known->name;
        return known->name == "sha256" ? 32 : known->name == "sha384" ? 48 : 64;
    }

    std::string read_base64(xmlNode* node)
    {
        auto bytes = schemas::base64_decode(text_in(node));
        if (!bytes || bytes->empty()) malformed(node, "not base64");
        return std::move(*bytes);
    }

    // KeyInfo is a hint: the certificate is taken out of it and must convince on its own (V10). The ways in which a
    // KeyInfo points elsewhere are refused, not ignored (V12).
    void read_key_info(xmlNode* node)
    {
        only_attributes(node, {"Id"});
        for (xmlNode* const child : children_of(node)) {
            if (is_dsig(child, "X509Data")) {
                read_x509_data(child);
            } else if (!is_dsig(child, "KeyValue") && !is_dsig(child, "KeyName")) {
                stop(Refusal::key_info_forbidden, child, "KeyInfo may hold X509Data, KeyValue and KeyName");
            }
        }
        if (shape_.certificates.empty()) stop(Refusal::key_info_forbidden, node, "no X509Certificate");
    }

    void read_x509_data(xmlNode* node)
    {
        constexpr std::array hints{std::string_view{"X509SubjectName"}, std::string_view{"X509IssuerSerial"}, std::string_view{"X509SKI"},
                                   std::string_view{"X509CRL"}};
        for (xmlNode* const child : children_of(node)) {
            if (is_dsig(child, "X509Certificate")) {
                if (shape_.certificates.size() == policy_.certificates_max) {
                    stop(Refusal::key_info_forbidden, child, "too many certificates");
                }
                shape_.certificates.push_back(read_base64(child));
            } else if (!is_dsig(child) || std::ranges::find(hints, view(child->name)) == hints.end()) {
                stop(Refusal::key_info_forbidden, child, "an unknown child of X509Data");
            }
        }
    }

    // Only SignatureProperties with one SigningTime, by local name: the vendors' namespaces differ.
    void read_object(xmlNode* node)
    {
        only_attributes(node, {"Id", "MimeType", "Encoding"});
        for (xmlNode* const properties : children_of(node)) {
            if (view(properties->name) != "SignatureProperties") malformed(properties, "Object may hold SignatureProperties only");
            for (xmlNode* const property : children_of(properties)) {
                if (view(property->name) != "SignatureProperty") malformed(property, "only SignatureProperty may stand here");
                for (xmlNode* const time : children_of(property)) read_signing_time(time);
            }
        }
    }

    void read_signing_time(xmlNode* node)
    {
        if (view(node->name) != "SigningTime") malformed(node, "only SigningTime may stand here");
        if (shape_.signing_time) malformed(node, "two signing times");
        shape_.signing_time = read_instant(text_in(node));
        if (!shape_.signing_time) stop(Refusal::signing_time_outside, node, "SigningTime is not a date and time (xs:dateTime)");
    }

    xmlNode* root_;
    Place const& place_;
    Policy const& policy_;
    Instant at_;
    SignatureShape shape_;
};

}  // namespace

Result<SignatureShape> read_signature(xmlDoc* doc, Place const& place, Policy const& policy, Instant at)
{
    try {
        return Reader{doc, place, policy, at}.read();
    } catch (Stop& stopped) {
        return std::move(stopped.failure);
    }
}

}  // namespace signing::detail
