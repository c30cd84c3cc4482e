#include "gateway/store/postgres.hpp"

#include "gateway/store/pg_archive.hpp"
#include "gateway/store/pg_grace.hpp"
#include "gateway/store/detail/pg_connection.hpp"
#include "gateway/store/pg_journal.hpp"
#include "gateway/store/pg_log.hpp"
#include "gateway/store/detail/pg_pool.hpp"
#include "gateway/store/pg_otp.hpp"
#include "gateway/store/pg_queue.hpp"
#include "gateway/store/pg_reference.hpp"
#include "gateway/store/pg_statement.hpp"

#include <algorithm>
#include <stdexcept>

namespace store {

namespace {

StoreConfig checked(StoreConfig config)
{
    detail::PgConnection::check_url(config.database_url);
    if (!detail::codec_from(config.compression)) throw std::runtime_error("compression: none, lz4 or zstd, not " + config.compression);
    if (config.connections_max == 0 || config.batch_rows_max == 0) throw std::runtime_error("connections_max and batch_rows_max are at least 1");
    if (config.case_code.empty()) throw std::runtime_error("case_code: at least one template");
    for (auto const& form : config.case_code)
        if (auto const problem = dossier::problem_of(form)) throw std::runtime_error(*problem);
    if (auto const head = ledger::canonical_head({config.ledger.name, 0, ledger::empty_root(), {}, {}}); !head)
        throw std::runtime_error("ledger.name: " + head.error().detail);
    std::stable_sort(config.case_code.begin(), config.case_code.end(), [](auto const& a, auto const& b) { return a.from < b.from; });
    return config;
}

}  // namespace

struct Postgres::Data {
    Data(StoreConfig given, Sealer sealer, observe::Metrics& metrics, HeadSigner head_signer, StatementSigner statement_signer)
        : config{checked(std::move(given))}, pool{config, metrics}, journal{config, std::move(sealer), metrics, pool, [this](auto claim, auto body) { queue.committed(std::move(claim), std::move(body)); }},
          log{pool, config.ledger, std::move(head_signer)}, statements{pool, config.ledger.name, std::move(statement_signer)}
    {
    }
    StoreConfig const config;
    detail::PgPool pool;
    detail::PgQueue queue{pool};
    detail::PgJournal journal;
    detail::PgArchive archive{pool};
    detail::PgReference reference{config};
    detail::PgGrace grace{pool};
    detail::PgOtp otp{pool};
    detail::PgLog log;
    detail::PgStatements statements;
};

Postgres::Postgres(StoreConfig config, Sealer sealer, observe::Metrics& metrics, HeadSigner head_signer, StatementSigner statement_signer)
    : data_{std::make_unique<Data>(std::move(config), std::move(sealer), metrics, std::move(head_signer), std::move(statement_signer))}
{
}
Postgres::~Postgres() = default;

Journal& Postgres::journal() noexcept { return data_->journal; }
Archive& Postgres::archive() noexcept { return data_->archive; }
Queue& Postgres::queue() noexcept { return data_->queue; }
Reference& Postgres::reference() noexcept { return data_->reference; }
Grace& Postgres::grace() noexcept { return data_->grace; }
Otp& Postgres::otp() noexcept { return data_->otp; }
Log& Postgres::log() noexcept { return data_->log; }
Statements& Postgres::statements() noexcept { return data_->statements; }

}  // namespace store
