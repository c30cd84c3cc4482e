#pragma once

// An immutable snapshot of revocation facts: CRLs (complete and delta) and OCSP responses. Each is verified
// (signature, issuer, shape) when it comes in, its serials indexed once; swapped whole, never edited. Dates are judged
// when somebody asks, by the time asked about.
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

    [[nodiscard]] std::string id() const;  // names the certificate and its issuer; whatever the addresses
};

// What we take as evidence; the defaults are the hub's. Bounds are our own choice, with room above what CAs publish.
struct EvidenceRules {
    bool        sha1 = false;                    // signatures with SHA-1, and RSA from 1024 bits: for old test material alone
    bool        crl_number_required = true;      // RFC 5280 §5.2.3: every CRL has one, and it is not critical
    std::size_t crl_bytes_max = 64u << 20;       // one piece, as PEM or DER
    std::size_t crl_entries_max = 2'000'000;     // of one CRL
    std::size_t crl_issuers_max = 1'000;         // certificate issuers in one indirect CRL
    std::size_t ocsp_bytes_max = 256u << 10;     // one response
    std::size_t ocsp_answers_max = 256;          // certificates in one response
    std::size_t ocsp_certificates_max = 8;       // sent along to verify it with
    std::chrono::seconds ocsp_life{3600};        // of an answer without nextUpdate (RFC 6960 §4.2.2.1: newer ones always exist)
    std::chrono::seconds ahead_max{120};         // thisUpdate may be ahead of the time asked about: clocks differ

    friend bool operator==(EvidenceRules const&, EvidenceRules const&) = default;
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
    // beyond the pieces is not kept, but for one thing: a CRL or an OCSP answer older than the one that `former` holds of the
    // same issuer and scope or certificate is refused, and the newer one stays (somebody, or some cache, plays old ones
    // back to us).
    [[nodiscard]] static Made make(std::vector<std::string> const& authorities, std::vector<Piece> const& crls,
                                   std::vector<Piece> const& ocsp, std::shared_ptr<Revocations const> const& former = nullptr,
                                   EvidenceRules const& rules = {});
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
    // For tools: when a list of this issuer (its subject, as in Facts) says the serial number (hex) was revoked. Lists
    // alone, whatever their dates; for what a certificate's standing is, there is a TrustStore.
    [[nodiscard]] std::optional<Instant> listed(std::string_view issuer, std::string_view serial_hex) const;
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

// Of these (DER) the one that by name and key signed the certificate; nothing where none did.
[[nodiscard]] std::optional<std::string> issuer_among(std::vector<std::string> const& authorities, std::string_view certificate_der);

// What a certificate says of where its evidence is.
[[nodiscard]] EvidenceWanted evidence_sources(std::string_view certificate_der, std::string_view issuer_der);

}  // namespace signing
