#pragma once

// Keeps the revocation evidence fresh in the background: fetches what the Schedule says, puts it on the Shelf, and hands
// each new snapshot to the root, which swaps it in. What cannot be fetched stays as it was; an alarm says so.
//
//   told of what is wanted → fetch (at most fetches_max at once) → verify, keep on disk, make the snapshot → publish
//
// Threads: run() and its fetches live on one io_context, never a serving core's. Snapshots are made on `blocking`, the one
// thread on which the root changes its criteria; begin() and anew() are called there, or before anything runs.
// tell() from any thread; wait() from any core (one mutex).
// Errors: none leave: alarms revocation_stale and evidence_unwritable, the log, metrics.
// Trusts: addresses in certificates that chain to our anchors (TrustStore tells of no other), and in the anchors' policies.

#include "gateway/observe/metrics.hpp"
#include "gateway/revocation/schedule.hpp"
#include "gateway/revocation/shelf.hpp"
#include "gateway/runtime/clock.hpp"
#include "gateway/runtime/deadline.hpp"
#include "gateway/runtime/task.hpp"
#include "gateway/runtime/task_group.hpp"

#include <boost/asio/thread_pool.hpp>

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace revocation {

// What a snapshot says of itself, for metrics.
struct Ages {
    std::optional<Instant> oldest, first_end;  // thisUpdate, nextUpdate: of each issuer's freshest complete CRL
    std::size_t entries = 0;
};
[[nodiscard]] Ages ages_of(signing::Revocations const& revocations);

class Refresher {
public:
    using Snapshot = std::shared_ptr<signing::Revocations const>;  // shared with the trust stores that judge by it
    // All of them outlive the Refresher.
    struct Parts {
        net::io_context& context;
        net::thread_pool& blocking;
        runtime::Clock const& clock;
        observe::Metrics& metrics;
        std::function<std::shared_ptr<signing::TrustStore const>()> trust;  // the one in use
        std::function<void(Snapshot)> publish;                              // on blocking's thread
        std::function<void(std::string_view name, bool raised, std::string_view detail)> alarm;
    };
    Refresher(RevocationConfig config, std::filesystem::path trust_directory, Parts parts);

    // Before anything runs: what the disk holds, as a snapshot for this store.
    [[nodiscard]] Snapshot begin(signing::TrustStore const& trust);
    // On blocking's thread, when the trust directory was read again: the snapshot for the new store.
    [[nodiscard]] Snapshot anew(signing::TrustStore const& trust);

    void tell(signing::EvidenceWanted wanted);
    // Until for none of these (EvidenceWanted::id()) a fetch is under way or about to begin: it has come, or the try has
    // failed; at most wait_max. What others wait for does not matter.
    [[nodiscard]] runtime::Task<void> wait(std::vector<std::string> ids, runtime::Deadline deadline);

    [[nodiscard]] runtime::Task<void> run(runtime::TaskGroup& group);

private:
    struct Made {
        Put put;
        std::set<std::string, std::less<>> known;  // wants whose evidence is there now
        Ages ages;
    };
    struct Waiter {
        std::vector<std::string> keys;
        std::weak_ptr<runtime::Timer> timer;  // the waiting coroutine's own
    };

    void take_told();
    void take_authorities();
    void start_fetches(runtime::TaskGroup& group);
    runtime::Task<void> fetch_one(Job job);
    runtime::Task<void> make();
    Made make_now(std::vector<Arrival> arrivals, std::vector<std::string> const& issuers,
                  std::vector<std::pair<std::string, Schedule::Wanted>> const& wants);
    void release_waiters();
    [[nodiscard]] bool any_open(std::vector<std::string> const& keys) const;  // under the mutex
    void report();
    void wake();  // on the context's thread

    RevocationConfig const config_;
    Parts parts_;

    Schedule schedule_;  // the context's thread alone, as all below
    runtime::Timer timer_;
    bool woken_ = false;
    std::size_t under_way_ = 0;
    std::vector<Arrival> arrived_;
    std::map<std::string, Version, std::less<>> versions_;  // of what is held, by key
    std::set<std::string> issuers_;                         // DER: of certificates told of, beside the store's authorities
    std::set<std::string> authorities_;
    bool issuers_new_ = false;
    std::weak_ptr<signing::TrustStore const> seen_;         // whose authorities were taken
    std::set<std::string, std::less<>> trying_;             // wants by key, whose first try since they were told has not ended
    std::chrono::steady_clock::time_point not_before_{}, report_due_{};
    std::vector<std::string> disk_troubles_;
    Ages ages_;

    Shelf shelf_;        // blocking's thread alone, as all below
    Snapshot held_;
    std::vector<std::string> known_issuers_;

    std::mutex mutex_;  // guards all below
    std::map<std::string, signing::EvidenceWanted> told_;
    std::set<std::string, std::less<>> open_;  // keys told, and not yet tried
    std::vector<Waiter> waiters_;
    std::atomic<bool> wake_posted_{false};
};

}  // namespace revocation
