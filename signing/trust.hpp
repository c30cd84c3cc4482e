#pragma once

// Anchors, intermediates and CRLs, and the verdict on one certificate at one time. Our own X509_STORE: the
// system's CA bundle is never asked. Time is a parameter.
//
// Directory read by load():
//   anchors/production/*.pem   anchors/test/*.pem (with test.toml: accepted_until = 2027-12-31)
//   intermediates/*.pem        crls/*.pem|*.der
//
// Threads: a TrustStore is immutable after load; its verdict cache is locked inside (mutex in trust.cpp).

#include "signing/certificate.hpp"
#include "signing/failure.hpp"
#include "signing/policy.hpp"
#include "signing/revocation.hpp"

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace signing {

// What we hold of a certificate that chains to our anchors: facts, and a key to verify with (inside).
struct Chained {
    CertificateFacts   facts;
    bool               test = false;  // under a test anchor: the dossier is paper_required
    RevocationEvidence revocation;
    Instant            valid_until{};  // the verdict holds until here: earliest notAfter and nextUpdate of the chain
    std::vector<std::string> path;     // subjects from the certificate to the anchor
    std::shared_ptr<void> key;         // EVP_PKEY, for detail/ only
};

struct AnchorFacts {
    CertificateFacts certificate;
    bool             test = false;
    std::optional<std::chrono::sys_days> accepted_until;
};

class TrustStore {
public:
    // Throws std::runtime_error naming every unusable file: a bad start, not bad input.
    [[nodiscard]] static std::shared_ptr<TrustStore const> load(std::filesystem::path const& directory, Policy const& policy);
    ~TrustStore();

    // The verdict on a DER certificate at a time. A verdict already known costs a hash look-up.
    // `untrusted`: further DER certificates, to build a path with and never to trust.
    [[nodiscard]] Result<std::shared_ptr<Chained const>> chain(std::string_view der, Instant at) const;
    [[nodiscard]] Result<std::shared_ptr<Chained const>> chain(std::string_view der, Instant at,
                                                               std::vector<std::string> const& untrusted) const;

    [[nodiscard]] std::vector<AnchorFacts> anchors() const;
    struct Counts { std::size_t anchors, intermediates, crls, revoked, cached; std::uint64_t hits, misses; };
    [[nodiscard]] Counts counts() const;
    [[nodiscard]] std::vector<CertificateFacts> intermediates() const;
    struct CrlFacts {
        RevocationEvidence evidence;
        std::string        issuer;
        std::size_t        revoked = 0;
    };
    [[nodiscard]] std::vector<CrlFacts> crls() const;

private:
    struct Data;
    struct Verdict;
    TrustStore();
    [[nodiscard]] Verdict decide(std::string_view der, Instant at, std::vector<std::string> const& untrusted) const;
    std::unique_ptr<Data> data_;
};

}  // namespace signing
