#include "tests/support/stored_queue.hpp"

#include "gateway/runtime/steady.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace support {

using store::Claim;
using store::Failure;
using store::QueueDepth;
using store::Refusal;
using store::Result;

namespace {
constexpr std::size_t bytes_max_unpacked = 256u << 20;
}

bool StoredQueue::hold(std::string const& worker, std::chrono::seconds lease)
{
    auto const now = database_time_();
    bool const mine = turn_ && turn_->worker == worker;
    if (mine && now < turn_->renew_at) return true;
    std::chrono::milliseconds const time = std::min(lease, hold_max);
    bool const was_mine = store_.holder() == worker;
    if (!store_.take_lease(worker, time, now)) {
        if (mine) turn_.reset();
        return false;
    }
    if (!mine || !was_mine) {
        Turn turn;  // clang 14 emplaces no nested class with initializers
        turn.worker = worker;
        turn.starts = store_.starts();
        turn_ = std::move(turn);
    }
    if (turn_->starts != store_.starts()) {
        // The store that came back may have lost some outcomes.
        turn_->backlog.forget_untaken();
        turn_->read = 0;
        turn_->starts = store_.starts();
    }
    turn_->renew_at = now + time / 3;
    turn_->until = now + time;
    return true;
}

void StoredQueue::read_on()
{
    constexpr std::size_t page_rows = 2'000;
    for (auto const& row : store_.unsettled_after(turn_->read, page_rows)) {
        auto const& entry = store_.entries()[row.entry];
        store::detail::Waiting one;
        one.sequence = turn_->read = row.sequence;
        one.unit_key = store_.unit_key(entry);
        one.dossier_id = entry.stored.dossier_id;
        one.agency = entry.row.facts.agency;
        one.received_at = entry.row.facts.received_at;
        one.queued_at = row.queued_at;
        one.content_bytes = entry.row.facts.content_bytes;
        if (auto const retry = store_.retry_of(row.sequence)) {
            one.attempts = retry->attempts;
            one.due_at = retry->due_at;
        }
        turn_->backlog.add(std::move(one));
    }
}

std::vector<Claim> StoredQueue::claim_now(std::string const& worker, store::Places places, std::size_t bytes_max, std::chrono::seconds lease,
                                          runtime::Instant now)
{
    std::vector<Claim> claims;
    if (!hold(worker, lease) || places.rows == 0) return claims;
    read_on();
    for (auto const& one : turn_->backlog.take(places, bytes_max, now, lease)) {
        auto const& entry = store_.entry_of(one.sequence);
        auto claim = store::detail::claim_of(entry.row, entry.stored.case_code, one.sequence);
        claim.attempts = one.attempts - 1;
        auto body = store::detail::unpack(entry.row.packed_body, bytes_max_unpacked);
        if (!body) throw std::runtime_error("the stored body of " + claim.dossier_id + " is damaged");
        claim.body = std::make_shared<std::string const>(std::move(*body));
        claim.held_until = runtime::Steady::now() + (turn_->until - database_time_());
        claims.push_back(std::move(claim));
    }
    std::sort(claims.begin(), claims.end(), [](auto const& a, auto const& b) { return a.sequence < b.sequence; });
    return claims;
}

void StoredQueue::settle_now(std::string const& worker, std::vector<store::Settlement> const& settlements)
{
    if (!turn_ || turn_->worker != worker) return;
    std::vector<MemoryStore::Word> words;
    for (auto const& one : settlements) {
        auto const* const waiting = turn_->backlog.taken(one.sequence, one.attempts);
        if (!waiting) continue;
        MemoryStore::Word word;
        word.sequence = one.sequence;
        bool const ended = one.state == dossier::State::delivered || one.state == dossier::State::dead;
        if (ended)
            word.outcome = MemoryStore::Outcome{one.state == dossier::State::delivered, waiting->attempts, one.http_status, one.reason,
                                                database_time_()};
        else
            word.retry = MemoryStore::Retry{waiting->attempts, one.due_at};
        words.push_back(std::move(word));
    }
    store_.record(words);
    for (auto const& one : settlements) {
        if (!turn_->backlog.taken(one.sequence, one.attempts)) continue;
        if (one.state == dossier::State::delivered || one.state == dossier::State::dead) turn_->backlog.settle(one.sequence);
        else turn_->backlog.defer(one.sequence, one.due_at);
    }
}

void StoredQueue::let_go_now(std::string const& worker)
{
    if (turn_ && turn_->worker == worker) turn_.reset();
    store_.let_go(worker);
}

QueueDepth StoredQueue::depth_now(runtime::Instant now)
{
    QueueDepth depth;
    depth.dead = store_.dead();
    depth.waiting = store_.waiting();
    std::optional<runtime::Instant> oldest;
    if (turn_ && database_time_() < turn_->until) {
        read_on();
        depth.held = true;
        depth.leased = turn_->backlog.taken(now);
        depth.waiting -= depth.leased;
        oldest = turn_->backlog.oldest();
    } else if (auto const first = store_.unsettled_after(0, 1); !first.empty()) {
        oldest = first.front().queued_at;
    }
    if (oldest) depth.oldest = std::max(std::chrono::floor<std::chrono::seconds>(now - *oldest), std::chrono::seconds{0});
    return depth;
}

runtime::Task<Result<std::vector<Claim>>> StoredQueue::claim(std::string worker, store::Places places, std::size_t bytes_max,
                                                             std::chrono::seconds lease, runtime::Instant now, runtime::Deadline)
{
    co_return claim_now(worker, places, bytes_max, lease, now);
}

runtime::Task<Result<void>> StoredQueue::settle(std::string worker, std::vector<store::Settlement> settlements, runtime::Deadline)
{
    settle_now(worker, settlements);
    co_return Result<void>{};
}

runtime::Task<Result<void>> StoredQueue::let_go(std::string worker, runtime::Deadline)
{
    let_go_now(worker);
    co_return Result<void>{};
}

runtime::Task<Result<QueueDepth>> StoredQueue::depth(runtime::Instant now, runtime::Deadline) { co_return depth_now(now); }

runtime::Task<Result<std::vector<store::DeadLetter>>> StoredQueue::dead_letters(std::size_t limit, runtime::Deadline)
{
    co_return store_.dead_letters(limit);
}

runtime::Task<Result<void>> StoredQueue::replay(std::string dossier_id, runtime::Deadline)
{
    if (!store_.replay(dossier_id)) co_return Failure{Refusal::not_found, dossier_id};
    co_return Result<void>{};
}

}  // namespace support
