#pragma once

// The delivery queue in PostgreSQL. Only the oldest row of a unit is ever claimable; the rest wait at 'infinity', so a
// claim reads an index from its beginning and stops, however deep the queue is.
//
// Threads: call from any io_context.

#include "gateway/store/detail/pg_pool.hpp"
#include "gateway/store/queue.hpp"

namespace store::detail {

class PgQueue final : public Queue {
public:
    explicit PgQueue(PgPool& pool) : pool_{pool} {}
    runtime::Task<Result<std::vector<Claim>>> claim(std::string worker, std::size_t rows, std::size_t bytes_max, std::chrono::seconds lease,
                                                    runtime::Instant now, runtime::Deadline deadline) override;
    runtime::Task<Result<void>> settle(std::string worker, std::vector<Settlement> settlements, runtime::Deadline deadline) override;
    runtime::Task<Result<QueueDepth>> depth(runtime::Instant now, runtime::Deadline deadline) override;
    runtime::Task<Result<std::vector<DeadLetter>>> dead_letters(std::size_t limit, runtime::Deadline deadline) override;
    runtime::Task<Result<void>> replay(std::string dossier_id, runtime::Deadline deadline) override;

private:
    PgPool& pool_;
};

}  // namespace store::detail
