#include "loadtest/overload.hpp"

#include "gateway/runtime/http_client.hpp"
#include "gateway/runtime/task_group.hpp"
#include "loadtest/process.hpp"
#include "loadtest/report.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <fstream>
#include <future>
#include <iostream>
#include <iterator>
#include <numeric>
#include <random>
#include <stdexcept>
#include <thread>

#include <sys/resource.h>
#include <unistd.h>

namespace loadtest {

namespace {

using Clock = std::chrono::steady_clock;
using Time = Clock::time_point;
using Seconds = std::chrono::duration<double>;
constexpr std::chrono::seconds request_timeout{30};
constexpr std::chrono::milliseconds tick{1};
constexpr std::chrono::seconds handshakes{2};  // of the flood's connections, at its beginning
constexpr std::size_t due_at_once_max = 5000;  // by one tick, after a stall of the machine

std::string read_file(std::string const& path)
{
    std::ifstream in{path, std::ios::binary};
    if (!in) throw std::runtime_error("cannot read " + path);
    return {std::istreambuf_iterator<char>{in}, {}};
}

enum class Outcome { accepted, busy, lost, wrong };

struct Event {
    Time due, done;
    Outcome outcome;
};

// One provider with its connections, on a thread of the caller's.
class Party {
public:
    Party(OverloadConfig const& config, std::string const& name, std::string const& alias, std::string run, std::vector<Unit> const& units)
        : config_{config}, name_{name}, run_{std::move(run)}
    {
        MixConfig mix;
        mix.count = config.distinct;
        mix.main_forms = {{"D02-TS", 1}};
        mix.people = config.people;
        mix.alias = alias;
        mix.seed = std::hash<std::string>{}(name);
        prepared_ = make(mix, units, {}, [](std::size_t) {});
    }

    // As fast as answers come, over so many connections.
    std::vector<Event> closed(std::size_t connections, std::chrono::seconds time)
    {
        return run(connections, [&](runtime::TaskGroup& tasks) {
            auto const end = Clock::now() + time;
            for (std::size_t n = 0; n < connections; ++n) tasks.spawn("closed", one_after_another(end));
        });
    }
    // At a rate, whatever the answers do; until `end`.
    std::vector<Event> open(double rate, std::size_t connections, Time end)
    {
        return run(connections, [&](runtime::TaskGroup& tasks) { tasks.spawn("open", at_a_rate(tasks, rate, connections, end)); });
    }
    [[nodiscard]] std::uint64_t offered() const { return offered_; }
    [[nodiscard]] std::uint64_t not_sent() const { return not_sent_; }
    [[nodiscard]] std::string const& first_wrong() const { return first_wrong_; }

private:
    template <class Begin>
    std::vector<Event> run(std::size_t connections, Begin begin)
    {
        offered_ = not_sent_ = 0;
        events_.clear();
        net::io_context context{1};
        runtime::HttpClientConfig client;
        client.base_url = config_.url;
        client.ca_file = config_.pki + "/tls/ca.pem";
        client.certificate_file = config_.pki + "/tls/" + name_ + ".pem";
        client.key_file = config_.pki + "/tls/" + name_ + ".key";
        client.connections_max = connections;
        client_.emplace(context, client);
        runtime::TaskGroup tasks{context, [](std::string const&, std::string const& what) { std::cerr << what << '\n'; }};
        begin(tasks);
        while (tasks.size() > 0 && context.run_one() > 0) {}  // not for what the client's connections still wait for
        client_.reset();
        return std::move(events_);
    }

    runtime::Task<void> one_after_another(Time end)
    {
        while (Clock::now() < end) {
            ++offered_;
            co_await send(Clock::now());
        }
    }

    runtime::Task<void> at_a_rate(runtime::TaskGroup& tasks, double rate, std::size_t connections, Time end)
    {
        auto const executor = co_await net::this_coro::executor;
        runtime::Timer timer{executor};
        auto const begun = Clock::now();
        for (std::uint64_t n = 0; Clock::now() < end;) {
            auto const wanted = due_by(Clock::now() - begun, rate);
            for (std::size_t burst = 0; n < wanted && burst < due_at_once_max; ++n, ++burst) {
                auto const due = begun + std::chrono::duration_cast<Clock::duration>(Seconds{static_cast<double>(n) / rate});
                ++offered_;
                if (under_way_ >= connections) ++not_sent_;
                else tasks.spawn("send", send(due));
            }
            // No wake-up without a dossier to send: they are of the machine that is measured.
            auto const next = begun + std::chrono::duration_cast<Clock::duration>(Seconds{static_cast<double>(n) / rate});
            timer.expires_at(std::max(next, Clock::now() + tick));
            co_await timer.async_wait(runtime::as_result);
        }
    }

