#pragma once

// The way to the database and back, in simulated time: a call takes a while to get there, takes place at one moment, and its
// answer takes a while too. On the way it may be refused, be lost, or be late; the database may crash under it, or be away.
// A gateway that dies meanwhile changes nothing of what takes place.
//
// SimJournal, SimQueue and SimArchive are what a gateway sees of it: store::Journal, store::Queue and the questions by hash of
// store::Archive, as PgJournal, PgQueue and PgArchive behave.
// Threads: one.

#include "gateway/runtime/task.hpp"
#include "gateway/store/archive.hpp"
#include "gateway/store/journal.hpp"
#include "gateway/store/queue.hpp"
#include "tests/sim/checker.hpp"
#include "tests/sim/faults.hpp"
#include "tests/sim/sim_store.hpp"
#include "tests/sim/trace.hpp"
#include "tests/support/stored_queue.hpp"

#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace sim {

class Database {
public:
    // References outlive the database.
    Database(Calendar& calendar, Random& random, Faults& faults, Trace& trace, SimStore& store, Checker& checker, runtime::Instant start)
        : calendar_{calendar}, random_{random}, faults_{faults}, trace_{trace}, store_{store}, checker_{checker}, clock_{calendar, start}
    {
    }

    // One transaction, `work`, which must hold what it needs. `lost` is said where nobody knows whether it took place;
    // `rolled_back` is called where it did not.
    template <class T>
    runtime::Task<store::Result<T>> call(runtime::Deadline deadline, store::Refusal lost, std::function<store::Result<T>()> work,
                                         std::function<void()> rolled_back);

    void crash(Micros away_for);
    void leave(Micros away_for);  // nobody gets in, and nothing is lost
    void tell(std::string_view what, std::string const& dossier_id, std::int64_t more);  // of a dossier, to the trace
    [[nodiscard]] SimStore& store() noexcept { return store_; }
    [[nodiscard]] runtime::Instant now() const { return clock_.now(); }
    [[nodiscard]] std::string new_dossier_id(runtime::Instant at);

private:
    enum class Fate { fine, refused, lost_before, lost_behind };
    struct Way {
        Micros there, back;
        Fate fate = Fate::fine;
    };
    [[nodiscard]] Way draw();
    [[nodiscard]] bool reachable() const { return calendar_.now() >= back_at_; }

    Calendar& calendar_;
    Random& random_;
    Faults& faults_;
    Trace& trace_;
    SimStore& store_;
    Checker& checker_;
    WallClock clock_;
    Calendar::Time back_at_{};
    std::uint64_t crashes_ = 0;
};

class SimJournal final : public store::Journal {
public:
    explicit SimJournal(Database& database) : database_{database} {}
    runtime::Task<store::Result<store::Stored>> accept(store::Acceptance acceptance, runtime::Deadline deadline) override;
    runtime::Task<store::Result<void>> refuse(store::RefusalRecord record, runtime::Deadline deadline) override;
    runtime::Task<store::Result<std::optional<store::Stored>>> find(std::string provider, std::string idempotency_key,
                                                                    std::string content_sha256, runtime::Deadline deadline) override;

private:
    Database& database_;
};

// Answers by_content(); nobody asks it anything else.
class SimArchive final : public store::Archive {
public:
    explicit SimArchive(Database& database) : database_{database} {}
    runtime::Task<store::Result<store::Found>> by_content(std::string provider, std::string content_sha256, runtime::Deadline deadline) override;
    runtime::Task<store::Result<store::DossierView>> by_id(std::string, std::string, runtime::Deadline) override { co_return nobody_asks; }
    runtime::Task<store::Result<store::DossierView>> by_key(std::string, std::string, runtime::Deadline) override { co_return nobody_asks; }
    runtime::Task<store::Result<std::string>> receipt(std::string, std::string, runtime::Deadline) override { co_return nobody_asks; }
    runtime::Task<store::Result<store::LookupView>> lookup(std::string, runtime::Deadline) override { co_return nobody_asks; }
    runtime::Task<store::Result<bool>> apply(store::WorkflowEvent, runtime::Deadline) override { co_return nobody_asks; }
    runtime::Task<store::Result<std::vector<store::Notice>>> notices(std::string, std::int64_t, std::size_t, runtime::Deadline) override { co_return nobody_asks; }
    runtime::Task<store::Result<void>> probe(runtime::Deadline) override { co_return nobody_asks; }

private:
    static inline store::Failure const nobody_asks{store::Refusal::internal, "not in the simulator"};
    Database& database_;
};

// One gateway's.
class SimQueue final : public store::Queue {
public:
    explicit SimQueue(Database& database);
    runtime::Task<store::Result<std::vector<store::Claim>>> claim(std::string worker, store::Places places, std::size_t bytes_max,
                                                                  std::chrono::seconds lease, runtime::Instant now,
                                                                  runtime::Deadline deadline) override;
    runtime::Task<store::Result<void>> settle(std::string worker, std::vector<store::Settlement> settlements, runtime::Deadline deadline) override;
    runtime::Task<store::Result<void>> let_go(std::string worker, runtime::Deadline deadline) override;
    runtime::Task<store::Result<store::QueueDepth>> depth(runtime::Instant now, runtime::Deadline deadline) override;
    runtime::Task<store::Result<std::vector<store::DeadLetter>>> dead_letters(std::size_t limit, runtime::Deadline deadline) override;
    runtime::Task<store::Result<void>> replay(std::string dossier_id, runtime::Deadline deadline) override;

private:
    Database& database_;
    std::shared_ptr<support::StoredQueue> queue_;  // shared with calls on their way, which a dead gateway leaves behind
};

template <class T>
runtime::Task<store::Result<T>> Database::call(runtime::Deadline deadline, store::Refusal lost, std::function<store::Result<T>()> work,
                                               std::function<void()> rolled_back)
{
    using store::Failure;
    using store::Refusal;
    struct Box {
        std::optional<store::Result<T>> answer;
    };
    auto const box = std::make_shared<Box>();  // shared with the event, which comes even where this gateway is gone
    auto const way = draw();
    auto const crashes = crashes_;
    auto arrive = [this, box, way, deadline, lost, crashes, work = std::move(work), rolled_back = std::move(rolled_back)] {
        if (!reachable() || crashes != crashes_) box->answer = Failure{Refusal::unavailable, "the database is away"};
        else if (deadline.passed()) box->answer = Failure{Refusal::deadline_passed, "waited too long"};
        else if (way.fate == Fate::refused) box->answer = Failure{Refusal::unavailable, "the database says no"};
        else if (way.fate == Fate::lost_before) box->answer = Failure{lost, "the connection died"};
        if (box->answer) {
            if (rolled_back) rolled_back();
            return;
        }
        try {
            box->answer = work();
        } catch (std::exception const& error) {
            box->answer = Failure{Refusal::internal, error.what()};
        }
        if (way.fate == Fate::lost_behind) box->answer = Failure{lost, "the connection died behind the commit"};
    };
    calendar_.after(way.there, std::move(arrive));
    auto const executor = co_await net::this_coro::executor;
    runtime::Timer pause{executor, way.there + way.back};
    co_await pause.async_wait(runtime::as_result);
    // It crashed before the answer was on its way.
    if (crashes != crashes_ && box->answer->has_value()) co_return Failure{lost, "the database went down"};
    co_return std::move(*box->answer);
}

}  // namespace sim
