#include "tests/sim/database.hpp"

#include "gateway/dossier/id.hpp"

#include <algorithm>

namespace sim {

using store::Refusal;
using store::Result;
using store::Stored;
using namespace std::chrono_literals;

namespace {

// Named on its own line where it is passed: g++ 12.2 destroys a temporary inside co_await twice.
std::function<void()> nothing() { return [] {}; }

}  // namespace

Database::Way Database::draw()
{
    Way way{random_.between(100us, 2ms), random_.between(200us, 3ms)};
    if (faults_.strikes(Fault::call_slow)) {
        // Before it takes place or behind it: the one waits for a lock, the other for the disk.
        auto const slow = random_.about(random_.chance(0.2) ? Micros{20s} : Micros{500ms});
        (random_.chance(0.5) ? way.there : way.back) += slow;
    }
    // What takes longer the database cancels, and a connection that stays silent is given up, as a StoreConfig has it.
    constexpr Micros there_max = 10s, back_max = 12s;
    if (way.there > there_max) way.there = there_max, way.fate = Fate::refused;
    else if (way.back > back_max) way.back = back_max, way.fate = Fate::lost_behind;
    else if (faults_.strikes(Fault::call_refused)) way.fate = Fate::refused;
    else if (faults_.strikes(Fault::call_lost_before)) way.fate = Fate::lost_before;
    else if (faults_.strikes(Fault::call_lost_behind)) way.fate = Fate::lost_behind;
    return way;
}

void Database::tell(std::string_view what, std::string const& dossier_id, std::int64_t more)
{
    trace_.say(what, {checker_.filing_of(dossier_id), more});
}

void Database::crash(Micros away_for)
{
    ++crashes_;
    auto const open = store_.not_durable();
    auto const lost = open > 0 ? random_.below(open + 1) : 0;
    faults_.count(Fault::outcome_not_durable, lost);
    trace_.say("database crashes, losing", {static_cast<std::int64_t>(lost)});
    store_.crash(lost);
    back_at_ = calendar_.now() + away_for;
    checker_.crashed();
}

void Database::leave(Micros away_for)
{
    trace_.say("database away", {away_for.count()});
    back_at_ = calendar_.now() + away_for;
}

// As dossier::new_id() writes it, from this world's chance.
std::string Database::new_dossier_id(runtime::Instant at)
{
    auto id = dossier::new_id(at);
    constexpr std::string_view digits = "0123456789abcdef";
    for (std::size_t i = 15; i < id.size(); ++i)
        if (id[i] != '-' && i != 19) id[i] = digits[random_.below(16)];
    id[19] = '8';
    return id;
}

runtime::Task<Result<Stored>> SimJournal::accept(store::Acceptance acceptance, runtime::Deadline deadline)
{
    auto const row = std::make_shared<store::detail::Row>(store::detail::row_of(acceptance, store::detail::Codec::none));
    row->facts.dossier_id = database_.new_dossier_id(row->facts.received_at);
    row->body.reset();
    std::function<Result<Stored>()> work = [&store = database_.store(), row] { return store.accept(*row); };
    std::function<void()> rolled_back = [&store = database_.store(), row] { store.rolled_back(*row); };
    co_return co_await database_.call<Stored>(deadline, Refusal::outcome_unknown, std::move(work), std::move(rolled_back));
}

runtime::Task<Result<void>> SimJournal::refuse(store::RefusalRecord record, runtime::Deadline deadline)
{
    std::function<Result<void>()> work = [&store = database_.store(), record = std::move(record)] {
        store.refuse(record);
        return Result<void>{};
    };
    auto rolled_back = nothing();
    co_return co_await database_.call<void>(deadline, Refusal::outcome_unknown, std::move(work), std::move(rolled_back));
}

runtime::Task<Result<std::optional<Stored>>> SimJournal::find(std::string provider, std::string idempotency_key, std::string content_sha256,
                                                              runtime::Deadline deadline)
{
    std::function<Result<std::optional<Stored>>()> work = [&store = database_.store(), provider = std::move(provider),
                                                           key = std::move(idempotency_key), sha = std::move(content_sha256)] {
        return store.find(provider, key, sha);
    };
    auto rolled_back = nothing();
    co_return co_await database_.call<std::optional<Stored>>(deadline, Refusal::unavailable, std::move(work), std::move(rolled_back));
}

runtime::Task<Result<store::Found>> SimArchive::by_content(std::string provider, std::string content_sha256, runtime::Deadline deadline)
{
    std::function<Result<store::Found>()> work = [&store = database_.store(), provider = std::move(provider), sha = std::move(content_sha256)] {
        if (auto const* const entry = store.by_content(provider, sha)) {
            store::DossierView view;
            view.dossier_id = entry->stored.dossier_id;
            view.case_code = entry->stored.case_code;
            view.provider = provider;
            view.content_sha256 = entry->row.facts.content_sha256;
            view.idempotency_key = entry->row.idempotency_key;
            view.received_at = entry->row.facts.received_at;
            view.log_index = entry->log_index;
            return Result<store::Found>{store::Found{std::move(view), std::nullopt}};
        }
        auto const& refusals = store.refusals();
        auto const refused = std::find_if(refusals.rbegin(), refusals.rend(), [&](auto const& one) { return one.provider == provider && one.content_sha256 == sha; });
        if (refused == refusals.rend()) return Result<store::Found>{store::Failure{Refusal::not_found, sha}};
        return Result<store::Found>{store::Found{std::nullopt, store::RefusedView{sha, refused->fault_id, refused->problem, refused->at, std::nullopt}}};
    };
    auto rolled_back = nothing();
    co_return co_await database_.call<store::Found>(deadline, Refusal::unavailable, std::move(work), std::move(rolled_back));
}

SimQueue::SimQueue(Database& database)
    : database_{database}, queue_{std::make_shared<support::StoredQueue>(database.store(), [&database] { return database.now(); })}
{
}

runtime::Task<Result<std::vector<store::Claim>>> SimQueue::claim(std::string worker, store::Places places, std::size_t bytes_max,
                                                                 std::chrono::seconds lease, runtime::Instant now, runtime::Deadline deadline)
{
    std::function<Result<std::vector<store::Claim>>()> work = [queue = queue_, &database = database_, worker = std::move(worker), places, bytes_max, lease, now] {
        auto claims = queue->claim_now(worker, places, bytes_max, lease, now);
        for (auto const& one : claims) database.tell("queue gives", one.dossier_id, one.attempts);
        return Result<std::vector<store::Claim>>{std::move(claims)};
    };
    auto rolled_back = nothing();
    co_return co_await database_.call<std::vector<store::Claim>>(deadline, Refusal::unavailable, std::move(work), std::move(rolled_back));
}

runtime::Task<Result<void>> SimQueue::settle(std::string worker, std::vector<store::Settlement> settlements, runtime::Deadline deadline)
{
    std::function<Result<void>()> work = [queue = queue_, &database = database_, worker = std::move(worker), settlements = std::move(settlements)] {
        for (auto const& one : settlements) database.tell("settled as", one.dossier_id, static_cast<std::int64_t>(one.state));
        queue->settle_now(worker, settlements);
        return Result<void>{};
    };
    auto rolled_back = nothing();
    co_return co_await database_.call<void>(deadline, Refusal::unavailable, std::move(work), std::move(rolled_back));
}

runtime::Task<Result<void>> SimQueue::let_go(std::string worker, runtime::Deadline deadline)
{
    std::function<Result<void>()> work = [queue = queue_, worker = std::move(worker)] {
        queue->let_go_now(worker);
        return Result<void>{};
    };
    auto rolled_back = nothing();
    co_return co_await database_.call<void>(deadline, Refusal::unavailable, std::move(work), std::move(rolled_back));
}

runtime::Task<Result<store::QueueDepth>> SimQueue::depth(runtime::Instant now, runtime::Deadline deadline)
{
    std::function<Result<store::QueueDepth>()> work = [queue = queue_, now] { return Result<store::QueueDepth>{queue->depth_now(now)}; };
    auto rolled_back = nothing();
    co_return co_await database_.call<store::QueueDepth>(deadline, Refusal::unavailable, std::move(work), std::move(rolled_back));
}

runtime::Task<Result<std::vector<store::DeadLetter>>> SimQueue::dead_letters(std::size_t limit, runtime::Deadline deadline)
{
    std::function<Result<std::vector<store::DeadLetter>>()> work = [&store = database_.store(), limit] {
        return Result<std::vector<store::DeadLetter>>{store.dead_letters(limit)};
    };
    auto rolled_back = nothing();
    co_return co_await database_.call<std::vector<store::DeadLetter>>(deadline, Refusal::unavailable, std::move(work), std::move(rolled_back));
}

runtime::Task<Result<void>> SimQueue::replay(std::string dossier_id, runtime::Deadline deadline)
{
    std::function<Result<void>()> work = [&store = database_.store(), id = std::move(dossier_id)] {
        if (store.replay(id)) return Result<void>{};
        return Result<void>{store::Failure{Refusal::not_found, id}};
    };
    auto rolled_back = nothing();
    co_return co_await database_.call<void>(deadline, Refusal::unavailable, std::move(work), std::move(rolled_back));
}

}  // namespace sim
