#pragma once

// One gateway process: production's admission, examination, submission and delivery on an io_context of its own. When the
// object goes, everything that was in its memory goes with it, half done or not: a crash.
//
// Threads: one.

#include "gateway/delivery/dispatcher.hpp"
#include "gateway/intake/admission.hpp"
#include "gateway/intake/router.hpp"
#include "gateway/intake/status.hpp"
#include "gateway/intake/submit.hpp"
#include "gateway/observe/metrics.hpp"
#include "tests/sim/checker.hpp"
#include "tests/sim/database.hpp"
#include "tests/sim/sim_backend.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>

#include <functional>
#include <memory>
#include <string>

namespace sim {

class GatewayProcess {
public:
    struct Surroundings {
        Calendar& calendar;
        Database& database;
        Network& network;
        SimBackend& backend;
        Checker& checker;
        Trace& trace;
        runtime::Clock const& clock;  // its machine's
    };
    using Answer = std::function<void(intake::Reply)>;

    struct Config {
        intake::Limits limits;
        delivery::DeliveryConfig delivery;
    };

    // `number` is this process's own: no other before or after it has the same.
    GatewayProcess(Surroundings around, Config const& config, unsigned number);
    ~GatewayProcess();
    GatewayProcess(GatewayProcess const&) = delete;
    GatewayProcess& operator=(GatewayProcess const&) = delete;

    void receive(std::shared_ptr<Filing const> filing, Call call, Answer answer);  // REQUIRES: open()
    std::size_t poll();
    void close();  // takes nothing new, ends what is under way
    [[nodiscard]] bool open() const noexcept { return open_; }
    [[nodiscard]] bool ended() const noexcept { return delivery_ended_ && requests_ == 0; }
    [[nodiscard]] unsigned number() const noexcept { return number_; }

    bool paused = false;  // stands still

private:
    runtime::Task<void> serve(std::shared_ptr<Filing const> filing, Call call, Answer answer);
    runtime::Task<intake::Reply> handle(std::shared_ptr<Filing const> filing, Call call, observe::Trace trace);
    runtime::Task<void> watch();

    Surroundings around_;
    unsigned number_;
    bool open_ = true, delivery_ended_ = false;
    std::size_t requests_ = 0;

    observe::Metrics metrics_;
    intake::Limits const limits_;
    runtime::Snapshot<intake::Criteria> criteria_;
    SimJournal journal_;
    SimArchive archive_;
    SimQueue queue_;
    SimDestination destination_;
    intake::Admission admission_;
    intake::BacklogMeter backlog_meter_;
    std::unique_ptr<net::io_context> context_;  // goes before all above: what waits on it refers to them
    net::executor_work_guard<runtime::IoExecutor> working_;
    std::unique_ptr<delivery::Dispatcher> dispatcher_;
    std::unique_ptr<intake::Submit> submit_;
    intake::StatusQueries status_;
    std::unique_ptr<intake::Router> router_;
};

}  // namespace sim
