#pragma once

// The intake journal over PostgreSQL. One committer thread with a connection of its own: it takes what gathered during
// the last commit, so one transaction and one fsync serve many dossiers, and no timer makes anybody wait. It takes them in rounds of
// their providers, and no more at once than is worth the wait: so who has one waiting is in the next commit, and that one is short,
// however many another one has.
//
// Threads: call from any io_context. The sealer is called on the committer's thread only.

#include "gateway/observe/metrics.hpp"
#include "gateway/runtime/rounds.hpp"
#include "gateway/store/detail/answer.hpp"
#include "gateway/store/detail/batch.hpp"
#include "gateway/store/detail/bell.hpp"
#include "gateway/store/detail/commit_cost.hpp"
#include "gateway/store/detail/party_mix.hpp"
#include "gateway/store/detail/pg_pool.hpp"
#include "gateway/store/queue.hpp"
#include "gateway/store/row.hpp"
#include "gateway/store/journal.hpp"
#include "gateway/store/postgres.hpp"

#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace store::detail {

class PgJournal final : public Journal {
public:
    // Told of each dossier once it is committed, on the committer's thread: as delivery wants it, with its bytes apart, which may be null.
    using Committed = std::function<void(Claim claim, std::shared_ptr<std::string const> body)>;
    PgJournal(StoreConfig const& config, Sealer sealer, observe::Metrics& metrics, PgPool& pool, Committed committed = {});
    ~PgJournal() override;

    runtime::Task<Result<Stored>> accept(Acceptance acceptance, runtime::Deadline deadline) override;
    runtime::Task<Result<void>> refuse(RefusalRecord record, runtime::Deadline deadline) override;
    runtime::Task<Result<std::optional<Stored>>> find(std::string provider, std::string idempotency_key, std::string content_sha256,
                                                      runtime::Deadline deadline) override;

    // accept() from the row on; apart, so that tests can commit rows that no signature stands behind.
    runtime::Task<Result<Stored>> accept_row(Row row, runtime::Deadline deadline);

private:
    // One dossier or one refusal that waits for the committer.
    struct Pending {
        std::optional<Row> row;
        std::optional<RefusalRecord> refusal;
        runtime::Deadline deadline;
        Answer<Result<Stored>> stored;
        Answer<Result<void>> noted;
        [[nodiscard]] std::size_t bytes() const { return row ? row->packed_body.size() : refusal->body.size(); }
        [[nodiscard]] std::string const& provider() const { return row ? row->facts.provider_code : refusal->provider; }
        void fail(Refusal why, std::string const& detail);
    };
    using Batch = std::vector<Pending>;

    void offer(Pending pending);
    void serve();
    Batch take();
    Pending take_one();
    [[nodiscard]] std::size_t rows_max() const;
    void seal_ahead(Row& row, Numbering& numbering);
    void seal_next(PgConnection& connection, Foresight::Left const& if_committed);
    void process(Batch batch);
    void look_after_partitions(PgConnection& connection);

    StoreConfig const& config_;
    Codec const codec_;
    Sealer const sealer_;
    observe::Metrics& metrics_;
    PgPool& pool_;
    Committed const committed_;

    std::mutex mutex_;  // guards pending_, pending_bytes_, stopping_, listening_
    std::condition_variable changed_;
    Bell bell_;               // rung in place of changed_ while the committer listens
    bool listening_ = false;  // it waits for the database, and would sign for whoever comes
    runtime::Rounds<Pending> pending_;
    std::size_t pending_bytes_ = 0;
    bool stopping_ = false;

    Connector connector_;  // the committer's alone, as all below
    std::chrono::steady_clock::time_point partitions_due_{};
    UnitOwners owners_;
    Batch ahead_;  // out of pending_ already; signed while the commit before was under way
    Foresight foresight_;
    CommitCost cost_;
    PartyMix mix_;
    bool trusting_ = true;  // the last transaction found all keys new
    std::thread committer_;
};

}  // namespace store::detail
