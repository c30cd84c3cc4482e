#pragma once

// Decides whether a dossier carries valid signatures of someone we trust: 1 (envelope, Hoso/CKy_Dvi) and one in
// each XML form (<FORM>/Cky), each enveloped, with exactly one Reference that covers the whole document.
//
// Threads: immutable after construction; verify() may run anywhere.
// Errors:  a Failure names the first check that said no, form by form, envelope last; never throws for bad input.
// Trusts:  nothing in the document. The key comes from a certificate that chains to our anchors at `at`;
//          Verified owns the envelope whose very tree was digested.

#include "schemas/envelope.hpp"
#include "schemas/limits.hpp"
#include "schemas/validator.hpp"
#include "signing/certificate.hpp"
#include "signing/digest.hpp"
#include "signing/failure.hpp"
#include "signing/otp.hpp"
#include "signing/policy.hpp"
#include "signing/revocation.hpp"
#include "signing/trust.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace signing {

struct Attested;  // witness.hpp

struct Signer {
    std::string        form;         // label of the form; empty: the envelope
    CertificateFacts   certificate;
    bool               test = false;
    std::string        signature_algorithm;  // "rsa-sha256"
    std::string        digest_algorithm;     // "sha256"
    std::string        canonicalisation;     // "c14n" or "exc-c14n"
    std::optional<Instant> signing_time;     // the signer's claim
    RevocationEvidence revocation;
    std::string        reference;            // URI of the one Reference: "" or "#id"
    std::string        signed_path;          // what it covers: "/" the whole document, or the element, as /Response/Assertion
    CertificatePath    path_der;             // the certificate, its issuers, the anchor
};

// What one provider may do that others may not, from the registry.
struct Allowance {
    std::optional<std::chrono::sys_days> sha1_until;  // last day SHA-1 is taken from it; the policy's own date holds for all
};

// Any XML document with one enveloped or same-document signature, by our strict rules (`ivanctl verify --profile xmldsig`).
struct XmlOptions {
    std::string id_attribute;                        // beside Id, ID and id: the name of the attribute that is an ID
    // DER: this key and no other, whatever KeyInfo says. Then nobody is asked whether the certificate holds: no path, no dates,
    // no revocation. The rules for algorithms and key sizes stay.
    std::optional<std::string> pinned_certificate;
    std::optional<std::string> pinned_key{};         // DER, SubjectPublicKeyInfo: the same for a key without any certificate
};

// A form's file, decoded.
struct FileFacts {
    Sha256 sha256{};
    std::size_t size = 0;
};

// A dossier as an individual files it, read: nobody has vouched for it yet.
struct Personal {
    schemas::Envelope envelope;
    std::vector<FileFacts> files;  // of the envelope's forms, in order
};
[[nodiscard]] Personal personal_of(schemas::Envelope envelope);  // hashes the forms

// Evidence: everything in envelope() was signed by signers(), whose certificates hold at at().
class Verified {
public:
    [[nodiscard]] schemas::Envelope const& envelope() const noexcept { return envelope_; }
    [[nodiscard]] std::vector<Signer> const& signers() const noexcept { return signers_; }  // forms in order, envelope last
    [[nodiscard]] std::vector<FileFacts> const& files() const noexcept { return files_; }  // of the envelope's forms, in order
    [[nodiscard]] bool paper_required() const noexcept { return paper_required_; }  // CV 1240 §3: a test certificate signed
    // Set where an individual's one-time password stands in place of signatures (QĐ 352 art. 17); then signers() is empty.
    [[nodiscard]] std::optional<OtpProof> const& otp() const noexcept { return otp_; }
    [[nodiscard]] bool grace() const noexcept  // some signer's revocation evidence was not fresh: to be checked again
    {
        for (auto const& signer : signers_)
            if (signer.revocation.grace) return true;
        return false;
    }
    [[nodiscard]] Instant at() const noexcept { return at_; }

private:
    friend class Verifier;
    Verified(schemas::Envelope envelope, std::vector<Signer> signers, std::vector<FileFacts> files, bool paper_required, Instant at)
        : envelope_{std::move(envelope)}, signers_{std::move(signers)}, files_{std::move(files)}, paper_required_{paper_required}, at_{at} {}
    schemas::Envelope envelope_;
    std::vector<Signer> signers_;
    std::vector<FileFacts> files_;
    bool paper_required_;
    Instant at_;
    std::optional<OtpProof> otp_;
};

class Verifier {
public:
    // `hints`: certificates to build paths with, beside those that documents bring; never trusted.
    Verifier(std::shared_ptr<TrustStore const> trust, Policy policy, ChainHints hints = {});

    // `at` is the filing time, by the hub's clock.
    [[nodiscard]] Result<Verified> verify(schemas::Envelope envelope, Instant at, Allowance const& allowance = {}) const;

    // The whole of reading, verifying and validating in one sweep over the bytes (schemas/one_sweep.hpp): the fast engine. It only
    // accepts; nothing means that read_envelope(), verify() and Validator::validate() have to say. What it accepts they accept
    // too, with the same facts. Its canonical form is our own and its values are checked by OpenSSL alone: xmlsec1 is not asked.
    struct Swept {
        Verified verified;
        schemas::Valid valid;
    };
    [[nodiscard]] std::optional<Swept> sweep(std::shared_ptr<std::string const> bytes, schemas::EnvelopeLimits const& limits,
                                             schemas::Validator const& validator, Instant at, Allowance const& allowance = {}) const;

    // The same for a dossier that nobody signed. It leaves what carries anything of XML Signature, namespaces,
    // comments or instructions.
    struct SweptPersonal {
        Personal personal;
        schemas::Valid valid;
    };
    [[nodiscard]] static std::optional<SweptPersonal> sweep_personal(std::shared_ptr<std::string const> bytes, schemas::EnvelopeLimits const& limits,
                                                                     schemas::Validator const& validator, Instant at);

    // A dossier of an individual, vouched for by a one-time password in place of signatures. Refused where the unit is not
    // the proof's person, where the unit is an organisation, or where the content is another (otp_* refusals).
    [[nodiscard]] Result<Verified> accept(Personal personal, OtpProof proof, Instant at) const;

    // What Signer.reference names is what was signed: "" and the id of the root are the whole document; the id of a child of
    // the root is that child alone, and who reads on must read nothing else.
    [[nodiscard]] Result<Signer> verify_xml(schemas::Document const& document, XmlOptions const& options, Instant at) const;

    // One document alone, for tools: the same rules, at a place of the caller's. An empty `tax_code` asks for no owner.
    // The document's tree is used by one thread at a time (ids are noted in it).
    [[nodiscard]] Result<Signer> verify_document(schemas::Document const& document, Place const& place, std::string_view tax_code,
                                                 Instant at) const;

private:
    // The rules for all, and what this provider may do beside them.
    [[nodiscard]] Result<Signer> examine(schemas::Document const& document, Place const& place, std::string_view tax_code, Instant at,
                                         Policy const& policy) const;

    [[nodiscard]] std::optional<Signer> vouch(Attested const& attested, Place const& place, std::string_view tax_code, Instant at,
                                              Policy const& policy) const;

    std::shared_ptr<TrustStore const> trust_;
    Policy policy_;
    ChainHints hints_;
};

// Once per process before any verify(): libxml2 and xmlsec1 start here, and load nothing later.
void initialise();

}  // namespace signing
