#pragma once

// A store over the test program's database, with rows nobody signed. Threads: one.

#include "gateway/store/pg_archive.hpp"
#include "gateway/store/pg_journal.hpp"
#include "gateway/store/pg_queue.hpp"
#include "tests/support/builders.hpp"
#include "tests/support/postgres.hpp"
#include "tests/support/run_task.hpp"

#include <stdexcept>
#include <string>
#include <thread>

namespace support {

inline runtime::Deadline soon() { return runtime::Deadline::after(std::chrono::seconds{20}); }

// One gateway's part of the store: two of them in a test stand for two processes.
struct Gateway {
    explicit Gateway(store::StoreConfig given, store::Sealer seal = plain_receipt)
        : config{std::move(given)}, journal{config, std::move(seal), metrics, pool}
    {
    }
    observe::Metrics metrics;
    store::StoreConfig config;
    store::detail::PgPool pool{config, metrics};
    store::detail::PgJournal journal;
    store::detail::PgQueue queue{pool};
    store::detail::PgArchive archive{pool};
};

// Polls `context` until the condition holds; only a hang reaches the limit.
template <class Condition>
void wait_until(net::io_context& context, Condition condition)
{
    auto const limit = std::chrono::steady_clock::now() + hang_after;
    while (!condition()) {
        if (std::chrono::steady_clock::now() > limit) throw std::runtime_error("the condition never came true");
        context.restart();
        if (context.poll() == 0) std::this_thread::sleep_for(std::chrono::milliseconds{1});
    }
}

// The answers of rows offered to a journal without waiting for them.
class Answers {
public:
    Answers(net::io_context& context, store::detail::PgJournal& journal) : context_{context}, journal_{journal} {}
    void offer(PlainDossier const& plain, runtime::Deadline deadline = soon())
    {
        auto const index = results.size();
        results.emplace_back();
        auto done = [this, index](std::exception_ptr error, store::Result<store::Stored> result) {
            if (error) std::rethrow_exception(error);
            results[index] = std::move(result);
            order.push_back(index);
            ++answered;
        };
        net::co_spawn(context_.get_executor(), journal_.accept_row(row_of(plain), deadline), std::move(done));
    }
    void wait()
    {
        wait_until(context_, [this] { return answered == results.size(); });
    }
    // Why the row was refused; internal where it was not.
    [[nodiscard]] std::string why(std::size_t index) const
    {
        auto const& result = *results.at(index);
        return result.has_value() ? "stored" : std::string{store::name_of(result.error().why)};
    }
    std::vector<std::optional<store::Result<store::Stored>>> results;
    std::vector<std::size_t> order;  // in which they were answered
    std::size_t answered = 0;

private:
    net::io_context& context_;
    store::detail::PgJournal& journal_;
};

}  // namespace support
