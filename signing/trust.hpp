#pragma once

// Anchors, intermediates and CRLs, and the verdict on one certificate at one time. Our own X509_STORE: the
// system's CA bundle is never asked. Time is a parameter.
//
// Directory read by load():
//   anchors/production/*.pem   anchors/test/*.pem (with test.toml: accepted_until = 2027-12-31)
//   anchors/*/NAME.toml        what holds for NAME.pem: dates in force, and its revocation policy (AnchorPolicy):
//                              revocation = "hard" | "soft" | "none", grace = "48h" (with soft), from = 2026-01-01,
//                              until = 2030-12-31, crl_urls = ["http://…"]; a key we do not know is an error
//   intermediates/*.pem        crls/*.pem|*.der      ocsp/*.der
//
// Of several paths the first that holds in full counts: re-issued and cross-signed intermediates may stand side by side,
// old roots beside new ones. Production anchors come first, and where any path ends in one, no test anchor is asked.
//
// Threads: a TrustStore is immutable after load; its caches are locked inside (detail/timed_cache.hpp, detail/path.cpp).

#include "signing/certificate.hpp"
#include "signing/failure.hpp"
#include "signing/policy.hpp"
#include "signing/revocation.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace signing {

// The issuers of a certificate, the nearest first, the anchor last. A hundred thousand signers stand under a handful of
// paths: one object is held for all verdicts over the same one.
struct Issuers {
    std::vector<std::string> der, subjects;
};

// What we hold of a certificate that chains to our anchors: facts, and a key to verify with (inside). Neither its DER, which
// who asks has, nor a parsed certificate.
struct Chained {
    CertificateFacts   facts;
    bool               test = false;  // under a test anchor: the dossier is paper_required
    RevocationEvidence revocation;   // of the certificate itself
    std::vector<RevocationEvidence> path_evidence;  // of the certificate and its issuers, the anchor left out
    bool               grace = false;  // some certificate of the path was accepted under its anchor's grace
    std::shared_ptr<Issuers const> issuers;  // shared with other verdicts; null: none, and the certificate is the anchor
    Instant            valid_until{};  // the verdict holds until here: earliest notAfter and nextUpdate of the chain
    std::shared_ptr<void> key;         // EVP_PKEY, for detail/ only

    [[nodiscard]] std::vector<std::string> path() const;  // subjects from the certificate to the anchor
    [[nodiscard]] CertificatePath path_of(std::string der) const;  // `der` is the certificate's
};

// What holds for one anchor and all that chains to it; data, beside its certificate (NAME.toml).
struct AnchorPolicy {
    enum class Revocation {
        hard,  // no fresh evidence: refused
        soft,  // evidence that ended less than `grace` ago will do; the dossier is checked again when it returns
        none,  // needed by nobody, and receipts say so; evidence at hand that says "revoked" is believed all the same
    };
    Revocation revocation = Revocation::hard;
    std::chrono::seconds grace{0};
    std::optional<std::chrono::sys_days> from, until;  // first and last day, in Vietnam, on which the anchor is one
    std::vector<std::string> crl_urls;                 // fetched beside those the certificates name
};

struct AnchorFacts {
    CertificateFacts certificate;
    bool             test = false;
    std::optional<std::chrono::sys_days> accepted_until;
    AnchorPolicy     policy = {};
};

// What a certificate is to be used for. Everything but `sign` is for tools.
enum class Purpose { sign, any, tls_server, tls_client };

// What a path is judged for. The policies are inputs of RFC 5280 §6.1.1 (c), (e), (f), (g); the hub asks for none.
struct PathOptions {
    Purpose purpose = Purpose::sign;
    std::vector<std::string> policies;  // object identifiers; empty: any policy
    bool require_explicit_policy = false, inhibit_policy_mapping = false, inhibit_any_policy = false;
};

