#include "gateway/store/pg_queue.hpp"

#include "gateway/dossier/id.hpp"
#include "gateway/store/detail/batch.hpp"
#include "gateway/store/detail/compress.hpp"

#include <algorithm>
#include <unordered_map>

namespace store::detail {

namespace {

// How long a gateway that says nothing keeps the queue. Short, because a crashed one holds everything up for so long.
constexpr std::chrono::seconds holder_lease_max{15};
constexpr std::size_t backlog_entries_max = 50'000;  // about 400 bytes each
constexpr std::int64_t page_rows = 2'000;
constexpr std::int64_t parked_max = 1'000;
constexpr std::chrono::seconds rotate_every{20};

// By the database's clock: those of two gateways may differ.
constexpr Statement lease_statement{
    "queue_lease", "INSERT INTO ivan.delivery_lease AS l (worker, until) "
                   "VALUES ($1::text, clock_timestamp() + $2::bigint * interval '1 millisecond') ON CONFLICT (one) DO UPDATE SET "
                   "worker = excluded.worker, until = excluded.until, turn = l.turn + (l.worker <> excluded.worker)::integer "
                   "WHERE l.worker = excluded.worker OR l.until <= clock_timestamp() RETURNING turn"};
constexpr Statement let_go_statement{
    "queue_let_go", "UPDATE ivan.delivery_lease SET until = '-infinity' WHERE worker = $1::text"};

// One row at least, for the snapshot. Where a row may be settled already, that is looked up.
constexpr Statement new_statement{
    "queue_new",
    "SELECT pg_current_snapshot()::text, n.* FROM (SELECT) one LEFT JOIN LATERAL ("
    "SELECT q.sequence, q.unit_key, q.dossier_id::text, q.agency, q.received_at, q.content_bytes, q.queued_at, 0, NULL::timestamptz FROM ("
    "SELECT * FROM ivan.delivery_queue WHERE xid >= $1::text::xid8 UNION ALL "
    "SELECT * FROM ivan.delivery_queue WHERE xid = ANY($2::text[]::xid8[])) q "
    "WHERE NOT $3::boolean OR NOT EXISTS (SELECT FROM ivan.deliveries d WHERE d.sequence = q.sequence) "
    "ORDER BY q.sequence LIMIT $4::bigint) n ON true"};
constexpr Statement page_statement{
    "queue_page",
    "SELECT pg_current_snapshot()::text, n.* FROM (SELECT) one LEFT JOIN LATERAL ("
    "SELECT q.sequence, q.unit_key, q.dossier_id::text, q.agency, q.received_at, q.content_bytes, q.queued_at, "
    "coalesce(r.attempts, 0), r.due_at FROM ivan.delivery_queue q LEFT JOIN ivan.delivery_retries r USING (sequence) "
    "WHERE q.sequence > $3::bigint AND (q.xid >= $1::text::xid8 OR q.xid = ANY($2::text[]::xid8[])) "
    "AND NOT EXISTS (SELECT FROM ivan.deliveries d WHERE d.sequence = q.sequence) "
    "ORDER BY q.sequence LIMIT $4::bigint) n ON true"};
constexpr Statement parked_statement{
    "queue_parked",
    "SELECT '', q.sequence, q.unit_key, q.dossier_id::text, q.agency, q.received_at, q.content_bytes, q.queued_at, "
    "coalesce(r.attempts, 0), r.due_at FROM ivan.delivery_parked q LEFT JOIN ivan.delivery_retries r USING (sequence) "
    "WHERE NOT EXISTS (SELECT FROM ivan.deliveries d WHERE d.sequence = q.sequence) ORDER BY q.sequence LIMIT $1::bigint"};
constexpr Statement rotate_statement{"queue_rotate", "SELECT ivan.rotate_delivery($1::bigint::integer)"};

constexpr Statement bodies_statement{
    "queue_bodies",
    "SELECT n.s, d.dossier_id::text, d.case_code, d.provider, d.unit_code, d.agency, d.procedure, d.content_sha256, "
    "d.idempotency_key, d.trace_id, d.received_at, d.body "
    "FROM unnest($1::bigint[], $2::text[], $3::text[], $4::timestamptz[]) AS n(s, i, a, r) "
    "JOIN LATERAL (SELECT * FROM ivan.dossiers d WHERE d.agency = n.a AND d.received_at = n.r AND d.dossier_id = n.i::uuid "
    "OFFSET 0) d ON true ORDER BY n.s"};

// Nothing is written for one who lost the queue.
constexpr Statement holder_statement{"queue_holder", "SELECT worker = $1::text FROM ivan.delivery_lease"};
constexpr Statement settled_statement{
    "queue_settled", "INSERT INTO ivan.deliveries (sequence, outcome) SELECT s, o FROM unnest($1::bigint[], $2::text[]) AS n(s, o) "
                     "WHERE (SELECT worker = $3::text FROM ivan.delivery_lease) ON CONFLICT DO NOTHING"};
constexpr Statement died_statement{
    "queue_died",
    "INSERT INTO ivan.dead_letters (dossier_id, sequence, unit_key, agency, received_at, content_bytes, attempts, http_status, reason) "
    "SELECT d::uuid, s, u, a, r, b, t::integer, h::integer, w FROM unnest($1::text[], $2::bigint[], $3::text[], $4::text[], "
    "$5::timestamptz[], $6::bigint[], $7::bigint[], $8::bigint[], $9::text[]) AS n(d, s, u, a, r, b, t, h, w) "
    "WHERE (SELECT worker = $10::text FROM ivan.delivery_lease) ON CONFLICT DO NOTHING"};
constexpr Statement deferred_statement{
    "queue_deferred",
    "INSERT INTO ivan.delivery_retries AS r (sequence, attempts, due_at, http_status, reason) "
    "SELECT s, t::integer, d, h::integer, w FROM unnest($1::bigint[], $2::bigint[], $3::timestamptz[], $4::bigint[], $5::text[]) "
    "AS n(s, t, d, h, w) WHERE (SELECT worker = $6::text FROM ivan.delivery_lease) ON CONFLICT (sequence) DO UPDATE SET attempts = excluded.attempts, due_at = excluded.due_at, "
    "http_status = excluded.http_status, reason = excluded.reason"};
constexpr Statement retried_statement{"queue_retried", "DELETE FROM ivan.delivery_retries WHERE sequence = ANY($1::bigint[])"};
constexpr Statement unparked_statement{"queue_unparked", "DELETE FROM ivan.delivery_parked WHERE sequence = ANY($1::bigint[])"};

constexpr Statement dead_count_statement{
    "queue_dead_count", "SELECT (SELECT count(*) FROM ivan.dead_letters), (SELECT last_value FROM ivan.delivery_sequence)"};
constexpr Statement depth_statement{
    "queue_depth", "SELECT count(*), coalesce(greatest(0, extract(epoch FROM $1::timestamptz - min(queued_at)))::bigint, 0), "
                   "(SELECT count(*) FROM ivan.dead_letters) FROM ivan.delivery_waiting"};

constexpr Statement dead_statement{
    "dead_letters",
    "SELECT l.sequence, l.dossier_id::text, s.case_code, s.provider, l.unit_key, l.agency, l.reason, l.http_status, l.attempts, "
    "l.died_at FROM ivan.dead_letters l JOIN ivan.dossier_status s USING (dossier_id) ORDER BY l.died_at, l.sequence LIMIT $1::bigint"};

// To the end of the unit's line: what came after it may be delivered already.
constexpr Statement replay_statement{
    "dead_replay",
    "WITH back AS (DELETE FROM ivan.dead_letters WHERE dossier_id = $1::text::uuid RETURNING *, nextval('ivan.delivery_sequence') AS next), "
    "queued AS (INSERT INTO ivan.delivery_queue (slot, sequence, unit_key, dossier_id, agency, received_at, content_bytes, queued_at) "
    "SELECT ivan.delivery_slot(next), next, unit_key, dossier_id, agency, received_at, content_bytes, least(received_at, now()) "
    "FROM back RETURNING dossier_id, sequence) "
    "UPDATE ivan.dossier_status s SET sequence = queued.sequence FROM queued WHERE s.dossier_id = queued.dossier_id "
    "RETURNING s.dossier_id::text"};

std::vector<std::string_view> views(std::vector<std::string> const& values) { return {values.begin(), values.end()}; }

Claim claim_of(Rows const& rows, std::size_t i, std::uint32_t attempts_before)
{
    Claim claim;
    claim.sequence = rows.number(i, 0);
    claim.attempts = attempts_before;
    claim.dossier_id = rows.string(i, 1);
    claim.case_code = rows.string(i, 2);
    claim.provider = rows.string(i, 3);
    claim.unit_code = rows.string(i, 4);
    claim.agency = rows.string(i, 5);
    claim.procedure = rows.string(i, 6);
    claim.content_sha256 = signing::hex(rows.text(i, 7));
    claim.idempotency_key = rows.string(i, 8);
    claim.trace_id = rows.string(i, 9);
    claim.received_at = rows.instant(i, 10);
    auto body = unpack(rows.text(i, 11), unpacked_bytes_max);
    if (!body) throw std::runtime_error("the stored body of " + claim.dossier_id + " is damaged");
    claim.body = std::make_shared<std::string const>(std::move(*body));
    return claim;
}

}  // namespace

SnapshotText SnapshotText::parse(std::string_view text)
{
    SnapshotText out;
    auto const first = text.find(':');
    auto const second = text.find(':', first + 1);
    if (first == text.npos || second == text.npos) throw std::runtime_error("a snapshot could not be read: " + std::string{text});
    out.xmax = text.substr(first + 1, second - first - 1);
    for (auto rest = text.substr(second + 1); !rest.empty();) {
        auto const comma = std::min(rest.find(','), rest.size());
        out.in_progress.emplace_back(rest.substr(0, comma));
        rest.remove_prefix(std::min(comma + 1, rest.size()));
    }
    return out;
}

void PgQueue::committed(Claim claim, std::shared_ptr<std::string const> body)
{
    if (holding_.load(std::memory_order_relaxed)) at_hand_.put(std::move(claim), std::move(body));
}

runtime::Task<Result<std::vector<Claim>>> PgQueue::claim(std::string worker, Places places, std::size_t bytes_max,
                                                         std::chrono::seconds lease, runtime::Instant now, runtime::Deadline deadline)
{
    using Answered = Result<std::vector<Claim>>;
    std::function<Answered(PgConnection&)> work = [&](PgConnection& connection) -> Answered {
        std::lock_guard const lock{mutex_};
        if (!hold(connection, worker, lease)) return std::vector<Claim>{};
        if (places.rows == 0) return std::vector<Claim>{};
        read_on(connection);
        auto const taken = turn_->backlog.take(places, bytes_max, now, lease);
        if (taken.empty()) return std::vector<Claim>{};
        try {
            return claims_of(connection, taken);
        } catch (...) {
            for (auto const& one : taken) turn_->backlog.give_back(one.sequence);
            throw;
        }
    };
    co_return co_await pool_.run<std::vector<Claim>>(deadline, false, std::move(work));
}

// Whether the queue is this worker's: renewed in time, and taken from one who let it lapse.
bool PgQueue::hold(PgConnection& connection, std::string const& worker, std::chrono::seconds lease)
{
    auto const now = std::chrono::steady_clock::now();
    bool const mine = turn_ && turn_->worker == worker;
    auto const sessions = pool_.sessions();
    if (mine && turn_->sessions != sessions) read_again();
    if (mine && now < turn_->renew_at) return true;
    std::chrono::milliseconds const time = std::min(lease, holder_lease_max);
    auto const answer = connection.run(lease_statement, Params{}.text(worker).number(time.count()));
    if (answer.count() == 0) {
        if (mine) end_turn();
        return false;
    }
    auto const number = answer.number(0, 0);
    if (!mine || turn_->number != number) begin_turn(worker, number);
    turn_->sessions = sessions;
    turn_->renew_at = now + time / 3;
    turn_->until = now + time;
    if (now >= turn_->rotate_at) rotate(connection);
    return true;
}

// Outcomes are not waited for until they are on disk, so a server that comes back from a crash may have lost some, and gives the
// numbers of lost transactions anew. Every session ends with it (also where it only starts itself anew, which its start time does
// not show), so a new session means: read everything again.
void PgQueue::read_again()
{
    turn_->backlog.forget_untaken();
    turn_->seen = {};
    turn_->paging.emplace();
    turn_->check_settled = true;
    turn_->parked = true;
    turn_->sessions = pool_.sessions();
    at_hand_.clear();
}

void PgQueue::begin_turn(std::string const& worker, std::int64_t number)
{
    end_turn();
    Turn turn;  // clang 14 emplaces no nested class with initializers
    turn.worker = worker;
    turn.number = number;
    turn.rotate_at = std::chrono::steady_clock::now() + rotate_every;
    turn_ = std::move(turn);
    holding_ = true;
}

void PgQueue::end_turn()
{
    turn_.reset();
    holding_ = false;
    at_hand_.clear();
}

// Rows that the last snapshot could not see. More than a page of them, as at the beginning and after a long time without room,
// are read by sequence, page by page; what was committed meanwhile is then looked for from the first page's snapshot on. What is
// parked has no place among them and is read before the first page.
void PgQueue::read_on(PgConnection& connection)
{
    auto& turn = *turn_;
    if (turn.backlog.size() >= backlog_entries_max) return;
    if (turn.paging && turn.paging->cursor == Paging::before_all) read_parked(connection);
    SnapshotText snapshot;
    std::int64_t last = 0;
    auto const range = [&] { return Params{}.text(turn.seen.xmax).texts(views(turn.seen.in_progress)); };
    if (!turn.paging) {
        auto const rows = connection.run(new_statement, range().boolean(turn.check_settled).number(page_rows));
        auto const count = read_rows(rows, snapshot, last);
        if (count < static_cast<std::size_t>(page_rows)) {
            turn.seen = std::move(snapshot);
            turn.check_settled = false;
        } else {
            turn.paging = Paging{std::move(snapshot), last};
        }
        return;
    }
    auto const rows = connection.run(page_statement, range().number(turn.paging->cursor).number(page_rows));
    auto const count = read_rows(rows, snapshot, last);
    if (turn.paging->cursor == Paging::before_all) turn.paging->began = std::move(snapshot);
    if (count < static_cast<std::size_t>(page_rows)) {
        turn.seen = std::move(turn.paging->began);
        turn.paging.reset();
        turn.check_settled = true;
    } else {
        turn.paging->cursor = last;
    }
}

std::size_t PgQueue::read_rows(Rows const& rows, SnapshotText& snapshot, std::int64_t& last)
{
    std::size_t count = 0;
    for (std::size_t i = 0; i < rows.count(); ++i) {
        if (i == 0 && !rows.text(0, 0).empty()) snapshot = SnapshotText::parse(rows.text(0, 0));
        if (rows.null(i, 1)) continue;
        ++count;
        Waiting one;
        one.sequence = last = rows.number(i, 1);
        one.unit_key = rows.string(i, 2);
        one.dossier_id = rows.string(i, 3);
        one.agency = rows.string(i, 4);
        one.received_at = rows.instant(i, 5);
        one.content_bytes = static_cast<std::size_t>(rows.number(i, 6));
        one.queued_at = rows.instant(i, 7);
        one.attempts = static_cast<std::uint32_t>(rows.number(i, 8));
        if (!rows.null(i, 9)) one.due_at = rows.instant(i, 9);
        turn_->backlog.add(std::move(one));
    }
    return count;
}

// Only where everything is read: what is parked is then in the backlog, or was committed since and is new to nobody else.
void PgQueue::rotate(PgConnection& connection)
{
    auto& turn = *turn_;
    turn.rotate_at = std::chrono::steady_clock::now() + rotate_every;
    if (turn.paging || turn.backlog.size() >= backlog_entries_max) return;
    auto const parked = connection.run(rotate_statement, Params{}.number(parked_max));
    if (parked.count() == 0) return;
    turn.parked = true;
    read_parked(connection);
}

void PgQueue::read_parked(PgConnection& connection)
{
    SnapshotText unused;
    std::int64_t last = 0;
    turn_->parked = read_rows(connection.run(parked_statement, Params{}.number(backlog_entries_max)), unused, last) > 0;
}

std::vector<Claim> PgQueue::claims_of(PgConnection& connection, std::vector<Waiting> const& taken)
{
    std::vector<Claim> claims;
    std::vector<std::int64_t> sequences;
    std::vector<std::string_view> ids, agencies;
    std::vector<runtime::Instant> times;
    std::unordered_map<std::int64_t, std::uint32_t> before;
    for (auto const& one : taken) {
        if (auto known = at_hand_.take(one.sequence)) {
            known->attempts = one.attempts - 1;
            claims.push_back(std::move(*known));
            continue;
        }
        sequences.push_back(one.sequence);
        ids.push_back(one.dossier_id);
        agencies.push_back(one.agency);
        times.push_back(one.received_at);
        before.emplace(one.sequence, one.attempts - 1);
    }
    if (!sequences.empty()) {
        auto const found = connection.run(bodies_statement, Params{}.numbers(sequences).texts(ids).texts(agencies).instants(times));
        if (found.count() != sequences.size()) throw std::runtime_error("a queued dossier is not in the journal");
        for (std::size_t i = 0; i < found.count(); ++i) claims.push_back(claim_of(found, i, before.at(found.number(i, 0))));
    }
    std::sort(claims.begin(), claims.end(), [](auto const& a, auto const& b) { return a.sequence < b.sequence; });
    for (auto& claim : claims) claim.held_until = turn_->until;
    return claims;
}

runtime::Task<Result<void>> PgQueue::settle(std::string worker, std::vector<Settlement> settlements, runtime::Deadline deadline)
{
    std::function<Result<void>(PgConnection&)> work = [&](PgConnection& connection) -> Result<void> {
        std::lock_guard const lock{mutex_};
        // Who lost the queue meanwhile holds nothing any more: the new holder hands over again, and the key makes that once.
        if (!turn_ || turn_->worker != worker) return {};
        std::erase_if(settlements, [this](auto const& one) { return !turn_->backlog.taken(one.sequence, one.attempts); });
        if (settlements.empty()) return {};
        if (!record(connection, worker, settlements)) {
            end_turn();
            return {};
        }
        for (auto const& one : settlements) {
            if (one.state == dossier::State::delivered || one.state == dossier::State::dead) turn_->backlog.settle(one.sequence);
            else turn_->backlog.defer(one.sequence, one.due_at);
        }
        return {};
    };
    co_return co_await pool_.run<void>(deadline, true, std::move(work));
}

// False where somebody else holds the queue now; throws where the outcomes are not written. All of them are taken.
bool PgQueue::record(PgConnection& connection, std::string const& worker, std::vector<Settlement> const& settlements)
{
    std::vector<std::int64_t> settled, dead, sizes, tries, http, retried, deferred, deferred_tries, deferred_http;
    std::vector<std::string_view> outcomes, ids, units, agencies, reasons, deferred_why;
    std::vector<runtime::Instant> times, due;
    for (auto const& settlement : settlements) {
        auto const* const waiting = turn_->backlog.taken(settlement.sequence, settlement.attempts);
        switch (settlement.state) {
            case dossier::State::dead:
                dead.push_back(settlement.sequence);
                ids.push_back(waiting->dossier_id);
                units.push_back(waiting->unit_key);
                agencies.push_back(waiting->agency);
                times.push_back(waiting->received_at);
                sizes.push_back(static_cast<std::int64_t>(waiting->content_bytes));
                tries.push_back(waiting->attempts);
                http.push_back(settlement.http_status);
                reasons.push_back(settlement.reason);
                [[fallthrough]];
            case dossier::State::delivered:
                settled.push_back(settlement.sequence);
                outcomes.push_back(dossier::name_of(settlement.state));
                if (waiting->attempts > 1) retried.push_back(settlement.sequence);
                break;
            case dossier::State::deferred:
            case dossier::State::stored:
            case dossier::State::sending:
                deferred.push_back(settlement.sequence);
                deferred_tries.push_back(waiting->attempts);
                deferred_http.push_back(settlement.http_status);
                deferred_why.push_back(settlement.reason);
                due.push_back(settlement.due_at);
                break;
        }
    }
    connection.send_plain("BEGIN");
    // What an outcome says may be lost with the server: then the dossier is delivered once more (promise 5). So nobody waits for the disk.
    connection.send_plain("SET LOCAL synchronous_commit = off");
    connection.send(holder_statement, Params{}.text(worker));
    if (!settled.empty()) connection.send(settled_statement, Params{}.numbers(settled).texts(outcomes).text(worker));
    if (!dead.empty())
        connection.send(died_statement, Params{}
                                            .texts(ids)
                                            .numbers(dead)
                                            .texts(units)
                                            .texts(agencies)
                                            .instants(times)
                                            .numbers(sizes)
                                            .numbers(tries)
                                            .numbers(http)
                                            .texts(reasons)
                                            .text(worker));
    if (!deferred.empty())
        connection.send(deferred_statement,
                        Params{}.numbers(deferred).numbers(deferred_tries).instants(due).numbers(deferred_http).texts(deferred_why).text(worker));
    if (!retried.empty()) connection.send(retried_statement, Params{}.numbers(retried));
    if (turn_->parked && !settled.empty()) connection.send(unparked_statement, Params{}.numbers(settled));
    connection.send_plain("COMMIT");
    auto const answers = connection.finish();
    auto const& holder = answers[2];
    return holder.count() > 0 && holder.boolean(0, 0);
}

runtime::Task<Result<void>> PgQueue::let_go(std::string worker, runtime::Deadline deadline)
{
    std::function<Result<void>(PgConnection&)> work = [&](PgConnection& connection) -> Result<void> {
        std::lock_guard const lock{mutex_};
        if (turn_ && turn_->worker == worker) end_turn();
        connection.run(let_go_statement, Params{}.text(worker));
        return {};
    };
    co_return co_await pool_.run<void>(deadline, true, std::move(work));
}

runtime::Task<Result<QueueDepth>> PgQueue::depth(runtime::Instant now, runtime::Deadline deadline)
{
    std::function<Result<QueueDepth>(PgConnection&)> work = [&](PgConnection& connection) -> Result<QueueDepth> {
        std::lock_guard const lock{mutex_};
        QueueDepth depth;
        if (turn_ && std::chrono::steady_clock::now() < turn_->until) {
            read_on(connection);
            auto const rows = connection.run(dead_count_statement, Params{});
            auto const& backlog = turn_->backlog;
            depth.dead = static_cast<std::uint64_t>(rows.number(0, 0));
            depth.held = true;
            depth.leased = backlog.taken(now);
            depth.waiting = backlog.size() - depth.leased;
            // What is not read yet, by its numbers.
            if (turn_->paging && turn_->paging->cursor != Paging::before_all)
                depth.waiting += static_cast<std::uint64_t>(std::max<std::int64_t>(rows.number(0, 1) - turn_->paging->cursor, 0));
            if (auto const since = backlog.oldest())
                depth.oldest = std::max(std::chrono::floor<std::chrono::seconds>(now - *since), std::chrono::seconds{0});
            return depth;
        }
        auto const rows = connection.run(depth_statement, Params{}.instant(now));
        depth.waiting = static_cast<std::uint64_t>(rows.number(0, 0));
        depth.oldest = std::chrono::seconds{rows.number(0, 1)};
        depth.dead = static_cast<std::uint64_t>(rows.number(0, 2));
        return depth;
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
        if (connection.run(replay_statement, Params{}.text(dossier_id)).count() == 0) return Failure{Refusal::not_found, dossier_id};
        return {};
    };
    co_return co_await pool_.run<void>(deadline, false, std::move(work));
}

}  // namespace store::detail
