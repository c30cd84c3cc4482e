#include "signing/detail/signature_reader.hpp"

#include "signing/detail/uris.hpp"

#include "schemas/base64.hpp"

#include <algorithm>
#include <utility>

namespace signing::detail {
namespace {

constexpr std::string_view blanks = " \t\r\n";

enum Attributes : std::uint8_t { none = 0, id = 1, algorithm = 2, uri = 4, type = 8, mime_type = 16, encoding = 32, prefix_list = 64, any_at_all = 128 };
constexpr std::array<std::pair<std::string_view, Attributes>, 7> attribute_names{
    {{"Algorithm", algorithm}, {"Id", id}, {"URI", uri}, {"Type", type}, {"MimeType", mime_type}, {"Encoding", encoding}, {"PrefixList", prefix_list}}};

bool are_allowed(schemas::StartEvent const& tag, std::uint8_t allowed)
{
    if ((allowed & any_at_all) != 0) return true;
    return std::ranges::all_of(tag.attributes, [&](schemas::AttributeEvent const& a) {
        auto const* const known = std::ranges::find(attribute_names, a.name, &std::pair<std::string_view, Attributes>::first);
        return a.prefix.empty() && known != attribute_names.end() && (known->second & allowed) != 0;
    });
}

schemas::AttributeEvent const* attribute(schemas::StartEvent const& tag, std::string_view name)
{
    for (auto const& a : tag.attributes)
        if (a.prefix.empty() && a.name == name) return &a;
    return nullptr;
}

bool is_blank(std::string_view text) { return text.find_first_not_of(blanks) == std::string_view::npos; }

std::size_t size_of(std::string_view digest) { return digest == "sha1" ? 20 : digest == "sha256" ? 32 : digest == "sha384" ? 48 : 64; }

C14n kind_of(std::string_view name) { return name == "exc-c14n" ? C14n::exclusive : name == "c14n11" ? C14n::inclusive11 : C14n::inclusive; }

}  // namespace

// Where an element stands.
enum class SignatureReader::In : std::uint8_t {
    signature, signed_info, canonicalisation, method, reference, transforms, transform, prefixes, digest_method, digest_value,
    value, key_info, x509_data, certificate, issuer_serial, hint, key_value, key, object, properties, property, time,
};

// One row of what may stand in what. `order` counts from 1; what is not `repeated` stands once, and none may be left out
// before another.
struct SignatureReader::Child {
    enum class Name : std::uint8_t { dsig, exclusive, any };
    In               parent;
    std::string_view name;
    In               in;
    std::uint8_t     order;
    bool             repeated;
    std::uint8_t     attributes;
    Name             ns = Name::dsig;
};

SignatureReader::Child const* SignatureReader::find(In parent, schemas::StartEvent const& tag) noexcept
{
    using enum In;
    using Name = Child::Name;
    static constexpr std::array children{
        Child{signature, "SignedInfo", signed_info, 1, false, id},
        Child{signature, "SignatureValue", value, 2, false, id},
        Child{signature, "KeyInfo", key_info, 3, false, id},
        Child{signature, "Object", object, 4, true, id | mime_type | encoding},
        Child{signed_info, "CanonicalizationMethod", canonicalisation, 1, false, algorithm},
        Child{signed_info, "SignatureMethod", method, 2, false, algorithm},
        Child{signed_info, "Reference", reference, 3, false, id | uri | type},
        Child{reference, "Transforms", transforms, 1, false, none},
        Child{reference, "DigestMethod", digest_method, 2, false, algorithm},
        Child{reference, "DigestValue", digest_value, 3, false, none},
        Child{transforms, "Transform", transform, 1, true, algorithm},
        Child{transform, "InclusiveNamespaces", prefixes, 1, false, prefix_list, Name::exclusive},
        Child{key_info, "X509Data", x509_data, 1, true, none},
        Child{key_info, "KeyValue", key_value, 1, true, none},
        Child{key_info, "KeyName", hint, 1, true, none},
        Child{x509_data, "X509Certificate", certificate, 1, true, none},
        Child{x509_data, "X509SubjectName", hint, 1, true, none},
        Child{x509_data, "X509IssuerSerial", issuer_serial, 1, true, none},
        Child{x509_data, "X509SKI", hint, 1, true, none},
        Child{issuer_serial, "X509IssuerName", hint, 1, true, none},
        Child{issuer_serial, "X509SerialNumber", hint, 1, true, none},
        Child{key_value, "RSAKeyValue", key, 1, false, none},
        Child{key, "Modulus", hint, 1, true, none},
        Child{key, "Exponent", hint, 1, true, none},
        // By local name: the vendors' namespaces differ (shape.cpp).
        Child{object, "SignatureProperties", properties, 1, true, any_at_all, Name::any},
        Child{properties, "SignatureProperty", property, 1, true, any_at_all, Name::any},
        Child{property, "SigningTime", time, 1, true, any_at_all, Name::any},
    };
    for (auto const& child : children) {
        if (child.parent != parent || child.name != tag.name) continue;
        return child.ns == Name::any || tag.uri == (child.ns == Name::dsig ? dsig_ns : exclusive_ns) ? &child : nullptr;
    }
    return nullptr;
}

void SignatureReader::Text::take(std::string_view bytes)
{
    if (into_->size() <= signed_info_bytes_max) into_->append(bytes.substr(0, signed_info_bytes_max + 1));
}

void SignatureReader::begin(Policy const& policy, Instant at, Attested& into)
{
    into_ = &into;
    certificates_max_ = policy.certificates_max;
    sha1_ = sha1_allowed(policy, at);
    plain_ = true;
    ended_ = in_signed_info_ = canonical_ = has_id_ = false;
    depth_ = transforms_ = bound_ = 0;
    leaf_.clear();
    blank_.clear();
}

void SignatureReader::start(schemas::StartEvent const& tag, Scope const& scope)
{
    if (!plain_) return;
    if (depth_ == 0) {
        if (!are_allowed(tag, id)) return refuse();
        open_[depth_++] = {In::signature, 0};
        return;
    }
    auto& parent = open_[depth_ - 1];
    auto const* const child = find(parent.in, tag);
    if (child == nullptr || depth_ == depth_max || !are_allowed(tag, child->attributes)) return refuse();
    bool const next = child->order == parent.order + 1 || (child->repeated && child->order == parent.order);
    if (!next) return refuse();
    parent.order = child->order;
    open_[depth_++] = {child->in, 0};
    leaf_.clear();
    enter(*child, tag, scope);
    if (plain_ && canonical_) writer_.start(tag);
}

void SignatureReader::enter(Child const& child, schemas::StartEvent const& tag, Scope const& scope)
{
    std::string_view algorithm_uri;
    if (child.attributes == algorithm) {
        auto const* const given = attribute(tag, "Algorithm");
        if (given == nullptr) return refuse();
        algorithm_uri = given->value;
    }
    switch (child.in) {
        case In::signed_info: return begin_signed_info(tag, scope);
        case In::canonicalisation: return begin_canonical(algorithm_uri, scope);
        case In::method: return read_method(algorithm_uri);
        case In::reference: return read_reference(tag);
        case In::transform: return read_transform(algorithm_uri);
        case In::digest_method: return read_digest_method(algorithm_uri);
        case In::prefixes: {
            auto const* const list = attribute(tag, "PrefixList");
            return read_prefixes(list == nullptr ? std::string_view{} : list->value);
        }
        case In::signature: case In::transforms: case In::digest_value: case In::value: case In::key_info: case In::x509_data:
        case In::certificate: case In::issuer_serial: case In::hint: case In::key_value: case In::key: case In::object:
        case In::properties: case In::property: case In::time: return;
    }
}

void SignatureReader::end(schemas::EndEvent const& tag)
{
    if (!plain_) return;
    if (canonical_) writer_.end(tag);
    auto const open = open_[--depth_];
    leave(open);
    ended_ = depth_ == 0;
}

void SignatureReader::leave(Open const& open)
{
    switch (open.in) {
        case In::signed_info:
            if (open.order != 3 || !canonical_) return refuse();
            writer_.finish();
            in_signed_info_ = canonical_ = false;
            if (!writer_.has_form() || !signed_info_.fits() || into_->signed_info.empty()) refuse();
            return;
        case In::signature:
            if (open.order < 3 || into_->certificates.empty()) refuse();
            return;
        case In::reference:
            if (open.order != 3) return refuse();
            into_->wanted.canonicalisation = into_->canonicalisation;
            into_->wanted.digest = into_->digest_algorithm;
            return;
        case In::transforms:
            // XMLDSig 1.1 §4.4.3.2: a node set that reaches the digest goes through inclusive C14N 1.0.
            if (transforms_ == 0) return refuse();
            if (transforms_ == 1) into_->canonicalisation = "c14n";
            return;
        case In::key_value:
            if (open.order == 0) refuse();
            return;
        case In::digest_value:
            read_value(into_->digest_value);
            if (into_->digest_value.size() != size_of(into_->digest_algorithm)) refuse();
            return;
        case In::value: return read_value(into_->value);
        case In::certificate: return read_certificate();
        case In::time: return read_time();
        case In::canonicalisation: case In::method: case In::transform: case In::prefixes: case In::digest_method: case In::key_info:
        case In::x509_data: case In::issuer_serial: case In::hint: case In::key: case In::object: case In::properties: case In::property: return;
    }
}

void SignatureReader::text(schemas::TextEvent const& text)
{
    if (!plain_ || depth_ == 0) return;
    if (canonical_) writer_.text(text);
    auto const in = open_[depth_ - 1].in;
    if (in == In::hint) return;
    if (in == In::digest_value || in == In::value || in == In::certificate || in == In::time) {
        if (leaf_.size() + text.text.size() > leaf_bytes_max) return refuse();
        leaf_ += text.text;
        return;
    }
    if (!is_blank(text.text)) return refuse();
    if (in_signed_info_ && !canonical_) {
        if (blank_.size() + text.text.size() > leaf_bytes_max) return refuse();
        blank_ += text.text;
    }
}

void SignatureReader::views_end()
{
    if (plain_ && canonical_) writer_.views_end();
}

void SignatureReader::begin_signed_info(schemas::StartEvent const& tag, Scope const& scope)
{
    in_signed_info_ = true;
    prefix_ = tag.prefix;
    bound_ = scope.size();
    auto const* const given = attribute(tag, "Id");
    has_id_ = given != nullptr;
    if (has_id_) id_ = given->value;
}

// All that is in scope at SignedInfo counts as declared on it: inclusive canonicalisation of a part writes every namespace of
// its apex, the exclusive one those it uses.
void SignatureReader::begin_canonical(std::string_view algorithm_uri, Scope const& scope)
{
    auto const* const known = find_algorithm(canonicalisations(), algorithm_uri);
    if (known == nullptr) return refuse();
    into_->signed_info.clear();
    signed_info_.begin(into_->signed_info);
    writer_.begin({.kind = kind_of(known->name), .prefixes = {}}, signed_info_);

    namespaces_.clear();
    for (auto i = bound_; i > 0; --i) {
        auto const prefix = scope.prefix(i - 1);
        bool const hidden = std::ranges::any_of(namespaces_, [&](schemas::NamespaceEvent const& inner) { return inner.prefix == prefix; });
        if (!hidden) namespaces_.push_back({prefix, scope.uri(i - 1)});
    }
    std::array const own{schemas::AttributeEvent{"Id", {}, {}, id_}};
    writer_.start({"SignedInfo", prefix_, dsig_ns, namespaces_, std::span{own}.first(has_id_ ? 1 : 0)});
    if (!blank_.empty()) writer_.text({blank_});
    canonical_ = true;
}

void SignatureReader::read_method(std::string_view algorithm_uri)
{
    auto const* const known = find_algorithm(signature_algorithms(), algorithm_uri);
    if (known != nullptr) into_->signature_algorithm = known->name;
    else if (sha1_ && algorithm_uri == rsa_sha1_uri) into_->signature_algorithm = "rsa-sha1";
    else if (sha1_ && algorithm_uri == ecdsa_sha1_uri) into_->signature_algorithm = "ecdsa-sha1";
    else refuse();
}

// "" or "#name" with a name of the plainest characters, as shape.cpp takes it.
void SignatureReader::read_reference(schemas::StartEvent const& tag)
{
    auto const* const given = attribute(tag, "URI");
    if (given == nullptr) return refuse();
    auto const name = given->value.substr(given->value.empty() ? 0 : 1);
    bool const plain = std::ranges::all_of(name, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
    });
    if (!given->value.empty() && (given->value.front() != '#' || name.empty() || !plain)) return refuse();
    into_->reference = given->value;
}

