#include "gateway/store/pg_journal.hpp"

#include "gateway/runtime/thread.hpp"
#include "gateway/store/detail/batch.hpp"
#include "signing/signer.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace store::detail {

namespace {

constexpr std::size_t inline_bytes_max = 256u << 10;  // packing more than this takes more than half a millisecond
constexpr int attempts_max = 3;
constexpr double rows_time = 2, rows_time_uneven = 0.5;  // of one commit, in times of what it takes beside its rows
constexpr std::chrono::hours partitions_every{24};
constexpr std::chrono::minutes partitions_retry{5};

std::string_view name_of(BatchTransaction::Numbers numbers)
{
    switch (numbers) {
        case BatchTransaction::Numbers::foreseen: return "foreseen";
        case BatchTransaction::Numbers::mistaken: return "mistaken";
        case BatchTransaction::Numbers::asked: break;
    }
    return "asked";
}

constexpr Statement partitions_statement{"partitions", "SELECT ivan.make_partitions(now(), 3)"};

}  // namespace

void PgJournal::Pending::fail(Refusal why, std::string const& detail)
{
    if (row) stored(Failure{why, detail});
    else noted(Failure{why, detail});
}

PgJournal::PgJournal(StoreConfig const& config, Sealer sealer, observe::Metrics& metrics, PgPool& pool, Committed committed)
    : config_{config}, codec_{codec_from(config.compression).value()}, sealer_{std::move(sealer)}, metrics_{metrics}, pool_{pool},
      committed_{std::move(committed)}, connector_{config}, committer_{[this] { serve(); }}
{
}

PgJournal::~PgJournal()
{
    std::vector<Pending> left;
    {
        std::lock_guard const lock{mutex_};
        stopping_ = true;
        while (!pending_.empty()) left.push_back(pending_.take());
    }
    changed_.notify_all();
    committer_.join();
    for (auto& pending : ahead_) left.push_back(std::move(pending));
    for (auto& pending : left) pending.fail(Refusal::unavailable, "the store is stopping");
}

runtime::Task<Result<Stored>> PgJournal::accept(Acceptance acceptance, runtime::Deadline deadline)
{
    if (acceptance.verified.envelope().bytes().size() <= inline_bytes_max)
        co_return co_await accept_row(row_of(acceptance, codec_), deadline);
    std::function<Row()> work = [this, &acceptance] { return row_of(acceptance, codec_); };
    auto row = co_await pool_.compute<Row>(deadline, std::move(work));
    if (!row) co_return row.error();
    co_return co_await accept_row(std::move(*row), deadline);
}

runtime::Task<Result<Stored>> PgJournal::accept_row(Row row, runtime::Deadline deadline)
{
    auto start = [this, &row, deadline](Answer<Result<Stored>> answer) {
        offer(Pending{std::move(row), std::nullopt, deadline, std::move(answer), {}});
    };
    co_return co_await answered<Result<Stored>>(std::move(start));
}

runtime::Task<Result<void>> PgJournal::refuse(RefusalRecord record, runtime::Deadline deadline)
{
    if (record.body.size() <= inline_bytes_max) {
        record.body = pack(codec_, record.body);
    } else {
        std::function<std::string()> work = [this, &record] { return pack(codec_, record.body); };
        auto packed = co_await pool_.compute<std::string>(deadline, std::move(work));
        if (!packed) co_return packed.error();
        record.body = std::move(*packed);
    }
    auto start = [this, &record, deadline](Answer<Result<void>> answer) {
        offer(Pending{std::nullopt, std::move(record), deadline, {}, std::move(answer)});
    };
    co_return co_await answered<Result<void>>(std::move(start));
}

runtime::Task<Result<std::optional<Stored>>> PgJournal::find(std::string provider, std::string idempotency_key,
                                                             std::string content_sha256, runtime::Deadline deadline)
{
    using Answered = Result<std::optional<Stored>>;
    std::function<Answered(PgConnection&)> work = [&](PgConnection& connection) -> Answered {
        auto known = find_key(connection, provider, idempotency_key);
        if (!known) return std::optional<Stored>{};
        if (known->content_sha256 != content_sha256) return Failure{Refusal::key_reused, known->stored.dossier_id};
        return std::optional<Stored>{std::move(known->stored)};
    };
    co_return co_await pool_.run<std::optional<Stored>>(deadline, true, std::move(work));
}

