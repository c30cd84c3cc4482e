#include "gateway/store/pg_statement.hpp"

#include "gateway/dossier/time.hpp"
#include "gateway/ledger/frontier.hpp"
#include "gateway/store/detail/batch.hpp"
#include "gateway/store/detail/compress.hpp"
#include "gateway/store/detail/log_writer.hpp"
#include "signing/signer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <stdexcept>

namespace store::detail {
namespace {

using namespace std::chrono_literals;

constexpr Statement newest_statement{"statement_newest", "SELECT first_index, count, at FROM ivan.log_groups ORDER BY first_index DESC LIMIT 1"};
constexpr Statement group_statement{
    "statement_group", "SELECT first_index, count, at, frontier FROM ivan.log_groups WHERE first_index <= $1::bigint ORDER BY first_index DESC LIMIT 1"};
// Alone in its transaction, so that the lock is let go at once.
constexpr Statement free_statement{"statement_free", "SELECT pg_try_advisory_xact_lock(hashtextextended('ivan.log', 0)), clock_timestamp()"};
constexpr Statement kept_statement{"statement_kept", "SELECT text, signature FROM ivan.statements WHERE day = $1::text::date AND provider = $2::text"};
constexpr Statement size_statement{"statement_size", "SELECT size FROM ivan.statements WHERE day = $1::text::date ORDER BY provider LIMIT 1"};
constexpr Statement keep_statement{
    "statement_keep", "INSERT INTO ivan.statements (day, provider, size, key_id, text, signature) "
                      "VALUES ($1::text::date, $2::text, $3::bigint, $4::text, $5::text, $6::bytea) ON CONFLICT DO NOTHING"};

// The small rows of the day in the order of time; the large ones only of this provider.
constexpr Statement accepted_statement{
    "statement_accepted",
    "SELECT s.dossier_id::text, d.log_index, d.received_at, d.content_sha256, d.idempotency_key, d.case_code, d.receipt_xml FROM "
    "(SELECT dossier_id, agency, received_at FROM ivan.dossier_status WHERE dossier_id > $2::text::uuid AND dossier_id < $3::text::uuid "
    "AND provider = $1::text ORDER BY dossier_id LIMIT $4::bigint) s LEFT JOIN LATERAL (SELECT * FROM ivan.dossiers d "
    "WHERE d.agency = s.agency AND d.received_at = s.received_at AND d.dossier_id = s.dossier_id OFFSET 0) d ON true ORDER BY s.dossier_id"};
constexpr Statement refused_statement{
    "statement_refused",
    "SELECT content_sha256, refused_at, refusal_id, log_index, idempotency_key, fault_id FROM ivan.refusals WHERE provider = $1::text "
    "AND refused_at >= $2::timestamptz AND refused_at < $3::timestamptz AND (content_sha256, refused_at, refusal_id) > ($4::bytea, $5::timestamptz, $6::bigint) "
    "ORDER BY content_sha256, refused_at, refusal_id LIMIT $7::bigint"};

runtime::Instant begin_of(std::chrono::sys_days day) { return runtime::Instant{day} - runtime::vietnam_offset; }
runtime::Instant end_of(std::chrono::sys_days day) { return begin_of(day) + 24h; }

// Before every id that dossier::new_id() gives at this moment or later, behind every one of before.
std::string first_id(runtime::Instant at)
{
    auto const ms = std::max<std::int64_t>(std::chrono::floor<std::chrono::milliseconds>(at.time_since_epoch()).count(), 0);
    auto const digits = fmt::format("{:012x}", static_cast<std::uint64_t>(ms));
    return digits.substr(0, 8) + "-" + digits.substr(8, 4) + "-0000-0000-000000000000";
}

std::uint64_t unsigned_at(Rows const& rows, std::size_t row, int column) { return static_cast<std::uint64_t>(rows.number(row, column)); }

ledger::StatementLine accepted_line(Rows const& rows, std::size_t row, std::string const& provider)
{
    auto const id = rows.string(row, 0);
    if (rows.null(row, 2)) throw std::runtime_error("dossier " + id + " has a status and no row: audit verify tells more");
    auto const receipt = unpack(rows.text(row, 6), unpacked_bytes_max);
    if (!receipt) throw std::runtime_error("the stored receipt of " + id + " is damaged");
    return {unsigned_at(rows, row, 1), rows.string(row, 4),
            ledger::Accepted{id, rows.string(row, 5), hash_of(rows.text(row, 3)), signing::sha256(*receipt), stored_time(rows.instant(row, 2)), provider}};
}

ledger::StatementLine refused_line(Rows const& rows, std::size_t row, std::string const& provider)
{
    ledger::Refused entry{rows.string(row, 5), std::nullopt, provider, stored_time(rows.instant(row, 1))};
    if (!rows.text(row, 0).empty()) entry.content_sha256 = hash_of(rows.text(row, 0));
    return {unsigned_at(rows, row, 3), rows.string(row, 4), std::move(entry)};
}

void tell(ledger::StatementLine const& line, StatementCut const& cut, StatementReader::Visit const& visit)
{
    if (!ledger::belongs(line, cut.day, cut.from, cut.size)) return;
    auto const written = ledger::written_line(line);
    if (!written) throw std::runtime_error(fmt::format("the row at {} of the log cannot be written down: {}", line.index, written.error().detail));
    visit(line, *written);
}

}  // namespace

std::uint64_t StatementReader::size_at(runtime::Instant at)
{
    auto const newest = connection_.run(newest_statement, Params{});
    if (newest.count() == 0) return 0;
    if (newest.instant(0, 2) < at) return unsigned_at(newest, 0, 0) + unsigned_at(newest, 0, 1);
    // All before `below` was there then, and the commit that begins at `above` was not.
    std::uint64_t below = 0, above = unsigned_at(newest, 0, 0);
    while (below < above) {
        auto const group = connection_.run(group_statement, Params{}.number(static_cast<std::int64_t>(below + (above - below) / 2)));
        if (group.count() == 0) throw std::runtime_error("the provable log has a gap: audit verify tells more");
        if (group.instant(0, 2) >= at) above = unsigned_at(group, 0, 0);
        else below = std::max(below + 1, unsigned_at(group, 0, 0) + unsigned_at(group, 0, 1));
    }
    return above;
}

std::uint64_t StatementReader::size_closed(std::chrono::sys_days day)
{
    auto const said = connection_.run(size_statement, Params{}.text(dossier::vietnam_date(day)));
    return said.count() > 0 ? unsigned_at(said, 0, 0) : size_at(end_of(day) + config_.close_after);
}

Result<StatementCut> StatementReader::cut(std::chrono::sys_days day, runtime::Instant now, std::optional<std::uint64_t> size)
{
    if (now < begin_of(day)) return Failure{Refusal::not_found, "the day has not begun"};
    auto const close = end_of(day) + config_.close_after;
    // Whoever extends the log holds its lock until the commit is done. So a commit of after the close, or a free lock then, says that
    // all of before it can be seen; by the database's clock, which dates the commits, and by ours.
    auto const ended = [&] {
        auto const newest = connection_.run(newest_statement, Params{});
        if (newest.count() > 0 && newest.instant(0, 2) >= close) return true;
        auto const free = connection_.run(free_statement, Params{});
        return free.boolean(0, 0) && free.instant(0, 1) >= close;
    };
    StatementCut cut;
    cut.day = day;
    cut.closed = now >= close && ended();
    cut.from = size_closed(day - std::chrono::days{1});
    auto const newest = connection_.run(newest_statement, Params{});
    auto const all = newest.count() == 0 ? 0 : unsigned_at(newest, 0, 0) + unsigned_at(newest, 0, 1);
    if (size && *size > all) return Failure{Refusal::not_found, fmt::format("the log has {} leaves", all)};
    cut.size = size ? *size : cut.closed ? size_closed(day) : all;
    cut.from = std::min(cut.from, cut.size);
    return cut;
}

std::optional<SignedStatement> StatementReader::kept(std::string const& provider, std::chrono::sys_days day)
{
    auto const rows = connection_.run(kept_statement, Params{}.text(dossier::vietnam_date(day)).text(provider));
    if (rows.count() == 0) return std::nullopt;
    auto text = rows.string(0, 0);
    auto statement = ledger::read_statement(text);
    if (!statement) throw std::runtime_error("the kept statement of " + provider + " is damaged");
    return SignedStatement{std::move(*statement), std::move(text), rows.string(0, 1)};
}

SignedStatement StatementReader::keep(SignedStatement made)
{
    auto const& statement = made.statement;
    connection_.run(keep_statement, Params{}
                                        .text(dossier::vietnam_date(statement.day))
                                        .text(statement.provider)
                                        .number(static_cast<std::int64_t>(statement.size))
                                        .text(signing::hex(statement.key_id))
                                        .text(made.text)
                                        .text(made.signature));
    auto stands = kept(statement.provider, statement.day);
    if (!stands) throw std::runtime_error("a statement vanished while it was kept");
    return std::move(*stands);
}

// By an index that has the order that is wanted, whatever the planner guesses of ranges that it cannot know: else each page might sort
// the whole day.
Rows StatementReader::in_order(Statement const& statement, Params const& params)
{
    connection_.send_plain("BEGIN READ ONLY");
    connection_.send_plain("SET LOCAL enable_bitmapscan = off");
    connection_.send_plain("SET LOCAL enable_sort = off");
    connection_.send(statement, params);
    connection_.send_plain("COMMIT");
    auto answers = connection_.finish();
    return std::move(answers[answers.size() - 2]);
}

Result<bool> StatementReader::lines(std::string const& provider, StatementCut const& cut, StatementPlace& place, Visit const& visit)
{
    if (place.refusals) return refused(provider, cut, place, visit);
    auto const more = accepted(provider, cut, place, visit);
    if (!more || *more) return more;
    place = StatementPlace{};
    place.refusals = true;
    return true;
}

Result<bool> StatementReader::accepted(std::string const& provider, StatementCut const& cut, StatementPlace& place, Visit const& visit)
{
    auto const begin = std::max(place.dossier_id, first_id(begin_of(cut.day) - config_.late_max));
    auto const until = first_id(end_of(cut.day));
    auto const rows = in_order(accepted_statement, Params{}.text(provider).text(begin).text(until).number(static_cast<std::int64_t>(config_.rows_at_once)));
    for (std::size_t row = 0; row < rows.count(); ++row) {
        if (rows.null(row, 1) && !rows.null(row, 2)) continue;  // of before the log
        tell(accepted_line(rows, row, provider), cut, visit);
    }
    if (rows.count() > 0) place.dossier_id = rows.string(rows.count() - 1, 0);
    return rows.count() == config_.rows_at_once;
}

Result<bool> StatementReader::refused(std::string const& provider, StatementCut const& cut, StatementPlace& place, Visit const& visit)
{
    auto const rows = in_order(refused_statement, Params{}
                                                      .text(provider)
                                                      .instant(begin_of(cut.day) - config_.late_max)
                                                      .instant(end_of(cut.day))
                                                      .text(place.content_sha256)
                                                      .instant(runtime::Instant{std::chrono::microseconds{place.at}})
                                                      .number(place.number)
                                                      .number(static_cast<std::int64_t>(config_.rows_at_once)));
    for (std::size_t row = 0; row < rows.count(); ++row)
        if (!rows.null(row, 3)) tell(refused_line(rows, row, provider), cut, visit);
    if (auto const count = rows.count(); count > 0) {
        place.content_sha256 = rows.string(count - 1, 0);
        place.at = stored_time(rows.instant(count - 1, 1)).time_since_epoch().count();
        place.number = rows.number(count - 1, 2);
    }
    return rows.count() == config_.rows_at_once;
}

Result<ledger::Statement> StatementReader::summary(std::string const& log, std::string const& provider, StatementCut const& cut,
                                                   runtime::Instant now, runtime::Deadline deadline)
{
    ledger::Statement statement;
    statement.log = log;
    statement.provider = provider;
    statement.day = cut.day;
    statement.closed = cut.closed;
    statement.from = cut.from;
    statement.size = cut.size;
    statement.at = std::chrono::floor<std::chrono::milliseconds>(now);
    statement.root = ledger::empty_root();
    if (cut.size > 0) {
        auto const group = connection_.run(group_statement, Params{}.number(static_cast<std::int64_t>(cut.size - 1)));
        auto const frontier = group.count() == 0 ? ledger::Frontier{} : ledger::read_frontier(group.text(0, 3));
        auto const root = frontier ? frontier->root() : frontier.error();
        if (!root || frontier->size() != cut.size) throw std::runtime_error(fmt::format("the provable log is damaged before {}: audit verify tells more", cut.size));
        statement.root = *root;
    }
    ledger::StatementTally tally;
    StatementPlace place;
    for (bool more = true; more;) {
        if (deadline.passed()) return Failure{Refusal::deadline_passed, "a statement in the making"};
        auto const went_on = lines(provider, cut, place, [&](auto const& line, auto const& written) { tally.add(line, written); });
        if (!went_on) return went_on.error();
        more = *went_on;
    }
    tally.finish(statement);
    return statement;
}

std::optional<SignedStatement> PgStatements::recent(std::string const& provider, std::chrono::sys_days day, runtime::Instant now)
{
    std::lock_guard const lock{mutex_};
    auto const found = recent_.find({provider, day});
    if (found == recent_.end() || now - found->second.statement.at >= config_.provisional_age_min) return std::nullopt;
    return found->second;
}

bool PgStatements::begin()
{
    std::lock_guard const lock{mutex_};
    if (making_ >= config_.at_once) return false;
    ++making_;
    return true;
}

void PgStatements::end(std::optional<SignedStatement> provisional, runtime::Instant now)
{
    std::lock_guard const lock{mutex_};
    --making_;
    if (!provisional) return;
    std::erase_if(recent_, [&](auto const& one) { return now - one.second.statement.at >= config_.provisional_age_min; });
    if (recent_.size() >= config_.kept_max) return;
    std::pair key{provisional->statement.provider, provisional->statement.day};
    recent_.insert_or_assign(std::move(key), std::move(*provisional));
}

Result<SignedStatement> PgStatements::make(PgConnection& connection, std::string const& provider, std::chrono::sys_days day, runtime::Instant now,
                                           runtime::Deadline deadline)
{
    StatementReader reader{connection, config_};
    if (auto kept = reader.kept(provider, day)) return std::move(*kept);
    if (auto last = recent(provider, day, now)) return std::move(*last);
    if (!begin()) return Failure{Refusal::busy, "as many statements as may be are in the making"};
    std::optional<SignedStatement> provisional;
    struct End {
        PgStatements& all;
        std::optional<SignedStatement> const& provisional;
        runtime::Instant now;
        ~End() { all.end(provisional, now); }
    } const ended{*this, provisional, now};

    auto const cut = reader.cut(day, now);
    if (!cut) return cut.error();
    auto summary = reader.summary(log_, provider, *cut, now, deadline);
    if (!summary) return summary.error();
    try {
        auto made = signer_(std::move(*summary));
        if (made.statement.closed) return reader.keep(std::move(made));
        provisional = made;
        return made;
    } catch (signing::KeyTrouble const& trouble) {
        return Failure{Refusal::unavailable, trouble.what()};
    }
}

runtime::Task<Result<SignedStatement>> PgStatements::statement(std::string provider, std::chrono::sys_days day, runtime::Instant now,
                                                               runtime::Deadline deadline)
{
    std::function<Result<SignedStatement>(PgConnection&)> work = [&](PgConnection& connection) { return make(connection, provider, day, now, deadline); };
    co_return co_await pool_.run<SignedStatement>(deadline, true, std::move(work));
}

runtime::Task<Result<StatementPage>> PgStatements::page(std::string provider, std::chrono::sys_days day, std::optional<std::uint64_t> size,
                                                        StatementPlace from, runtime::Instant now, runtime::Deadline deadline)
{
    std::function<Result<StatementPage>(PgConnection&)> work = [&](PgConnection& connection) -> Result<StatementPage> {
        StatementReader reader{connection, config_};
        auto const cut = reader.cut(day, now, size);
        if (!cut) return cut.error();
        StatementPage out;
        out.size = cut->size;
        auto place = from;
        auto const more = reader.lines(provider, *cut, place, [&](auto const&, auto const& written) { out.lines.push_back(written); });
        if (!more) return more.error();
        if (*more) out.next = text_of(place);
        return out;
    };
    co_return co_await pool_.run<StatementPage>(deadline, true, std::move(work));
}

}  // namespace store::detail
