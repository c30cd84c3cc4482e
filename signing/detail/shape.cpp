#include "signing/detail/shape.hpp"

#include "signing/detail/node.hpp"
#include "signing/detail/uris.hpp"

#include "schemas/base64.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

namespace signing::detail {
namespace {

constexpr std::string_view more_ns = "http://www.w3.org/2007/05/xmldsig-more#";
constexpr std::string_view xades_ns = "http://uri.etsi.org/01903/v1.3.2#";
constexpr std::string_view pss_uri = "http://www.w3.org/2007/05/xmldsig-more#rsa-pss";
constexpr std::string_view mgf1_uri = "http://www.w3.org/2007/05/xmldsig-more#MGF1";

std::string algorithm_of(xmlNode* node)
{
    only_attributes(node, {"Algorithm"});
    auto uri = attribute(node, "Algorithm");
    if (!uri) malformed(node, "no Algorithm");
    return *uri;
}

std::string read_base64(xmlNode* node)
{
    auto bytes = schemas::base64_decode(text_in(node));
    if (!bytes || bytes->empty()) malformed(node, "not base64");
    return std::move(*bytes);
}

std::vector<std::string> words_of(std::string_view list)
{
    std::vector<std::string> words;
    constexpr std::string_view blanks = " \t\r\n";
    for (auto begin = list.find_first_not_of(blanks); begin != std::string_view::npos;) {
        auto const end = std::min(list.find_first_of(blanks, begin), list.size());
        words.emplace_back(list.substr(begin, end - begin));
        begin = list.find_first_not_of(blanks, end);
    }
    return words;
}

std::size_t size_of_digest(std::string_view name) { return name == "sha1" ? 20 : name == "sha256" ? 32 : name == "sha384" ? 48 : 64; }

class Reader {
public:
    Reader(Policy const& policy, Instant at) : policy_{policy}, at_{at} {}

    SignatureShape read(xmlNode* signature, bool certificate_needed)
    {
        shape_.node = signature;
        only_attributes(signature, {"Id"});
        auto const children = children_of(signature);
        std::size_t at = 0;
        auto const take = [&](std::string_view name) -> xmlNode* {
            return at < children.size() && is_dsig(children[at], name) ? children[at++] : nullptr;
        };
        shape_.signed_info = take("SignedInfo");
        if (shape_.signed_info == nullptr) malformed(signature, "SignedInfo must come first");
        xmlNode* const value = take("SignatureValue");
        if (value == nullptr) malformed(signature, "one SignedInfo, then SignatureValue");
        xmlNode* const key_info = take("KeyInfo");
        std::vector<xmlNode*> objects;
        while (xmlNode* const object = take("Object")) objects.push_back(object);
        if (at != children.size()) malformed(children[at], "this child of Signature is unknown, repeated or out of order");

        read_signed_info(shape_.signed_info);
        only_attributes(value, {"Id"});
        shape_.value = read_base64(value);
        if (key_info != nullptr) read_key_info(key_info);
        if (certificate_needed && shape_.certificates.empty()) {
            stop(Refusal::key_info_forbidden, key_info == nullptr ? signature : key_info, "no X509Certificate");
        }
        for (xmlNode* const object : objects) read_object(object);
        return std::move(shape_);
    }

private:
    void read_signed_info(xmlNode* node)
    {
        only_attributes(node, {"Id"});
        auto const children = children_of(node);
        if (children.size() < 3 || !is_dsig(children[0], "CanonicalizationMethod") || !is_dsig(children[1], "SignatureMethod")) {
            malformed(node, "CanonicalizationMethod, SignatureMethod, Reference are wanted");
        }
        static_cast<void>(read_canonicalisation(children[0], Refusal::algorithm_forbidden, shape_.signed_info_c14n));
        read_signature_method(children[1]);
        for (std::size_t i = 2; i < children.size(); ++i) {
            if (!is_dsig(children[i], "Reference")) malformed(children[i], "only Reference may stand here");
        }
        if (children.size() != 3) stop(Refusal::reference_not_whole, node, fmt::format("{} References", children.size() - 2));
        read_reference(children[2]);
    }

    std::string read_canonicalisation(xmlNode* node, Refusal otherwise, Canonicalisation& into)
    {
        auto const uri = algorithm_of(node);
        auto const* const known = find_algorithm(canonicalisations(), uri);
        if (known == nullptr) stop(otherwise, node, uri);
        into.kind = known->name == "exc-c14n" ? C14n::exclusive : known->name == "c14n11" ? C14n::inclusive11 : C14n::inclusive;
        auto const children = children_of(node);
        if (into.kind != C14n::exclusive) {
            if (!children.empty()) malformed(node, "parameters are not allowed here");
        } else if (!children.empty()) {
            // Exclusive C14N §4: one InclusiveNamespaces with a PrefixList, and nothing else.
            xmlNode* const list = children.front();
            if (children.size() != 1 || view(list->name) != "InclusiveNamespaces" || namespace_of(list) != exclusive_ns) {
                malformed(node, "only InclusiveNamespaces may stand here");
            }
            only_attributes(list, {"PrefixList"});
            no_children(list);
            into.prefixes = words_of(attribute(list, "PrefixList").value_or(""));
        }
        return std::string{known->name};
    }