void PgJournal::offer(Pending pending)
{
    {
        std::lock_guard const lock{mutex_};
        auto const bytes = pending_bytes_ + pending.bytes();
        if (!stopping_ && pending_.size() < config_.pending_rows_max && bytes <= config_.pending_bytes_max) {
            pending_bytes_ = bytes;
            auto const provider = pending.provider();  // a copy: what it is of moves
            pending_.put(provider, std::move(pending));
            if (listening_) bell_.ring();
            else changed_.notify_one();
            return;
        }
    }
    pending.fail(Refusal::busy, "the committer's queue is full");
}

PgJournal::Pending PgJournal::take_one()
{
    auto one = pending_.take();
    pending_bytes_ -= one.bytes();
    mix_.took(one.provider());
    return one;
}

// Long commits store more, short ones let nobody wait for the rows of others.
std::size_t PgJournal::rows_max() const
{
    return mix_.uneven() ? cost_.rows_worth(rows_time_uneven, config_.batch_rows_uneven, config_.batch_rows_max)
                         : cost_.rows_worth(rows_time, config_.batch_rows_min, config_.batch_rows_max);
}

// What was signed ahead, and what gathered during the last commit, in rounds and within the bounds of one transaction.
PgJournal::Batch PgJournal::take()
{
    auto batch = std::exchange(ahead_, {});
    std::size_t bytes = 0;
    for (auto const& pending : batch) bytes += pending.bytes();
    auto most = rows_max();
    // Who sends little beside a flood shares its commit with one round of it.
    bool const shared = pending_.parties() > 1 || std::ranges::any_of(batch, [&](auto const& one) { return one.provider() != batch.front().provider(); });
    if (shared && mix_.uneven()) most = std::min(most, batch.size() + pending_.parties());
    while (!pending_.empty() && batch.size() < most) {
        auto const next = pending_.next().bytes();
        if (!batch.empty() && bytes + next > config_.batch_bytes_max) break;
        bytes += next;
        batch.push_back(take_one());
    }
    return batch;
}

// While the database commits, those who wait already, or come meanwhile, get their receipts signed, with the numbers that are theirs if it
// does. Half a commit's rows at most: the other half is taken when its time has come, so that whoever comes late is still in the next one.
void PgJournal::seal_next(PgConnection& connection, Foresight::Left const& if_committed)
{
    if (!foresight_.worth_trying() || !ahead_.empty()) return;
    auto const most = rows_max() / 2;
    Numbering numbering{config_.case_code, if_committed.last, if_committed.log.span().end};
    while (ahead_.size() < most) {
        std::optional<Pending> next;
        {
            std::lock_guard const lock{mutex_};
            if (stopping_) break;
            if (!pending_.empty()) next = take_one();
            listening_ = !next;
        }
        if (!next) {
            if (connection.answered_before(bell_.fd())) break;
            bell_.silence();
            continue;
        }
        ahead_.push_back(std::move(*next));
        if (ahead_.back().row) seal_ahead(*ahead_.back().row, numbering);
    }
    std::lock_guard const lock{mutex_};
    listening_ = false;
}

void PgJournal::seal_ahead(Row& row, Numbering& numbering)
{
    auto const counter = counter_of(row, config_.case_code);
    if (!numbering.knows(counter)) {
        auto const last = foresight_.last(counter);
        if (!last) return;
        numbering.learn(counter, *last);
    }
    numbering.give(row);
    try {
        seal(row, sealer_, codec_);
    } catch (std::exception const&) {
        // Its commit will meet the same trouble, and say so.
    }
}

void PgJournal::serve()
{
    runtime::name_thread("commit");
    for (;;) {
        Batch batch;
        {
            std::unique_lock lock{mutex_};
            changed_.wait(lock, [this] { return stopping_ || !pending_.empty() || !ahead_.empty(); });
            if (stopping_) return;
            batch = take();
        }
        auto const late = std::stable_partition(batch.begin(), batch.end(), [](auto const& p) { return !p.deadline.passed(); });
        for (auto it = late; it != batch.end(); ++it) it->fail(Refusal::deadline_passed, "waited too long for the committer");
        batch.erase(late, batch.end());
        if (!batch.empty()) process(std::move(batch));
    }
}