    runtime::Task<void> send(Time due)
    {
        ++under_way_;
        auto const n = next_++;
        runtime::HttpRequest request;
        request.method = "POST";
        request.target = "/v1/dossiers";
        request.headers = {{"Content-Type", "application/xml"}, {"Idempotency-Key", fmt::format("{}-{}-{}", run_, name_, n)}};
        request.body = prepared_[n % prepared_.size()].bytes + distinguishing_space(n);
        auto const answer = co_await client_->send(std::move(request), runtime::Deadline::after(request_timeout), true);
        --under_way_;
        auto const outcome = judge(answer);
        if (outcome == Outcome::wrong && first_wrong_.empty()) first_wrong_ = fmt::format("{}: HTTP {} {}", name_, answer->status, answer->body.substr(0, 300));
        events_.push_back({due, Clock::now(), outcome});
    }

    static Outcome judge(boost::system::result<runtime::HttpResponse> const& answer)
    {
        if (!answer) return Outcome::lost;
        if (answer->status == 201 || answer->status == 200) return Outcome::accepted;
        return answer->status == 429 || answer->status == 503 ? Outcome::busy : Outcome::wrong;
    }

    OverloadConfig const& config_;
    std::string name_, run_, first_wrong_;
    std::vector<Prepared> prepared_;
    std::optional<runtime::HttpClient> client_;
    std::vector<Event> events_;
    std::uint64_t next_ = 0, offered_ = 0, not_sent_ = 0;
    std::size_t under_way_ = 0;
};

// What was due in [from, to).
Met met(std::vector<Event> const& events, Time from, Time to)
{
    Met all;
    std::vector<std::chrono::nanoseconds> times;
    for (auto const& event : events) {
        if (event.due < from || event.due >= to) continue;
        ++all.offered;
        switch (event.outcome) {
            case Outcome::accepted:
                ++all.accepted;
                times.push_back(event.done - event.due);
                break;
            case Outcome::busy: ++all.busy; break;
            case Outcome::lost: ++all.lost; break;
            case Outcome::wrong: ++all.wrong; break;
        }
    }
    auto const latency = latency_of(std::move(times));
    all.seconds = Seconds{to - from}.count();
    all.p50_ms = latency.p50_ms;
    all.p99_ms = latency.p99_ms;
    all.max_ms = latency.max_ms;
    return all;
}

std::uint64_t resident_kib(long pid) { return static_cast<std::uint64_t>(resident_bytes(pid)) / 1024; }

// The thread's own priority: of who measures, so that what it waits for is the hub and not the flood's client beside it. False: not ours to set.
bool ahead_of_others() { return ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), -10) == 0; }

// A trouble: not accepted, or later than twice the slowest hundredth of before.
double recovery(std::vector<Event> const& events, Time over, double calm_p99_ms)
{
    std::vector<double> troubles;
    std::size_t due = 0;
    for (auto const& event : events) {
        if (event.due < over) continue;
        ++due;
        bool const slow = Seconds{event.done - event.due}.count() * 1000 > std::max(2 * calm_p99_ms, 20.0);
        if (event.outcome != Outcome::accepted || slow) troubles.push_back(Seconds{event.due - over}.count());
    }
    return recovered_after(std::move(troubles), due);
}

Met with_counts(Met all, Party const& party)
{
    all.offered = party.offered();
    all.not_sent = party.not_sent();
    return all;
}

void say(std::string const& what) { std::cerr << "== " << what << '\n'; }

boost::json::object json_of(Met const& all)
{
    return {{"offered", all.offered}, {"not_sent", all.not_sent}, {"accepted", all.accepted}, {"busy", all.busy}, {"lost", all.lost}, {"wrong", all.wrong},
            {"seconds", all.seconds}, {"per_second", all.per_second()}, {"refused_share", all.refused_share()},
            {"p50_ms", all.p50_ms}, {"p99_ms", all.p99_ms}, {"max_ms", all.max_ms}};
}

}  // namespace

std::uint64_t due_by(Seconds since, double rate) { return static_cast<std::uint64_t>(since.count() * rate) + 1; }

