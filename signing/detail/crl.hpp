#pragma once

// One CRL, verified and boiled down to sorted serial numbers. The DER is walked once, in place: OpenSSL's own reader
// would spend some 400 octets on an entry, we spend 28. Private to signing/.
// Source: RFC 5280 §5.
//
// Threads: immutable after reading. Errors: std::runtime_error saying what is wrong.

#include "signing/detail/openssl.hpp"
#include "signing/revocation.hpp"

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace signing::detail {

using NamePtr = Owned<X509_NAME, X509_NAME_free>;
using PointPtr = Owned<ISSUING_DIST_POINT, ISSUING_DIST_POINT_free>;
using AlgorithmPtr = Owned<X509_ALGOR, X509_ALGOR_free>;

// At most 20 octets (RFC 5280 §4.1.2.2), a positive one without its leading 00; negative ones are marked in the size.
struct Serial {
    std::uint8_t size = 0;
    std::array<std::uint8_t, 20> octets{};
    // Any order will do, as long as it is quick: half a million are sorted.
    friend std::strong_ordering operator<=>(Serial const& a, Serial const& b) noexcept
    {
        if (a.size != b.size) return a.size <=> b.size;
        return std::memcmp(a.octets.data(), b.octets.data(), a.octets.size()) <=> 0;
    }
    friend bool operator==(Serial const& a, Serial const& b) noexcept { return (a <=> b) == 0; }
};
[[nodiscard]] std::optional<Serial> serial_of(ASN1_INTEGER const* serial);
[[nodiscard]] std::optional<Serial> serial_of_content(std::string_view integer_content);

// Bits of ReasonFlags (RFC 5280 §4.2.1.13), bit n for reason n; 0 is unused.
using Reasons = std::uint16_t;
inline constexpr Reasons all_reasons = 0x1fe;
[[nodiscard]] Reasons reasons_of(ASN1_BIT_STRING const* flags);  // null: all of them

struct Crl {
    X509Ptr     signer;  // shared with the snapshot's authorities
    std::string issuer_name;
    RevocationEvidence evidence;
    std::string number;               // octets without leading zeros; empty where there is none
    std::optional<std::string> base;  // of a delta CRL: the number of the list it needs

    // What it speaks of: RFC 5280 §5.2.5.
    PointPtr    point;      // null where it has none
    std::string point_der;  // a delta fits a list of the same scope only
    bool        covers_leaves = true, covers_authorities = true, indirect = false;
    Reasons     reasons = all_reasons;

    static constexpr std::uint8_t no_reason = 255, remove_from_crl = 8;
    struct Entry {
        std::uint16_t issuer = 0;  // of the certificate: index into `issuers`
        std::uint8_t  reason = no_reason;
        Serial        serial;
        std::uint32_t at = 0;      // seconds since 1970; earlier and later times are the nearest it can hold
        friend std::strong_ordering operator<=>(Entry const& a, Entry const& b) noexcept
        {
            if (auto const order = a.issuer <=> b.issuer; order != 0) return order;
            return a.serial <=> b.serial;
        }
        friend bool operator==(Entry const& a, Entry const& b) noexcept { return (a <=> b) == 0; }
    };
    static_assert(sizeof(Entry) == 28, "half a million of them must stay small");
    std::vector<NamePtr> issuers;  // certificate issuers; the first is the CRL's own
    std::vector<Entry> revoked;    // sorted; of one serial the earliest first

    // Null where it is not listed. `certificate_issuer` matters for indirect CRLs alone.
    [[nodiscard]] Entry const* find(X509_NAME const* certificate_issuer, Serial const& serial) const;
    // When the serial was revoked; nothing where it is not listed.
    [[nodiscard]] std::optional<Instant> revoked_at(Serial const& serial) const;
    [[nodiscard]] std::size_t memory_bytes() const noexcept;
};

[[nodiscard]] inline Instant instant_of(Crl::Entry const& entry) { return Instant{std::chrono::seconds{entry.at}}; }

// The outermost shape: what is signed, by whom it says, with what. Views into the DER.
struct CrlFrame {
    std::string_view tbs, signature;
    AlgorithmPtr algorithm;
    NamePtr issuer;
};
[[nodiscard]] CrlFrame read_frame(std::string_view der, EvidenceRules const& rules);
// What tbsCertList says, believed or not: scope, dates, numbers, entries. `signer` and what comes of it stay empty.
[[nodiscard]] Crl read_list(CrlFrame const& frame, EvidenceRules const& rules);

// Verifies `bytes` (PEM or DER) against one of the authorities: issuer name, key usage cRLSign, algorithm, signature;
// nothing of the entries is read before. Dates are kept, not judged: what is fresh depends on the time asked about.
[[nodiscard]] Crl load_crl(std::string_view bytes, std::span<X509Ptr const> authorities, EvidenceRules const& rules);

}  // namespace signing::detail
