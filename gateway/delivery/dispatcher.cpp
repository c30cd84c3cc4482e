#include "gateway/delivery/dispatcher.hpp"

#include "gateway/delivery/attempt.hpp"
#include "gateway/delivery/signal.hpp"
#include "gateway/observe/log.hpp"
#include "gateway/runtime/steady.hpp"
#include "gateway/runtime/task_group.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <atomic>
#include <deque>
#include <mutex>
#include <random>
#include <stdexcept>
#include <unordered_map>

namespace delivery
{

namespace
{
constexpr std::chrono::milliseconds idle_wait_first{20};
constexpr std::chrono::milliseconds queue_trouble_wait{200};
constexpr unsigned settle_tries_max = 5;
} // namespace

struct Dispatcher::Data : std::enable_shared_from_this<Dispatcher::Data> {
    Data(net::io_context& io, store::Queue& q, Destination& d, runtime::Clock const& c, observe::Metrics& m,
         DeliveryConfig cfg, std::string w)
        : context{io}, queue{q},
          destination{d}, clock{c}, metrics{m}, config{cfg}, worker{std::move(w)}, window{config.window},
          retries{config.retries, clock.now()}, random{config.seed != 0 ? config.seed : std::random_device{}()}, work{io}, outcomes{io}, measure{io},
          tasks{io, [](std::string const& name, std::string const& what) {
                    observe::log(observe::Level::error, "delivery task threw", {{"task", name}, {"what", what}});
                }}
    {
        if (config.lease < 3 * config.attempt_timeout)
            throw std::invalid_argument(
                "delivery.lease must be at least three times delivery.attempt_timeout: nothing renews a lease");
    }

    net::io_context& context;
    store::Queue& queue;
    Destination& destination;
    runtime::Clock const& clock;
    observe::Metrics& metrics;
    DeliveryConfig config;
    std::string worker;
    Window window;
    RetryBudget retries;
    Random random;
    Signal work;     // something to claim, a place in the window, or stop
    Signal outcomes; // something to settle, or the last attempt ended after stop
    Signal measure;  // stop
    runtime::TaskGroup tasks;
    std::vector<store::Settlement> settlements; // not yet taken by the settler; bounded by the window
    std::unordered_map<std::int64_t, std::uint32_t> under_way; // sequences, and the attempts before the newest claim of each
    std::size_t in_flight = 0, settling = 0, bytes_in_flight = 0;
    bool stopping = false, claiming_over = false;
    std::atomic<bool> stored_since{false}; // something was committed that the last claim may not have seen
    std::atomic<bool> listening{false};    // the queue was empty: who commits says so
    mutable std::mutex shown_mutex;
    DispatcherState shown; // guarded by shown_mutex

    template <class Change>
    void show(Change change)
    {
        std::lock_guard const lock{shown_mutex};
        change(shown);
        shown.window = window.size();
        shown.in_flight = in_flight;
        shown.unsettled = settlements.size() + settling;
        shown.destination_dead = window.dead();
    }
    void show()
    {
        show([](DispatcherState&) {});
        metrics.delivery_window(window.size(), in_flight, retries.room(clock.now()));
    }

    // What may be claimed now. Unsettled outcomes count too, or a queue that cannot write would grow without bound.
    [[nodiscard]] std::size_t room() const
    {
        if (bytes_in_flight >= config.in_flight_bytes_max) return 0;
        if (settlements.size() + settling > window.size() + config.settle_rows_max) return 0;
        return std::min(window.room(in_flight, clock.now()), config.claim_rows_max);
    }

    // A dead destination is probed with whatever is first: the pauses between probes are bound enough.
    [[nodiscard]] std::size_t retries_allowed() const
    {
        return window.dead() ? config.claim_rows_max : retries.room(clock.now());
    }

    [[nodiscard]] std::chrono::milliseconds until_open() const
    {
        auto const now = clock.now();
        auto const wait = std::chrono::ceil<std::chrono::milliseconds>(window.opens_at(now) - now);
        return std::clamp(wait, std::chrono::milliseconds{1},
                          std::max(config.idle_wait_max, std::chrono::milliseconds{1}));
    }

    runtime::Task<void> run()
    {
        tasks.spawn("settle", settle_loop());
        tasks.spawn("measure", measure_loop());
        show([](DispatcherState& s) { s.running = true; });
        co_await claim_loop();
        claiming_over = true;
        outcomes.notify();
        measure.notify();
        co_await tasks.drained(config.attempt_timeout + config.queue_timeout);
        static_cast<void>(co_await queue.let_go(worker, runtime::Deadline::after(config.queue_timeout)));
        show([](DispatcherState& s) { s.running = false; });
    }

