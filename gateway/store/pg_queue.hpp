#pragma once

// The delivery queue in PostgreSQL (migrations/0005_delivery.sql): rows that are only ever added, read once each by the gateway
// that holds the lease, which keeps their order and what is in flight in a Backlog. On the common path a dossier costs one row
// written with its commit, one read, and one row that says it was delivered.
//
// Threads: call from any io_context; one call at a time works on the backlog.
// Bounds:  what is read ahead (backlog_entries_max; the rest waits in the table), dossiers kept for the hand-over (at_hand.hpp).

#include "gateway/store/detail/at_hand.hpp"
#include "gateway/store/detail/backlog.hpp"
#include "gateway/store/detail/pg_pool.hpp"
#include "gateway/store/queue.hpp"

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace store::detail {

// Which transactions a statement saw, as pg_current_snapshot() prints them: "xmin:xmax:in-progress,…".
struct SnapshotText {
    std::string xmax = "0";             // all from here on were not seen
    std::vector<std::string> in_progress;  // and neither were these
    [[nodiscard]] static SnapshotText parse(std::string_view text);
};

// Reading in pages, by sequence. Apart from PgQueue: clang 14 makes no optional of a nested class with initializers.
struct Paging {
    static constexpr std::int64_t before_all = -1;
    SnapshotText began;                // the first page's
    std::int64_t cursor = before_all;  // the last of the last page
};

class PgQueue final : public Queue {
public:
    explicit PgQueue(PgPool& pool) : pool_{pool} {}
    runtime::Task<Result<std::vector<Claim>>> claim(std::string worker, Places places, std::size_t bytes_max, std::chrono::seconds lease,
                                                    runtime::Instant now, runtime::Deadline deadline) override;
    runtime::Task<Result<void>> settle(std::string worker, std::vector<Settlement> settlements, runtime::Deadline deadline) override;
    runtime::Task<Result<void>> let_go(std::string worker, runtime::Deadline deadline) override;
    runtime::Task<Result<QueueDepth>> depth(runtime::Instant now, runtime::Deadline deadline) override;
    runtime::Task<Result<std::vector<DeadLetter>>> dead_letters(std::size_t limit, runtime::Deadline deadline) override;
    runtime::Task<Result<void>> replay(std::string dossier_id, runtime::Deadline deadline) override;

    // A dossier of ours was committed (`claim` without its body): it need not be read again where this gateway delivers. Threads: any.
    void committed(Claim claim, std::shared_ptr<std::string const> body);

private:
    // All below belongs to the gateway's turn as the holder, and is guarded by mutex_.
    struct Turn {
        std::string worker;
        std::int64_t number = 0;                   // another one: somebody else had the queue meanwhile
        std::chrono::steady_clock::time_point renew_at{}, until{};
        std::uint64_t sessions = 0;                // another number: the server may have come back without our last outcomes
        Backlog backlog;
        SnapshotText seen;                         // every row that this saw is known
        std::optional<Paging> paging = Paging{};   // reading in pages, by sequence; else what is new, by transaction
        bool check_settled = true;                 // a row read may be settled already
        bool parked = false;                       // delivery_parked may hold some of ours
        std::chrono::steady_clock::time_point rotate_at{};
    };
    [[nodiscard]] bool hold(PgConnection& connection, std::string const& worker, std::chrono::seconds lease);
    void read_again();
    void begin_turn(std::string const& worker, std::int64_t number);
    void end_turn();
    void read_on(PgConnection& connection);
    std::size_t read_rows(Rows const& rows, SnapshotText& snapshot, std::int64_t& last);
    void read_parked(PgConnection& connection);
    void rotate(PgConnection& connection);
    [[nodiscard]] std::vector<Claim> claims_of(PgConnection& connection, std::vector<Waiting> const& taken);
    [[nodiscard]] bool record(PgConnection& connection, std::string const& worker, std::vector<Settlement> const& settlements);

    PgPool& pool_;
    std::mutex mutex_;
    std::optional<Turn> turn_;
    std::atomic<bool> holding_{false};
    AtHand at_hand_;
};

}  // namespace store::detail
