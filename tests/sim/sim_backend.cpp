#include "tests/sim/sim_backend.hpp"

#include "gateway/delivery/backend.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace sim {

using namespace std::chrono_literals;

namespace {

std::string header(runtime::HttpRequest const& request, std::string_view name)
{
    auto const found = std::find_if(request.headers.begin(), request.headers.end(), [&](auto const& one) { return one.first == name; });
    return found == request.headers.end() ? std::string{} : found->second;
}

// A place for one answer, and somebody who waits for it.
struct Exchange {
    explicit Exchange(runtime::IoExecutor executor, runtime::Deadline deadline) : limit{executor, deadline.at()} {}
    runtime::Timer limit;
    std::optional<runtime::HttpResponse> response;
};

}  // namespace

void SimBackend::change_mood()
{
    struct Turn {
        Mood mood;
        Fault fault;
    };
    static constexpr Turn turns[]{{Mood::slow, Fault::backend_slow},
                                  {Mood::down, Fault::backend_down},
                                  {Mood::silent, Fault::backend_silent},
                                  {Mood::flapping, Fault::backend_flapping}};
    auto const& turn = turns[random_.below(std::size(turns))];
    mood_ = Mood::fine;
    up_ = true;
    if (faults_.share(turn.fault) > 0 && random_.chance(0.7)) {
        mood_ = turn.mood;
        faults_.count(turn.fault);
    }
    trace_.say("backend's mood", {static_cast<std::int64_t>(mood_)});
}

void SimBackend::take(runtime::HttpRequest const& request)
{
    auto const id = header(request, "Dossier-Id");
    if (header(request, "Idempotency-Key") != id) checker_.violate(2, "the backend got a dossier under a key that is not its id");
    has_.insert(id);
    checker_.took(id, header(request, "Case-Code"), request.content());
}

int SimBackend::decide(runtime::HttpRequest const& request)
{
    auto const id = header(request, "Dossier-Id");
    if (has_.contains(id)) return random_.chance(0.5) ? 409 : 200;
    if (mood_ == Mood::flapping) {
        if (random_.chance(0.05)) up_ = !up_;
        if (!up_) return 503;
    }
    if (faults_.strikes(Fault::backend_busy)) return random_.chance(0.5) ? 429 : 503;
    if (faults_.strikes(Fault::backend_error)) return 500;
    if (faults_.strikes(Fault::backend_refusal)) {
        checker_.died(id);
        return 422;
    }
    if (faults_.strikes(Fault::backend_error_though_stored)) {
        take(request);
        return 500;
    }
    if (faults_.strikes(Fault::backend_lie)) {
        // It said yes and has nothing: nobody but the backend can make that good.
        checker_.took(id, header(request, "Case-Code"), request.content());
        return 200;
    }
    take(request);
    return 201;
}

void SimBackend::receive(runtime::HttpRequest const& request, Answer answer)
{
    if (mood_ == Mood::down || mood_ == Mood::silent) return;
    auto const status = decide(request);
    trace_.say("backend answers", {checker_.filing_of(header(request, "Dossier-Id")), status});
    runtime::HttpResponse response;
    response.status = status;
    if (status == 429 || status == 503) response.headers.emplace_back("Retry-After", std::to_string(1 + random_.below(20)));
    auto const work = mood_ == Mood::slow ? random_.about(8s) : random_.between(1ms, 40ms);
    calendar_.after(work, [answer = std::move(answer), response = std::move(response)] { answer(response); });
}

runtime::Task<delivery::Outcome> SimDestination::deliver(store::Claim const& claim, runtime::Deadline deadline)
{
    delivery::Outcome outcome;
    Checker::Attempt const attempt{checker_, claim.agency + "/" + claim.unit_code, worker_};
    if (!backend_.connects()) {
        auto const executor = co_await net::this_coro::executor;
        runtime::Timer pause{executor, 1ms};
        co_await pause.async_wait(runtime::as_result);
        outcome.reason = "no answer: connection refused";
        co_return outcome;
    }
    auto const request = std::make_shared<runtime::HttpRequest const>(delivery::case_request(claim, ""));
    auto const executor = co_await net::this_coro::executor;
    auto const exchange = std::make_shared<Exchange>(executor, deadline);  // messages under way hold it weakly
    auto back = [exchange = std::weak_ptr<Exchange>{exchange}, &network = network_](runtime::HttpResponse response) {
        network.send([exchange, response = std::move(response)] {
            auto const waiting = exchange.lock();
            if (!waiting || waiting->response) return;
            waiting->response = response;
            waiting->limit.cancel();
        });
    };
    network_.send([request, back = std::move(back), &backend = backend_] { backend.receive(*request, back); });
    co_await exchange->limit.async_wait(runtime::as_result);
    if (exchange->response) co_return delivery::outcome_of(*exchange->response, clock_.now());
    outcome.reason = "no answer: timed out";
    co_return outcome;
}

}  // namespace sim
