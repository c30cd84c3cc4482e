#pragma once

// Receipt = phiếu tiếp nhận: what the hub answers and signs. Pure values in, the same bytes out, always.

#include "gateway/runtime/clock.hpp"
#include "providers/registry.hpp"
#include "schemas/validator.hpp"
#include "signing/signer.hpp"
#include "signing/verifier.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dossier {

struct Receipt {
    std::string xml;   // signed; what stands in court
    std::string json;  // the answer's body
};

struct ReceiptFacts {
    std::string dossier_id, case_code;
    runtime::Instant received_at{};
    std::string provider_code, provider_name;
    std::string unit_name, unit_code, tax_code, agency, procedure, procedure_name, period;
    std::string content_sha256;  // of the envelope as received
    std::size_t content_bytes = 0;
    struct FormFacts { std::string code, version, file_name, sha256; std::size_t bytes; };
    std::vector<FormFacts> forms;
    std::vector<signing::Signer> signers;  // empty where a one-time password stands in their place
    struct PasswordFacts { signing::OtpChannel channel; std::string challenge_id; runtime::Instant at; };
    std::optional<PasswordFacts> one_time_password;  // QĐ 352 art. 17
    bool paper_required = false;
    std::optional<std::uint64_t> log_index;  // the dossier's place in the provable log; nothing: it has none
};

[[nodiscard]] ReceiptFacts facts_of(providers::Provider const& provider, signing::Verified const& verified,
                                    schemas::Valid const& valid, std::string content_sha256);

// [{code, version, file_name, bytes, sha256}]: as the answer shows the forms, and as the journal keeps them.
[[nodiscard]] std::string forms_json(ReceiptFacts const& facts);

// Canonical text of PhieuTiepNhan without its signature (names in receipt.cpp), then sealed by signing::sign_canonical.
// `key_id` names the key that will sign, in the signed text itself: key_id_of(), so that its certificate is found among
// those of GET /v1/receipt-certificates for as long as the receipt is kept.
[[nodiscard]] std::string canonical_receipt(ReceiptFacts const& facts, std::string_view key_id);
[[nodiscard]] std::string key_id_of(signing::CertificateFacts const& certificate);  // SHA-256 of its DER, 64 hex digits
[[nodiscard]] Receipt seal(ReceiptFacts const& facts, signing::KeyPair const& key);

}  // namespace dossier
