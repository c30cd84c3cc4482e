#include "gateway/observe/metrics.hpp"

#include "gateway/observe/log.hpp"

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <array>
#include <atomic>
#include <initializer_list>
#include <map>
#include <mutex>
#include <sstream>
#include <unordered_map>

namespace observe {
namespace {

using Buckets = prometheus::Histogram::BucketBoundaries;
enum class Kind { counter, gauge, histogram };
enum class Scale { none, seconds, rows, bytes };

enum class Id : std::size_t {
    accepted, repeated, refused, stage, batch_rows, batch_bytes, commits, connections, accept_paused, handshakes, handshake_time,
    requests, queue_depth, queue_oldest, queue_dead, deliveries, delivery_time, delivery_window, delivery_in_flight, delivery_retries_left,
    pool_in_use, pool_size, examined, cross_checks, certificate_hits, certificate_misses, certificate_entries,
    evidence_fetches, evidence_age, evidence_ends, evidence_entries, evidence_wanted, grace_pending, grace_late, grace_settled, otp_messages, memory, places, places_held, places_waited_for, places_refused, filing_unloaded, filing_lately, slow_bodies, held_to, connections_refused, alarm, ready, log_dropped,
    count_,
};

struct Row {
    Id id;
    Kind kind;
    Scale scale;
    char const *name, *labels, *help;
};

// The one list: it builds the families, and ops/metrics.md is made from it. In the order of Id.
constexpr std::array rows{
    Row{Id::accepted, Kind::counter, Scale::none, "ivan_dossiers_accepted_total", "provider", "Dossiers stored and given a case code."},
    Row{Id::repeated, Kind::counter, Scale::none, "ivan_dossiers_repeated_total", "provider", "Repeats answered with the stored receipt."},
    Row{Id::refused, Kind::counter, Scale::none, "ivan_refused_total", "provider,code", "Requests and dossiers refused, by fault."},
    Row{Id::stage, Kind::histogram, Scale::seconds, "ivan_stage_seconds", "stage", "Time spent in one stage of one request."},
    Row{Id::batch_rows, Kind::histogram, Scale::rows, "ivan_commit_batch_rows", "", "Dossiers that shared one commit."},
    Row{Id::batch_bytes, Kind::histogram, Scale::bytes, "ivan_commit_batch_bytes", "", "Bytes of the dossiers that shared one commit."},
    Row{Id::commits, Kind::counter, Scale::none, "ivan_commits_total", "numbers", "Commits by where their numbers came from: foreseen (one round trip), asked of the database first, or mistaken (foreseen in vain, because something else had been committed, and then asked)."},
    Row{Id::connections, Kind::gauge, Scale::none, "ivan_connections", "", "Connections open now."},
    Row{Id::accept_paused, Kind::counter, Scale::none, "ivan_accept_paused_total", "", "Times a listener waited because the ceiling of connections was met."},
    Row{Id::handshakes, Kind::counter, Scale::none, "ivan_tls_handshakes_total", "result", "TLS handshakes: full, resumed or failed."},
    Row{Id::handshake_time, Kind::histogram, Scale::seconds, "ivan_tls_handshake_seconds", "result", "Time of a TLS handshake that succeeded."},
    Row{Id::requests, Kind::counter, Scale::none, "ivan_http_requests_total", "route,status", "HTTP requests answered."},
    Row{Id::queue_depth, Kind::gauge, Scale::none, "ivan_queue_depth", "", "Dossiers stored and not yet with the backend."},
    Row{Id::queue_oldest, Kind::gauge, Scale::none, "ivan_queue_oldest_seconds", "", "Age of the oldest of them."},
    Row{Id::queue_dead, Kind::gauge, Scale::none, "ivan_queue_dead", "", "Dead letters waiting for a person."},
    Row{Id::deliveries, Kind::counter, Scale::none, "ivan_deliveries_total", "outcome", "Attempts to hand a dossier over, by outcome."},
    Row{Id::delivery_time, Kind::histogram, Scale::seconds, "ivan_delivery_seconds", "outcome", "Time of one attempt."},
    Row{Id::delivery_window, Kind::gauge, Scale::none, "ivan_delivery_window", "", "Attempts the backend is allowed at once."},
    Row{Id::delivery_in_flight, Kind::gauge, Scale::none, "ivan_delivery_in_flight", "", "Attempts under way."},
    Row{Id::delivery_retries_left, Kind::gauge, Scale::none, "ivan_delivery_retries_left", "", "Retries that may begin now; 0: only what was never tried is handed over."},
    Row{Id::pool_in_use, Kind::gauge, Scale::none, "ivan_pool_in_use", "pool", "Members of a pool in use."},
    Row{Id::pool_size, Kind::gauge, Scale::none, "ivan_pool_size", "pool", "Size of a pool."},
    Row{Id::examined, Kind::counter, Scale::none, "ivan_examined_total", "engine", "Dossiers examined, by the engine that had the last word: sweep or tree."},
    Row{Id::cross_checks, Kind::counter, Scale::none, "ivan_cross_checks_total", "outcome", "Dossiers that the sweep took and the tree examined again: agreed, disagreed, passed_over (no room, or evidence ended between the two)."},
    Row{Id::certificate_hits, Kind::counter, Scale::none, "ivan_certificate_cache_hits_total", "", "Certificate verdicts found in the cache."},
    Row{Id::certificate_misses, Kind::counter, Scale::none, "ivan_certificate_cache_misses_total", "", "Certificate verdicts made anew."},
    Row{Id::certificate_entries, Kind::gauge, Scale::none, "ivan_certificate_cache_entries", "", "Certificate verdicts held."},
    Row{Id::evidence_fetches, Kind::counter, Scale::none, "ivan_revocation_fetches_total", "kind,outcome", "Fetches of CRLs, deltas and OCSP responses: fetched, unchanged, failed or refused."},
    Row{Id::evidence_age, Kind::gauge, Scale::none, "ivan_revocation_oldest_seconds", "", "Age of the oldest CRL in use, by its thisUpdate."},
    Row{Id::evidence_ends, Kind::gauge, Scale::none, "ivan_revocation_next_update_seconds", "", "Time until the first CRL in use ends; negative once it has."},
    Row{Id::evidence_entries, Kind::gauge, Scale::none, "ivan_revocation_entries", "", "Revoked certificates in all CRLs held."},
    Row{Id::evidence_wanted, Kind::gauge, Scale::none, "ivan_revocation_wanted", "", "Certificates in use whose evidence is being looked for."},
    Row{Id::grace_pending, Kind::gauge, Scale::none, "ivan_grace_pending", "", "Dossiers accepted under grace that fresh evidence has not cleared yet."},
    Row{Id::grace_late, Kind::gauge, Scale::none, "ivan_grace_late", "", "Dossiers whose signer turned out to have been revoked, not yet acknowledged by an operator."},
    Row{Id::grace_settled, Kind::counter, Scale::none, "ivan_grace_settled_total", "outcome", "Dossiers accepted under grace and settled by this process: cleared or revoked."},
    Row{Id::otp_messages, Kind::counter, Scale::none, "ivan_otp_messages_total", "channel,outcome", "Messages with one-time passwords: sent; retried (an attempt failed, another follows); lost (given up); dropped when the gateway stopped."},
    Row{Id::memory, Kind::gauge, Scale::none, "ivan_memory_reserved_bytes", "", "Memory reserved for bodies."},
    Row{Id::places, Kind::gauge, Scale::none, "ivan_admission_limit", "track", "Requests a lane takes at once now: filings by the adaptive limit, the others as configured."},
    Row{Id::places_held, Kind::gauge, Scale::none, "ivan_admission_in_flight", "track", "Requests of the lane under way."},
    Row{Id::places_waited_for, Kind::gauge, Scale::none, "ivan_admission_waiting", "track", "Requests that wait for their turn, their bodies unread."},
    Row{Id::places_refused, Kind::counter, Scale::none, "ivan_admission_refused_total", "track,reason", "Requests refused before their body was read: room, waited (in vain), memory, in_flight, quota, backlog."},
    Row{Id::filing_unloaded, Kind::gauge, Scale::none, "ivan_filing_unloaded_seconds", "", "What a dossier takes from whole to stored, unloaded, as the adaptive limit has learnt it."},
    Row{Id::filing_lately, Kind::gauge, Scale::none, "ivan_filing_lately_seconds", "", "The same of late: the median of its last window."},
    Row{Id::slow_bodies, Kind::gauge, Scale::none, "ivan_admission_slow_bodies", "", "Bodies that take long to come and hold no place meanwhile."},
    Row{Id::held_to, Kind::gauge, Scale::none, "ivan_admission_held_to_per_second", "", "Dossiers let in each second while the delivery queue is past its mark; 0: not held back."},
    Row{Id::connections_refused, Kind::counter, Scale::none, "ivan_connections_refused_total", "reason", "Connections closed before their handshake: too_many or too_often of one address."},
    Row{Id::alarm, Kind::gauge, Scale::none, "ivan_alarm", "name", "1 while the alarm is raised."},
    Row{Id::ready, Kind::gauge, Scale::none, "ivan_ready", "", "1 while the last signed probe went through verify and store."},
    Row{Id::log_dropped, Kind::gauge, Scale::none, "ivan_log_dropped_lines", "", "Log lines lost because the queue was full."},
};
constexpr bool in_order()
{
    for (std::size_t i = 0; i < rows.size(); ++i)
        if (static_cast<std::size_t>(rows[i].id) != i) return false;
    return rows.size() == static_cast<std::size_t>(Id::count_);
}
static_assert(in_order(), "the table follows Id");

Buckets buckets_of(Scale scale)
{
    switch (scale) {
        case Scale::seconds:  // 50 µs, where a small dossier's parse lies, to 30 s, the longest request
            return {0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30};
        case Scale::rows: return {1, 2, 4, 8, 16, 32, 64, 128, 256, 512};
        case Scale::bytes: return {4e3, 16e3, 64e3, 256e3, 1e6, 4e6, 16e6, 64e6};
        case Scale::none: break;
    }
    return {};
}

std::vector<std::string> split(std::string_view labels)
{
    std::vector<std::string> names;
    while (!labels.empty()) {
        auto const comma = labels.find(',');
        names.emplace_back(labels.substr(0, comma));
        labels.remove_prefix(comma == std::string_view::npos ? labels.size() : comma + 1);
    }
    return names;
}

std::string_view kind_name(Kind kind)
{
    switch (kind) {
        case Kind::counter: return "counter";
        case Kind::gauge: return "gauge";
        case Kind::histogram: return "histogram";
    }
    return "";
}

// The members of one family by their label values. Values come from our own tables (providers, faults, routes,
// stages), so their number is bounded.
template <class Metric>
class Members {
public:
    Members(prometheus::Registry& registry, Row const& row, auto& build)
        : family_{&build().Name(row.name).Help(row.help).Register(registry)}, labels_{split(row.labels)}, buckets_{buckets_of(row.scale)}
    {
        if (labels_.empty()) with({});
    }

