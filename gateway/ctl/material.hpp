#pragma once

// What the commands that judge signatures and certificates are given to judge by: anchors, intermediates, CRLs and OCSP
// responses from files and folders, and a time. `verify` and `trust explain` read them alike, because both are part of the
// contract.
//
//   --trust FILE|DIR   anchors: PEM (one or many) or DER; a folder of such files; or a trust directory (it holds anchors/)
//   --crl, --ocsp      evidence: what does not verify counts for nothing
//
// Revocation is checked with what --crl and --ocsp give, and not at all when neither is given; a trust directory with
// evidence of its own (crls/ or ocsp/) is checked by that.
//
// Threads: one. Errors: std::runtime_error naming the file or the option, which main() prints before it exits with 2.

#include "gateway/ctl/context.hpp"
#include "signing/trust.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace ctl {

struct MaterialOptions {
    std::vector<std::string> trust, intermediates, crls, ocsp;
    std::string at;       // RFC 3339; now where empty
    bool no_crl = false;  // never ask for revocation evidence
};
// Declares --trust, --intermediates, --crl, --ocsp, --at and --no-crl.
void add_material_options(CLI::App& command, MaterialOptions& options);

struct Material {
    std::shared_ptr<signing::TrustStore const> store;
    signing::Policy policy;      // the one given, with require_crl as the options say
    signing::ChainHints hints;   // intermediates beside those of a trust directory; empty otherwise, the store has them
    bool revocation_checked = false;
    std::vector<signing::Revocations::Refused> refused;  // what was given and does not count: no certificate, evidence that did not verify
};
[[nodiscard]] Material read_material(MaterialOptions const& options, signing::Policy policy);

[[nodiscard]] signing::Instant instant_of(std::string const& text);   // --at
[[nodiscard]] std::string text_of(signing::Instant at);               // 2026-01-31T01:00:00Z
[[nodiscard]] boost::json::object json_of(signing::CertificateFacts const& facts);
// {"source": …, "this_update": …, "next_update": …, "age_seconds": …, "grace": …}; the dates only where there was evidence.
[[nodiscard]] boost::json::object json_of(signing::RevocationEvidence const& evidence, signing::Instant at);

// The one key that --pinned names: that of a certificate, or a bare public key (PEM or DER); throws where `file` holds neither.
struct Pinned {
    std::optional<std::string> certificate, key;  // DER; one of the two
};
[[nodiscard]] Pinned read_pinned(std::string const& file);

}  // namespace ctl
