// ivan-sim: runs worlds from seeds, one after the other, and says what it found. ops/sim builds and starts it.
//
//   ivan-sim --minutes 10             seeds from the clock on, until the time is over
//   ivan-sim --seed 42 --worlds 1     one world
//   ivan-sim --seeds FILE             each world of a file: "SEED [DOSSIERS_MAX]" a line
//
// The first violation ends it, with the command that shows it again and the line for seeds.txt; exit 1.

#include "gateway/observe/log.hpp"
#include "tests/sim/office.hpp"
#include "tests/sim/seeds.hpp"

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace {

namespace json = boost::json;

struct Totals {
    std::uint64_t worlds = 0, dossiers = 0, acknowledged = 0, delivered = 0;
    sim::Micros simulated{0};
    std::array<std::uint64_t, sim::fault_kinds> faults{};
    std::vector<sim::WorldReport> bad;

    void add(sim::WorldReport report)
    {
        ++worlds;
        dossiers += report.dossiers;
        acknowledged += report.acknowledged;
        delivered += report.delivered;
        simulated += report.simulated;
        for (std::size_t i = 0; i < faults.size(); ++i) faults[i] += report.faults[i];
        if (report.violation) bad.push_back(std::move(report));
    }
};

struct Wish {
    double minutes = 0;
    std::uint64_t seed = 0, worlds = 0;
    std::string seeds_file, plant = "none";
    unsigned jobs = 1;
    std::size_t dossiers_max = 1500, trace_lines = 60;
    bool as_json = false, trace = false;
};

std::string command_for(Wish const& wish, sim::WorldReport const& report)
{
    auto line = fmt::format("ops/sim --seed {} --worlds 1 --dossiers-max {} --trace", report.seed, report.dossiers_max);
    if (wish.plant != "none") line += " --plant " + wish.plant;
    return line;
}

json::object summary(Wish const& wish, Totals const& totals, double seconds)
{
    json::object faults;
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < totals.faults.size(); ++i) {
        faults[sim::fault_names[i]] = totals.faults[i];
        sum += totals.faults[i];
    }
    json::array violations;
    for (auto const& report : totals.bad)
        violations.push_back(json::object{{"seed", report.seed},
                                          {"promise", report.violation->promise},
                                          {"what", report.violation->what},
                                          {"reproduce", command_for(wish, report)},
                                          {"seeds_line", sim::seed_line({report.seed, sim::Planted::none, false, report.dossiers_max})}});
    auto const days = std::chrono::duration<double, std::ratio<86400>>(totals.simulated).count();
    return {{"worlds", totals.worlds},         {"simulated_days", days},       {"seconds", seconds},
            {"dossiers", totals.dossiers},     {"accepted", totals.acknowledged}, {"delivered", totals.delivered},
            {"dossiers_per_second", seconds > 0 ? static_cast<double>(totals.dossiers) / seconds : 0.0},
            {"faults_injected", sum},          {"faults", std::move(faults)}, {"violations", std::move(violations)}};
}

void print_table(Wish const& wish, Totals const& totals, double seconds)
{
    auto const days = std::chrono::duration<double, std::ratio<86400>>(totals.simulated).count();
    fmt::print("{:<30}{:>14}\n", "worlds", totals.worlds);
    fmt::print("{:<30}{:>14.1f}\n", "simulated days", days);
    fmt::print("{:<30}{:>14.1f}\n", "seconds", seconds);
    fmt::print("{:<30}{:>14}\n", "dossiers", totals.dossiers);
    fmt::print("{:<30}{:>14}\n", "accepted", totals.acknowledged);
    fmt::print("{:<30}{:>14}\n", "reached the backend", totals.delivered);
    fmt::print("{:<30}{:>14.0f}\n", "dossiers a second", seconds > 0 ? static_cast<double>(totals.dossiers) / seconds : 0.0);
    fmt::print("faults\n");
    for (std::size_t i = 0; i < totals.faults.size(); ++i) fmt::print("  {:<28}{:>14}\n", sim::fault_names[i], totals.faults[i]);
    fmt::print("{:<30}{:>14}\n", "violations", totals.bad.size());
    for (auto const& report : totals.bad) {
        fmt::print("\nseed {}: promise {}: {}\n", report.seed, report.violation->promise, report.violation->what);
        auto const lines = report.trace.size();
        auto const from = wish.trace ? 0 : lines - std::min(lines, wish.trace_lines);
        if (from > 0) fmt::print("  … {} lines before (--trace shows all)\n", from);
        for (auto i = from; i < lines; ++i) fmt::print("  {}\n", report.trace[i]);
        fmt::print("show it again: {}\n", command_for(wish, report));
        if (wish.plant == "none") fmt::print("for tests/sim/seeds.txt: {}\n", sim::seed_line({report.seed, sim::Planted::none, false, report.dossiers_max}));
    }
}