    void read_signature_method(xmlNode* node)
    {
        auto const uri = algorithm_of(node);
        if (auto const* known = find_algorithm(signature_algorithms(), uri)) {
            shape_.signature_algorithm = known->name;
        } else if (uri == pss_uri) {
            shape_.signature_algorithm = read_pss(node);
        } else if (uri == rsa_sha1_uri || uri == ecdsa_sha1_uri) {
            allow_sha1(node);
            shape_.signature_algorithm = uri == rsa_sha1_uri ? "rsa-sha1" : "ecdsa-sha1";
        } else {
            stop(Refusal::algorithm_forbidden, node, uri);
        }
        if (uri != pss_uri) no_children(node);
        shape_.rsa = shape_.signature_algorithm.starts_with("rsa");
        shape_.pss = shape_.signature_algorithm.starts_with("rsa-pss");
    }

    // RFC 9231 §2.3.9: parameters may stand there. Only those we take without parameters are taken: MGF1 with the digest of
    // the signature, a salt as long as it, trailer 1. What is missing has the default of that section: SHA-256 twice.
    std::string read_pss(xmlNode* node)
    {
        std::string digest{"sha256"}, mgf_digest{"sha256"};
        std::size_t salt = 0;
        auto const all = children_of(node);
        if (all.size() > 1) malformed(node, "only RSAPSSParams may stand here");
        for (xmlNode* const child : all.empty() ? std::vector<xmlNode*>{} : pss_parameters(all.front())) {
            auto const name = view(child->name);
            if (name == "DigestMethod") digest = read_digest_name(child);
            else if (name == "MaskGenerationFunction") mgf_digest = read_mgf(child);
            else if (name == "SaltLength") salt = read_number(child);
            else if (read_number(child) != 1) stop(Refusal::algorithm_forbidden, child, "the trailer is not 1");
        }
        if (mgf_digest != digest) stop(Refusal::algorithm_forbidden, node, "MGF1 with another digest than the signature's");
        if (salt != 0 && salt != size_of_digest(digest)) stop(Refusal::algorithm_forbidden, node, "the salt is not as long as the digest");
        return "rsa-pss-" + digest;
    }

    // In the order of the schema, each at most once.
    std::vector<xmlNode*> pss_parameters(xmlNode* node)
    {
        constexpr std::array order{std::string_view{"DigestMethod"}, std::string_view{"MaskGenerationFunction"}, std::string_view{"SaltLength"},
                                   std::string_view{"TrailerField"}};
        if (view(node->name) != "RSAPSSParams" || namespace_of(node) != more_ns) malformed(node, "only RSAPSSParams may stand here");
        only_attributes(node, {});
        auto children = children_of(node);
        auto next = order.begin();
        for (xmlNode* const child : children) {
            auto const found = std::find(next, order.end(), view(child->name));
            auto const wanted_ns = view(child->name) == "DigestMethod" ? dsig_ns : more_ns;
            if (found == order.end() || namespace_of(child) != wanted_ns) malformed(child, "an unknown or repeated parameter of RSA-PSS");
            next = found + 1;
        }
        return children;
    }

    std::string read_mgf(xmlNode* node)
    {
        only_attributes(node, {"Algorithm"});
        if (attribute(node, "Algorithm").value_or(std::string{mgf1_uri}) != mgf1_uri) stop(Refusal::algorithm_forbidden, node, "not MGF1");
        auto const children = children_of(node);
        if (children.empty()) return "sha256";
        if (children.size() != 1 || !is_dsig(children[0], "DigestMethod")) malformed(node, "only DigestMethod may stand here");
        return read_digest_name(children[0]);
    }

    std::string read_digest_name(xmlNode* node)
    {
        auto const uri = algorithm_of(node);
        no_children(node);
        auto const* const known = find_algorithm(digest_algorithms(), uri);
        if (known == nullptr) stop(Refusal::algorithm_forbidden, node, uri);
        return std::string{known->name};
    }

    std::size_t read_number(xmlNode* node)
    {
        only_attributes(node, {});
        auto const text = text_in(node);
        std::size_t number = 0;
        auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
        if (error != std::errc{} || end != text.data() + text.size() || number == 0) stop(Refusal::algorithm_forbidden, node, "not a number we take");
        return number;
    }