void SignatureReader::read_transform(std::string_view algorithm_uri)
{
    ++transforms_;
    if (transforms_ == 1 && algorithm_uri == enveloped_uri) return;
    auto const* const known = transforms_ == 2 ? find_algorithm(canonicalisations(), algorithm_uri) : nullptr;
    if (known == nullptr) return refuse();
    into_->canonicalisation = known->name;
}

// Exclusive C14N §4.
void SignatureReader::read_prefixes(std::string_view list)
{
    if (transforms_ != 2 || into_->canonicalisation != "exc-c14n") return refuse();
    auto& words = into_->wanted.prefixes;
    for (auto begin = list.find_first_not_of(blanks); begin != std::string_view::npos;) {
        auto const end = std::min(list.find_first_of(blanks, begin), list.size());
        if (words.size() == prefixes_max) return refuse();
        words.emplace_back(list.substr(begin, end - begin));
        begin = list.find_first_not_of(blanks, end);
    }
}

void SignatureReader::read_digest_method(std::string_view algorithm_uri)
{
    auto const* const known = find_algorithm(digest_algorithms(), algorithm_uri);
    if (known != nullptr) into_->digest_algorithm = known->name;
    else if (sha1_ && algorithm_uri == sha1_uri) into_->digest_algorithm = "sha1";
    else refuse();
}

void SignatureReader::read_value(std::string& into)
{
    auto bytes = schemas::base64_decode(leaf_);
    if (!bytes || bytes->empty()) return refuse();
    into = std::move(*bytes);
}

void SignatureReader::read_certificate()
{
    if (into_->certificates.size() == certificates_max_) return refuse();
    read_value(into_->certificates.emplace_back());
}

void SignatureReader::read_time()
{
    auto const read = read_instant(leaf_);
    if (!read || into_->signing_time) return refuse();
    into_->signing_time = read;
}

}  // namespace signing::detail
