#pragma once

// An immutable snapshot of revocation facts: CRLs (complete and delta) and OCSP responses. Each is verified
// (signature, issuer, dates) when it comes in, its serials indexed once; swapped whole, never edited.
// Source: RFC 5280 §5 and §6.3 (CRLs), RFC 6960 (OCSP), RFC 5019 (its lightweight profile).
//
// Threads: immutable after make(); ask from anywhere. The certificates' own types stay in detail/revocations.hpp.

#include "signing/certificate.hpp"

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace signing {

struct RevocationEvidence {
    std::string source;        // "crl:<issuer CN>", "crl+delta:<issuer CN>", "ocsp:<responder CN>" or "none"
    Instant     this_update{};
    Instant     next_update{};
    bool        grace = false;  // was not fresh when asked: accepted under its anchor's grace period, to be checked again

    // How old the evidence was at `at`; zero where there was none.
    [[nodiscard]] std::chrono::seconds age(Instant at) const noexcept
    {
        if (this_update == Instant{} || at < this_update) return std::chrono::seconds{0};
        return std::chrono::duration_cast<std::chrono::seconds>(at - this_update);
    }
};

// Evidence that a path lacked, or whose end is near: what to fetch, and from where (the certificate's own words:
// cRLDistributionPoints, freshestCRL, authorityInfoAccess). http:// addresses alone.
struct EvidenceWanted {
    std::string certificate, issuer;  // DER
    std::vector<std::string> crl_urls, delta_urls, ocsp_urls;
};

class Revocations {
public:
    // One CRL (PEM or DER) or one OCSP response (DER), and where it came from: a file name or an address.
    struct Piece {
        std::string name, bytes;
    };
    struct Refused {
        std::string name, why;
    };
    struct Made;

    // Verifies every piece against `authorities` (DER: anchors and intermediates). A piece that does not verify is
    // refused alone, with its reason. What `former` holds of the same bytes is shared, not read again; what it holds
    // beyond the pieces is not kept.
    [[nodiscard]] static Made make(std::vector<std::string> const& authorities, std::vector<Piece> const& crls,
                                   std::vector<Piece> const& ocsp, std::shared_ptr<Revocations const> const& former = nullptr);
    ~Revocations();

    struct Facts {
        std::string name;    // the piece's
        RevocationEvidence evidence;
        std::string issuer;  // subject of the CA, RFC 2253
        bool        delta = false;
        bool        ocsp = false;
        std::size_t revoked = 0;
        std::string number;  // CRL number, hex; empty where there is none
    };
    [[nodiscard]] std::vector<Facts> facts() const;
    [[nodiscard]] std::size_t revoked() const;       // entries of all CRLs
    [[nodiscard]] std::size_t memory_bytes() const;  // of the indexes

    struct Data;
    [[nodiscard]] Data const& data() const noexcept { return *data_; }

private:
    Revocations();
    std::unique_ptr<Data> data_;
};

struct Revocations::Made {
    std::shared_ptr<Revocations const> revocations;
    std::vector<Refused> refused;
};

// A DER OCSP request for one certificate (RFC 6960 §4.1, SHA-1 CertID as RFC 5019 §2.1.1 demands, no nonce so that
// responders may answer from their cache). Nothing where either does not parse.
[[nodiscard]] std::optional<std::string> ocsp_request(std::string_view certificate_der, std::string_view issuer_der);

// What a certificate says of where its evidence is.
[[nodiscard]] EvidenceWanted evidence_sources(std::string_view certificate_der, std::string_view issuer_der);

}  // namespace signing