    void allow_sha1(xmlNode* node)
    {
        if (!sha1_allowed(policy_, at_)) stop(Refusal::algorithm_sha1, node, "SHA-1 is not taken on this day");
        shape_.sha1 = true;
    }

    void read_reference(xmlNode* node)
    {
        only_attributes(node, {"Id", "URI", "Type"});
        read_uri(node);
        auto const children = children_of(node);
        std::size_t at = 0;
        if (at < children.size() && is_dsig(children[at], "Transforms")) read_transforms(children[at++]);
        else stop(Refusal::transform_forbidden, node, "the enveloped-signature transform is missing");
        if (children.size() != at + 2 || !is_dsig(children[at], "DigestMethod") || !is_dsig(children[at + 1], "DigestValue")) {
            malformed(node, "Transforms, DigestMethod, DigestValue are wanted");
        }
        read_digest_method(children[at]);
        only_attributes(children[at + 1], {});
        shape_.digest = read_base64(children[at + 1]);
        if (shape_.digest.size() != size_of_digest(shape_.digest_algorithm)) malformed(children[at + 1], "not the length of the digest");
    }

    // "" or "#name", and nothing else may be resolved (V12). Names only: xmlsec1 builds an XPointer out of this text.
    void read_uri(xmlNode* node)
    {
        auto const uri = attribute(node, "URI");
        if (!uri) stop(Refusal::reference_not_whole, node, "no URI");
        shape_.reference = *uri;
        if (uri->empty()) return;
        std::string_view const id = std::string_view{*uri}.substr(1);
        bool const plain = std::ranges::all_of(id, [](unsigned char c) {
            return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
        });
        if (uri->front() != '#' || id.empty() || !plain) stop(Refusal::reference_not_whole, node, "the URI does not name this document");
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
                shape_.canonicalisation = read_canonicalisation(transform, Refusal::transform_forbidden, shape_.reference_c14n);
            }
        }
        if (children.empty()) stop(Refusal::transform_forbidden, node, "the enveloped-signature transform is missing");
        // XMLDSig 1.1 §4.4.3.2: a node set that reaches the digest goes through inclusive C14N 1.0.
        if (shape_.canonicalisation.empty()) shape_.canonicalisation = "c14n";
    }

    void read_digest_method(xmlNode* node)
    {
        if (attribute(node, "Algorithm") != sha1_uri) {
            shape_.digest_algorithm = read_digest_name(node);
            return;
        }
        static_cast<void>(algorithm_of(node));
        no_children(node);
        allow_sha1(node);
        shape_.digest_algorithm = "sha1";
    }

    // KeyInfo is a hint: the certificate is taken out of it and must convince on its own (V10). The ways in which a
    // KeyInfo points elsewhere are refused, not ignored (V12); what it may hold is known to the last leaf, so that nothing
    // can be hidden in it (V1).
    void read_key_info(xmlNode* node)
    {
        only_attributes(node, {"Id"});
        for (xmlNode* const child : children_of(node)) {
            if (is_dsig(child, "X509Data")) {
                read_x509_data(child);
            } else if (is_dsig(child, "KeyName")) {
                read_leaf(child);
            } else if (is_dsig(child, "KeyValue")) {
                read_key_value(child);
            } else {
                stop(Refusal::key_info_forbidden, child, "KeyInfo may hold X509Data, KeyValue and KeyName");
            }
        }
    }

    void read_leaf(xmlNode* node)
    {
        only_attributes(node, {"Algorithm", "URI"});
        static_cast<void>(text_in(node));
    }

    // Never used as a key.
    void read_key_value(xmlNode* node)
    {
        constexpr std::array kinds{std::string_view{"RSAKeyValue"}, std::string_view{"DSAKeyValue"}, std::string_view{"ECKeyValue"}};
        constexpr std::array leaves{std::string_view{"Modulus"}, std::string_view{"Exponent"}, std::string_view{"P"},
                                    std::string_view{"Q"},       std::string_view{"G"},        std::string_view{"Y"},
                                    std::string_view{"J"},       std::string_view{"NamedCurve"}, std::string_view{"PublicKey"}};
        auto const children = children_of(node);
        if (children.size() != 1) stop(Refusal::key_info_forbidden, node, "KeyValue holds one key");
        auto const known = [](xmlNode* one, auto const& names) {
            return (is_dsig(one) || namespace_of(one) == dsig11_ns) && std::ranges::find(names, view(one->name)) != names.end();
        };
        if (!known(children[0], kinds)) stop(Refusal::key_info_forbidden, children[0], "an unknown kind of key");
        only_attributes(children[0], {"Id"});
        for (xmlNode* const leaf : children_of(children[0])) {
            if (!known(leaf, leaves)) stop(Refusal::key_info_forbidden, leaf, "an unknown part of a key");
            read_leaf(leaf);
        }
    }

