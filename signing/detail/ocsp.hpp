#pragma once

// OCSP responses: read by OpenSSL, believed by our own rules. Private to signing/.
//
// Who may answer for a certificate (RFC 6960 §4.2.2.2): its issuer, or one to whom that very issuer gave a certificate
// with the extended key usage OCSPSigning. A responder named in some configuration is not known to us. Whether such a
// responder was itself revoked is asked of the CRLs alone, and not where its certificate has id-pkix-ocsp-nocheck.
//
// Threads: immutable after reading. Errors: std::runtime_error saying what is wrong.

#include "signing/detail/crl.hpp"

#include <openssl/ocsp.h>

namespace signing::detail {

using BasicPtr = Owned<OCSP_BASICRESP, OCSP_BASICRESP_free>;

struct OcspAnswer {
    Serial serial;
    enum class Status { good, revoked, unknown } status = Status::unknown;
    Instant this_update{}, next_update{};  // the rules' `ocsp_life` after thisUpdate where the responder gave no end
    Instant revoked_at{};
};

// Verified: what one responder says of certificates of one issuer.
struct Ocsp {
    X509Ptr issuer, responder;
    std::string source;       // "ocsp:<responder CN>"
    std::string issuer_name;  // RFC 2253
    bool delegated = false, nocheck = false;
    std::vector<OcspAnswer> answers;  // sorted by serial
};

// The basic response inside, not yet believed: successful, of the basic type, nothing behind it, within the bounds.
[[nodiscard]] BasicPtr read_response(std::string_view der, EvidenceRules const& rules);
// What it says of the certificates of `issuer` (null: of all), not yet believed.
[[nodiscard]] std::vector<OcspAnswer> answers_of(OCSP_BASICRESP* basic, X509* issuer, EvidenceRules const& rules);

// One for each authority whose certificates it speaks of and whose responder signed it; at least one.
[[nodiscard]] std::vector<Ocsp> load_ocsp(std::string_view der, std::span<X509Ptr const> authorities, EvidenceRules const& rules);

}  // namespace signing::detail
