#include "signing/detail/conformance.hpp"

#include "signing/detail/der.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <stdexcept>
#include <string_view>
#include <vector>

namespace signing::detail {
namespace {

using BasicConstraintsPtr = Owned<BASIC_CONSTRAINTS, BASIC_CONSTRAINTS_free>;
using NameConstraintsPtr = Owned<NAME_CONSTRAINTS, NAME_CONSTRAINTS_free>;
using UsagesPtr = Owned<EXTENDED_KEY_USAGE, EXTENDED_KEY_USAGE_free>;
using NamesPtr = Owned<GENERAL_NAMES, GENERAL_NAMES_free>;
using KeyIdPtr = Owned<AUTHORITY_KEYID, AUTHORITY_KEYID_free>;
using BitStringPtr = Owned<ASN1_BIT_STRING, ASN1_BIT_STRING_free>;
using PolicyConstraintsPtr = Owned<POLICY_CONSTRAINTS, POLICY_CONSTRAINTS_free>;

struct Case {
    X509* certificate;
    std::uint32_t flags;
    bool ca;
};

template <class Pointer>
Pointer extension(X509* certificate, int nid)
{
    return Pointer{static_cast<typename Pointer::pointer>(X509_get_ext_d2i(certificate, nid, nullptr, nullptr))};
}

bool has(X509* certificate, int nid) { return X509_get_ext_by_NID(certificate, nid, -1) >= 0; }

bool has_and_is_not_critical(X509* certificate, int nid)
{
    int const at = X509_get_ext_by_NID(certificate, nid, -1);
    return at >= 0 && X509_EXTENSION_get_critical(X509_get_ext(certificate, at)) != 1;
}

std::string_view text(ASN1_STRING const* string)
{
    return {reinterpret_cast<char const*>(ASN1_STRING_get0_data(string)), static_cast<std::size_t>(ASN1_STRING_length(string))};
}

bool alphanumeric(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; }

// RFC 1034 §3.5 as modified by RFC 1123 §2.1.
bool is_host_name(std::string_view name)
{
    if (name.empty() || name.size() > 253) return false;
    while (!name.empty()) {
        auto const dot = name.find('.');
        auto const label = name.substr(0, dot);
        bool const shaped = !label.empty() && label.size() <= 63 && alphanumeric(label.front()) && alphanumeric(label.back()) &&
                            std::ranges::all_of(label, [](char c) { return alphanumeric(c) || c == '-'; });
        if (!shaped || dot == name.size() - 1) return false;
        name.remove_prefix(dot == std::string_view::npos ? name.size() : dot + 1);
    }
    return true;
}

bool is_wildcard(std::string_view name) { return name.starts_with("*."); }

bool is_mailbox(std::string_view name)
{
    auto const at = name.find('@');
    return at != std::string_view::npos && at > 0 && is_host_name(name.substr(at + 1)) &&
           std::ranges::none_of(name.substr(0, at), [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == '\x7f'; });
}

bool not_version_3(Case const& one) { return X509_get_version(one.certificate) != X509_VERSION_3 && X509_get_ext_count(one.certificate) > 0; }

bool extension_twice(Case const& one)
{
    std::vector<ASN1_OBJECT const*> seen;
    for (int i = 0; i < X509_get_ext_count(one.certificate); ++i) {
        auto const* const object = X509_EXTENSION_get_object(X509_get_ext(one.certificate, i));
        if (std::ranges::any_of(seen, [&](ASN1_OBJECT const* known) { return OBJ_cmp(known, object) == 0; })) return true;
        seen.push_back(object);
    }
    return false;
}

// OpenSSL reads the value in front and leaves what stands behind it.
bool is_one_der_value(X509_EXTENSION* held)
{
    try {
        DerReader reader{text(X509_EXTENSION_get_data(held))};
        static_cast<void>(reader.next());
        return reader.at_end();
    } catch (std::runtime_error const&) {
        return false;
    }
}

bool extension_unreadable(Case const& one)
{
    if ((one.flags & EXFLAG_INVALID) != 0) return true;
    for (int i = 0; i < X509_get_ext_count(one.certificate); ++i) {
        auto* const held = X509_get_ext(one.certificate, i);
        auto const* const method = X509V3_EXT_get(held);
        if (method == nullptr || method->it == nullptr) continue;  // one that OpenSSL does not know
        void* const value = X509V3_EXT_d2i(held);
        if (value == nullptr || !is_one_der_value(held)) {
            ASN1_item_free(static_cast<ASN1_VALUE*>(value), ASN1_ITEM_ptr(method->it));
            return true;
        }
        ASN1_item_free(static_cast<ASN1_VALUE*>(value), ASN1_ITEM_ptr(method->it));
    }
    return false;
}

bool algorithms_differ(Case const& one)
{
    X509_ALGOR const* outside = nullptr;
    X509_get0_signature(nullptr, &outside, one.certificate);
    return X509_ALGOR_cmp(outside, X509_get0_tbs_sigalg(one.certificate)) != 0;
}

bool nameless(X509_NAME const* name) { return X509_NAME_entry_count(name) == 0; }
bool issuer_nameless(Case const& one) { return nameless(X509_get_issuer_name(one.certificate)); }
bool authority_nameless(Case const& one) { return one.ca && nameless(X509_get_subject_name(one.certificate)); }

bool subject_nameless(Case const& one)
{
    return nameless(X509_get_subject_name(one.certificate)) &&
           (!has(one.certificate, NID_subject_alt_name) || has_and_is_not_critical(one.certificate, NID_subject_alt_name));
}

// "YYMMDDHHMMSSZ" or "YYYYMMDDHHMMSSZ": to the second, in Zulu, without fractions.
bool date_misshapen(ASN1_TIME const* time)
{
    auto const written = text(time);
    int const type = ASN1_STRING_type(time);
    std::size_t const digits = type == V_ASN1_UTCTIME ? 12 : type == V_ASN1_GENERALIZEDTIME ? 14 : 0;
    return digits == 0 || written.size() != digits + 1 || written.back() != 'Z' || ASN1_TIME_check(time) != 1 ||
           !std::ranges::all_of(written.substr(0, digits), [](char c) { return c >= '0' && c <= '9'; });
}
bool dates_misshapen(Case const& one)
{
    return date_misshapen(X509_get0_notBefore(one.certificate)) || date_misshapen(X509_get0_notAfter(one.certificate));
}

bool serial_too_long(Case const& one) { return ASN1_STRING_length(X509_get0_serialNumber(one.certificate)) > 20; }

bool serial_not_positive(Case const& one)
{
    auto const* const serial = X509_get0_serialNumber(one.certificate);
    auto const digits = text(serial);
    return (ASN1_STRING_type(serial) & V_ASN1_NEG) != 0 || std::ranges::all_of(digits, [](char c) { return c == 0; });
}

bool constraints_missing(Case const& one) { return !has(one.certificate, NID_basic_constraints); }
bool constraints_not_critical(Case const& one) { return one.ca && has_and_is_not_critical(one.certificate, NID_basic_constraints); }

bool length_without_authority(Case const& one)
{
    auto const constraints = extension<BasicConstraintsPtr>(one.certificate, NID_basic_constraints);
    if (!constraints || constraints->pathlen == nullptr) return false;
    return constraints->ca == 0 || (X509_get_key_usage(one.certificate) & KU_KEY_CERT_SIGN) == 0;
}

bool key_usage_without_authority(Case const& one)
{
    return !one.ca && (one.flags & EXFLAG_KUSAGE) != 0 && (X509_get_key_usage(one.certificate) & KU_KEY_CERT_SIGN) != 0;
}

bool key_usage_empty(Case const& one)
{
    auto const usage = extension<BitStringPtr>(one.certificate, NID_key_usage);
    return usage && std::ranges::all_of(text(usage.get()), [](char c) { return c == 0; });
}

bool extended_usage_empty(Case const& one)
{
    auto const usages = extension<UsagesPtr>(one.certificate, NID_ext_key_usage);
    return usages && sk_ASN1_OBJECT_num(usages.get()) == 0;
}

bool alternative_names_empty(Case const& one)
{
    auto const names = extension<NamesPtr>(one.certificate, NID_subject_alt_name);
    return names && sk_GENERAL_NAME_num(names.get()) == 0;
}

bool access_empty(Case const& one)
{
    using AccessPtr = Owned<AUTHORITY_INFO_ACCESS, AUTHORITY_INFO_ACCESS_free>;
    auto const access = extension<AccessPtr>(one.certificate, NID_info_access);
    return access && sk_ACCESS_DESCRIPTION_num(access.get()) == 0;
}

// Lists of SIZE (1..MAX).
bool list_empty(Case const& one)
{
    constexpr std::array lists{NID_certificate_policies, NID_policy_mappings, NID_crl_distribution_points, NID_freshest_crl,
                               NID_issuer_alt_name,      NID_sinfo_access,    NID_subject_directory_attributes};
    return std::ranges::any_of(lists, [&](int nid) {
        int const at = X509_get_ext_by_NID(one.certificate, nid, -1);
        return at >= 0 && text(X509_EXTENSION_get_data(X509_get_ext(one.certificate, at))) == std::string_view{"\x30\x00", 2};
    });
}

bool unique_identifiers_early(Case const& one)
{
    ASN1_BIT_STRING const* issuer = nullptr;
    ASN1_BIT_STRING const* subject = nullptr;
    X509_get0_uids(one.certificate, &issuer, &subject);
    return (issuer != nullptr || subject != nullptr) && X509_get_version(one.certificate) == X509_VERSION_1;
}

bool name_constraints_misplaced(Case const& one) { return !one.ca && has(one.certificate, NID_name_constraints); }
bool name_constraints_not_critical(Case const& one) { return has_and_is_not_critical(one.certificate, NID_name_constraints); }

bool name_constraints_empty(Case const& one)
{
    auto const constraints = extension<NameConstraintsPtr>(one.certificate, NID_name_constraints);
    return constraints && sk_GENERAL_SUBTREE_num(constraints->permittedSubtrees) <= 0 &&
           sk_GENERAL_SUBTREE_num(constraints->excludedSubtrees) <= 0;
}

bool is_constraint(GENERAL_NAME const* name)
{
    switch (name->type) {
        case GEN_DNS: return text(name->d.dNSName).empty() || is_host_name(text(name->d.dNSName));
        case GEN_EMAIL: {
            auto const base = text(name->d.rfc822Name);
            return is_mailbox(base) || is_host_name(base.substr(base.starts_with('.') ? 1 : 0));
        }
        case GEN_IPADD: return text(name->d.iPAddress).size() == 8 || text(name->d.iPAddress).size() == 32;
        default: return true;  // OpenSSL refuses what it does not know where a name of that kind is met
    }
}
bool name_constraints_misshapen(Case const& one)
{
    auto const constraints = extension<NameConstraintsPtr>(one.certificate, NID_name_constraints);
    if (!constraints) return false;
    for (auto* const list : {constraints->permittedSubtrees, constraints->excludedSubtrees}) {
        for (int i = 0; i < sk_GENERAL_SUBTREE_num(list); ++i) {
            if (!is_constraint(sk_GENERAL_SUBTREE_value(list, i)->base)) return true;
        }
    }
    return false;
}

bool policy_constraints_not_critical(Case const& one) { return has_and_is_not_critical(one.certificate, NID_policy_constraints); }
bool inhibit_any_not_critical(Case const& one) { return has_and_is_not_critical(one.certificate, NID_inhibit_any_policy); }

bool policy_constraints_empty(Case const& one)
{
    auto const constraints = extension<PolicyConstraintsPtr>(one.certificate, NID_policy_constraints);
    return constraints && constraints->requireExplicitPolicy == nullptr && constraints->inhibitPolicyMapping == nullptr;
}

bool issuer_key_unnamed(Case const& one)
{
    auto const identifier = extension<KeyIdPtr>(one.certificate, NID_authority_key_identifier);
    return !identifier || identifier->keyid == nullptr;
}
bool key_unnamed(Case const& one) { return one.ca && !has(one.certificate, NID_subject_key_identifier); }

bool is_name(GENERAL_NAME const* name)
{
    switch (name->type) {
        case GEN_DNS: {
            auto const host = text(name->d.dNSName);
            return is_host_name(is_wildcard(host) ? host.substr(2) : host);
        }
        case GEN_EMAIL: return is_mailbox(text(name->d.rfc822Name));
        case GEN_IPADD: return text(name->d.iPAddress).size() == 4 || text(name->d.iPAddress).size() == 16;
        default: return true;
    }
}
bool names_misshapen(Case const& one)
{
    auto const names = extension<NamesPtr>(one.certificate, NID_subject_alt_name);
    for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
        if (!is_name(sk_GENERAL_NAME_value(names.get(), i))) return true;
    }
    return false;
}

bool server_unnamed(Case const& one)
{
    auto const names = extension<NamesPtr>(one.certificate, NID_subject_alt_name);
    for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
        int const type = sk_GENERAL_NAME_value(names.get(), i)->type;
        if (type == GEN_DNS || type == GEN_IPADD) return false;
    }
    return true;
}

