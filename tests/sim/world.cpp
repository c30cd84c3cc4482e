#include "tests/sim/world.hpp"

#include "tests/sim/database.hpp"
#include "tests/sim/gateway_process.hpp"
#include "tests/sim/network.hpp"
#include "tests/sim/office.hpp"
#include "tests/sim/senders.hpp"
#include "tests/sim/sim_backend.hpp"
#include "tests/sim/trace.hpp"

#include <algorithm>
#include <functional>
#include <memory>
#include <utility>

namespace sim {

using namespace std::chrono_literals;

namespace {

constexpr Micros rest_max = 24h * 20;  // after the last fault; longer than any backoff and any Retry-After

delivery::DeliveryConfig delivery_config(Random& random)
{
    delivery::DeliveryConfig config;
    config.attempt_timeout = std::chrono::milliseconds{2'000 + 1'000 * random.below(14)};
    config.lease = std::chrono::ceil<std::chrono::seconds>(config.attempt_timeout * 3) + 30s;
    config.claim_rows_max = 1 + random.below(64);
    config.settle_rows_max = 1 + random.below(64);
    config.idle_wait_max = std::chrono::milliseconds{1'000 + 1'000 * random.below(4)};
    config.depth_interval = std::chrono::milliseconds{60'000};
    config.window.start = 1 + random.below(16);
    config.window.max = config.window.start + random.below(64);
    config.settle.backoff.max = std::chrono::milliseconds{30'000 + 30'000 * random.below(10)};
    config.settle.attempts_max = random.chance(0.2) ? 5 : 100;
    config.seed = random.next() | 1;
    return config;
}

// Little room and, in some worlds, a backend that is soon behind: so that dossiers wait for a place and are told to come again.
intake::Limits intake_limits(Random& random)
{
    intake::Limits limits;
    limits.pace.min = static_cast<std::uint32_t>(1 + random.below(16));
    if (random.chance(0.4)) {
        limits.throttle.queue_mark = 5 + random.below(100);
        limits.throttle.per_second_min = 0.05 + random.share();
    }
    limits.seed = random.next() | 1;
    return limits;
}

// A receipt without a signature: nobody here asks who signed, but whether the bytes are always the same. Each sealing gives
// other bytes, as ECDSA does.
store::Sealer sealer()
{
    return [n = std::make_shared<std::uint64_t>(0)](dossier::ReceiptFacts const& facts) {
        auto const mark = std::to_string(++*n);
        return dossier::Receipt{dossier::canonical_receipt(facts, "") + "<!--" + mark + "-->",
                                "{\"case_code\":\"" + facts.case_code + "\",\"n\":" + mark + "}"};
    };
}

class World {
public:
    explicit World(WorldConfig const& config)
        : config_{config}, random_{config.seed}, instead_{calendar_}, faults_{random_}, trace_{calendar_, config.text},
          store_{sealer(), config.planted, random_}, checker_{store_}, network_{calendar_, random_, faults_},
          backend_{calendar_, random_, faults_, trace_, checker_},
          database_{calendar_, random_, faults_, trace_, store_, checker_, Office::opens},
          senders_{calendar_, random_, faults_, trace_, network_, checker_,
                   [this](std::shared_ptr<Filing const> filing, Call call, Senders::Answer answer) { return knock(std::move(filing), call, std::move(answer)); }}
    {
        store_.died = [this](std::string const& id) { checker_.died(id); };
        machines_.resize(1 + random_.below(3));
        auto const limits = intake_limits(random_);
        for (std::size_t i = 0; i < machines_.size(); ++i) {
            machines_[i].clock = std::make_unique<WallClock>(calendar_, Office::opens);
            machines_[i].config = {limits, delivery_config(random_)};
            boot(i);
        }
    }

    WorldReport run()
    {
        auto const dossiers = dossiers_least + random_.below(config_.dossiers_max - dossiers_least + 1);
        auto const filing_time = random_.between(5min, random_.chance(0.15) ? Micros{12h} : Micros{40min});
        senders_.file(dossiers, filing_time);
        let_things_happen();
        calendar_.after(filing_time + random_.about(10min), [this] { heal(); });
        auto const begun = calendar_.now();
        auto const limit = begun + filing_time + rest_max;
        while (!checker_.violation() && !at_rest()) {
            if (calendar_.now() > limit) {
                checker_.violate(5, "it does not come to rest: " + std::to_string(store_.waiting()) + " wait for delivery, " +
                                        std::to_string(store_.dead()) + " are dead, senders are " + (senders_.done() ? "done" : "not done"));
                break;
            }
            run_ready();
            if (!calendar_.step()) checker_.violate(0, "nothing will ever happen again");
        }
        if (!checker_.violation()) checker_.closed();

        WorldReport report;
        report.seed = config_.seed;
        report.dossiers_max = config_.dossiers_max;
        report.simulated = calendar_.passed();
        report.dossiers = dossiers;
        report.acknowledged = checker_.acknowledged();
        report.delivered = checker_.taken();
        report.faults = faults_.counts();
        report.violation = checker_.violation();
        if (report.violation) trace_.say("violation");
        report.trace_hash = trace_.hash();
        report.trace = trace_.lines();
        return report;
    }

private:
    struct Machine {
        std::unique_ptr<WallClock> clock;
        GatewayProcess::Config config;
        std::unique_ptr<GatewayProcess> process;
        bool coming_back = false;
    };

    void boot(std::size_t i)
    {
        auto& machine = machines_[i];
        machine.coming_back = false;
        machine.process = std::make_unique<GatewayProcess>(
            GatewayProcess::Surroundings{calendar_, database_, network_, backend_, checker_, trace_, *machine.clock}, machine.config,
            ++last_process_);
        trace_.say("gateway starts", {last_process_});
    }
    void boot_after(std::size_t i, Micros wait)
    {
        machines_[i].coming_back = true;
        calendar_.after(wait, [this, i] { boot(i); });
    }

    bool knock(std::shared_ptr<Filing const> filing, Call call, Senders::Answer answer)
    {
        auto const& process = machines_[random_.below(machines_.size())].process;
        if (!process || !process->open()) return false;
        process->receive(std::move(filing), call, std::move(answer));
        return true;
    }

    // Until nobody has anything to do at this moment.
    void run_ready()
    {
        for (bool ran = true; ran;) {
            ran = senders_.poll() > 0;
            for (auto const& machine : machines_)
                if (machine.process) ran = machine.process->poll() > 0 || ran;
        }
    }

    [[nodiscard]] bool at_rest() const { return faults_.healed() && senders_.done() && store_.waiting() == 0 && store_.dead() == 0; }

    // What comes now and then, as long as anything goes wrong.
    void now_and_then(Fault kind, Micros rare, std::function<void()> happen)
    {
        if (faults_.share(kind) <= 0) return;
        auto const wait = faults_.until_next(kind, rare);
        calendar_.after(wait, [this, kind, rare, happen = std::move(happen)] {
            if (faults_.healed()) return;
            faults_.count(kind);
            happen();
            now_and_then(kind, rare, happen);
        });
    }
    void every(Micros time, std::function<void()> happen)
    {
        calendar_.after(time, [this, time, happen = std::move(happen)] {
            happen();
            every(time, happen);
        });
    }

    void let_things_happen()
    {
        now_and_then(Fault::database_crash, 20min, [this] { database_.crash(random_.about(10s)); });
        now_and_then(Fault::database_away, 30min, [this] { database_.leave(random_.about(60s)); });
        now_and_then(Fault::gateway_crash, 10min, [this] { crash(random_.below(machines_.size())); });
        now_and_then(Fault::gateway_restart, 20min, [this] { restart(random_.below(machines_.size())); });
        now_and_then(Fault::gateway_paused, 15min, [this] { pause(random_.below(machines_.size())); });
        now_and_then(Fault::clock_step, 30min, [this] {
            auto& clock = *machines_[random_.below(machines_.size())].clock;
            clock.offset = random_.between(-2s, 2s);
            trace_.say("clock steps", {clock.offset.count()});
        });
        every(5min, [this] {
            if (!faults_.healed()) backend_.change_mood();
        });
        every(10min, [this] { checker_.published(); });
        every(7min, [this] { replay_dead(); });
    }

    void crash(std::size_t i)
    {
        auto& machine = machines_[i];
        if (!machine.process) return;
        trace_.say("gateway crashes", {machine.process->number()});
        machine.process.reset();
        boot_after(i, random_.about(20s));
    }

    // SIGTERM: what is under way ends first.
    void restart(std::size_t i)
    {
        auto& machine = machines_[i];
        if (!machine.process || !machine.process->open() || machine.process->paused) return;
        trace_.say("gateway closes", {machine.process->number()});
        machine.process->close();
        look_for_end(i, machine.process->number());
    }
    void look_for_end(std::size_t i, unsigned number)
    {
        calendar_.after(1s, [this, i, number] {
            auto& machine = machines_[i];
            if (!machine.process || machine.process->number() != number) return;  // it crashed meanwhile
            if (!machine.process->ended()) return look_for_end(i, number);
            trace_.say("gateway ends", {number});
            machine.process.reset();
            boot_after(i, random_.about(3s));
        });
    }

    void pause(std::size_t i)
    {
        auto& machine = machines_[i];
        if (!machine.process || machine.process->paused) return;
        auto const number = machine.process->number();
        machine.process->paused = true;
        trace_.say("gateway stands still", {number});
        calendar_.after(random_.about(30s), [this, i, number] {
            if (machines_[i].process && machines_[i].process->number() == number) machines_[i].process->paused = false;
        });
    }

    // An operator looks at what the backend refused, and sends it again.
    void replay_dead()
    {
        if (!faults_.healed() && random_.chance(0.7)) return;
        for (auto const& letter : store_.dead_letters(100)) {
            trace_.say("operator replays", {letter.sequence});
            store_.replay(letter.dossier_id);
        }
    }

    void heal()
    {
        trace_.say("nothing goes wrong any more");
        faults_.heal();
        backend_.heal();
        for (std::size_t i = 0; i < machines_.size(); ++i) {
            auto& machine = machines_[i];
            if (machine.process) machine.process->paused = false;
            else if (!machine.coming_back) boot(i);
        }
    }

    WorldConfig config_;
    Random random_;
    Calendar calendar_;
    runtime::Steady::Instead instead_;
    Faults faults_;
    Trace trace_;
    SimStore store_;
    Checker checker_;
    Network network_;
    SimBackend backend_;
    Database database_;
    std::vector<Machine> machines_;
    unsigned last_process_ = 0;
    Senders senders_;
};

}  // namespace

WorldReport run_world(WorldConfig const& config)
{
    World world{config};
    return world.run();
}

}  // namespace sim
