#include "gateway/store/detail/pg_pool.hpp"

#include "gateway/runtime/thread.hpp"

#include <algorithm>

namespace store::detail {

namespace {
constexpr std::chrono::milliseconds backoff_first{50}, backoff_max{2000};
}

PgConnection& Connector::connection(bool& kept)
{
    kept = connection_ != nullptr;
    if (kept && connection_->alive()) return *connection_;
    kept = false;
    connection_.reset();
    auto const now = std::chrono::steady_clock::now();
    if (now < not_before_) throw PgError{PgError::Kind::lost, "", "the database could not be reached a moment ago"};
    try {
        connection_ = std::make_unique<PgConnection>(config_.database_url, config_.connect_timeout, config_.statement_timeout);
    } catch (PgError const& error) {
        backoff_ = std::clamp(backoff_ * 2, backoff_first, backoff_max);
        not_before_ = std::chrono::steady_clock::now() + backoff_;
        throw PgError{PgError::Kind::lost, error.state(), error.what()};
    }
    backoff_ = std::chrono::milliseconds{0};
    return *connection_;
}

Failure failure_of(PgError const& error)
{
    if (error.kind() == PgError::Kind::lost || error.server_unfit() || error.worth_repeating())
        return {Refusal::unavailable, error.what()};
    return {Refusal::internal, error.state() + " " + error.what()};
}

PgPool::PgPool(StoreConfig const& config, observe::Metrics& metrics) : config_{config}, metrics_{metrics}
{
    for (std::size_t i = 0; i < config.connections_max; ++i) threads_.emplace_back([this] { serve(); });
}

PgPool::~PgPool()
{
    std::deque<std::unique_ptr<Job>> left;
    {
        std::lock_guard const lock{mutex_};
        stopping_ = true;
        left.swap(waiting_);
    }
    changed_.notify_all();
    for (auto& thread : threads_) thread.join();
    for (auto& job : left) job->fail({Refusal::unavailable, "the store is stopping"});
}

void PgPool::offer(std::unique_ptr<Job> job)
{
    {
        std::lock_guard const lock{mutex_};
        if (!stopping_ && waiting_.size() < config_.waiting_max) {
            waiting_.push_back(std::move(job));
            changed_.notify_one();
            return;
        }
    }
    job->fail({Refusal::busy, "the pool's queue is full"});
}

void PgPool::serve()
{
    runtime::name_thread("store");
    Connector connector{config_};
    for (;;) {
        std::unique_ptr<Job> job;
        {
            std::unique_lock lock{mutex_};
            changed_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
            if (stopping_) return;
            job = std::move(waiting_.front());
            waiting_.pop_front();
            metrics_.pool("store", ++busy_, config_.connections_max);
        }
        perform(connector, *job);
        std::lock_guard const lock{mutex_};
        metrics_.pool("store", --busy_, config_.connections_max);
    }
}

void PgPool::perform(Connector& connector, Job& job)
{
    if (job.deadline.passed()) return job.fail({Refusal::deadline_passed, "waited too long for a connection"});
    for (int attempt = 1;; ++attempt) {
        bool kept = false, answered = false;
        try {
            PgConnection* connection = nullptr;
            if (job.needs_connection) {
                connection = &connector.connection(kept);
                if (!kept) sessions_.fetch_add(1, std::memory_order_acq_rel);
            }
            job.run(connection);
            answered = true;
            if (connection) connection->rollback();  // of work that said no in the middle
            return;
        } catch (PgError const& error) {
            if (error.kind() == PgError::Kind::lost) connector.drop();
            if (answered) return;
            bool const again = (error.kind() == PgError::Kind::lost && kept && job.repeatable) || error.worth_repeating();
            if (error.kind() == PgError::Kind::refused) {
                try {
                    bool unused = false;
                    connector.connection(unused).rollback();
                } catch (PgError const&) {
                    connector.drop();
                }
                // A standby that was made to lead again, or a server about to stop: find the right one.
                if (error.server_unfit()) connector.drop();
            }
            if (!again || attempt >= 3) return job.fail(failure_of(error));
        } catch (std::exception const& error) {
            connector.drop();
            return job.fail({Refusal::internal, error.what()});
        }
    }
}

}  // namespace store::detail
