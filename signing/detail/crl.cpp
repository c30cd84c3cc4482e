#include "signing/detail/crl.hpp"

#include "signing/detail/authority.hpp"
#include "signing/detail/der.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <stdexcept>
#include <tuple>

namespace signing::detail {
namespace {

using GeneralNamesPtr = Owned<GENERAL_NAMES, GENERAL_NAMES_free>;

// Content octets of the OIDs, as they stand in the DER.
constexpr std::string_view oid_crl_number{"\x55\x1d\x14", 3};
constexpr std::string_view oid_reason_code{"\x55\x1d\x15", 3};
constexpr std::string_view oid_invalidity_date{"\x55\x1d\x18", 3};
constexpr std::string_view oid_delta_indicator{"\x55\x1d\x1b", 3};
constexpr std::string_view oid_issuing_point{"\x55\x1d\x1c", 3};
constexpr std::string_view oid_certificate_issuer{"\x55\x1d\x1d", 3};


// One DER value into an OpenSSL object, the whole of it; null where it does not parse.
template <class Pointer, class Decode>
Pointer decoded(std::string_view der, Decode decode)
{
    auto const* begin = reinterpret_cast<unsigned char const*>(der.data());
    auto const* at = begin;
    Pointer object{decode(nullptr, &at, static_cast<long>(der.size()))};
    ERR_clear_error();
    if (object && at != begin + der.size()) object.reset();
    return object;
}

// Years past what nanoseconds since 1970 can count end at the last day that `instant_of(ASN1_TIME const*)` knows, too.
Instant instant_of_seconds(std::int64_t seconds)
{
    using namespace std::chrono;
    constexpr auto first = sys_days{year{1700} / 1 / 1};
    constexpr auto last = sys_days{year{2200} / 1 / 1};
    return std::clamp<sys_seconds>(sys_seconds{std::chrono::seconds{seconds}}, first, last);
}

std::string read_number(std::string_view extension, char const* what)
{
    DerReader reader{extension};
    auto const content = reader.next(DerTag::integer, what).content;
    reader.end(what);
    require_shortest_integer(content, what);
    if (static_cast<unsigned char>(content.front()) >= 0x80) throw std::runtime_error(fmt::format("{} is negative", what));
    auto const number = content.size() > 1 && content.front() == '\0' ? content.substr(1) : content;
    if (number.size() > 20) throw std::runtime_error(fmt::format("{} has more than 20 octets (RFC 5280 §5.2.3)", what));
    return std::string{number};
}

struct Extension {
    std::string_view oid, value;
    bool critical = false;
};

// Calls `take` with each extension of `Extensions`; refuses one that stands twice (RFC 5280 §4.2).
template <class Take>
void each_extension(DerReader list, Take take)
{
    constexpr std::size_t extensions_max = 32;
    std::array<std::string_view, extensions_max> seen;
    std::size_t count = 0;
    while (!list.at_end()) {
        auto reader = list.inside(DerTag::sequence, "extension");
        Extension extension;
        extension.oid = reader.next(DerTag::oid, "extension's name").content;
        require_whole_oid(extension.oid);
        if (reader.next_is(DerTag::boolean)) extension.critical = der_boolean(reader.next().content);
        extension.value = reader.next(DerTag::octet_string, "extension's value").content;
        reader.end("an extension");
        auto const known = seen.begin() + static_cast<std::ptrdiff_t>(count);
        if (std::find(seen.begin(), known, extension.oid) != known) throw std::runtime_error("an extension stands twice");
        if (count == extensions_max) throw std::runtime_error("too many extensions");
        seen[count++] = extension.oid;
        take(extension);
    }
}

// RFC 5280 §5.2.5. What we cannot honour in full is not taken at all: a list of only some certificates, read as if of
// all, would call revoked certificates good.
void read_point(std::string_view der, X509_NAME* issuer, Crl& crl)
{
    crl.point = decoded<PointPtr>(der, d2i_ISSUING_DIST_POINT);
    if (!crl.point) throw std::runtime_error("its issuing distribution point cannot be read");
    auto& point = *crl.point;
    crl.point_der = der;
    if (point.onlyattr > 0) throw std::runtime_error("a list of attribute certificates alone");
    if (point.onlyuser > 0 && point.onlyCA > 0) throw std::runtime_error("a list of no certificates: only users and only CAs");
    crl.covers_leaves = point.onlyCA <= 0;
    crl.covers_authorities = point.onlyuser <= 0;
    crl.indirect = point.indirectCRL > 0;
    crl.reasons = reasons_of(point.onlysomereasons);
    if (point.distpoint != nullptr && DIST_POINT_set_dpname(point.distpoint, issuer) != 1) {
        ERR_clear_error();
        throw std::runtime_error("its issuing distribution point has a name that cannot be read");
    }
}

void read_extensions(DerReader list, X509_NAME* issuer, EvidenceRules const& rules, Crl& crl)
{
    each_extension(list, [&](Extension const& extension) {
        if (extension.oid == oid_issuing_point) {
            read_point(extension.value, issuer, crl);
        } else if (extension.oid == oid_delta_indicator) {
            crl.base = read_number(extension.value, "its base CRL number");
        } else if (extension.critical && (extension.oid != oid_crl_number || rules.crl_number_required)) {
            throw std::runtime_error("a critical extension we do not know (RFC 5280 §5.2)");
        } else if (extension.oid == oid_crl_number) {
            crl.number = read_number(extension.value, "its CRL number");
        }
    });
}

// Walks revokedCertificates. RFC 5280 §5.3.3: in an indirect CRL an entry without an issuer of its own has the one of the
// entry before it, the first one the CRL's.
class Entries {
public:
    Entries(Crl& crl, EvidenceRules const& rules, bool extensible) : crl_{crl}, rules_{rules}, extensible_{extensible} {}

