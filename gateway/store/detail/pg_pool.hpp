#pragma once

// A few connections, each with its thread, for reads, events and the queue. A connection is opened when first needed and
// again after every loss; while the database cannot be reached, jobs are answered unavailable at once, not queued up.
//
// Threads: call from any io_context. Errors: Failure. Bounds: waiting_max jobs; beyond: busy.

#include "gateway/observe/metrics.hpp"
#include "gateway/runtime/deadline.hpp"
#include "gateway/store/detail/answer.hpp"
#include "gateway/store/detail/pg_connection.hpp"
#include "gateway/store/failure.hpp"
#include "gateway/store/postgres.hpp"

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace store::detail {

// Opens a connection, or says without trying that it is too early to try again. Threads: one.
class Connector {
public:
    explicit Connector(StoreConfig const& config) : config_{config} {}
    // Throws PgError. `kept` says whether the connection was there before: only then a loss may be an old one.
    PgConnection& connection(bool& kept);
    void drop() { connection_.reset(); }

private:
    StoreConfig const& config_;
    std::unique_ptr<PgConnection> connection_;
    std::chrono::steady_clock::time_point not_before_{};
    std::chrono::milliseconds backoff_{0};
};

[[nodiscard]] Failure failure_of(PgError const& error);

class PgPool {
public:
    PgPool(StoreConfig const& config, observe::Metrics& metrics);
    ~PgPool();

    // Runs `work` on a connection. Where `repeatable`, a connection that turns out to be lost is replaced once and the
    // work done again: it must then do no harm when done twice.
    template <class T>
    runtime::Task<Result<T>> run(runtime::Deadline deadline, bool repeatable, std::function<Result<T>(PgConnection&)> work)
    {
        auto start = [this, deadline, repeatable, &work](Answer<Result<T>> answer) {
            auto job = std::make_unique<WorkJob<T>>(std::move(work), std::move(answer));
            job->deadline = deadline;
            job->repeatable = repeatable;
            offer(std::move(job));
        };
        co_return co_await answered<Result<T>>(std::move(start));
    }
    // Plain work of more than half a millisecond, without a connection.
    template <class T>
    runtime::Task<Result<T>> compute(runtime::Deadline deadline, std::function<T()> work)
    {
        auto start = [this, deadline, &work](Answer<Result<T>> answer) {
            auto job = std::make_unique<PlainJob<T>>(std::move(work), std::move(answer));
            job->deadline = deadline;
            job->needs_connection = false;
            offer(std::move(job));
        };
        co_return co_await answered<Result<T>>(std::move(start));
    }

    // How many sessions the pool has begun: where it has not changed, no session was lost, so the server has not come back from a crash.
    [[nodiscard]] std::uint64_t sessions() const noexcept { return sessions_.load(std::memory_order_acquire); }

private:
    struct Job {
        virtual ~Job() = default;
        virtual void run(PgConnection* connection) = 0;  // throws PgError: not yet answered
        virtual void fail(Failure failure) = 0;
        runtime::Deadline deadline = runtime::Deadline::after(std::chrono::milliseconds{0});
        bool repeatable = false;
        bool needs_connection = true;
    };
    template <class T>
    struct WorkJob final : Job {
        WorkJob(std::function<Result<T>(PgConnection&)> given, Answer<Result<T>> a) : work{std::move(given)}, answer{std::move(a)} {}
        void run(PgConnection* connection) override { answer(work(*connection)); }
        void fail(Failure failure) override { answer(Result<T>{std::move(failure)}); }
        std::function<Result<T>(PgConnection&)> work;
        Answer<Result<T>> answer;
    };
    template <class T>
    struct PlainJob final : Job {
        PlainJob(std::function<T()> given, Answer<Result<T>> a) : work{std::move(given)}, answer{std::move(a)} {}
        void run(PgConnection*) override { answer(Result<T>{work()}); }
        void fail(Failure failure) override { answer(Result<T>{std::move(failure)}); }
        std::function<T()> work;
        Answer<Result<T>> answer;
    };

    void offer(std::unique_ptr<Job> job);
    void serve();
    void perform(Connector& connector, Job& job);

    StoreConfig const& config_;
    observe::Metrics& metrics_;
    std::mutex mutex_;  // guards waiting_, busy_, stopping_
    std::condition_variable changed_;
    std::deque<std::unique_ptr<Job>> waiting_;
    std::size_t busy_ = 0;
    std::atomic<std::uint64_t> sessions_{0};
    bool stopping_ = false;
    std::vector<std::thread> threads_;
};

}  // namespace store::detail
