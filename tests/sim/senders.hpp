#pragma once

// The providers' side: software that files, waits for an answer, and where none comes or it is told to, sends the same bytes
// under the same key again, to whichever gateway answers. Some race themselves, some ask again a day later, some are careless
// with keys, some send what nobody signed.
//
// Threads: one.

#include "tests/sim/checker.hpp"
#include "tests/sim/faults.hpp"
#include "tests/sim/network.hpp"
#include "tests/sim/trace.hpp"

#include "gateway/runtime/task.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include <functional>
#include <memory>
#include <optional>

namespace sim {

class Senders {
public:
    using Answer = std::function<void(intake::Reply)>;
    // Brings a request to a gateway; false: nobody listens there. The answer may never come.
    using Door = std::function<bool(std::shared_ptr<Filing const>, Answer)>;

    Senders(Calendar& calendar, Random& random, Faults& faults, Trace& trace, Network& network, Checker& checker, Door door);
    ~Senders();
    Senders(Senders const&) = delete;
    Senders& operator=(Senders const&) = delete;

    // So many dossiers, spread over a time.
    void file(std::size_t dossiers, Micros over);
    std::size_t poll() { return context_->poll(); }
    [[nodiscard]] bool done() const noexcept { return busy_ == 0; }

private:
    [[nodiscard]] std::shared_ptr<Filing> make(std::size_t provider, bool forged);
    void start(runtime::Task<void> task);
    runtime::Task<void> life(std::shared_ptr<Filing const> filing, Micros begins);
    runtime::Task<void> insist(std::shared_ptr<Filing const> filing);  // until there is an answer that is final
    runtime::Task<std::optional<intake::Reply>> ask(std::shared_ptr<Filing const> filing);
    runtime::Task<void> sleep(Micros time);

    Calendar& calendar_;
    Random& random_;
    Faults& faults_;
    Trace& trace_;
    Network& network_;
    Checker& checker_;
    Door door_;
    std::uint64_t last_number_ = 0;
    std::size_t busy_ = 0;
    std::unique_ptr<net::io_context> context_;
    net::executor_work_guard<runtime::IoExecutor> working_;
};

}  // namespace sim
