#include "tests/sim/gateway_process.hpp"

#include "gateway/routes.hpp"
#include "gateway/runtime/steady.hpp"
#include "tests/sim/office.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include <chrono>
#include <exception>
#include <utility>

namespace sim {

namespace {

// Every dossier of the simulator is small and examined inline; nothing ever runs here.
net::thread_pool& unused_pool()
{
    static net::thread_pool pool{1};
    return pool;
}

std::string worker_name(unsigned number) { return "gateway-" + std::to_string(number); }

// As often as the server does in a second; a simulated day has many.
constexpr std::chrono::seconds watch_interval{10};

}  // namespace

GatewayProcess::GatewayProcess(Surroundings around, Config const& config, unsigned number)
    : around_{around}, number_{number}, limits_{config.limits}, criteria_{Office::shared().criteria()}, journal_{around.database},
      archive_{around.database}, queue_{around.database},
      destination_{around.calendar, around.network, around.backend, around.checker, around.clock, worker_name(number)},
      admission_{Office::shared().registry(), limits_, around.clock, metrics_}, context_{std::make_unique<net::io_context>(1)},
      working_{context_->get_executor()}, status_{archive_}
{
    around_.calendar.owner = number_;
    dispatcher_ = std::make_unique<delivery::Dispatcher>(*context_, queue_, destination_, around_.clock, metrics_, config.delivery,
                                                         worker_name(number_));
    auto stored = [this] { dispatcher_->wake(); };
    auto committed = [this](auto took, bool came_about, std::size_t bytes) { admission_.committed(took, came_about, bytes); };
    submit_ = std::make_unique<intake::Submit>(intake::SubmitConfig{}, intake::Submit::Parts{journal_, criteria_, unused_pool(), metrics_, std::move(stored),
                                                                                             {}, nullptr, nullptr, std::move(committed)});
    gateway::Handlers handlers;
    handlers.submit = submit_.get();
    handlers.status = &status_;
    router_ = std::make_unique<intake::Router>(gateway::public_routes(handlers));
    auto done = [this](std::exception_ptr error) {
        if (error) around_.checker.violate(0, "an exception left the dispatcher");
        delivery_ended_ = true;
    };
    net::co_spawn(context_->get_executor(), dispatcher_->run(), std::move(done));
    net::co_spawn(context_->get_executor(), watch(), net::detached);
    around_.calendar.owner = 0;
}

GatewayProcess::~GatewayProcess()
{
    around_.calendar.forget(number_);
    working_.reset();
    context_.reset();
}

void GatewayProcess::close()
{
    open_ = false;
    dispatcher_->stop();
}

std::size_t GatewayProcess::poll()
{
    if (paused) return 0;
    around_.calendar.owner = number_;
    auto const ran = context_->poll();
    around_.calendar.owner = 0;
    return ran;
}

void GatewayProcess::receive(std::shared_ptr<Filing const> filing, Call call, Answer answer)
{
    ++requests_;
    auto done = [this](std::exception_ptr error) {
        if (error) around_.checker.violate(0, "an exception left a request");
        --requests_;
    };
    net::co_spawn(context_->get_executor(), serve(std::move(filing), call, std::move(answer)), std::move(done));
}

// The backend's pace goes to the door (gateway/server.cpp, watch_admission).
runtime::Task<void> GatewayProcess::watch()
{
    runtime::Timer timer{co_await net::this_coro::executor};
    for (;;) {
        timer.expires_after(watch_interval);
        co_await timer.async_wait(runtime::as_result);
        auto const totals = metrics_.totals();
        auto const delivered = dispatcher_->state().queue.held ? std::optional{totals.delivered} : std::nullopt;
        admission_.observe(backlog_meter_.look(totals.queue_depth, delivered, admission_.filings_per_second(), runtime::Steady::now()));
    }
}

runtime::Task<void> GatewayProcess::serve(std::shared_ptr<Filing const> filing, Call call, Answer answer)
{
    auto const trace = observe::new_trace();
    auto const number = static_cast<std::int64_t>(filing->number);
    if (call == Call::ask) {
        auto const question = around_.checker.asked(*filing);
        auto reply = co_await handle(filing, call, trace);
        around_.trace.say("gateway tells", {number_, number, reply.status});
        around_.checker.told(*filing, question, reply);
        answer(std::move(reply));
        co_return;
    }
    auto reply = co_await handle(filing, call, trace);
    around_.trace.say("gateway answers", {number_, number, reply.status});
    around_.checker.answered(*filing, reply, trace.trace_id);
    answer(std::move(reply));
}

runtime::Task<intake::Reply> GatewayProcess::handle(std::shared_ptr<Filing const> filing, Call call, observe::Trace trace)
{
    // As a session does (intake/session.cpp), without the socket.
    bool const files = call == Call::file;
    auto const match = router_->find(files ? "POST" : "GET", "/v1/dossiers");
    providers::Credentials credentials{Office::certificate(filing->provider), ""};
    auto ticket = co_await admission_.enter(*match->route, std::move(credentials), files ? filing->body->size() : 0);
    if (!ticket) co_return intake::Reply::problem(ticket.error(), trace);
    ticket->step_in();
    intake::Request request;
    request.method = match->route->method;
    request.path = match->route->path;
    if (files) {
        request.headers = {{"Content-Type", "application/xml"}, {"Idempotency-Key", filing->key}};
        if (filing->xml) request.headers.emplace_back("Accept", "application/xml");
        if (!filing->corrects.empty()) request.headers.emplace_back("Correction-Of", filing->corrects);
        request.body = *filing->body;
    } else {
        request.query = {{"content_sha256", filing->content_sha256}};
    }
    request.admitted = ticket->admitted();
    request.ticket = &*ticket;
    request.trace = trace;
    request.received_at = around_.clock.now();
    request.deadline = runtime::Deadline::after(limits_.request_timeout);
    co_return co_await match->route->handle(std::move(request));
}

}  // namespace sim
