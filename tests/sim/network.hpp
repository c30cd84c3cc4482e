#pragma once

// Messages between the parties: each takes its time, and may be lost, late, or come twice. Copies may overtake each other.
// Threads: one.

#include "tests/sim/faults.hpp"
#include "tests/sim/sim_clock.hpp"

#include <functional>
#include <utility>

namespace sim {

class Network {
public:
    Network(Calendar& calendar, Random& random, Faults& faults) : calendar_{calendar}, random_{random}, faults_{faults} {}

    void send(std::function<void()> arrive)
    {
        using namespace std::chrono_literals;
        if (faults_.strikes(Fault::message_lost)) return;
        auto way = random_.between(200us, 20ms);
        if (faults_.strikes(Fault::message_delayed)) way += random_.about(random_.chance(0.2) ? Micros{60s} : Micros{2s});
        if (faults_.strikes(Fault::message_doubled)) calendar_.after(random_.between(200us, 5s), arrive);
        calendar_.after(way, std::move(arrive));
    }

private:
    Calendar& calendar_;
    Random& random_;
    Faults& faults_;
};

}  // namespace sim
