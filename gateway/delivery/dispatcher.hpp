#pragma once

// Takes what is due from the queue and hands it to one destination, as fast as that destination can take it.
//
// Threads: lives on one io_context; run() is a coroutine of it. wake(), stop() and state() may be called from any
// thread. Errors:  none leave run(): trouble of the queue or of the destination is logged, counted, and tried again.
// Promise: at least once, in order per unit (Queue::claim gives a unit's oldest only), no faster than the window,
//          retries no more than their budget.
//          What is leased and not settled comes back by itself when the lease ends: after a crash too.

#include "gateway/delivery/destination.hpp"
#include "gateway/delivery/retry_budget.hpp"
#include "gateway/delivery/settle.hpp"
#include "gateway/delivery/window.hpp"
#include "gateway/observe/metrics.hpp"
#include "gateway/runtime/clock.hpp"
#include "gateway/runtime/task.hpp"
#include "gateway/store/queue.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

namespace delivery
{

struct DeliveryConfig {
    std::chrono::milliseconds attempt_timeout{10'000}; // one hand-over, connecting included; less than the queue is held for (15 s, renewed every 5)
    std::chrono::seconds lease{60};                    // longer than three attempts: nothing is renewed
    std::size_t claim_rows_max = 64;                   // taken from the queue at once
    std::size_t in_flight_bytes_max = 64u << 20;       // bodies held in memory, over all attempts
    std::size_t settle_rows_max = 64;                  // outcomes written at once
    std::chrono::milliseconds settle_wait{20};         // how long an outcome waits for company
    std::chrono::milliseconds claim_wait{20};          // from a claim that emptied the queue to the next
    std::chrono::milliseconds idle_wait_max{500};      // an empty queue is asked again after so long, without wake()
    std::chrono::milliseconds queue_timeout{10'000};   // one call of the queue
    std::chrono::milliseconds depth_interval{2'000};   // how often depth and age are measured, for metrics and alarms
    WindowConfig window;
    RetryBudgetConfig retries;
    SettleConfig settle;
    std::uint64_t seed = 0; // of the jitter; 0: from the system
};

// What the console shows.
struct DispatcherState {
    std::size_t window = 0, in_flight = 0, unsettled = 0;
    bool destination_dead = false, running = false;
    std::uint64_t delivered = 0, deferred = 0, dead_lettered = 0; // settled by this dispatcher since start
    store::QueueDepth queue;                                      // as last measured
    std::string last_trouble;
};

class Dispatcher {
public:
    // Everything handed over by reference outlives run(). Throws std::invalid_argument for a lease too short.
    Dispatcher(net::io_context& context, store::Queue& queue, Destination& destination, runtime::Clock const& clock,
               observe::Metrics& metrics, DeliveryConfig config, std::string worker);
    ~Dispatcher();

    // Ends after stop(), when what is under way has ended and is settled; at the latest after attempt_timeout +
    // queue_timeout.
    runtime::Task<void> run();
    void stop();
    void wake(); // something was committed: look now instead of at the next poll. Cheap, may be called per dossier.
    [[nodiscard]] DispatcherState state() const;

private:
    struct Data;
    std::shared_ptr<Data> data_; // shared with what wake() and stop() posted
};

} // namespace delivery
