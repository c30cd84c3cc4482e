#pragma once

// The workflow backend: slow, failing, refusing, silent, or lying about what it has, each for a while or now and then; and a
// gateway's way to it (delivery::Destination), which says and reads what the real one over HTTP does.
//
// Threads: one.

#include "gateway/delivery/destination.hpp"
#include "gateway/runtime/http_client.hpp"
#include "tests/sim/checker.hpp"
#include "tests/sim/faults.hpp"
#include "tests/sim/network.hpp"
#include "tests/sim/trace.hpp"

#include <functional>
#include <memory>
#include <string>
#include <unordered_set>
#include <utility>

namespace sim {

class SimBackend {
public:
    using Answer = std::function<void(runtime::HttpResponse)>;

    SimBackend(Calendar& calendar, Random& random, Faults& faults, Trace& trace, Checker& checker)
        : calendar_{calendar}, random_{random}, faults_{faults}, trace_{trace}, checker_{checker}
    {
    }

    void receive(runtime::HttpRequest const& request, Answer answer);
    void change_mood();  // for a while; called now and then
    void heal() { mood_ = Mood::fine; }
    [[nodiscard]] bool connects() const { return mood_ != Mood::down; }

private:
    enum class Mood { fine, slow, down, silent, flapping };
    [[nodiscard]] int decide(runtime::HttpRequest const& request);
    void take(runtime::HttpRequest const& request);

    Calendar& calendar_;
    Random& random_;
    Faults& faults_;
    Trace& trace_;
    Checker& checker_;
    Mood mood_ = Mood::fine;
    bool up_ = true;  // while flapping
    std::unordered_set<std::string> has_;  // dossier ids
};

class SimDestination final : public delivery::Destination {
public:
    SimDestination(Calendar& calendar, Network& network, SimBackend& backend, Checker& checker, runtime::Clock const& clock, std::string worker)
        : calendar_{calendar}, network_{network}, backend_{backend}, checker_{checker}, clock_{clock}, worker_{std::move(worker)}
    {
    }
    runtime::Task<delivery::Outcome> deliver(store::Claim const& claim, runtime::Deadline deadline) override;

private:
    Calendar& calendar_;
    Network& network_;
    SimBackend& backend_;
    Checker& checker_;
    runtime::Clock const& clock_;
    std::string worker_;
};

}  // namespace sim
