#pragma once

// What one row says about itself, apart from the log: its leaf computed anew, and whether body, receipt, answer and columns agree.
//
// Threads: a RowCheck is immutable and may be used by many at once. Errors: none; what is wrong is in the result.
// Trusts: the certificates it was given.

#include "gateway/ledger/merkle.hpp"
#include "gateway/runtime/clock.hpp"
#include "gateway/store/detail/case_numbers.hpp"
#include "gateway/store/detail/companions.hpp"
#include "gateway/store/detail/pg_connection.hpp"
#include "gateway/store/log_audit.hpp"
#include "signing/seal.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace store::detail {

struct CheckedDossier {
    std::string dossier_id, case_code, provider;
    std::optional<std::uint64_t> index;
    runtime::Instant at{};
    bool body_unpacked = false, receipt_unpacked = false;
    std::string content, column;   // SHA-256 of the body, in hex: computed, and as the row says
    std::optional<ledger::Hash> leaf;  // nothing: no entry can be made of the row
    std::string receipt;           // the signed XML
    std::vector<AuditFinding> own;  // what the row itself does not agree about: signature, row, answer
    bool seal_checked = false, seal_key_known = false;
    Fingerprint claim{}, status{};  // of the rows that other tables should have of it
    CaseNumber number;              // of its code
};

struct CheckedRefusal {
    std::string fault_id, provider;
    std::uint64_t index = 0;
    std::optional<ledger::Hash> leaf;
    bool body_right = false;
};

class RowCheck {
public:
    // In the order of their columns.
    static constexpr char const* dossier_columns =
        "log_index, dossier_id::text, case_code, provider, received_at, content_sha256, body, receipt_xml, receipt_json, agency, procedure, "
        "unit_code, tax_code, paper_required, forms::text, period, content_bytes, authenticated, idempotency_key";
    static constexpr char const* refusal_columns = "log_index, fault_id, provider, refused_at, content_sha256, body";

    // `numbers` reads codes, and must outlive it.
    RowCheck(AuditOptions const& options, CaseNumbers const& numbers);
    [[nodiscard]] CheckedDossier dossier(Rows const& rows, std::size_t row) const;
    [[nodiscard]] CheckedRefusal refusal(Rows const& rows, std::size_t row) const;
    // The seal of the key with this id; null where no certificate of it was given.
    [[nodiscard]] signing::Seal const* seal_of(std::string const& key_id) const;
    [[nodiscard]] Companions const& companions() const noexcept { return companions_; }

private:
    [[nodiscard]] bool chosen(std::string const& dossier_id) const;
    void check_seal(CheckedDossier& row) const;

    AuditReceipts const receipts_;
    std::size_t const salt_;  // of the sample: another each time, so that nobody knows which rows are looked at
    CaseNumbers const& numbers_;
    std::map<std::string, signing::Seal> seals_;  // by key id
    Companions const companions_;
};

// What stands between the tags of the first element of this name.
[[nodiscard]] std::string element_text(std::string_view xml, std::string const& name);

}  // namespace store::detail
