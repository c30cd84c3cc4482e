#pragma once

// One CRL, verified and boiled down to sorted serial numbers. Private to signing/.
//
// Threads: immutable after reading.

#include "signing/detail/openssl.hpp"
#include "signing/revocation.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace signing::detail {

// At most 20 octets (RFC 5280 §4.1.2.2), the length first so that 00 and 0000 differ; negative ones are marked.
using Serial = std::array<std::uint8_t, 21>;
[[nodiscard]] std::optional<Serial> serial_of(ASN1_INTEGER const* serial);

// Name and key together: a CA that changed its key is another issuer, one whose certificate was renewed is the same.
using IssuerId = Sha256;
[[nodiscard]] IssuerId issuer_id(X509* authority);

struct Crl {
    IssuerId    issuer{};
    std::string issuer_name;
    RevocationEvidence evidence;
    bool covers_leaves = true, covers_authorities = true;
    struct Entry {
        Serial       serial;
        std::int64_t at;  // seconds since 1970
        friend bool operator<(Entry const& a, Entry const& b) noexcept { return a.serial < b.serial; }
    };
    std::vector<Entry> revoked;  // sorted

    // When the serial was revoked; nothing where it is not listed.
    [[nodiscard]] std::optional<Instant> revoked_at(Serial const& serial) const;
};

// Verifies `bytes` against one of the authorities: issuer name, key usage cRLSign, signature. Dates are kept, not
// judged: what is fresh depends on the time asked about. Throws std::runtime_error saying what is wrong.
[[nodiscard]] Crl read_crl(std::string_view bytes, std::span<X509* const> authorities);

}  // namespace signing::detail