// What came with the document: to build a path with and to learn from, never to trust.
struct ChainHints {
    std::vector<std::string> certificates;  // DER
    std::vector<std::string> ocsp;          // DER responses
};

class TrustStore {
public:
    // Told of every certificate whose evidence was missing or had ended when a verdict was made (bounds, and what is told
    // twice, are the sink's business; called on the thread that asked). Stores made by with() tell the same one.
    using WantedSink = std::function<void(EvidenceWanted)>;

    // Throws std::runtime_error naming every unusable file: a bad start, not bad input.
    [[nodiscard]] static std::shared_ptr<TrustStore const> load(std::filesystem::path const& directory, Policy const& policy, WantedSink sink = {});
    // Names, sizes and times of what load() would read: another stamp, another reading. Empty where nothing is there.
    [[nodiscard]] static std::string stamp_of(std::filesystem::path const& directory);
    // The lists of a folder, as load() takes those of `crls`. Throws std::runtime_error that names each file it cannot read.
    [[nodiscard]] static std::vector<Revocations::Piece> crls_in(std::filesystem::path const& folder);
    ~TrustStore();

    // Without a directory: what a tool was given. PEM or DER; anchors under the hard policy unless `check_revocation` is
    // false. Throws as load() does.
    struct Material {
        std::vector<Revocations::Piece> anchors, intermediates, crls, ocsp;  // a PEM piece may hold several certificates
        bool check_revocation = true;
    };
    [[nodiscard]] static std::shared_ptr<TrustStore const> make(Material const& material, Policy const& policy, WantedSink sink = {});

    // The same anchors and intermediates with other revocation facts. Verdicts start anew, found paths are shared.
    [[nodiscard]] std::shared_ptr<TrustStore const> with(std::shared_ptr<Revocations const> revocations) const;
    [[nodiscard]] std::shared_ptr<Revocations const> revocations() const;
    [[nodiscard]] std::vector<std::string> authorities() const;  // DER of anchors and intermediates, for Revocations::make

    // The verdict for any purpose, uncached: for tools.
    [[nodiscard]] Result<std::shared_ptr<Chained const>> explain(std::string_view der, Instant at, ChainHints const& hints,
                                                                 PathOptions const& options) const;
    [[nodiscard]] Result<std::shared_ptr<Chained const>> explain(std::string_view der, Instant at, ChainHints const& hints,
                                                                 Purpose purpose) const
    {
        PathOptions options;
        options.purpose = purpose;
        return explain(der, at, hints, options);
    }

    // The verdict on a DER certificate at a time. A verdict already known costs a hash look-up. One that needed hints is
    // known for the same hints alone: nobody's answer depends on what others sent before.
    // `untrusted`: further DER certificates, to build a path with and never to trust.
    [[nodiscard]] Result<std::shared_ptr<Chained const>> chain(std::string_view der, Instant at) const;
    [[nodiscard]] Result<std::shared_ptr<Chained const>> chain(std::string_view der, Instant at,
                                                               std::vector<std::string> const& untrusted) const;
    [[nodiscard]] Result<std::shared_ptr<Chained const>> chain(std::string_view der, Instant at, ChainHints const& hints) const;

    [[nodiscard]] std::vector<AnchorFacts> anchors() const;
    struct Counts { std::size_t anchors, intermediates, crls, revoked, cached; std::uint64_t hits, misses, paths_found; };
    [[nodiscard]] Counts counts() const;
    [[nodiscard]] std::vector<CertificateFacts> intermediates() const;
    struct CrlFacts {
        RevocationEvidence evidence;
        std::string        issuer;
        std::size_t        revoked = 0;
    };
    [[nodiscard]] std::vector<CrlFacts> crls() const;
    // What make() was given as evidence and did not believe.
    [[nodiscard]] std::vector<Revocations::Refused> const& refused() const noexcept;

private:
    struct Data;
    explicit TrustStore(std::unique_ptr<Data> data);
    std::unique_ptr<Data> data_;
};

}  // namespace signing