    void read(DerReader list)
    {
        std::size_t count = 0;
        for (auto ahead = list; !ahead.at_end(); ++count) (void)ahead.next(DerTag::sequence, "revoked certificate");
        if (count > rules_.crl_entries_max) throw std::runtime_error(fmt::format("more than {} entries", rules_.crl_entries_max));
        crl_.revoked.reserve(count);
        while (!list.at_end()) entry(list.inside(DerTag::sequence, "revoked certificate"));
        std::ranges::sort(crl_.revoked, [](Crl::Entry const& a, Crl::Entry const& b) {
            auto const order = a <=> b;
            return order != 0 ? order < 0 : std::tuple{a.reason == Crl::remove_from_crl, a.at} < std::tuple{b.reason == Crl::remove_from_crl, b.at};
        });
    }

private:
    void entry(DerReader reader)
    {
        auto const content = reader.next(DerTag::integer, "serial number").content;
        require_shortest_integer(content, "a serial number");
        auto const serial = serial_of_content(content);
        Crl::Entry made;
        made.at = static_cast<std::uint32_t>(
            std::clamp<std::int64_t>(next_time(reader, "revocation date"), 0, std::numeric_limits<std::uint32_t>::max()));
        if (!reader.at_end()) {
            if (!extensible_) throw std::runtime_error("extensions in a version 1 list (RFC 5280 §5.1.2.1)");
            extensions(reader.inside(DerTag::sequence, "entry's extensions"), made);
            reader.end("a revoked certificate");
        }
        made.issuer = issuer_;
        // No certificate we take has more than 20 octets of serial, so that such an entry speaks of none.
        if (!serial) return;
        made.serial = *serial;
        crl_.revoked.push_back(made);
    }

    void extensions(DerReader list, Crl::Entry& made)
    {
        each_extension(list, [&](Extension const& extension) {
            if (extension.oid == oid_reason_code) {
                reason(DerReader{extension.value}, made);
            } else if (extension.oid == oid_invalidity_date) {
                DerReader reader{extension.value};
                (void)der_time(reader.next(DerTag::generalized_time, "invalidity date"), DerTag::generalized_time);
            } else if (extension.oid == oid_certificate_issuer) {
                certificate_issuer(extension.value);
            } else if (extension.critical) {
                throw std::runtime_error("an entry with a critical extension we do not know (RFC 5280 §5.3)");
            }
        });
    }