    runtime::Task<void> claim_loop()
    {
        auto idle_wait = idle_wait_first;
        auto held = runtime::Deadline::after(store::hold_renewal);
        auto company = runtime::Deadline::after(std::chrono::milliseconds{0});
        while (!stopping) {
            // The last claim emptied the queue: what is committed in the next few milliseconds shares the next one.
            if (!company.passed()) {
                co_await pause(std::max(company.left(), std::chrono::milliseconds{1}));
                continue;
            }
            auto const places = room();
            // A claim for every single place that falls free would be a transaction per dossier: wait for a few.
            bool const worth_it =
                places > 0 && (in_flight == 0 || places * 4 >= std::min(window.size(), config.claim_rows_max));
            if (!worth_it) {
                if (held.passed()) {
                    // However busy the backend keeps us, the queue stays ours.
                    auto const kept = co_await queue.claim(worker, 0, 0, config.lease, clock.now(), runtime::Deadline::after(config.queue_timeout));
                    held = runtime::Deadline::after(kept ? store::hold_renewal : std::chrono::seconds{0});
                }
                // An outcome notifies too; the end of a pause does not, and neither does one that came just before.
                auto const limit = in_flight > 0 && places > 0 ? config.idle_wait_max : until_open();
                co_await work.wait(limit);
                continue;
            }
            auto const budget = runtime::Deadline::after(config.queue_timeout);
            auto const bytes = config.in_flight_bytes_max - bytes_in_flight;
            held = runtime::Deadline::after(store::hold_renewal);
            auto const emptied = runtime::Deadline::after(config.claim_wait);
            store::Places const wanted{places, retries_allowed()};
            stored_since = false;
            auto claims = co_await queue.claim(worker, wanted, bytes, config.lease, clock.now(), budget);
            if (!claims) {
                observe::log(observe::Level::warning, "queue claim failed",
                             {{"why", store::name_of(claims.error().why)}, {"detail", claims.error().detail}});
                show([&](DispatcherState& s) { s.last_trouble = "queue: " + claims.error().detail; });
                co_await work.wait(queue_trouble_wait);
                continue;
            }
            if (claims->empty()) {
                listening = true;
                if (!stored_since) co_await work.wait(idle_wait);
                listening = false;
                idle_wait = std::min(idle_wait * 2, std::max(config.idle_wait_max, idle_wait_first));
                continue;
            }
            idle_wait = idle_wait_first;
            if (claims->size() < places) company = emptied;
            for (auto& claim : *claims)
                if (runtime::Steady::now() < claim.held_until && !under_way_already(claim)) begin(std::move(claim));
            show();
        }
    }

    runtime::Task<void> pause(std::chrono::milliseconds time)
    {
        runtime::Timer timer{context.get_executor(), time};
        co_await timer.async_wait(runtime::as_result);
    }

    // After a process stood still its leases may have ended before its attempts have: then the queue gives again what is still under
    // way here. Two at once would break the order of a unit; the one under way speaks for this claim too.
    bool under_way_already(store::Claim const& claim)
    {
        auto const found = under_way.find(claim.sequence);
        if (found == under_way.end()) return false;
        found->second = claim.attempts;
        return true;
    }

    void begin(store::Claim claim)
    {
        under_way.emplace(claim.sequence, claim.attempts);
        if (claim.attempts > 0) retries.retry_begun(clock.now());
        else retries.first_begun(clock.now());
        ++in_flight;
        bytes_in_flight += claim.body->size();
        tasks.spawn("attempt", attempt_one(std::move(claim)));
    }

    runtime::Task<void> attempt_one(store::Claim claim)
    {
        auto const attempted = co_await attempt(destination, claim, config.attempt_timeout);
        concluded(claim, attempted);
    }

    void concluded(store::Claim const& claim, Attempted const& attempted)
    {
        auto const now = clock.now();
        auto const& outcome = attempted.outcome;
        bool const was_dead = window.dead();
        if (outcome.kind == Outcome::Kind::failed_for_now)
            window.troubled(in_flight, now, outcome.retry_after);
        else
            window.answered(in_flight);
        if (claim.attempts > 0 && outcome.kind != Outcome::Kind::failed_for_now) retries.retry_answered(now);
        --in_flight;
        bytes_in_flight -= claim.body->size();
        settlements.push_back(settle(config.settle, claim, outcome, now, window.dead() || was_dead, random));
        settlements.back().attempts = under_way.extract(claim.sequence).mapped();

        if (window.dead() != was_dead) {
            metrics.alarm("backend_down", window.dead());
            observe::log(window.dead() ? observe::Level::error : observe::Level::info,
                         window.dead() ? "destination is dead" : "destination answers again",
                         {{"reason", outcome.reason}});
        }
        report(claim, settlements.back(), attempted);
        show([&](DispatcherState& s) {
            if (!outcome.reason.empty()) s.last_trouble = outcome.reason;
        });
        metrics.delivery_window(window.size(), in_flight, retries.room(clock.now()));
        outcomes.notify();
        work.notify();
    }

