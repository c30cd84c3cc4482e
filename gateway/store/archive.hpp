#pragma once

// Reading what was stored, and the statuses that come back from the backend. A provider sees its own rows only.
// Threads: call from any io_context; the answer comes back on the caller's executor.

#include "gateway/dossier/status.hpp"
#include "gateway/runtime/clock.hpp"
#include "gateway/runtime/deadline.hpp"
#include "gateway/runtime/task.hpp"
#include "gateway/store/failure.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace store {

struct HistoryRow {
    runtime::Instant at{};
    dossier::Status  status{};
    std::string      department, note;
};

struct DossierView {
    std::string dossier_id, case_code, provider, agency, procedure, unit_code, tax_code, content_sha256, idempotency_key;
    runtime::Instant received_at{};
    bool paper_required = false;
    dossier::Status status{};
    std::optional<runtime::Instant> result_due, result_at;  // appointment; when the result was there
    std::optional<std::uint64_t> log_index{};  // nothing: stored before there was a log
    std::string corrects;  // the id of the dossier that this one corrects, or empty
    std::string delivery;  // dossier::State by name: stored, deferred, delivered, dead
    std::vector<HistoryRow> history;
};

struct RefusedView {
    std::string content_sha256, fault_id, problem;
    runtime::Instant at{};
    std::optional<std::uint64_t> log_index{};
};

struct Found {  // exactly one is set
    std::optional<DossierView> dossier;
    std::optional<RefusedView> refused;
};

// QĐ 352 art. 12: the five fields of the public look-up.
struct LookupView {
    std::string agency, agency_name, department;
    runtime::Instant received_at{};
    std::optional<runtime::Instant> result_at;  // or the appointment while there is no result
    dossier::Status status{};
};

struct WorkflowEvent {
    std::string event_id, case_code;
    dossier::Status status{};
    runtime::Instant at{};
    std::string department, note;
    std::optional<runtime::Instant> result_due;
    std::string body_sha256;  // of the event as sent: the same event_id with other content is event_conflict
};

struct Notice {
    std::int64_t cursor = 0;
    std::string dossier_id, case_code, kind;  // "status"
    dossier::Status status{};
    runtime::Instant at{};
    std::string note;
};

class Archive {
public:
    virtual ~Archive() = default;
    virtual runtime::Task<Result<DossierView>> by_id(std::string provider, std::string dossier_id, runtime::Deadline deadline) = 0;
    virtual runtime::Task<Result<Found>> by_content(std::string provider, std::string content_sha256, runtime::Deadline deadline) = 0;
    virtual runtime::Task<Result<DossierView>> by_key(std::string provider, std::string idempotency_key, runtime::Deadline deadline) = 0;
    virtual runtime::Task<Result<std::string>> receipt(std::string provider, std::string dossier_id, runtime::Deadline deadline) = 0;  // XML
    virtual runtime::Task<Result<LookupView>> lookup(std::string case_code, runtime::Deadline deadline) = 0;
    // True: applied. False: this very event was applied before.
    virtual runtime::Task<Result<bool>> apply(WorkflowEvent event, runtime::Deadline deadline) = 0;
    // Notices after a cursor, oldest first; everything at or below the last one returned is final (no late commits below it).
    virtual runtime::Task<Result<std::vector<Notice>>> notices(std::string provider, std::int64_t after, std::size_t limit,
                                                               runtime::Deadline deadline) = 0;
    // A write and a read of one row, for /readyz.
    virtual runtime::Task<Result<void>> probe(runtime::Deadline deadline) = 0;
};

}  // namespace store