double recovered_after(std::vector<double> troubles_s, std::size_t due)
{
    auto const borne = due / 100;
    if (troubles_s.size() <= borne) return 0;
    std::ranges::sort(troubles_s);
    return troubles_s[troubles_s.size() - 1 - borne];
}

std::string distinguishing_space(std::uint64_t n)
{
    static constexpr char digits[] = {' ', '\t', '\n'};
    std::string space{"\n"};
    for (; n > 0; n /= 3) space += digits[n % 3];
    return space;
}

double OverloadReport::goodput_share() const
{
    auto const both = std::midpoint(peak.per_second(), peak_again.per_second());
    return both > 0 ? (flood.per_second() + good.per_second()) / both : 0;
}
double OverloadReport::p99_ratio() const
{
    // Behind a long flood the queue still drains: the calmer of the two is the calm one.
    auto const calmer = std::min(calm.p99_ms, calm_again.p99_ms);
    return calmer > 0 ? good.p99_ms / calmer : 0;
}
double OverloadReport::rss_growth() const
{
    return rss_mid > 0 ? static_cast<double>(rss_after) / static_cast<double>(rss_mid) - 1 : 0;
}
bool OverloadReport::passed() const
{
    return goodput_share() >= 0.9 && good.refused_share() < 0.01 && p99_ratio() < 3 && recovery_s < 10 && rss_growth() < 0.1 && good.wrong + flood.wrong == 0 &&
           good.accepted > 0 && calm.accepted > 0 && calm_again.accepted > 0 && peak_again.accepted > 0;
}

OverloadReport measure_overload(OverloadConfig const& config)
{
    signing::dev::Identity const issuer{read_file(config.pki + "/ca/issuing-ca.key"), read_file(config.pki + "/ca/issuing-ca.pem")};
    auto const units = make_units(config.signers, issuer, {"00108"});
    auto const run = fmt::format("o{:x}", std::random_device{}());
    say("signing dossiers");
    Party good{config, config.good, config.good_alias, run, units}, flood{config, config.flood, config.flood_alias, run, units};
    OverloadReport report;

    say(fmt::format("calm: {} sends {}/s alone, {} s", config.good, config.good_rate, config.calm.count()));
    auto const measured = [&](std::size_t connections, Time end) {
        return std::async(std::launch::async, [&good, &config, &report, connections, end] {
            report.ahead = ahead_of_others();
            return good.open(config.good_rate, connections, end);
        });
    };
    auto const calm = [&] {
        auto const begun = Clock::now();
        auto const events = measured(32, begun + config.calm).get();
        return with_counts(met(events, begun, begun + config.calm), good);
    };
    auto const peak = [&](std::size_t connections) {
        auto const begun = Clock::now();
        auto const events = flood.closed(connections, config.peak);
        return met(events, begun, begun + config.peak);
    };
    measured(32, Clock::now() + std::chrono::seconds{2}).get();  // connections, caches
    report.calm = calm();

    // What is stored while delivery lies idle or behind cannot last: the peak counts with delivery as busy as in the flood.
    say(fmt::format("lead-in, {} s", config.peak.count()));
    static_cast<void>(peak(config.peak_connections.front()));
    for (auto const connections : config.peak_connections) {
        say(fmt::format("peak: {} connections, {} s", connections, config.peak.count()));
        auto const all = peak(connections);
        if (all.per_second() <= report.peak.per_second()) continue;
        report.peak = all;
        report.peak_connections = connections;
    }
    std::this_thread::sleep_for(std::chrono::seconds{2});

    auto const rate = config.times * report.peak.per_second();
    say(fmt::format("flood: {} offers {:.0f}/s for {} s, {} goes on", config.flood, rate, config.duration.count(), config.good));
    report.rss_before = resident_kib(config.pid);
    auto const begun = Clock::now();
    auto const over = begun + config.duration, end = over + config.after;
    std::vector<Event> flooded;
    auto serving = measured(64, end);
    {
        std::jthread const watch{[&] {
            std::this_thread::sleep_until(begun + config.duration / 2);
            report.rss_mid = resident_kib(config.pid);
        }};
        flooded = flood.open(rate, config.connections, over);
        report.rss_after = resident_kib(config.pid);
    }
    auto const served = serving.get();
    report.flood = with_counts(met(flooded, begun, over), flood);
    report.good = met(served, begun, over);
    report.settled = met(served, std::min(begun + handshakes, over), over);
    report.after = met(served, over, end);
    report.recovery_s = recovery(served, over, report.calm.p99_ms);
    // What its own connections could not carry is an answer it did not get.
    report.good.lost += good.not_sent();
    report.good.offered += good.not_sent();

    say("peak and calm again");
    report.peak_again = peak(report.peak_connections);
    std::this_thread::sleep_for(std::chrono::seconds{2});
    report.calm_again = calm();
    report.first_wrong = good.first_wrong().empty() ? flood.first_wrong() : good.first_wrong();
    return report;
}

