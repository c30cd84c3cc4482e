// The journal under steady load, and under it a bare batch insert of the same rows: what it had written, into tables like its own,
// unnest and one commit for as many rows as its transactions had. Besides, the packed bodies alone into one table. All are durable. Rows a second
// are in the counters; the time is of one row. What the provable log adds to a row stands beside it: the same transaction of
// one insert with the log's statements in its round trips, and without them. Needs a database: IVAN_BENCH_DATABASE, a libpq URL; ops/bench makes one.
#include "loadtest/bench/sizes.hpp"
#include "loadtest/bench/world.hpp"

#include "gateway/dossier/receipt.hpp"
#include "gateway/store/detail/compress.hpp"
#include "gateway/store/detail/log_writer.hpp"
#include "gateway/store/detail/pg_connection.hpp"
#include "gateway/store/postgres.hpp"
#include "signing/digest.hpp"

#include <boost/asio/co_spawn.hpp>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <deque>
#include <stdexcept>

namespace
{

using Seconds = std::chrono::duration<double>;
constexpr std::size_t rows = 4096;
constexpr std::chrono::milliseconds patience{20'000};

constexpr store::detail::Statement insert_statement{
    "floor_insert", "INSERT INTO bench_floor (case_code, body) SELECT c, b FROM unnest($1::text[], $2::bytea[]) AS n(c, b)"};
constexpr store::detail::Statement touch_statement{"floor_touch", "SELECT 1"};
constexpr store::detail::Statement transactions_statement{
    "floor_transactions", "SELECT count(DISTINCT xmin::text)::bigint FROM ivan.dossiers WHERE idempotency_key LIKE $1::text"};

store::Acceptance acceptance_of(bench::World const& world, std::int64_t people, std::string key)
{
    auto examined = world.examined(people);
    return store::Acceptance{world.sender(),
                             std::move(examined.verified),
                             std::move(examined.valid),
                             signing::hex(signing::sha256(key)), // each a content of its own; hashing the dossier is no work of the journal
                             key,
                             std::string(32, 'b')};
}

std::string run_name()
{
    static unsigned run = 0;
    return "bench-" + std::to_string(std::chrono::system_clock::now().time_since_epoch().count()) + "-" + std::to_string(++run) + "-";
}

// One of those who file: the next as soon as the last is stored.
runtime::Task<void> file(store::Journal& journal, std::vector<store::Acceptance>& ready, std::size_t& next, std::size_t& stored)
{
    while (next < ready.size()) {
        auto acceptance = std::move(ready[next++]);
        auto const result = co_await journal.accept(std::move(acceptance), runtime::Deadline::after(patience));
        stored += result ? 1 : 0;
    }
}

struct Rate {
    Seconds took{};
    double batch = 1; // rows a transaction
    std::string run;  // what its keys begin with
};

Rate journal_rate(bench::World const& world, std::string const& url, std::size_t together)
{
    observe::Metrics metrics;
    store::StoreConfig config;
    config.database_url = url;
    auto sealer = [&world](dossier::ReceiptFacts const& facts) { return dossier::seal(facts, *world.receipt_key); };
    store::Postgres postgres{config, sealer, metrics};
    auto const name = run_name();
    std::vector<store::Acceptance> ready;
    for (std::size_t n = 0; n < rows; ++n) ready.push_back(acceptance_of(world, 10, name + std::to_string(n)));
    net::io_context context{1};
    std::size_t next = 0, stored = 0;
    auto const begun = std::chrono::steady_clock::now();
    for (std::size_t n = 0; n < together; ++n)
        net::co_spawn(context.get_executor(), file(postgres.journal(), ready, next, stored), [](std::exception_ptr error) {
            if (error) std::rethrow_exception(error);
        });
    context.run();
    Rate rate{std::chrono::steady_clock::now() - begun, 1, name};
    if (stored != rows) throw std::runtime_error("not all were stored");
    store::detail::PgConnection connection{url, patience, patience};
    auto const counted = connection.run(transactions_statement, store::detail::Params{}.text(name + "%"));
    rate.batch = static_cast<double>(rows) / static_cast<double>(std::max<std::int64_t>(1, counted.number(0, 0)));
    return rate;
}

// What the journal has written, to be written again: a table like each of its own, indexes and all, filled by one insert of as many
// rows as the journal's transactions had. No look-ups, no numbers, no receipts to sign, nothing to decide.
class SameRows
{
public:
    SameRows(std::string const& url, std::string const& run) : connection_{url, patience, patience}
    {
        for (auto const& [name, where] : {std::pair{"idempotency", "x.idempotency_key LIKE $1::text"}, std::pair{"dossiers", "x.idempotency_key LIKE $1::text"},
                                          std::pair{"dossier_status", in_the_run}, std::pair{"delivery_queue", in_the_run}})
            tables_.push_back(read(name, where, run));
    }

    Rate write(std::size_t batch)
    {
        auto const begun = std::chrono::steady_clock::now();
        for (std::size_t n = 0; n < rows; n += batch) {
            connection_.send_plain("BEGIN");
            for (auto const& table : tables_) connection_.send(*table.insert, params_of(table, n, std::min(rows, n + batch)));
            connection_.send_plain("COMMIT");
            connection_.finish();
        }
        return {std::chrono::steady_clock::now() - begun, static_cast<double>(batch), {}};
    }

private:
    static constexpr char const* in_the_run = "x.dossier_id IN (SELECT dossier_id FROM ivan.idempotency WHERE idempotency_key LIKE $1::text)";
    struct Column {
        bool bytes = false;
        std::vector<std::string> values; // one a row
    };
    struct Table {
        std::vector<Column> columns;
        store::detail::Statement const* insert = nullptr;
    };

    // Statements and their texts live as long as the program, as those of the hub do.
    static store::detail::Statement const& kept(std::string name, std::string sql)
    {
        static std::deque<std::pair<std::string, std::string>> texts;
        static std::deque<store::detail::Statement> statements;
        auto const& [first, second] = texts.emplace_back(std::move(name), std::move(sql));
        return statements.emplace_back(store::detail::Statement{first.c_str(), second.c_str()});
    }

    Table read(std::string const& name, std::string const& where, std::string const& run)
    {
        using store::detail::Params;
        static constexpr store::detail::Statement columns_statement{
            "floor_columns", "SELECT attname::text, format_type(atttypid, atttypmod), attnotnull FROM pg_attribute "
                             "WHERE attrelid = ('ivan.' || $1::text)::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum"};
        connection_.run_script("DROP TABLE IF EXISTS bench_" + name + "; CREATE TABLE bench_" + name + " (LIKE ivan." + name + " INCLUDING ALL);");
        auto const columns = connection_.run(columns_statement, Params{}.text(name));
        std::string selected, names, taken, arrays, given;
        Table table;
        for (std::size_t i = 0; i < columns.count(); ++i) {
            auto const column = columns.string(i, 0), type = columns.string(i, 1);
            auto const last = i + 1 == columns.count() ? "" : ", ";
            auto const place = "c" + std::to_string(i);
            bool const bytes = type == "bytea";
            selected += (bytes ? "x." + column : "coalesce(x." + column + "::text, '')") + last;
            names += column + last;
            arrays += "$" + std::to_string(i + 1) + (bytes ? "::bytea[]" : "::text[]") + last;
            given += place + last;
            taken += (bytes ? place : columns.boolean(i, 2) ? place + "::" + type : "nullif(" + place + ", '')::" + type) + last;
            table.columns.push_back({bytes, {}});
        }
        auto const found = connection_.run(kept("floor_read_" + name + run, "SELECT " + selected + " FROM ivan." + name + " x WHERE " + where + " ORDER BY x.dossier_id"),
                                           Params{}.text(run + "%"));
        if (found.count() != rows) throw std::runtime_error("not every row was read back of " + name);
        for (std::size_t i = 0; i < columns.count(); ++i)
            for (std::size_t row = 0; row < rows; ++row) table.columns[i].values.push_back(found.string(row, static_cast<int>(i)));
        table.insert = &kept("floor_write_" + name + run, "INSERT INTO bench_" + name + " (" + names + ") SELECT " + taken + " FROM unnest(" + arrays + ") AS n(" + given + ")");
        return table;
    }

    static store::detail::Params params_of(Table const& table, std::size_t from, std::size_t to)
    {
        store::detail::Params params;
        for (auto const& column : table.columns) {
            std::vector<std::string_view> const values{column.values.begin() + static_cast<std::ptrdiff_t>(from), column.values.begin() + static_cast<std::ptrdiff_t>(to)};
            if (column.bytes) params.byteas(values);
            else params.texts(values);
        }
        return params;
    }

    store::detail::PgConnection connection_;
    std::vector<Table> tables_;
};

Rate floor_rate(bench::World const& world, std::string const& url, std::size_t batch)
{
    using namespace store::detail;
    PgConnection connection{url, patience, patience};
    connection.run_script("DROP TABLE IF EXISTS bench_floor; CREATE TABLE bench_floor (case_code text PRIMARY KEY, body bytea); "
                          "ALTER TABLE bench_floor ALTER COLUMN body SET STORAGE EXTERNAL;");
    std::vector<std::string> codes;
    for (std::size_t n = 0; n < rows; ++n) codes.push_back(run_name() + std::to_string(n));
    auto const begun = std::chrono::steady_clock::now();
    for (std::size_t n = 0; n < rows; n += batch) {
        auto const end = std::min(rows, n + batch);
        std::vector<std::string> packed; // packing is the client's part of the work
        for (auto i = n; i < end; ++i) packed.push_back(pack(Codec::lz4, world.dossier(10)));
        connection.send_plain("BEGIN");
        connection.send(insert_statement, Params{}
                                              .texts({codes.begin() + static_cast<std::ptrdiff_t>(n), codes.begin() + static_cast<std::ptrdiff_t>(end)})
                                              .byteas({packed.begin(), packed.end()}));
        connection.send_plain("COMMIT");
        connection.finish();
    }
    return {std::chrono::steady_clock::now() - begun, static_cast<double>(batch), {}};
}

// `batch` entries of the log in each transaction of one insert, or none; a row's share of the time.
Seconds plain_commits(std::string const& url, std::size_t batch, bool with_log)
{
    using namespace store::detail;
    constexpr std::size_t transactions = 256;
    PgConnection connection{url, patience, patience};
    auto const name = run_name();
    std::string const digest(64, 'a'), receipt(1500, 'r'); // a receipt's bytes are hashed into its entry
    auto const begun = std::chrono::steady_clock::now();
    for (std::size_t n = 0; n < transactions; ++n) {
        LogWriter log;
        auto const code = name + std::to_string(n);
        connection.send_plain("BEGIN");
        connection.send(touch_statement, Params{});
        if (with_log) log.lock(connection);
        auto const answers = connection.finish();
        if (with_log) {
            log.take(answers.back());
            for (std::size_t i = 0; i < batch; ++i)
                log.append(accepted_entry("0198a7a0-0000-7000-8000-000000000001", "00000001.G/2026/00108", digest, receipt, runtime::Instant{}, "THAISON"));
            log.write(connection);
        }
        connection.send(insert_statement, Params{}.texts({code}).byteas({digest}));
        connection.send_plain("COMMIT");
        connection.finish();
    }
    return (std::chrono::steady_clock::now() - begun) / static_cast<double>(transactions * batch);
}

// The floor stands in the same run, right behind, at the batch size the journal reached.
void journal(benchmark::State& state)
{
    auto const* const url = std::getenv("IVAN_BENCH_DATABASE");
    if (url == nullptr) {
        state.SkipWithError("IVAN_BENCH_DATABASE is not set");
        return;
    }
    auto const& world = bench::World::shared();
    store::migrate(url);
    for (auto _ : state) {
        auto const ours = journal_rate(world, url, static_cast<std::size_t>(state.range(0)));
        auto const batch = static_cast<std::size_t>(ours.batch + 0.5);
        auto const bodies = floor_rate(world, url, batch), same = SameRows{url, ours.run}.write(batch);
        state.SetIterationTime(ours.took.count() / static_cast<double>(rows));
        state.counters["rows_per_second"] = static_cast<double>(rows) / ours.took.count();
        state.counters["floor_rows_per_second"] = static_cast<double>(rows) / same.took.count();
        state.counters["bodies_per_second"] = static_cast<double>(rows) / bodies.took.count();
        state.counters["batch"] = ours.batch;
        auto const without = plain_commits(url, batch, false), with = plain_commits(url, batch, true);
        state.counters["log_us"] = 1e6 * (with - without).count();
        state.counters["row_us"] = 1e6 * ours.took.count() / static_cast<double>(rows);
    }
}
BENCHMARK(journal)->Arg(8)->Arg(32)->Arg(128)->ArgName("together")->Unit(benchmark::kMicrosecond)->UseManualTime()->Iterations(1);

} // namespace