    void reason(DerReader reader, Crl::Entry& made) const
    {
        auto const content = reader.next(DerTag::enumerated, "reason code").content;
        reader.end("a reason code");
        if (content.size() != 1) throw std::runtime_error("a reason code that is not one octet");
        made.reason = static_cast<std::uint8_t>(content.front());
        if (made.reason == Crl::remove_from_crl && !crl_.base) {
            throw std::runtime_error("removeFromCRL in a list that is no delta (RFC 5280 §5.3.1)");
        }
    }

    void certificate_issuer(std::string_view der)
    {
        if (!crl_.indirect) throw std::runtime_error("another certificate issuer in a list that is not indirect (RFC 5280 §5.3.3)");
        if (auto const known = numbers_.find(der); known != numbers_.end()) {
            issuer_ = known->second;
            return;
        }
        if (crl_.issuers.size() >= std::min<std::size_t>(rules_.crl_issuers_max, 60'000)) throw std::runtime_error("too many certificate issuers");
        auto const names = decoded<GeneralNamesPtr>(der, d2i_GENERAL_NAMES);
        NamePtr name;
        for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
            auto const* const one = sk_GENERAL_NAME_value(names.get(), i);
            if (one->type == GEN_DIRNAME) name.reset(X509_NAME_dup(one->d.directoryName));
        }
        if (!name) throw std::runtime_error("a certificate issuer that is no name");
        issuer_ = static_cast<std::uint16_t>(crl_.issuers.size());
        crl_.issuers.push_back(std::move(name));
        numbers_.emplace(der, issuer_);
    }

    Crl& crl_;
    EvidenceRules const& rules_;
    bool extensible_;
    std::uint16_t issuer_ = 0;
    std::map<std::string_view, std::uint16_t> numbers_;  // by the extension's value
};

// A CRL is longer than 127 octets, so that its DER begins with 30 and an octet that no text has: a name in it may well
// contain what PEM begins with.
bool looks_like_pem(std::string_view bytes)
{
    bool const der = bytes.size() > 1 && bytes[0] == '\x30' && static_cast<unsigned char>(bytes[1]) >= 0x80;
    return !der && bytes.substr(0, 4096).find("-----BEGIN ") != std::string_view::npos;
}

std::string der_of_pem(std::string_view pem)
{
    auto const bio = memory_bio(pem);
    unsigned char* data = nullptr;
    long size = 0;
    bool const read = PEM_bytes_read_bio(&data, &size, nullptr, PEM_STRING_X509_CRL, bio.get(), nullptr, nullptr) == 1;
    Owned<unsigned char, free_openssl_memory> const owner{data};
    ERR_clear_error();
    if (!read) throw std::runtime_error("holds no PEM CRL that can be read");
    return {reinterpret_cast<char const*>(data), static_cast<std::size_t>(size)};
}

// RFC 5280 §6.3.3 (f), (g). Several authorities may have the name, and several certificates one key.
X509* find_signer(CrlFrame const& frame, std::span<X509Ptr const> authorities, EvidenceRules const& rules)
{
    std::vector<X509*> tried;
    std::string why = "its issuer is none of our authorities";
    for (auto const& authority : authorities) {
        if (!same_name(X509_get_subject_name(authority.get()), frame.issuer.get())) continue;
        // Without a key usage every bit is set (RFC 5280 §4.2.1.3).
        if ((X509_get_key_usage(authority.get()) & KU_CRL_SIGN) == 0) {
            if (tried.empty()) why = "its issuer's key usage lacks cRLSign (RFC 5280 §4.2.1.3)";
            continue;
        }
        if (std::ranges::any_of(tried, [&](X509* other) { return same_key(other, authority.get()); })) continue;
        tried.push_back(authority.get());
        EVP_PKEY* const key = X509_get0_pubkey(authority.get());
        auto const forbidden = key == nullptr ? "its issuer's key cannot be read" : algorithm_forbidden(frame.algorithm.get(), key, rules);
        if (forbidden.empty() && verifies(frame.algorithm.get(), key, frame.tbs, frame.signature)) return authority.get();
        why = forbidden.empty() ? "its signature does not verify with its issuer's key" : forbidden;
    }
    ERR_clear_error();
    throw std::runtime_error(why);
}

Crl load_der(std::string_view der, std::span<X509Ptr const> authorities, EvidenceRules const& rules)
{
    auto const frame = read_frame(der, rules);
    X509* const signer = find_signer(frame, authorities, rules);
    Crl crl = read_list(frame, rules);
    crl.signer = share(signer);
    crl.issuer_name = text_of(X509_get_subject_name(signer));
    crl.evidence.source = "crl:" + attribute_of(X509_get_subject_name(signer), NID_commonName);
    return crl;
}

}  // namespace

std::optional<Serial> serial_of_content(std::string_view content)
{
    bool const negative = !content.empty() && static_cast<unsigned char>(content.front()) >= 0x80;
    if (content.size() > 1 && content.front() == '\0') content.remove_prefix(1);
    Serial made;
    if (content.empty() || content.size() > made.octets.size()) return std::nullopt;
    made.size = static_cast<std::uint8_t>(content.size() | (negative ? 0x80 : 0));
    std::ranges::copy(content, made.octets.begin());
    return made;
}

std::optional<Serial> serial_of(ASN1_INTEGER const* serial)
{
    std::array<unsigned char, 32> der{};
    if (ASN1_STRING_length(serial) > 21) return std::nullopt;
    auto* out = der.data();
    int const size = i2d_ASN1_INTEGER(serial, &out);
    if (size < 3) return std::nullopt;
    return serial_of_content({reinterpret_cast<char const*>(der.data()) + 2, static_cast<std::size_t>(size) - 2});
}

Reasons reasons_of(ASN1_BIT_STRING const* flags)
{
    if (flags == nullptr) return all_reasons;
    Reasons reasons = 0;
    for (int bit = 1; bit <= 8; ++bit) {
        if (ASN1_BIT_STRING_get_bit(flags, bit) != 0) reasons = static_cast<Reasons>(reasons | (1u << bit));
    }
    return reasons;
}

Crl::Entry const* Crl::find(X509_NAME const* certificate_issuer, Serial const& serial) const
{
    Entry wanted;
    wanted.serial = serial;
    if (indirect) {
        // One name may stand under several numbers where it is written in several ways.
        Entry const* found = nullptr;
        for (std::size_t i = 0; i < issuers.size() && found == nullptr; ++i) {
            if (!same_name(issuers[i].get(), certificate_issuer)) continue;
            wanted.issuer = static_cast<std::uint16_t>(i);
            auto const place = std::ranges::lower_bound(revoked, wanted);
            if (place != revoked.end() && *place == wanted) found = &*place;
        }
        return found;
    }
    auto const place = std::ranges::lower_bound(revoked, wanted);
    return place != revoked.end() && *place == wanted ? &*place : nullptr;
}

std::optional<Instant> Crl::revoked_at(Serial const& serial) const
{
    auto const* const entry = find(issuers.front().get(), serial);
    return entry == nullptr ? std::nullopt : std::optional{instant_of(*entry)};
}

std::size_t Crl::memory_bytes() const noexcept { return sizeof(Crl) + revoked.capacity() * sizeof(Entry); }

CrlFrame read_frame(std::string_view der, EvidenceRules const& rules)
{
    if (der.size() > rules.crl_bytes_max) throw std::runtime_error(fmt::format("more than {} octets", rules.crl_bytes_max));
    CrlFrame frame;
    DerReader outer{der};
    auto list = outer.inside(DerTag::sequence, "CertificateList");
    outer.end("the file");
    frame.tbs = list.next(DerTag::sequence, "tbsCertList").whole;
    auto const algorithm = list.next(DerTag::sequence, "signature algorithm").whole;
    auto const bits = list.next(DerTag::bit_string, "signature").content;
    list.end("CertificateList");
    if (bits.empty() || bits.front() != '\0') throw std::runtime_error("a signature that is not whole octets");
    frame.signature = bits.substr(1);
    frame.algorithm = decoded<AlgorithmPtr>(algorithm, d2i_X509_ALGOR);
    if (!frame.algorithm) throw std::runtime_error("a signature algorithm that cannot be read");

    auto tbs = DerReader{frame.tbs}.inside(DerTag::sequence, "tbsCertList");
    if (tbs.next_is(DerTag::integer)) (void)tbs.next();
    // RFC 5280 §5.1.1.2: what is signed names the same algorithm.
    if (tbs.next(DerTag::sequence, "signature algorithm").whole != algorithm) throw std::runtime_error("two different signature algorithms");
    frame.issuer = decoded<NamePtr>(tbs.next(DerTag::sequence, "issuer").whole, d2i_X509_NAME);
    if (!frame.issuer || X509_NAME_entry_count(frame.issuer.get()) == 0) throw std::runtime_error("an issuer that is no name");
    return frame;
}

Crl read_list(CrlFrame const& frame, EvidenceRules const& rules)
{
    Crl crl;
    auto tbs = DerReader{frame.tbs}.inside(DerTag::sequence, "tbsCertList");
    bool const second = tbs.next_is(DerTag::integer);
    if (second && tbs.next().content != std::string_view{"\x01", 1}) throw std::runtime_error("neither version 1 nor version 2");
    (void)tbs.next(DerTag::sequence, "signature algorithm");
    (void)tbs.next(DerTag::sequence, "issuer");
    crl.issuers.emplace_back(X509_NAME_dup(frame.issuer.get()));
    crl.evidence.this_update = instant_of_seconds(next_time(tbs, "thisUpdate"));
    if (!tbs.next_is(DerTag::utc_time) && !tbs.next_is(DerTag::generalized_time)) throw std::runtime_error("no nextUpdate (RFC 5280 §5.1.2.5)");
    crl.evidence.next_update = instant_of_seconds(next_time(tbs, "nextUpdate"));
    if (crl.evidence.next_update < crl.evidence.this_update) throw std::runtime_error("nextUpdate before thisUpdate");

    // The extensions stand behind the entries but say how to read them.
    std::optional<DerReader> entries;
    if (tbs.next_is(DerTag::sequence)) entries.emplace(tbs.inside(DerTag::sequence, "revokedCertificates"));
    if (!tbs.at_end()) {
        if (!second) throw std::runtime_error("extensions in a version 1 list (RFC 5280 §5.1.2.1)");
        auto wrapper = tbs.inside(DerTag::context_0, "crlExtensions");
        read_extensions(wrapper.inside(DerTag::sequence, "crlExtensions"), crl.issuers.front().get(), rules, crl);
        wrapper.end("crlExtensions");
        tbs.end("tbsCertList");
    }
    if (crl.number.empty() && rules.crl_number_required) throw std::runtime_error("no CRL number (RFC 5280 §5.2.3)");
    if (crl.base && crl.number.empty()) throw std::runtime_error("a delta without a CRL number (RFC 5280 §5.2.4)");
    if (entries) Entries{crl, rules, second}.read(*entries);
    return crl;
}

Crl load_crl(std::string_view bytes, std::span<X509Ptr const> authorities, EvidenceRules const& rules)
{
    if (bytes.size() > rules.crl_bytes_max) throw std::runtime_error(fmt::format("more than {} octets", rules.crl_bytes_max));
    if (!looks_like_pem(bytes)) return load_der(bytes, authorities, rules);
    return load_der(der_of_pem(bytes), authorities, rules);
}

}  // namespace signing::detail
