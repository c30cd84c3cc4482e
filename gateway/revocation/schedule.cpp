#include "gateway/revocation/schedule.hpp"

#include "signing/digest.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>

namespace revocation {
namespace {

using std::chrono::milliseconds;

// A source that no authority names is forgotten when nobody needed it for so long; the next who does names it again.
constexpr std::chrono::hours source_life{30 * 24};
constexpr std::size_t url_bytes_max = 2048;

std::string time_text(Instant at) { return fmt::format("{:%FT%TZ}", std::chrono::floor<std::chrono::seconds>(at)); }

bool usable(std::string_view url) { return url.starts_with("http://") && url.size() <= url_bytes_max; }

}  // namespace

std::string_view name_of(Kind kind) noexcept
{
    switch (kind) {
        case Kind::crl: return "crl";
        case Kind::delta: return "delta";
        case Kind::ocsp: return "ocsp";
    }
    return "";
}

Schedule::Schedule(RevocationConfig const& config, std::uint64_t seed) : config_{config}, random_{seed} {}

std::string Schedule::key_of(Kind kind, std::string_view url) { return std::string{name_of(kind)} + ":" + std::string{url}; }

std::string Schedule::key_of_wanted(std::string_view id) { return "ocsp:" + std::string{id}; }

std::string Schedule::key_of(signing::EvidenceWanted const& wanted)
{
    return key_of_wanted(wanted.id());
}

void Schedule::standing(std::vector<std::pair<Kind, std::string>> const& sources, Instant now)
{
    for (auto& [key, source] : sources_) source.standing = false;
    for (auto const& [kind, url] : sources)
        if (auto* const source = add(kind, url, now)) source->standing = true;
}

void Schedule::remember(Kind kind, std::string const& url, Instant fetched_at, Instant next_update, Instant now)
{
    auto* const source = add(kind, url, now);
    if (!source) return;
    source->succeeded_at = std::min(fetched_at, now);
    source->next_update = next_update;
    source->due = next_of(*source, *source->succeeded_at);
}

// Null: it cannot be fetched at all.
Schedule::Source* Schedule::add(Kind kind, std::string const& url, Instant now)
{
    if (!usable(url)) return nullptr;
    auto const key = key_of(kind, url);
    if (auto const found = sources_.find(key); found != sources_.end()) {
        found->second.told_at = now;
        return &found->second;
    }
    make_room();
    Source source;
    source.kind = kind;
    source.url = url;
    source.told_at = now;
    source.due = now;
    return &sources_.emplace(key, std::move(source)).first->second;
}

// The source that was needed longest ago gives way; one that an authority names only where there is no other.
void Schedule::make_room()
{
    if (sources_.size() < config_.sources_max) return;
    auto victim = sources_.end();
    for (auto it = sources_.begin(); it != sources_.end(); ++it) {
        if (it->second.under_way) continue;
        auto const rank = [](Source const& source) { return std::pair{source.standing, source.told_at}; };
        if (victim == sources_.end() || rank(it->second) < rank(victim->second)) victim = it;
    }
    if (victim != sources_.end()) sources_.erase(victim);
}

void Schedule::need(Kind kind, std::string const& url, Instant now)
{
    auto* const source = add(kind, url, now);
    if (!source) return;
    bool const ended = source->next_update && *source->next_update <= now;
    // A source that failed keeps its pace, and one that was read a moment ago has nothing more to say.
    if (source->failures == 0 && (!source->succeeded_at || ended)) source->due = std::min(source->due, now);
}

bool Schedule::want(signing::EvidenceWanted const& wanted, Instant now)
{
    auto const key = key_of(wanted);
    auto found = wants_.find(key);
    if (found == wants_.end()) {
        if (wants_.size() >= config_.wanted_max) {
            auto const oldest = std::min_element(wants_.begin(), wants_.end(), [](auto const& a, auto const& b) {
                return std::pair{a.second.under_way, a.second.told_at} < std::pair{b.second.under_way, b.second.told_at};
            });
            if (oldest->second.under_way) return false;
            wants_.erase(oldest);
        }
        found = wants_.emplace(key, Want{std::make_shared<signing::EvidenceWanted const>(wanted), now, now, now}).first;
    }
    auto& want = found->second;
    want.told_at = now;
    for (auto const& url : wanted.crl_urls) need(Kind::crl, url, now);
    for (auto const& url : wanted.delta_urls) need(Kind::delta, url, now);
    return trying(key, now);
}

std::vector<Job> Schedule::due(Instant now, std::size_t room)
{
    std::erase_if(sources_, [&](auto const& entry) {
        auto const& source = entry.second;
        return !source.standing && !source.under_way && now - source.told_at > source_life;
    });
    std::vector<Job> jobs;
    for (auto& [key, source] : sources_) {
        // A clock that was set back must not put a source off for longer than its interval.
        source.due = std::min(source.due, now + std::max<milliseconds>(config_.refresh_interval, config_.retry_max));
        if (jobs.size() >= room) return jobs;
        if (source.under_way || source.due > now) continue;
        source.under_way = true;
        jobs.push_back({key, source.kind, source.url, {}, {}});
    }
    for (auto& [key, want] : wants_) {
        if (jobs.size() >= room) return jobs;
        auto const& urls = want.wanted->ocsp_urls;
        if (urls.empty() || want.under_way || want.due > now) continue;
        want.under_way = true;
        jobs.push_back({key, Kind::ocsp, urls[want.failures % urls.size()], want.wanted->certificate, want.wanted->issuer});
    }
    return jobs;
}

milliseconds Schedule::backoff(unsigned failures)
{
    auto wait = config_.retry_first;
    for (unsigned i = 1; i < failures && wait < config_.retry_max; ++i) wait *= 2;
    wait = std::min(wait, config_.retry_max);
    std::uniform_int_distribution<std::int64_t> jitter{-wait.count() / 5, wait.count() / 5};
    return std::min(milliseconds{wait.count() + jitter(random_)}, config_.retry_max);
}

Instant Schedule::next_of(Source const& source, Instant now)
{
    auto const interval = std::chrono::duration_cast<milliseconds>(config_.refresh_interval);
    std::uniform_int_distribution<std::int64_t> jitter{0, interval.count() / 10};
    auto next = now + interval - milliseconds{jitter(random_)};
    if (source.next_update) next = std::min(next, *source.next_update - config_.refresh_before);
    // Its end is near and the source has nothing newer yet: half of what is left, not quicker than retries are.
    auto const soonest = source.next_update ? std::min<Instant::duration>((*source.next_update - now) / 2, config_.retry_max) : Instant::duration{0};
    return std::max({next, now + std::min<Instant::duration>(config_.retry_first, interval), std::min(now + soonest, now + interval)});
}

void Schedule::ended(std::string_view key, Outcome outcome, std::string_view trouble, std::optional<Instant> next_update, Instant now)
{
    if (auto const found = wants_.find(key); found != wants_.end()) {
        auto& want = found->second;
        want.under_way = false;
        // An answer that settles the want makes settle() forget it; until then it counts as one that did not help.
        ++want.failures;
        want.due = now + backoff(want.failures);
        want.trouble = outcome == Outcome::fetched ? "answered without saying whether it is revoked" : std::string{trouble};
        return;
    }
    auto const found = sources_.find(key);
    if (found == sources_.end()) return;
    auto& source = found->second;
    source.under_way = false;
    if (next_update) source.next_update = next_update;
    bool const answered = outcome == Outcome::fetched || outcome == Outcome::unchanged;
    bool const over = source.next_update && *source.next_update <= now;
    if (answered && !over) {
        source.failures = 0;
        source.failing_since.reset();
        source.succeeded_at = now;
        source.trouble.clear();
        source.due = next_of(source, now);
        return;
    }
    ++source.failures;
    if (!source.failing_since) source.failing_since = now;
    source.trouble = answered ? "it still serves a list that has ended" : std::string{trouble};
    source.due = now + backoff(source.failures);
}

bool Schedule::trying(std::string_view key, Instant now) const
{
    auto const found = wants_.find(key);
    if (found == wants_.end()) return false;
    auto const& want = found->second;
    if (!want.wanted->ocsp_urls.empty() && (want.under_way || want.due <= now)) return true;
    auto const busy = [&](Kind kind, std::vector<std::string> const& urls) {
        return std::any_of(urls.begin(), urls.end(), [&](auto const& url) {
            auto const source = sources_.find(key_of(kind, url));
            return source != sources_.end() && (source->second.under_way || source->second.due <= now);
        });
    };
    return busy(Kind::crl, want.wanted->crl_urls) || busy(Kind::delta, want.wanted->delta_urls);
}

std::vector<std::pair<std::string, Schedule::Wanted>> Schedule::wants() const
{
    std::vector<std::pair<std::string, Wanted>> all;
    for (auto const& [key, want] : wants_) all.emplace_back(key, want.wanted);
    return all;
}

std::vector<std::string> Schedule::troubles(Instant now) const
{
    std::vector<std::string> words;
    for (auto const& [key, source] : sources_) {
        bool const over = source.next_update && *source.next_update <= now;
        bool const failing = source.failing_since && now - *source.failing_since > config_.alarm_after;
        if (over) words.push_back(fmt::format("{} ended at {}{}{}", source.url, time_text(*source.next_update), source.trouble.empty() ? "" : ": ", source.trouble));
        else if (failing) words.push_back(fmt::format("{} fails since {}: {}", source.url, time_text(*source.failing_since), source.trouble));
    }
    std::size_t vain = 0;
    std::string example;
    for (auto const& [key, want] : wants_) {
        if (now - want.first_at <= config_.alarm_after) continue;
        if (vain++ > 0) continue;
        auto const facts = signing::read_certificate(want.wanted->certificate);
        // The issuer's name, not the holder's: a log holds nobody's name.
        example = fmt::format("one of issuer {}", facts ? facts->issuer : "unknown");
        if (!want.trouble.empty()) example += ": " + want.trouble;
    }
    if (vain > 0) words.push_back(fmt::format("no evidence for {} certificates in use, {}", vain, example));
    return words;
}

}  // namespace revocation