void PgJournal::look_after_partitions(PgConnection& connection)
{
    auto const now = std::chrono::steady_clock::now();
    if (now < partitions_due_) return;
    partitions_due_ = now + partitions_retry;
    try {
        connection.run(partitions_statement, Params{});
        partitions_due_ = now + partitions_every;
        metrics_.alarm("partitions", false);
    } catch (PgError const& error) {
        if (error.kind() == PgError::Kind::lost) throw;
        // Rows go to the default partition meanwhile: nothing is lost, but somebody must look.
        metrics_.alarm("partitions", true);
    }
}

// One transaction for the whole batch. Ends with every member answered.
void PgJournal::process(Batch batch)
{
    std::vector<Row*> rows;
    std::vector<RefusalRecord const*> refusals;
    std::vector<Pending*> dossiers, records;
    std::size_t bytes = 0;
    for (auto& pending : batch) {
        bytes += pending.bytes();
        if (pending.row) {
            rows.push_back(&*pending.row);
            dossiers.push_back(&pending);
        } else {
            refusals.push_back(&*pending.refusal);
            records.push_back(&pending);
        }
    }

    for (int attempt = 1;; ++attempt) {
        auto const began = std::chrono::steady_clock::now();
        BatchTransaction transaction{rows, refusals, sealer_, codec_, config_.case_code, owners_, foresight_, trusting_};
        bool kept = false;
        std::optional<Failure> failure;
        bool again = false, to_blame = false, unsealed = false;
        try {
            auto& connection = connector_.connection(kept);
            look_after_partitions(connection);
            transaction.run(connection, [this](auto& on, auto const& left) { seal_next(on, left); });
        } catch (PgError const& error) {
            failure = failure_of(error);
            again = error.worth_repeating();
            if (error.kind() == PgError::Kind::lost) {
                connector_.drop();
                if (transaction.commit_sent() && !error.undone()) failure->why = Refusal::outcome_unknown;
                else again = kept;  // a kept connection may have died long ago
            } else {
                to_blame = failure->why == Refusal::internal;
                try {
                    bool unused = false;
                    connector_.connection(unused).rollback();
                } catch (PgError const&) {
                    connector_.drop();
                }
                if (error.server_unfit()) connector_.drop();
            }
        } catch (signing::KeyTrouble const& trouble) {
            // Without a receipt there is no promise: numbers and rows of this transaction are given back.
            failure = Failure{Refusal::unavailable, trouble.what()};
            unsealed = true;
            try {
                bool unused = false;
                connector_.connection(unused).rollback();
            } catch (PgError const&) {
                connector_.drop();
            }
        } catch (std::exception const& error) {
            connector_.drop();  // the transaction ends with its connection
            failure = Failure{Refusal::internal, error.what()};
            to_blame = true;
        }
        if (!rows.empty()) trusting_ = transaction.all_new();
        if (transaction.somebody_else()) foresight_.mistaken();
        auto left = transaction.left();
        if (!failure && left) foresight_.committed(std::move(*left));
        else foresight_.forget();  // what was drawn and given back leaves the sequence moved
        if (failure && again && attempt < attempts_max) continue;

        // A row that the database refuses harms only itself.
        if (failure && to_blame && batch.size() > 1) {
            for (auto& pending : batch) {
                Batch single;
                single.push_back(std::move(pending));
                process(std::move(single));
            }
            return;
        }

        if (!failure) {
            cost_.took(batch.size(), std::chrono::steady_clock::now() - began);
            metrics_.batch(batch.size(), bytes);
            metrics_.commit(name_of(transaction.numbers()));
            for (auto const& [unit, tax_code] : transaction.learned()) owners_.learn(unit, tax_code);
        }
        auto results = transaction.take_results();
        if (committed_)
            for (auto const& [row, sequence] : transaction.sequences()) committed_(claim_of(*rows[row], (*results[row])->case_code, sequence), rows[row]->body);
        std::vector<Pending*> leftover;
        if (unsealed) leftover.swap(records);  // a refusal needs no receipt
        for (std::size_t i = 0; i < rows.size(); ++i) {
            if (results[i]) dossiers[i]->stored(std::move(*results[i]));
            else if (failure) dossiers[i]->stored(*failure);
            else leftover.push_back(dossiers[i]);
        }
        for (auto* record : records) {
            if (failure) record->noted(*failure);
            else record->noted(Result<void>{});
        }
        Batch rest;
        for (auto* pending : leftover) rest.push_back(std::move(*pending));
        if (!rest.empty()) process(std::move(rest));
        return;
    }
}

}  // namespace store::detail
