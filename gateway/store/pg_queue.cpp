#include "gateway/store/pg_queue.hpp"

#include "gateway/dossier/id.hpp"
#include "gateway/store/detail/batch.hpp"
#include "gateway/store/detail/compress.hpp"

#include <algorithm>

namespace store::detail {

namespace {

// Rows locked but beyond the bound of bytes are let go again by the commit.
constexpr Statement claim_statement{
    "queue_claim",
    "WITH ready AS MATERIALIZED (SELECT sequence, ready_at, content_bytes FROM ivan.delivery_queue "
    "WHERE ready_at <= $1::timestamptz AND ready_at < 'infinity' ORDER BY ready_at, sequence LIMIT $2::bigint FOR UPDATE SKIP LOCKED), "
    "chosen AS (SELECT sequence FROM (SELECT sequence, row_number() OVER w AS place, sum(content_bytes) OVER w AS bytes "
    "FROM ready WINDOW w AS (ORDER BY ready_at, sequence)) s WHERE place = 1 OR bytes <= $3::bigint) "
    "UPDATE ivan.delivery_queue q SET worker = $4::text, ready_at = $5::timestamptz, attempts = q.attempts + 1 "
    "FROM chosen WHERE q.sequence = chosen.sequence "
    "RETURNING q.sequence, q.attempts, q.dossier_id::text, q.agency, q.received_at"};

constexpr Statement bodies_statement{
    "queue_bodies",
    "SELECT n.s, n.t, d.dossier_id::text, d.case_code, d.provider, d.unit_code, d.agency, d.procedure, d.content_sha256, "
    "d.idempotency_key, d.trace_id, d.received_at, d.body "
    "FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::timestamptz[]) AS n(s, t, i, a, r) "
    "JOIN LATERAL (SELECT * FROM ivan.dossiers d WHERE d.agency = n.a AND d.received_at = n.r AND d.dossier_id = n.i::uuid "
    "OFFSET 0) d ON true ORDER BY n.s"};

constexpr Statement leased_statement{
    "queue_leased", "SELECT unit_key FROM ivan.delivery_queue WHERE sequence = ANY($1::bigint[]) AND worker = $2::text"};
constexpr Statement lanes_statement{
    "queue_lanes", "SELECT pg_advisory_xact_lock(h)::text FROM (SELECT DISTINCT hashtextextended(u, 1) AS h "
                   "FROM unnest($1::text[]) AS u ORDER BY h) s"};
constexpr Statement delivered_statement{
    "queue_delivered",
    "WITH gone AS (DELETE FROM ivan.delivery_queue WHERE sequence = ANY($1::bigint[]) AND worker = $2::text RETURNING dossier_id) "
    "UPDATE ivan.dossier_status s SET delivered_at = now() FROM gone WHERE s.dossier_id = gone.dossier_id"};
constexpr Statement died_statement{
    "queue_died",
    "WITH gone AS (DELETE FROM ivan.delivery_queue q USING unnest($1::bigint[], $3::bigint[], $4::text[]) AS n(s, h, w) "
    "WHERE q.sequence = n.s AND q.worker = $2::text "
    "RETURNING q.dossier_id, q.sequence, q.unit_key, q.agency, q.received_at, q.content_bytes, q.attempts, n.h, n.w) "
    "INSERT INTO ivan.dead_letters (dossier_id, sequence, unit_key, agency, received_at, content_bytes, attempts, http_status, reason) "
    "SELECT dossier_id, sequence, unit_key, agency, received_at, content_bytes, attempts, h::integer, w FROM gone"};
constexpr Statement deferred_statement{
    "queue_deferred",
    "UPDATE ivan.delivery_queue q SET worker = NULL, ready_at = n.d, http_status = n.h::integer, reason = n.w "
    "FROM unnest($1::bigint[], $3::timestamptz[], $4::bigint[], $5::text[]) AS n(s, d, h, w) "
    "WHERE q.sequence = n.s AND q.worker = $2::text"};
// Whoever is the unit's oldest now may be claimed.
constexpr Statement promote_statement{
    "queue_promote",
    "UPDATE ivan.delivery_queue q SET ready_at = q.queued_at FROM (SELECT DISTINCT u FROM unnest($1::text[]) AS u) n, "
    "LATERAL (SELECT sequence FROM ivan.delivery_queue f WHERE f.unit_key = n.u ORDER BY f.sequence LIMIT 1) f "
    "WHERE q.sequence = f.sequence AND q.ready_at = 'infinity'"};

constexpr Statement depth_statement{
    "queue_depth",
    "SELECT count(*) FILTER (WHERE worker IS NULL OR ready_at <= $1::timestamptz), "
    "count(*) FILTER (WHERE worker IS NOT NULL AND ready_at > $1::timestamptz), "
    "(SELECT count(*) FROM ivan.dead_letters), "
    "coalesce(greatest(0, extract(epoch FROM $1::timestamptz - min(queued_at)))::bigint, 0) FROM ivan.delivery_queue"};

constexpr Statement dead_statement{
    "dead_letters",
    "SELECT l.sequence, l.dossier_id::text, s.case_code, s.provider, l.unit_key, l.agency, l.reason, l.http_status, l.attempts, "
    "l.died_at FROM ivan.dead_letters l JOIN ivan.dossier_status s USING (dossier_id) ORDER BY l.died_at, l.sequence LIMIT $1::bigint"};

constexpr Statement buried_statement{"dead_unit", "SELECT unit_key FROM ivan.dead_letters WHERE dossier_id = $1::text::uuid"};
// To the end of the unit's line: what came after it may be delivered already.
constexpr Statement replay_statement{
    "dead_replay",
    "WITH back AS (DELETE FROM ivan.dead_letters WHERE dossier_id = $1::text::uuid RETURNING *), "
    "queued AS (INSERT INTO ivan.delivery_queue (sequence, unit_key, dossier_id, agency, received_at, content_bytes, queued_at, "
    "ready_at, attempts) SELECT nextval('ivan.delivery_sequence'), unit_key, dossier_id, agency, received_at, content_bytes, "
    "least(received_at, now()), CASE WHEN EXISTS (SELECT 1 FROM ivan.delivery_queue q WHERE q.unit_key = back.unit_key) "
    "THEN 'infinity' ELSE least(received_at, now()) END, 0 FROM back RETURNING dossier_id, sequence) "
    "UPDATE ivan.dossier_status s SET sequence = queued.sequence FROM queued WHERE s.dossier_id = queued.dossier_id "
    "RETURNING s.dossier_id::text"};

std::vector<std::string_view> views(std::vector<std::string> const& values) { return {values.begin(), values.end()}; }

}  // namespace

runtime::Task<Result<std::vector<Claim>>> PgQueue::claim(std::string worker, std::size_t rows, std::size_t bytes_max,
                                                         std::chrono::seconds lease, runtime::Instant now, runtime::Deadline deadline)
{
    using Answered = Result<std::vector<Claim>>;
    std::function<Answered(PgConnection&)> work = [&](PgConnection& connection) -> Answered {
        std::vector<Claim> claims;
        auto const leased = connection.run(claim_statement, Params{}
                                                                .instant(now)
                                                                .number(static_cast<std::int64_t>(std::min<std::size_t>(rows, 10'000)))
                                                                .number(static_cast<std::int64_t>(std::min<std::size_t>(bytes_max, 1u << 30)))
                                                                .text(worker)
                                                                .instant(now + lease));
        if (leased.count() == 0) return claims;
        std::vector<std::int64_t> sequences, attempts;
        std::vector<std::string_view> ids, agencies;
        std::vector<runtime::Instant> times;
        for (std::size_t i = 0; i < leased.count(); ++i) {
            sequences.push_back(leased.number(i, 0));
            attempts.push_back(leased.number(i, 1) - 1);
            ids.push_back(leased.text(i, 2));
            agencies.push_back(leased.text(i, 3));
            times.push_back(leased.instant(i, 4));
        }
        auto const found = connection.run(bodies_statement,
                                          Params{}.numbers(sequences).numbers(attempts).texts(ids).texts(agencies).instants(times));
        if (found.count() != sequences.size()) return Failure{Refusal::internal, "a queued dossier is not in the journal"};
        for (std::size_t i = 0; i < found.count(); ++i) {
            auto body = unpack(found.text(i, 12), unpacked_bytes_max);
            if (!body) return Failure{Refusal::internal, "the stored body of " + found.string(i, 2) + " is damaged"};
            Claim claim;
            claim.sequence = found.number(i, 0);
            claim.attempts = static_cast<std::uint32_t>(found.number(i, 1));
            claim.dossier_id = found.string(i, 2);
            claim.case_code = found.string(i, 3);
            claim.provider = found.string(i, 4);
            claim.unit_code = found.string(i, 5);
            claim.agency = found.string(i, 6);
            claim.procedure = found.string(i, 7);
            claim.content_sha256 = signing::hex(found.text(i, 8));
            claim.idempotency_key = found.string(i, 9);
            claim.trace_id = found.string(i, 10);
            claim.received_at = found.instant(i, 11);
            claim.body = std::move(*body);
            claims.push_back(std::move(claim));
        }
        return claims;
    };
    // Not repeatable: what a lost claim leased comes back when the lease ends.
    co_return co_await pool_.run<std::vector<Claim>>(deadline, false, std::move(work));
}

runtime::Task<Result<void>> PgQueue::settle(std::string worker, std::vector<Settlement> settlements, runtime::Deadline deadline)
{
    std::function<Result<void>(PgConnection&)> work = [&](PgConnection& connection) -> Result<void> {
        std::vector<std::int64_t> all, delivered, dead, dead_http, deferred, deferred_http;
        std::vector<std::string_view> dead_why, deferred_why;
        std::vector<runtime::Instant> due;
        for (auto const& settlement : settlements) {
            all.push_back(settlement.sequence);
            switch (settlement.state) {
                case dossier::State::delivered: delivered.push_back(settlement.sequence); break;
                case dossier::State::dead:
                    dead.push_back(settlement.sequence);
                    dead_http.push_back(settlement.http_status);
                    dead_why.push_back(settlement.reason);
                    break;
                case dossier::State::deferred:
                case dossier::State::stored:
                case dossier::State::sending:
                    deferred.push_back(settlement.sequence);
                    deferred_http.push_back(settlement.http_status);
                    deferred_why.push_back(settlement.reason);
                    due.push_back(settlement.due_at);
                    break;
            }
        }
        connection.send_plain("BEGIN");
        // What an outcome says may be lost with the server: then the entry is still leased, and is delivered once more when its lease
        // ends (promise 5). So nobody waits for the disk here, least of all intake, for which the lanes are held.
        connection.send_plain("SET LOCAL synchronous_commit = off");
        connection.send(leased_statement, Params{}.numbers(all).text(worker));
        auto const answers = connection.finish();
        std::vector<std::string> units;
        for (std::size_t i = 0; i < answers.back().count(); ++i) units.push_back(answers.back().string(i, 0));
        // The lane first, then the rows: the same order as in a commit of the journal.
        connection.send(lanes_statement, Params{}.texts(views(units)));
        if (!delivered.empty()) connection.send(delivered_statement, Params{}.numbers(delivered).text(worker));
        if (!dead.empty()) connection.send(died_statement, Params{}.numbers(dead).text(worker).numbers(dead_http).texts(dead_why));
        if (!deferred.empty())
            connection.send(deferred_statement,
                            Params{}.numbers(deferred).text(worker).instants(due).numbers(deferred_http).texts(deferred_why));
        if (!delivered.empty() || !dead.empty()) connection.send(promote_statement, Params{}.texts(views(units)));
        connection.send_plain("COMMIT");
        connection.finish();
        return {};
    };
    co_return co_await pool_.run<void>(deadline, true, std::move(work));
}

runtime::Task<Result<QueueDepth>> PgQueue::depth(runtime::Instant now, runtime::Deadline deadline)
{
    std::function<Result<QueueDepth>(PgConnection&)> work = [&](PgConnection& connection) -> Result<QueueDepth> {
        auto const rows = connection.run(depth_statement, Params{}.instant(now));
        return QueueDepth{static_cast<std::uint64_t>(rows.number(0, 0)), static_cast<std::uint64_t>(rows.number(0, 1)),
                          static_cast<std::uint64_t>(rows.number(0, 2)), std::chrono::seconds{rows.number(0, 3)}};
    };
    co_return co_await pool_.run<QueueDepth>(deadline, true, std::move(work));
}

runtime::Task<Result<std::vector<DeadLetter>>> PgQueue::dead_letters(std::size_t limit, runtime::Deadline deadline)
{
    using Answered = Result<std::vector<DeadLetter>>;
    std::function<Answered(PgConnection&)> work = [&](PgConnection& connection) -> Answered {
        auto const rows = connection.run(dead_statement, Params{}.number(static_cast<std::int64_t>(std::min<std::size_t>(limit, 100'000))));
        std::vector<DeadLetter> out;
        for (std::size_t i = 0; i < rows.count(); ++i) {
            DeadLetter letter;
            letter.sequence = rows.number(i, 0);
            letter.dossier_id = rows.string(i, 1);
            letter.case_code = rows.string(i, 2);
            letter.provider = rows.string(i, 3);
            letter.unit_code = rows.string(i, 4).substr(rows.text(i, 5).size() + 1);
            letter.agency = rows.string(i, 5);
            letter.reason = rows.string(i, 6);
            letter.http_status = static_cast<int>(rows.number(i, 7));
            letter.attempts = static_cast<std::uint32_t>(rows.number(i, 8));
            letter.died_at = rows.instant(i, 9);
            out.push_back(std::move(letter));
        }
        return out;
    };
    co_return co_await pool_.run<std::vector<DeadLetter>>(deadline, true, std::move(work));
}

runtime::Task<Result<void>> PgQueue::replay(std::string dossier_id, runtime::Deadline deadline)
{
    if (!dossier::id_ok(dossier_id)) co_return Failure{Refusal::not_found, dossier_id};
    std::function<Result<void>(PgConnection&)> work = [&](PgConnection& connection) -> Result<void> {
        connection.send_plain("BEGIN");
        connection.send(buried_statement, Params{}.text(dossier_id));
        auto const answers = connection.finish();
        if (answers.back().count() == 0) return Failure{Refusal::not_found, dossier_id};
        connection.send(lanes_statement, Params{}.texts({answers.back().text(0, 0)}));
        connection.send(replay_statement, Params{}.text(dossier_id));
        connection.send_plain("COMMIT");
        auto const done = connection.finish();
        if (done[1].count() == 0) return Failure{Refusal::not_found, dossier_id};  // somebody else was quicker
        return {};
    };
    co_return co_await pool_.run<void>(deadline, false, std::move(work));
}

}  // namespace store::detail