Totals run(Wish const& wish, std::vector<sim::WorldConfig> const& seeds)
{
    Totals totals;
    std::mutex mutex;  // guards totals
    std::atomic<std::uint64_t> next{0};
    std::atomic<bool> over{false};
    auto const until = std::chrono::steady_clock::now() + std::chrono::duration<double, std::ratio<60>>(wish.minutes);
    auto const work = [&] {
        while (!over) {
            auto const n = next++;
            if (!seeds.empty() ? n >= seeds.size() : wish.worlds > 0 && n >= wish.worlds) return;
            if (wish.minutes > 0 && std::chrono::steady_clock::now() >= until) return;
            sim::WorldConfig config;
            if (seeds.empty()) {
                config.seed = wish.seed + n;
                config.dossiers_max = wish.dossiers_max;
            } else {
                config = seeds[n];
            }
            config.planted = *sim::planted_from(wish.plant);
            config.text = wish.trace;
            auto report = sim::run_world(config);
            if (report.violation && !config.text) {
                // Once more, to tell its story: the same seed is the same world.
                config.text = true;
                report = sim::run_world(config);
            }
            std::lock_guard const lock{mutex};
            if (report.violation) over = true;
            else if (wish.trace && !wish.as_json)
                for (auto const& line : report.trace) fmt::print("{}\n", line);
            totals.add(std::move(report));
        }
    };
    std::vector<std::thread> threads;
    for (unsigned i = 1; i < wish.jobs; ++i) threads.emplace_back(work);
    work();
    for (auto& thread : threads) thread.join();
    return totals;
}

}  // namespace

int main(int argc, char** argv)
{
    Wish wish;
    CLI::App app{"Simulates gateways, database, backend and senders from seeds, with faults, and checks the promises."};
    app.add_option("--minutes", wish.minutes, "How long to run new worlds")->check(CLI::Range(0.0, 100'000.0));
    app.add_option("--seed", wish.seed, "The first seed; without one, from the clock");
    app.add_option("--worlds", wish.worlds, "How many worlds; seeds follow each other");
    app.add_option("--seeds", wish.seeds_file, "A file of worlds, \"SEED [DOSSIERS_MAX]\" a line")->check(CLI::ExistingFile);
    app.add_option("--jobs", wish.jobs, "Worlds at once, a thread each")->check(CLI::Range(1u, 64u));
    app.add_option("--dossiers-max", wish.dossiers_max, "Most dossiers of one world")->check(CLI::Range(sim::dossiers_least, std::size_t{1'000'000}));
    app.add_option("--plant", wish.plant, "Plant a bug, to see it found")
        ->check(CLI::IsMember(std::vector<std::string>(sim::planted_names.begin(), sim::planted_names.end())));
    app.add_flag("--trace", wish.trace, "Print every event");
    app.add_flag("--json", wish.as_json, "One JSON object");
    try {
        app.parse(argc, argv);
    } catch (CLI::ParseError const& error) {
        return app.exit(error) == 0 ? 0 : 2;
    }
    try {
        if (app.count("--seed") == 0) wish.seed = static_cast<std::uint64_t>(std::chrono::system_clock::now().time_since_epoch().count()) % 1'000'000'000;
        if (wish.minutes <= 0 && wish.worlds == 0 && wish.seeds_file.empty()) wish.worlds = 100;
        auto const seeds = wish.seeds_file.empty() ? std::vector<sim::WorldConfig>{} : sim::read_seeds(wish.seeds_file);
        observe::start_log({"off", "/dev/null"});
        static_cast<void>(sim::Office::shared());
        auto const begun = std::chrono::steady_clock::now();
        auto const totals = run(wish, seeds);
        auto const seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
        if (wish.as_json) fmt::print("{}\n", json::serialize(summary(wish, totals, seconds)));
        else print_table(wish, totals, seconds);
        observe::stop_log();
        return totals.bad.empty() ? 0 : 1;
    } catch (std::exception const& error) {
        fmt::print(stderr, "ivan-sim: {}\n", error.what());
        return 2;
    }
}