    void report(store::Claim const& claim, store::Settlement const& settlement, Attempted const& attempted)
    {
        metrics.delivery(dossier::name_of(settlement.state), attempted.took);
        if (settlement.state == dossier::State::delivered) return;
        observe::log(settlement.state == dossier::State::dead ? observe::Level::error : observe::Level::warning,
                     "delivery did not succeed",
                     {{"trace_id", claim.trace_id},
                      {"dossier_id", claim.dossier_id},
                      {"state", dossier::name_of(settlement.state)},
                      {"http_status", settlement.http_status},
                      {"attempts", claim.attempts + 1},
                      {"reason", settlement.reason}});
    }

    runtime::Task<void> settle_loop()
    {
        for (;;) {
            if (settlements.empty()) {
                if (claiming_over && in_flight == 0) co_return;
                co_await outcomes.wait(std::chrono::seconds{1});
                continue;
            }
            // Company: what ends in the next few milliseconds shares the transaction.
            auto const until = runtime::Deadline::after(config.settle_wait);
            while (settlements.size() < config.settle_rows_max && in_flight > 0 && !until.passed())
                co_await outcomes.wait(std::max(until.left(), std::chrono::milliseconds{1}));
            co_await settle_some();
            work.notify();
        }
    }

    runtime::Task<void> settle_some()
    {
        auto const rows = std::min(settlements.size(), config.settle_rows_max);
        std::vector<store::Settlement> group(
            std::make_move_iterator(settlements.begin()),
            std::make_move_iterator(settlements.begin() + static_cast<std::ptrdiff_t>(rows)));
        settlements.erase(settlements.begin(), settlements.begin() + static_cast<std::ptrdiff_t>(rows));
        settling = rows;
        for (unsigned n = 0;; ++n) {
            auto const settled = co_await queue.settle(worker, group, runtime::Deadline::after(config.queue_timeout));
            if (settled) break;
            observe::log(
                observe::Level::warning, "queue settle failed",
                {{"why", store::name_of(settled.error().why)}, {"rows", rows}, {"detail", settled.error().detail}});
            // Given up, nothing is lost: the leases end, the dossiers are handed over again, and their key makes that
            // once.
            if (n + 1 >= settle_tries_max || stopping) {
                settling = 0;
                show();
                co_return;
            }
            co_await pause(queue_trouble_wait);
        }
        settling = 0;
        show([&](DispatcherState& s) {
            for (auto const& settlement : group) {
                s.delivered += settlement.state == dossier::State::delivered ? 1 : 0;
                s.deferred += settlement.state == dossier::State::deferred ? 1 : 0;
                s.dead_lettered += settlement.state == dossier::State::dead ? 1 : 0;
            }
        });
    }

    runtime::Task<void> measure_loop()
    {
        while (!stopping) {
            auto const depth = co_await queue.depth(clock.now(), runtime::Deadline::after(config.queue_timeout));
            if (depth) {
                metrics.queue(depth->waiting + depth->leased, depth->oldest, depth->dead);
                show([&](DispatcherState& s) { s.queue = *depth; });
            }
            co_await measure.wait(config.depth_interval);
        }
    }
};

Dispatcher::Dispatcher(net::io_context& context, store::Queue& queue, Destination& destination,
                       runtime::Clock const& clock, observe::Metrics& metrics, DeliveryConfig config,
                       std::string worker)
    : data_{std::make_shared<Data>(context, queue, destination, clock, metrics, config, std::move(worker))}
{
}

Dispatcher::~Dispatcher() = default;

runtime::Task<void> Dispatcher::run()
{
    auto const data = data_;
    co_await data->run();
}

void Dispatcher::stop()
{
    auto tell = [data = data_] {
        data->stopping = true;
        data->work.notify();
        data->measure.notify();
        data->outcomes.notify();
    };
    net::post(data_->context, std::move(tell));
}

void Dispatcher::wake()
{
    data_->stored_since = true;
    if (!data_->listening.exchange(false)) return; // it claims anyway, or has been told
    net::post(data_->context, [data = data_] { data->work.notify(); });
}

DispatcherState Dispatcher::state() const
{
    std::lock_guard const lock{data_->shown_mutex};
    return data_->shown;
}

} // namespace delivery
