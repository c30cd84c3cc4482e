#pragma once

// What other tables say of each dossier again, whose claim a key is and what the public looks up, against the dossiers themselves: one sum
// over each table of hashes that nobody can foresee, so that a million rows are compared without joining them. Where the sums differ,
// a join names the rows (pg_log_audit.cpp).
//
// Threads: of() any, add() one. Errors: none.

#include "gateway/runtime/clock.hpp"

#include <array>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace store::detail {

// 128 bits of SHA-256 over a secret of this run and the fields.
using Fingerprint = std::array<std::uint64_t, 2>;

class Companions {
public:
    Companions();
    // Of ivan.idempotency, and what a dossier makes of it.
    [[nodiscard]] Fingerprint claim(std::string_view provider, std::string_view key, std::string_view content_sha256, std::string_view dossier_id,
                                    std::string_view agency, runtime::Instant received_at) const;
    // Of ivan.dossier_status.
    [[nodiscard]] Fingerprint status(std::string_view dossier_id, std::string_view case_code, std::string_view provider, std::string_view agency,
                                     std::string_view procedure, runtime::Instant received_at) const;

private:
    [[nodiscard]] Fingerprint of(std::initializer_list<std::string_view> fields, runtime::Instant at) const;
    std::string secret_;
};

// Of a table: the same whatever the order of its rows.
struct FingerprintSum {
    Fingerprint sum{};
    std::uint64_t rows = 0;
    void add(Fingerprint const& one) noexcept
    {
        sum[0] += one[0];
        sum[1] += one[1];
        ++rows;
    }
    friend bool operator==(FingerprintSum const&, FingerprintSum const&) = default;
};

}  // namespace store::detail
