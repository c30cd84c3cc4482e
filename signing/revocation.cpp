#include "signing/revocation.hpp"

#include "signing/detail/crl.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace signing::detail {
namespace {

using IssuingPointPtr = Owned<ISSUING_DIST_POINT, ISSUING_DIST_POINT_free>;

// RFC 5280 §5.2.5: what this list speaks of. What we cannot honour in full we do not take at all: a list of only
// some certificates, read as if of all, would call revoked certificates good.
void read_scope(X509_CRL* raw, Crl& crl)
{
    int critical = 0;
    if (X509_CRL_get_ext_by_NID(raw, NID_delta_crl, -1) >= 0) throw std::runtime_error("a delta CRL, which is not taken");
    IssuingPointPtr const point{
        static_cast<ISSUING_DIST_POINT*>(X509_CRL_get_ext_d2i(raw, NID_issuing_distribution_point, &critical, nullptr))};
    if (!point) {
        if (critical != -1) throw std::runtime_error("its issuing distribution point cannot be read");
        return;
    }
    if (point->indirectCRL > 0 || point->onlyattr > 0 || point->onlysomereasons != nullptr || point->distpoint != nullptr) {
        throw std::runtime_error("an indirect or partitioned CRL, which is not taken");
    }
    crl.covers_leaves = point->onlyCA <= 0;
    crl.covers_authorities = point->onlyuser <= 0;
}

void refuse_unknown_critical_extensions(X509_CRL* raw)
{
    for (int i = 0; i < X509_CRL_get_ext_count(raw); ++i) {
        auto* const extension = X509_CRL_get_ext(raw, i);
        int const nid = OBJ_obj2nid(X509_EXTENSION_get_object(extension));
        if (X509_EXTENSION_get_critical(extension) == 1 && nid != NID_issuing_distribution_point) {
            throw std::runtime_error("a critical extension we do not know");
        }
    }
}

X509* find_signer(X509_CRL* raw, std::span<X509* const> authorities)
{
    bool named = false;
    for (X509* const authority : authorities) {
        if (X509_NAME_cmp(X509_get_subject_name(authority), X509_CRL_get_issuer(raw)) != 0) continue;
        named = true;
        // Without a key usage every bit is set (RFC 5280 §4.2.1.3).
        if ((X509_get_key_usage(authority) & KU_CRL_SIGN) == 0) continue;
        EVP_PKEY* const key = X509_get0_pubkey(authority);
        if (key != nullptr && X509_CRL_verify(raw, key) == 1) return authority;
    }
    drain_errors();
    throw std::runtime_error(named ? "its signature does not verify with its issuer's key" : "its issuer is none of our authorities");
}

}  // namespace

std::optional<Serial> serial_of(ASN1_INTEGER const* serial)
{
    Serial made{};
    int const size = ASN1_STRING_length(serial);
    if (size < 0 || size > 20) return std::nullopt;
    bool const negative = (ASN1_STRING_type(serial) & V_ASN1_NEG) != 0;
    made[0] = static_cast<std::uint8_t>(size | (negative ? 0x80 : 0));
    std::copy_n(ASN1_STRING_get0_data(serial), size, made.begin() + 1);
    return made;
}

IssuerId issuer_id(X509* authority)
{
    return sha256(der_of_name(X509_get_subject_name(authority)) + der_of_public_key(authority));
}

std::optional<Instant> Crl::revoked_at(Serial const& serial) const
{
    auto const found = std::ranges::lower_bound(revoked, serial, {}, &Entry::serial);
    if (found == revoked.end() || found->serial != serial) return std::nullopt;
    return Instant{std::chrono::seconds{found->at}};
}

Crl read_crl(std::string_view bytes, std::span<X509* const> authorities)
{
    auto const raw = parse_crl(bytes);
    if (!raw) throw std::runtime_error("neither a PEM nor a DER CRL");
    Crl crl;
    read_scope(raw.get(), crl);
    refuse_unknown_critical_extensions(raw.get());
    X509* const signer = find_signer(raw.get(), authorities);
    crl.issuer = issuer_id(signer);
    crl.issuer_name = text_of(X509_get_subject_name(signer));
    crl.evidence.source = "crl:" + attribute_of(X509_get_subject_name(signer), NID_commonName);
    crl.evidence.this_update = instant_of(X509_CRL_get0_lastUpdate(raw.get()));
    if (X509_CRL_get0_nextUpdate(raw.get()) == nullptr) throw std::runtime_error("no nextUpdate (RFC 5280 §5.1.2.5)");
    crl.evidence.next_update = instant_of(X509_CRL_get0_nextUpdate(raw.get()));

    auto* const list = X509_CRL_get_REVOKED(raw.get());
    int const count = list == nullptr ? 0 : sk_X509_REVOKED_num(list);
    crl.revoked.reserve(static_cast<std::size_t>(count));
    for (int i = 0; i < count; ++i) {
        auto const* const entry = sk_X509_REVOKED_value(list, i);
        auto const serial = serial_of(X509_REVOKED_get0_serialNumber(entry));
        if (!serial) throw std::runtime_error("a serial number of more than 20 octets");
        auto const at = instant_of(X509_REVOKED_get0_revocationDate(entry));
        crl.revoked.push_back({*serial, std::chrono::duration_cast<std::chrono::seconds>(at.time_since_epoch()).count()});
    }
    std::ranges::sort(crl.revoked, {}, &Crl::Entry::serial);
    return crl;
}

}  // namespace signing::detail