std::string to_text(OverloadConfig const& config, OverloadReport const& r)
{
    std::string out = fmt::format("{:<26} {:>10} {:>10} {:>10} {:>9} {:>9} {:>9} {:>9}\n", "phase", "offered/s", "stored/s", "refused/s", "refused", "p50 ms", "p99 ms", "max ms");
    auto const line = [&](std::string const& name, Met const& all) {
        auto const each = [&](std::uint64_t count) { return all.seconds > 0 ? static_cast<double>(count) / all.seconds : 0; };
        out += fmt::format("{:<26} {:>10.0f} {:>10.0f} {:>10.0f} {:>8.2f}% {:>9.1f} {:>9.1f} {:>9.1f}\n", name, each(all.offered), all.per_second(), each(all.busy),
                           100 * all.refused_share(), all.p50_ms, all.p99_ms, all.max_ms);
    };
    line("calm, " + config.good, r.calm);
    line(fmt::format("peak, {} x{}", config.flood, r.peak_connections), r.peak);
    line("flood, " + config.flood, r.flood);
    line("meanwhile, " + config.good, r.good);
    line(fmt::format("  without the first {} s", handshakes.count()), r.settled);
    line("after, " + config.good, r.after);
    line(fmt::format("peak again, {} x{}", config.flood, r.peak_connections), r.peak_again);
    line("calm again, " + config.good, r.calm_again);
    auto const verdict = [&](std::string const& what, std::string const& figure, std::string const& goal, bool met_it) {
        out += fmt::format("{:<46} {:>12}   {:<10} {}\n", what, figure, goal, met_it ? "yes" : "NO");
    };
    out += fmt::format("\nof the flood {} were not sent: no connection of its {} was free\n", r.flood.not_sent, config.connections);
    verdict("goodput, of the peaks before and behind", fmt::format("{:.1f} %", 100 * r.goodput_share()), ">= 90 %", r.goodput_share() >= 0.9);
    verdict("refused of the well-behaved one", fmt::format("{:.2f} %", 100 * r.good.refused_share()), "< 1 %", r.good.refused_share() < 0.01);
    verdict("its p99, of the calmer of before and behind", fmt::format("{:.2f} x", r.p99_ratio()), "< 3 x", r.p99_ratio() < 3);
    verdict("recovery", fmt::format("{:.1f} s", r.recovery_s), "< 10 s", r.recovery_s < 10);
    if (r.rss_mid > 0)
        verdict(fmt::format("memory {} -> {} -> {} MiB", r.rss_before / 1024, r.rss_mid / 1024, r.rss_after / 1024), fmt::format("{:+.1f} %", 100 * r.rss_growth()), "< 10 %", r.rss_growth() < 0.1);
    out += r.ahead ? "the client of the well-behaved one ran ahead of others on its processor (nice -10), so that its figures are the hub's\n"
                   : "the client of the well-behaved one had to wait for a processor like all: its figures are not the hub's alone\n";
    if (!r.first_wrong.empty()) out += "first wrong answer: " + r.first_wrong + "\n";
    return out;
}

std::string to_json(OverloadConfig const& config, OverloadReport const& r)
{
    boost::json::object const object{{"good", config.good}, {"flood", config.flood}, {"times", config.times}, {"peak_connections", r.peak_connections},
                                     {"calm", json_of(r.calm)}, {"peak", json_of(r.peak)}, {"flooding", json_of(r.flood)}, {"meanwhile", json_of(r.good)}, {"settled", json_of(r.settled)}, {"after", json_of(r.after)},
                                     {"peak_again", json_of(r.peak_again)}, {"calm_again", json_of(r.calm_again)},
                                     {"goodput_share", r.goodput_share()}, {"refused_share", r.good.refused_share()}, {"p99_ratio", r.p99_ratio()}, {"recovery_s", r.recovery_s},
                                     {"rss_kib", {r.rss_before, r.rss_mid, r.rss_after}}, {"rss_growth", r.rss_growth()}, {"client_ahead", r.ahead}, {"first_wrong", r.first_wrong}, {"passed", r.passed()}};
    return boost::json::serialize(object);
}

}  // namespace loadtest