    Metric& with(std::initializer_list<std::string_view> values)
    {
        std::string key;
        for (auto const value : values) key.append(value).push_back('\n');
        std::lock_guard const lock{mutex_};
        auto const found = members_.find(key);
        if (found != members_.end()) return *found->second;
        prometheus::Labels labels;
        auto name = labels_.begin();
        for (auto const value : values) labels.emplace(*name++, value);
        auto& made = make(labels);
        members_.emplace(std::move(key), &made);
        return made;
    }

private:
    Metric& make(prometheus::Labels const& labels)
    {
        if constexpr (std::is_same_v<Metric, prometheus::Histogram>)
            return family_->Add(labels, buckets_);
        else
            return family_->Add(labels);
    }

    prometheus::Family<Metric>* family_;
    std::vector<std::string> labels_;
    Buckets buckets_;
    std::mutex mutex_;
    std::unordered_map<std::string, Metric*> members_;
};

double seconds(std::chrono::nanoseconds took) { return std::chrono::duration<double>(took).count(); }

}  // namespace

std::string_view name_of(Stage stage) noexcept
{
    switch (stage) {
        case Stage::header: return "header";
        case Stage::body: return "body";
        case Stage::unpack: return "unpack";
        case Stage::sweep: return "sweep";
        case Stage::parse: return "parse";
        case Stage::verify: return "verify";
        case Stage::validate: return "validate";
        case Stage::commit: return "commit";
        case Stage::examine: return "examine";
        case Stage::submit: return "submit";
        case Stage::deliver: return "deliver";
    }
    return "";
}

struct Metrics::Data {
    prometheus::Registry registry;
    std::map<Id, Members<prometheus::Counter>> counters;
    std::map<Id, Members<prometheus::Gauge>> gauges;
    std::map<Id, Members<prometheus::Histogram>> histograms;
    std::atomic<std::uint64_t> accepted{0}, repeated{0}, refused{0}, delivered{0}, depth{0}, dead{0}, hits{0}, misses{0};
    std::atomic<std::int64_t> oldest_s{0};

