#pragma once

// Dossiers that were accepted under grace, until fresh evidence clears them or shows that a signer was revoked already.
// The rows are written by Journal::accept(), in its transaction. Several gateways share them: a claim leases rows.
//
// Implementations: PgGrace, and the in-memory one of tests/support, which passes the same contract suite
// (tests/contract/grace_contract_test.cpp).
// Threads: call from any io_context; the answer comes back on the caller's executor.

#include "gateway/runtime/clock.hpp"
#include "gateway/runtime/deadline.hpp"
#include "gateway/runtime/task.hpp"
#include "gateway/store/failure.hpp"
#include "signing/revocation.hpp"
#include "signing/verifier.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace store {

struct GraceSigner {
    std::vector<std::string> path;         // DER: the certificate, its issuers, the anchor
    signing::RevocationEvidence evidence;  // what it was accepted by
};

// The different signers accepted under grace; empty: none.
[[nodiscard]] std::vector<GraceSigner> grace_signers(std::vector<signing::Signer> const& signers);

struct GraceDossier {
    std::string dossier_id, case_code, provider, agency;
    runtime::Instant received_at{};
    std::vector<GraceSigner> signers;
};

struct GraceVerdict {
    std::string dossier_id;
    std::optional<runtime::Instant> revoked_at;  // set: a signer was revoked at the filing time; empty: cleared
    signing::RevocationEvidence evidence;        // what says so
    runtime::Instant at{};                       // now
    std::string note;                            // of the notice to the provider, where revoked
};

struct LateRevocation {
    std::string dossier_id, case_code, provider, agency, evidence;
    runtime::Instant received_at{}, revoked_at{}, found_at{};
};

struct GraceCounts {
    std::uint64_t pending = 0, cleared = 0, late = 0;  // late: revoked, and not acknowledged
    std::optional<runtime::Instant> oldest;            // filing time of the oldest pending one
};

class Grace {
public:
    virtual ~Grace() = default;
    // At most `rows` pending ones that nobody took since `sweep` began, leased until now + lease; the longest unseen first.
    virtual runtime::Task<Result<std::vector<GraceDossier>>> claim(std::size_t rows, runtime::Instant sweep, runtime::Instant now,
                                                                   std::chrono::seconds lease, runtime::Deadline deadline) = 0;
    // Settled for good; where revoked, a notice "late_revocation" to the provider in the same transaction. False: it was
    // settled before, and nothing happened.
    virtual runtime::Task<Result<bool>> settle(GraceVerdict verdict, runtime::Deadline deadline) = 0;
    virtual runtime::Task<Result<GraceCounts>> counts(runtime::Deadline deadline) = 0;
    // Revoked ones nobody has acknowledged, the oldest first.
    virtual runtime::Task<Result<std::vector<LateRevocation>>> late(std::size_t limit, runtime::Deadline deadline) = 0;
    // not_found where it is not revoked, or acknowledged already.
    virtual runtime::Task<Result<void>> acknowledge(std::string dossier_id, std::string who, runtime::Instant at,
                                                    runtime::Deadline deadline) = 0;
};

}  // namespace store