bool is_authority(Case const& one) { return one.ca; }

enum : unsigned { subject = 1, authority = 2, anchor = 4, everyone = 7 };
enum : unsigned { any = 1, sign = 2, tls_server = 4, tls_client = 8, tls = 12, not_any = 14, always = 15 };

struct Rule {
    char const* clause;
    bool (*broken)(Case const&);
    unsigned roles, purposes;
    char const* what;
};

// RFC 5280, unless another source stands there. What an anchor's certificate says beyond its name and key is asked of the
// TLS purposes alone where a rule is about how a CA shall issue (§6.1.1 d: an anchor is a name and a key).
constexpr std::array rules{
    Rule{"§4.1.2.9", not_version_3, everyone, always, "extensions in a certificate that is not version 3"},
    Rule{"§4.1.2.8", unique_identifiers_early, everyone, always, "unique identifiers in a certificate of version 1"},
    Rule{"§4.2", extension_twice, everyone, always, "an extension twice"},
    Rule{"§4.2", extension_unreadable, everyone, always, "an extension cannot be read"},
    Rule{"§4.1.1.2", algorithms_differ, everyone, always, "two signature algorithms that differ"},
    Rule{"§4.1.2.4", issuer_nameless, everyone, always, "an issuer without a name"},
    Rule{"§4.1.2.6", authority_nameless, everyone, always, "a CA without a name"},
    Rule{"§4.1.2.6", subject_nameless, subject, always, "neither a subject nor a critical subjectAltName"},
    Rule{"§4.1.2.5", dates_misshapen, everyone, always, "a date that is not to the second in Zulu"},
    Rule{"§4.1.2.2", serial_too_long, subject | authority, always, "a serial number of more than 20 octets"},
    // A verifier SHOULD handle these gracefully (ibid.); none of our own purposes has a use for them.
    Rule{"§4.1.2.2", serial_not_positive, subject | authority, not_any, "a serial number that is not positive"},
    Rule{"§4.2.1.9", constraints_missing, authority, always, "a CA without basicConstraints"},
    Rule{"§4.2.1.9", constraints_missing, anchor, tls, "a CA without basicConstraints"},
    Rule{"§4.2.1.9", constraints_not_critical, authority, not_any, "basicConstraints of a CA that are not critical"},
    Rule{"§4.2.1.9", constraints_not_critical, anchor, tls, "basicConstraints of a CA that are not critical"},
    Rule{"§4.2.1.9", length_without_authority, everyone, always, "a path length without the right to issue certificates"},
    Rule{"§4.2.1.3", key_usage_without_authority, subject, always, "keyCertSign in a certificate that is no CA's"},
    Rule{"§4.2.1.3", key_usage_empty, everyone, always, "a key usage of nothing"},
    Rule{"§4.2.1.12", extended_usage_empty, everyone, always, "an extended key usage of nothing"},
    Rule{"§4.2.1.6", alternative_names_empty, everyone, always, "an empty subjectAltName"},
    Rule{"§4.2.2.1", access_empty, everyone, always, "an empty authorityInfoAccess"},
    Rule{"§4.2.1", list_empty, everyone, always, "an extension that is a list of nothing"},
    Rule{"§4.2.1.10", name_constraints_misplaced, subject, always, "name constraints in a certificate that is no CA's"},
    Rule{"§4.2.1.10", name_constraints_not_critical, everyone, not_any, "name constraints that are not critical"},
    Rule{"§4.2.1.10", name_constraints_empty, everyone, always, "name constraints that constrain nothing"},
    Rule{"§4.2.1.10", name_constraints_misshapen, everyone, not_any, "a name constraint that is no such name"},
    Rule{"§4.2.1.11", policy_constraints_not_critical, everyone, not_any, "policy constraints that are not critical"},
    Rule{"§4.2.1.11", policy_constraints_empty, everyone, always, "policy constraints that constrain nothing"},
    Rule{"§4.2.1.14", inhibit_any_not_critical, everyone, not_any, "inhibitAnyPolicy that is not critical"},
    Rule{"§4.2.1.1", issuer_key_unnamed, subject | authority, tls, "no key identifier of its issuer"},
    Rule{"§4.2.1.2", key_unnamed, authority | anchor, tls, "a CA without a key identifier"},
    Rule{"§4.2.1.6", names_misshapen, subject, tls, "an alternative name that is no such name"},
    Rule{"RFC 9525 §6.3", server_unnamed, subject, tls_server, "a server without a name or address in subjectAltName"},
    Rule{"own choice", is_authority, subject, tls, "a CA is no peer"},
};

