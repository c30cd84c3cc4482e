#pragma once

// Dossiers accepted under grace, in PostgreSQL. Threads: call from any io_context.

#include "gateway/store/detail/pg_pool.hpp"
#include "gateway/store/grace.hpp"

namespace store::detail {

class PgGrace final : public Grace {
public:
    explicit PgGrace(PgPool& pool) : pool_{pool} {}
    runtime::Task<Result<std::vector<GraceDossier>>> claim(std::size_t rows, runtime::Instant sweep, runtime::Instant now,
                                                           std::chrono::seconds lease, runtime::Deadline deadline) override;
    runtime::Task<Result<bool>> settle(GraceVerdict verdict, runtime::Deadline deadline) override;
    runtime::Task<Result<GraceCounts>> counts(runtime::Deadline deadline) override;
    runtime::Task<Result<std::vector<LateRevocation>>> late(std::size_t limit, runtime::Deadline deadline) override;
    runtime::Task<Result<void>> acknowledge(std::string dossier_id, std::string who, runtime::Instant at, runtime::Deadline deadline) override;

private:
    PgPool& pool_;
};

}  // namespace store::detail