    void read_x509_data(xmlNode* node)
    {
        constexpr std::array hints{std::string_view{"X509SubjectName"}, std::string_view{"X509SKI"}, std::string_view{"X509CRL"}};
        for (xmlNode* const child : children_of(node)) {
            if (is_dsig(child, "X509Certificate")) {
                if (shape_.certificates.size() == policy_.certificates_max) stop(Refusal::key_info_forbidden, child, "too many certificates");
                shape_.certificates.push_back(read_base64(child));
            } else if (is_dsig(child, "X509IssuerSerial")) {
                for (xmlNode* const part : children_of(child)) {
                    if (!is_dsig(part, "X509IssuerName") && !is_dsig(part, "X509SerialNumber")) malformed(part, "unknown in X509IssuerSerial");
                    read_leaf(part);
                }
            } else if (is_dsig(child) && std::ranges::find(hints, view(child->name)) != hints.end()) {
                read_leaf(child);
            } else if (namespace_of(child) == dsig11_ns && view(child->name) == "X509Digest") {
                read_leaf(child);
            } else if (namespace_of(child) == dsig11_ns && view(child->name) == "OCSPResponse") {
                read_ocsp(child);  // as the working group of XMLDSig 1.1 proposed it (W3C XML Security WG, ACTION-178)
            } else {
                stop(Refusal::key_info_forbidden, child, "an unknown child of X509Data");
            }
        }
    }

    void read_ocsp(xmlNode* node)
    {
        if (shape_.ocsp.size() == policy_.ocsp_max) stop(Refusal::key_info_forbidden, node, "too many OCSP responses");
        if (text_in(node).size() > policy_.ocsp_bytes_max * 2) stop(Refusal::key_info_forbidden, node, "the OCSP response is too large");
        shape_.ocsp.push_back(read_base64(node));
        if (shape_.ocsp.back().size() > policy_.ocsp_bytes_max) stop(Refusal::key_info_forbidden, node, "the OCSP response is too large");
    }

    // SignatureProperties with one SigningTime, by local name: the vendors' namespaces differ. Or XAdES unsigned
    // properties that bring OCSP responses, and those alone: signed ones would need a Reference of their own.
    void read_object(xmlNode* node)
    {
        only_attributes(node, {"Id", "MimeType", "Encoding"});
        for (xmlNode* const child : children_of(node)) {
            if (view(child->name) == "SignatureProperties") read_properties(child);
            else if (view(child->name) == "QualifyingProperties" && namespace_of(child) == xades_ns) read_xades(child);
            else malformed(child, "Object may hold SignatureProperties, or XAdES OCSP values");
        }
    }

    void read_properties(xmlNode* node)
    {
        for (xmlNode* const property : children_of(node)) {
            if (view(property->name) != "SignatureProperty") malformed(property, "only SignatureProperty may stand here");
            for (xmlNode* const time : children_of(property)) read_signing_time(time);
        }
    }

    void read_xades(xmlNode* node)
    {
        only_attributes(node, {"Id", "Target"});
        if (attribute(node, "Target") != "#" + attribute(shape_.node, "Id").value_or("")) malformed(node, "Target is not this Signature");
        for (auto const* name : {"UnsignedProperties", "UnsignedSignatureProperties", "RevocationValues", "OCSPValues"}) {
            node = only_child(node, name);
            only_attributes(node, {"Id"});
        }
        for (xmlNode* const value : children_of(node)) {
            if (view(value->name) != "EncapsulatedOCSPValue" || namespace_of(value) != xades_ns) malformed(value, "only EncapsulatedOCSPValue may stand here");
            only_attributes(value, {"Id", "Encoding"});
            read_ocsp(value);
        }
    }

    void read_signing_time(xmlNode* node)
    {
        if (view(node->name) != "SigningTime") malformed(node, "only SigningTime may stand here");
        if (shape_.signing_time) malformed(node, "two signing times");
        shape_.signing_time = read_instant(text_in(node));
        if (!shape_.signing_time) stop(Refusal::signing_time_outside, node, "SigningTime is not a date and time (xs:dateTime)");
    }

    Policy const& policy_;
    Instant at_;
    SignatureShape shape_;
};

}  // namespace

SignatureShape read_shape(xmlNode* signature, Policy const& policy, Instant at, bool certificate_needed)
{
    return Reader{policy, at}.read(signature, certificate_needed);
}

}  // namespace signing::detail
