#pragma once

// The providers' side: software that files, waits for an answer, and where none comes or it is told to, sends the same bytes
// under the same key again, to whichever gateway answers, or asks by hash what became of them. Some race themselves, some ask
// again a day later, some are careless with keys, some send the same dossier anew, some correct what they sent, some send what
// nobody signed.
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
    using Door = std::function<bool(std::shared_ptr<Filing const>, Call, Answer)>;

    Senders(Calendar& calendar, Random& random, Faults& faults, Trace& trace, Network& network, Checker& checker, Door door);
    ~Senders();
    Senders(Senders const&) = delete;
    Senders& operator=(Senders const&) = delete;

    // So many dossiers, spread over a time.
    void file(std::size_t dossiers, Micros over);
    std::size_t poll() { return context_->poll(); }
    [[nodiscard]] bool done() const noexcept { return busy_ == 0; }

private:
    [[nodiscard]] std::shared_ptr<Filing> make(std::size_t provider, std::size_t sample, bool forged);
    [[nodiscard]] std::shared_ptr<Filing> under_another_key(Filing const& filing);
    template <class T>
    void start(runtime::Task<T> task);
    runtime::Task<void> life(std::shared_ptr<Filing const> filing, Micros begins);
    runtime::Task<void> correct(std::shared_ptr<Filing const> filing, intake::Reply receipt);
    // Until there is an answer that is final. Nothing: a question by hash had it.
    runtime::Task<std::optional<intake::Reply>> insist(std::shared_ptr<Filing const> filing, Micros begins = Micros{0});
    runtime::Task<std::optional<intake::Reply>> call(std::shared_ptr<Filing const> filing, Call what);
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
