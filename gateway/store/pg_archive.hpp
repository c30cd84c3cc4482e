#pragma once

// What was stored, read back; statuses from the backend, applied. Threads: call from any io_context.

#include "gateway/store/archive.hpp"
#include "gateway/store/detail/pg_pool.hpp"

namespace store::detail {

class PgArchive final : public Archive {
public:
    explicit PgArchive(PgPool& pool) : pool_{pool} {}
    runtime::Task<Result<DossierView>> by_id(std::string provider, std::string dossier_id, runtime::Deadline deadline) override;
    runtime::Task<Result<Found>> by_content(std::string provider, std::string content_sha256, runtime::Deadline deadline) override;
    runtime::Task<Result<DossierView>> by_key(std::string provider, std::string idempotency_key, runtime::Deadline deadline) override;
    runtime::Task<Result<std::string>> receipt(std::string provider, std::string dossier_id, runtime::Deadline deadline) override;
    runtime::Task<Result<LookupView>> lookup(std::string case_code, runtime::Deadline deadline) override;
    runtime::Task<Result<bool>> apply(WorkflowEvent event, runtime::Deadline deadline) override;
    runtime::Task<Result<std::vector<Notice>>> notices(std::string provider, std::int64_t after, std::size_t limit,
                                                       runtime::Deadline deadline) override;
    runtime::Task<Result<void>> probe(runtime::Deadline deadline) override;

private:
    PgPool& pool_;
};

}  // namespace store::detail
