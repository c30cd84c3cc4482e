#include "gateway/revocation/refresher.hpp"

#include "gateway/observe/log.hpp"
#include "gateway/runtime/on_cpu.hpp"
#include "signing/hindsight.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <random>
#include <utility>

namespace revocation {
namespace {

using runtime::Task;
using std::chrono::milliseconds, std::chrono::seconds;

// How often we look whether something is due: the clock may be set, and a test's clock leaps.
constexpr milliseconds look_interval{200};
constexpr milliseconds report_interval{1000};
constexpr std::size_t issuers_max = 256;
constexpr std::size_t troubles_shown = 5;

std::string_view word_of(Outcome outcome)
{
    switch (outcome) {
        case Outcome::fetched: return "fetched";
        case Outcome::unchanged: return "unchanged";
        case Outcome::failed: return "failed";
        case Outcome::refused: return "refused";
    }
    return "";
}

std::string shown(std::vector<std::string> const& words)
{
    auto const count = std::min(words.size(), troubles_shown);
    auto text = fmt::format("{}", fmt::join(words.begin(), words.begin() + static_cast<std::ptrdiff_t>(count), "; "));
    if (words.size() > count) text += fmt::format("; and {} more", words.size() - count);
    return text;
}

}  // namespace

Ages ages_of(signing::Revocations const& revocations)
{
    std::map<std::string, signing::RevocationEvidence> freshest;
    for (auto const& facts : revocations.facts()) {
        if (facts.ocsp || facts.delta) continue;
        auto const [held, first] = freshest.try_emplace(facts.issuer, facts.evidence);
        if (!first && facts.evidence.next_update > held->second.next_update) held->second = facts.evidence;
    }
    Ages ages;
    ages.entries = revocations.revoked();
    for (auto const& [issuer, evidence] : freshest) {
        ages.oldest = std::min(ages.oldest.value_or(evidence.this_update), evidence.this_update);
        ages.first_end = std::min(ages.first_end.value_or(evidence.next_update), evidence.next_update);
    }
    return ages;
}

Refresher::Refresher(RevocationConfig config, std::filesystem::path trust_directory, Parts parts)
    : config_{std::move(config)}, parts_{std::move(parts)}, schedule_{config_, std::random_device{}()},
      timer_{parts_.context.get_executor()}, shelf_{config_, std::move(trust_directory)}
{
}

// ---- on the blocking thread -----------------------------------------------------------------------------------------

Refresher::Snapshot Refresher::begin(signing::TrustStore const& trust)
{
    shelf_.load();
    auto snapshot = anew(trust);
    auto const now = parts_.clock.now();
    for (auto const& known : shelf_.known()) {
        schedule_.remember(known.kind, known.url, known.fetched_at, known.next_update, now);
        versions_[Schedule::key_of(known.kind, known.url)] = known.version;
    }
    ages_ = ages_of(*snapshot);
    return snapshot;
}

Refresher::Snapshot Refresher::anew(signing::TrustStore const& trust)
{
    shelf_.read_directory();
    if (!held_) held_ = trust.revocations();
    auto authorities = trust.authorities();
    authorities.insert(authorities.end(), known_issuers_.begin(), known_issuers_.end());
    held_ = shelf_.put({}, authorities, held_, parts_.clock.now()).revocations;
    return held_;
}

Refresher::Made Refresher::make_now(std::vector<Arrival> arrivals, std::vector<std::string> const& issuers,
                                    std::vector<std::pair<std::string, Schedule::Wanted>> const& wants)
{
    known_issuers_ = issuers;
    auto authorities = parts_.trust()->authorities();
    authorities.insert(authorities.end(), issuers.begin(), issuers.end());
    auto const now = parts_.clock.now();
    Made made;
    made.put = shelf_.put(std::move(arrivals), authorities, held_, now);
    if (made.put.revocations != held_) {
        held_ = made.put.revocations;
        parts_.publish(held_);
    }
    for (auto const& [key, wanted] : wants) {
        auto const found = signing::look_back(*held_, {wanted->certificate, wanted->issuer}, now, now);
        if (found.word != signing::Hindsight::Word::unknown) made.known.insert(key);
    }
    made.ages = ages_of(*held_);
    return made;
}

// ---- any thread -----------------------------------------------------------------------------------------------------

void Refresher::tell(signing::EvidenceWanted wanted)
{
    auto key = Schedule::key_of(wanted);
    {
        std::lock_guard const lock{mutex_};
        if (told_.size() >= config_.wanted_max) return;
        open_.insert(key);
        told_.insert_or_assign(std::move(key), std::move(wanted));
    }
    if (wake_posted_.exchange(true)) return;
    net::post(parts_.context, [this] {
        wake_posted_ = false;
        wake();
    });
}

Task<void> Refresher::wait(std::vector<std::string> ids, runtime::Deadline deadline)
{
    std::vector<std::string> keys;
    for (auto const& id : ids) keys.push_back(Schedule::key_of_wanted(id));
    auto const executor = co_await net::this_coro::executor;
    auto const timer = std::make_shared<runtime::Timer>(executor);  // shared with whoever wakes it, from another thread
    timer->expires_at(std::min(deadline.at(), std::chrono::steady_clock::now() + config_.wait_max));
    {
        std::lock_guard const lock{mutex_};
        if (!any_open(keys) || waiters_.size() >= config_.waiting_max) co_return;
        waiters_.push_back({std::move(keys), timer});
    }
    co_await timer->async_wait(runtime::as_result);
    std::lock_guard const lock{mutex_};
    std::erase_if(waiters_, [&](Waiter const& waiter) { return waiter.timer.lock() == timer; });
}

// ---- on the context's thread ----------------------------------------------------------------------------------------

void Refresher::wake()
{
    woken_ = true;
    timer_.cancel();
}

Task<void> Refresher::run(runtime::TaskGroup& group)
{
    co_await net::this_coro::reset_cancellation_state(net::enable_total_cancellation());
    co_await net::this_coro::throw_if_cancelled(false);
    while (!group.stopping()) {
        woken_ = false;
        take_authorities();
        take_told();
        start_fetches(group);
        auto const steady = std::chrono::steady_clock::now();
        if ((!arrived_.empty() || issuers_new_) && steady >= not_before_) {
            co_await make();
            not_before_ = std::chrono::steady_clock::now() + config_.publish_pause;
        }
        release_waiters();
        if (steady >= report_due_) {
            report();
            report_due_ = steady + report_interval;
        }
        if (woken_ || group.stopping()) continue;
        timer_.expires_after(arrived_.empty() ? look_interval : std::min(look_interval, config_.publish_pause));
        co_await timer_.async_wait(runtime::as_result);
    }
}

// The addresses our own authorities name, whenever they may have changed.
void Refresher::take_authorities()
{
    auto const trust = parts_.trust();
    if (seen_.lock() == trust) return;
    seen_ = trust;
    auto const list = trust->authorities();
    std::set<std::string> found{list.begin(), list.end()};
    if (found == authorities_) return;
    authorities_ = std::move(found);

    std::vector<std::pair<Kind, std::string>> sources;
    for (auto const& anchor : trust->anchors())
        for (auto const& url : anchor.policy.crl_urls) sources.emplace_back(Kind::crl, url);
    for (auto const& der : list) {
        auto const facts = signing::read_certificate(der);
        if (!facts || facts->subject == facts->issuer) continue;  // an anchor's own certificate is judged by nobody
        auto const named = signing::evidence_sources(der, "");
        for (auto const& url : named.crl_urls) sources.emplace_back(Kind::crl, url);
        for (auto const& url : named.delta_urls) sources.emplace_back(Kind::delta, url);
    }
    schedule_.standing(sources, parts_.clock.now());
}

void Refresher::take_told()
{
    std::map<std::string, signing::EvidenceWanted> told;
    {
        std::lock_guard const lock{mutex_};
        told.swap(told_);
    }
    auto const now = parts_.clock.now();
    for (auto const& [key, wanted] : told) {
        if (schedule_.want(wanted, now)) trying_.insert(key);
        if (authorities_.contains(wanted.issuer) || issuers_.size() >= issuers_max) continue;
        issuers_new_ = issuers_.insert(wanted.issuer).second || issuers_new_;
    }
}

void Refresher::start_fetches(runtime::TaskGroup& group)
{
    auto const room = config_.fetches_max - std::min(config_.fetches_max, under_way_);
    for (auto& job : schedule_.due(parts_.clock.now(), room)) {
        ++under_way_;
        group.spawn("fetch", fetch_one(std::move(job)));
    }
}

Task<void> Refresher::fetch_one(Job job)
{
    co_await net::this_coro::throw_if_cancelled(false);
    auto const held = versions_.find(job.key);
    Version version = held == versions_.end() ? Version{} : held->second;
    auto fetched = co_await fetch(parts_.context, config_, job, std::move(version));
    --under_way_;
    if (fetched.outcome == Outcome::fetched) {
        arrived_.push_back({job.key, job.kind, std::move(job.url), std::move(fetched.bytes), std::move(fetched.version)});
    } else {
        parts_.metrics.revocation_fetch(name_of(job.kind), word_of(fetched.outcome));
        if (fetched.outcome == Outcome::failed)
            observe::log(observe::Level::warning, "revocation evidence not fetched", {{"url", job.url}, {"why", fetched.trouble}});
        schedule_.ended(job.key, fetched.outcome, fetched.trouble, std::nullopt, parts_.clock.now());
    }
    wake();
}

// Verifies what arrived, swaps the snapshot, and tells the schedule what came of it.
Task<void> Refresher::make()
{
    issuers_new_ = false;
    std::map<std::string, Kind> kinds;
    for (auto const& arrival : arrived_) kinds.emplace(arrival.key, arrival.kind);
    auto work = [this, arrivals = std::exchange(arrived_, {}), issuers = std::vector<std::string>{issuers_.begin(), issuers_.end()},
                 wants = schedule_.wants()]() mutable { return make_now(std::move(arrivals), issuers, wants); };
    auto const made = co_await runtime::on_cpu(parts_.blocking, std::move(work));

    auto const now = parts_.clock.now();
    for (auto const& [key, verdict] : made.put.verdicts) {
        parts_.metrics.revocation_fetch(name_of(kinds.at(key)), word_of(verdict.outcome));
        if (kinds.at(key) != Kind::ocsp) versions_[key] = verdict.version;
        schedule_.ended(key, verdict.outcome, verdict.trouble, verdict.next_update, now);
    }
    schedule_.settle([&](std::string_view key) { return made.known.contains(key); }, now);
    disk_troubles_ = made.put.troubles;
    ages_ = made.ages;
}

// Wakes whoever waits for evidence that is there now, or for which the try has ended.
void Refresher::release_waiters()
{
    auto const now = parts_.clock.now();
    std::erase_if(trying_, [&](auto const& key) { return !schedule_.trying(key, now); });
    std::lock_guard const lock{mutex_};
    open_ = trying_;
    for (auto const& [key, wanted] : told_) open_.insert(key);
    for (auto const& waiter : waiters_) {
        if (any_open(waiter.keys)) continue;
        auto timer = waiter.timer.lock();
        if (!timer) continue;
        auto const executor = timer->get_executor();
        net::post(executor, [timer = std::move(timer)] { timer->cancel(); });
    }
}

bool Refresher::any_open(std::vector<std::string> const& keys) const
{
    return std::any_of(keys.begin(), keys.end(), [this](auto const& key) { return open_.contains(key); });
}

void Refresher::report()
{
    auto const now = parts_.clock.now();
    auto const words = schedule_.troubles(now);
    parts_.alarm("revocation_stale", !words.empty(), shown(words));
    parts_.alarm("evidence_unwritable", !disk_troubles_.empty(), shown(disk_troubles_));
    auto const since = [&](std::optional<Instant> at) { return at ? std::chrono::duration_cast<seconds>(now - *at) : seconds{0}; };
    parts_.metrics.revocation_evidence(since(ages_.oldest), -since(ages_.first_end), ages_.entries, schedule_.wanted());
}

}  // namespace revocation