    Data()
    {
        for (auto const& row : rows) {
            switch (row.kind) {
                case Kind::counter:
                    counters.try_emplace(row.id, registry, row, prometheus::BuildCounter);
                    break;
                case Kind::gauge:
                    gauges.try_emplace(row.id, registry, row, prometheus::BuildGauge);
                    break;
                case Kind::histogram:
                    histograms.try_emplace(row.id, registry, row, prometheus::BuildHistogram);
                    break;
            }
        }
        for (std::size_t stage = 0; stage < stages.size(); ++stage) stages[stage] = &histogram(Id::stage, {name_of(static_cast<Stage>(stage))});
    }
    // Asked several times a request: found once.
    std::array<prometheus::Histogram*, static_cast<std::size_t>(Stage::deliver) + 1> stages{};
    prometheus::Counter& counter(Id id, std::initializer_list<std::string_view> values = {}) { return counters.at(id).with(values); }
    prometheus::Gauge& gauge(Id id, std::initializer_list<std::string_view> values = {}) { return gauges.at(id).with(values); }
    prometheus::Histogram& histogram(Id id, std::initializer_list<std::string_view> values = {}) { return histograms.at(id).with(values); }
};

Metrics::Metrics() : data_{std::make_unique<Data>()} {}
Metrics::~Metrics() = default;

void Metrics::accepted(std::string_view provider, bool repeated)
{
    data_->counter(repeated ? Id::repeated : Id::accepted, {provider}).Increment();
    (repeated ? data_->repeated : data_->accepted).fetch_add(1, std::memory_order_relaxed);
}

void Metrics::refused(std::string_view provider, std::string_view code)
{
    data_->counter(Id::refused, {provider.empty() ? "unknown" : provider, code}).Increment();
    data_->refused.fetch_add(1, std::memory_order_relaxed);
}

void Metrics::stage_time(Stage stage, std::chrono::nanoseconds took) { data_->stages[static_cast<std::size_t>(stage)]->Observe(seconds(took)); }

void Metrics::batch(std::size_t count, std::size_t bytes)
{
    data_->histogram(Id::batch_rows).Observe(static_cast<double>(count));
    data_->histogram(Id::batch_bytes).Observe(static_cast<double>(bytes));
}

void Metrics::commit(std::string_view numbers) { data_->counter(Id::commits, {numbers}).Increment(); }

void Metrics::connections(int delta) { data_->gauge(Id::connections).Increment(delta); }

void Metrics::handshake(std::chrono::nanoseconds took, bool resumed)
{
    std::string_view const result = resumed ? "resumed" : "full";
    data_->counter(Id::handshakes, {result}).Increment();
    data_->histogram(Id::handshake_time, {result}).Observe(seconds(took));
}

void Metrics::handshake_failed() { data_->counter(Id::handshakes, {"failed"}).Increment(); }
void Metrics::accept_paused() { data_->counter(Id::accept_paused).Increment(); }

void Metrics::request(std::string_view route, int status) { data_->counter(Id::requests, {route, std::to_string(status)}).Increment(); }

void Metrics::queue(std::uint64_t depth, std::chrono::seconds oldest, std::uint64_t dead)
{
    data_->gauge(Id::queue_depth).Set(static_cast<double>(depth));
    data_->gauge(Id::queue_oldest).Set(static_cast<double>(oldest.count()));
    data_->gauge(Id::queue_dead).Set(static_cast<double>(dead));
    data_->depth = depth;
    data_->oldest_s = oldest.count();
    data_->dead = dead;
}

void Metrics::delivery(std::string_view outcome, std::chrono::nanoseconds took)
{
    data_->counter(Id::deliveries, {outcome}).Increment();
    data_->histogram(Id::delivery_time, {outcome}).Observe(seconds(took));
    if (outcome == "delivered") data_->delivered.fetch_add(1, std::memory_order_relaxed);
}

void Metrics::delivery_window(std::size_t window, std::size_t in_flight, std::size_t retries_left)
{
    data_->gauge(Id::delivery_window).Set(static_cast<double>(window));
    data_->gauge(Id::delivery_in_flight).Set(static_cast<double>(in_flight));
    data_->gauge(Id::delivery_retries_left).Set(static_cast<double>(retries_left));
}

void Metrics::pool(std::string_view pool, std::size_t in_use, std::size_t size)
{
    data_->gauge(Id::pool_in_use, {pool}).Set(static_cast<double>(in_use));
    data_->gauge(Id::pool_size, {pool}).Set(static_cast<double>(size));
}

void Metrics::examined(std::string_view engine) { data_->counter(Id::examined, {engine}).Increment(); }
void Metrics::cross_check(std::string_view outcome) { data_->counter(Id::cross_checks, {outcome}).Increment(); }

void Metrics::certificate_cache(std::uint64_t hits, std::uint64_t misses, std::size_t entries)
{
    // The caller knows totals, a counter takes steps. A total below the last one is an older report, or a new cache.
    auto const step = [](std::atomic<std::uint64_t>& last, std::uint64_t now) {
        auto const before = last.exchange(now);
        return static_cast<double>(now > before ? now - before : 0);
    };
    data_->counter(Id::certificate_hits).Increment(step(data_->hits, hits));
    data_->counter(Id::certificate_misses).Increment(step(data_->misses, misses));
    data_->gauge(Id::certificate_entries).Set(static_cast<double>(entries));
}

void Metrics::revocation_fetch(std::string_view kind, std::string_view outcome) { data_->counter(Id::evidence_fetches, {kind, outcome}).Increment(); }

void Metrics::otp_message(std::string_view channel, std::string_view outcome) { data_->counter(Id::otp_messages, {channel, outcome}).Increment(); }

void Metrics::revocation_evidence(std::chrono::seconds oldest, std::chrono::seconds first_end, std::size_t entries, std::size_t wanted)
{
    data_->gauge(Id::evidence_age).Set(static_cast<double>(oldest.count()));
    data_->gauge(Id::evidence_ends).Set(static_cast<double>(first_end.count()));
    data_->gauge(Id::evidence_entries).Set(static_cast<double>(entries));
    data_->gauge(Id::evidence_wanted).Set(static_cast<double>(wanted));
}

void Metrics::grace(std::uint64_t pending, std::uint64_t late)
{
    data_->gauge(Id::grace_pending).Set(static_cast<double>(pending));
    data_->gauge(Id::grace_late).Set(static_cast<double>(late));
}

void Metrics::grace_settled(std::string_view outcome) { data_->counter(Id::grace_settled, {outcome}).Increment(); }

void Metrics::memory_reserved(std::size_t bytes) { data_->gauge(Id::memory).Set(static_cast<double>(bytes)); }

void Metrics::admission(std::string_view track, std::size_t limit, std::size_t in_flight, std::size_t waiting)
{
    data_->gauge(Id::places, {track}).Set(static_cast<double>(limit));
    data_->gauge(Id::places_held, {track}).Set(static_cast<double>(in_flight));
    data_->gauge(Id::places_waited_for, {track}).Set(static_cast<double>(waiting));
}

void Metrics::admission_refused(std::string_view track, std::string_view reason) { data_->counter(Id::places_refused, {track, reason}).Increment(); }

void Metrics::admission_state(std::chrono::nanoseconds unloaded, std::chrono::nanoseconds lately, std::size_t slow_bodies, double held_to)
{
    data_->gauge(Id::filing_unloaded).Set(seconds(unloaded));
    data_->gauge(Id::filing_lately).Set(seconds(lately));
    data_->gauge(Id::slow_bodies).Set(static_cast<double>(slow_bodies));
    data_->gauge(Id::held_to).Set(held_to);
}

void Metrics::connection_refused(std::string_view reason) { data_->counter(Id::connections_refused, {reason}).Increment(); }

void Metrics::alarm(std::string_view name, bool raised) { data_->gauge(Id::alarm, {name}).Set(raised ? 1 : 0); }
void Metrics::ready(bool is) { data_->gauge(Id::ready).Set(is ? 1 : 0); }

std::string Metrics::exposition() const
{
    data_->gauge(Id::log_dropped).Set(static_cast<double>(log_dropped()));
    std::ostringstream out;
    prometheus::TextSerializer{}.Serialize(out, data_->registry.Collect());
    return std::move(out).str();
}

std::vector<MetricInfo> Metrics::list()
{
    std::vector<MetricInfo> list;
    for (auto const& row : rows) list.push_back({row.name, std::string{kind_name(row.kind)}, row.help, row.labels});
    return list;
}

Metrics::Totals Metrics::totals() const
{
    auto const& d = *data_;
    return {d.accepted, d.repeated, d.refused, d.delivered, d.depth, d.dead, static_cast<double>(d.oldest_s)};
}

}  // namespace observe