unsigned bit_of(Role role) { return role == Role::subject ? subject : role == Role::authority ? authority : anchor; }

unsigned bit_of(Purpose purpose)
{
    switch (purpose) {
        case Purpose::any: return any;
        case Purpose::sign: return sign;
        case Purpose::tls_server: return tls_server;
        case Purpose::tls_client: return tls_client;
    }
    return always;
}

// `*.example.com` speaks for `bar.example.com`, and so for an excluded subtree of that name.
bool under_wildcard(std::string_view wildcard, std::string_view excluded)
{
    auto const parent = wildcard.substr(1);  // ".example.com"
    auto const same = [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == std::tolower(static_cast<unsigned char>(b)); };
    return excluded.size() > parent.size() && std::ranges::equal(excluded.substr(excluded.size() - parent.size()), parent, same);
}

}  // namespace

std::optional<std::string> nonconformity(X509* certificate, Role role, Purpose purpose)
{
    Case const one{certificate, X509_get_extension_flags(certificate), (X509_get_extension_flags(certificate) & EXFLAG_CA) != 0};
    for (auto const& rule : rules) {
        if ((rule.roles & bit_of(role)) == 0 || (rule.purposes & bit_of(purpose)) == 0) continue;
        bool const broken = rule.broken(one);
        drain_errors();
        if (!broken) continue;
        bool const rfc_5280 = std::string_view{rule.clause}.starts_with("§");
        return std::string{rule.what} + " (" + (rfc_5280 ? "RFC 5280 " : "") + rule.clause + ")";
    }
    return std::nullopt;
}

bool wildcard_covers_excluded(X509* certificate, X509* authority)
{
    auto const constraints = extension<NameConstraintsPtr>(authority, NID_name_constraints);
    auto const names = extension<NamesPtr>(certificate, NID_subject_alt_name);
    if (!constraints || !names) return false;
    for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
        auto const* const name = sk_GENERAL_NAME_value(names.get(), i);
        if (name->type != GEN_DNS || !is_wildcard(text(name->d.dNSName))) continue;
        for (int j = 0; j < sk_GENERAL_SUBTREE_num(constraints->excludedSubtrees); ++j) {
            auto const* const base = sk_GENERAL_SUBTREE_value(constraints->excludedSubtrees, j)->base;
            if (base->type == GEN_DNS && under_wildcard(text(name->d.dNSName), text(base->d.dNSName))) return true;
        }
    }
    return false;
}

}  // namespace signing::detail
