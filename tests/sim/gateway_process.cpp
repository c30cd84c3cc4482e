#include "tests/sim/gateway_process.hpp"

#include "tests/sim/office.hpp"

#include <boost/asio/co_spawn.hpp>

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

intake::Route dossiers_route()
{
    intake::Route route;
    route.method = "POST";
    route.path = "/v1/dossiers";
    route.access = intake::Access::party;
    route.roles = {providers::Role::provider, providers::Role::portal};
    route.counts_quota = true;
    route.body = true;
    return route;
}

}  // namespace

GatewayProcess::GatewayProcess(Surroundings around, delivery::DeliveryConfig const& delivery, unsigned number)
    : around_{around}, number_{number}, criteria_{Office::shared().criteria()}, route_{dossiers_route()}, journal_{around.database},
      queue_{around.database},
      destination_{around.calendar, around.network, around.backend, around.checker, around.clock, worker_name(number)},
      admission_{Office::shared().registry(), limits_, around.clock, metrics_}, context_{std::make_unique<net::io_context>(1)},
      working_{context_->get_executor()}
{
    around_.calendar.owner = number_;
    dispatcher_ = std::make_unique<delivery::Dispatcher>(*context_, queue_, destination_, around_.clock, metrics_, delivery,
                                                         worker_name(number_));
    auto stored = [this] { dispatcher_->wake(); };
    submit_ = std::make_unique<intake::Submit>(intake::SubmitConfig{},
                                               intake::Submit::Parts{journal_, criteria_, unused_pool(), metrics_, std::move(stored)});
    auto done = [this](std::exception_ptr error) {
        if (error) around_.checker.violate(0, "an exception left the dispatcher");
        delivery_ended_ = true;
    };
    net::co_spawn(context_->get_executor(), dispatcher_->run(), std::move(done));
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

void GatewayProcess::receive(std::shared_ptr<Filing const> filing, Answer answer)
{
    ++requests_;
    auto done = [this](std::exception_ptr error) {
        if (error) around_.checker.violate(0, "an exception left a request");
        --requests_;
    };
    net::co_spawn(context_->get_executor(), serve(std::move(filing), std::move(answer)), std::move(done));
}

runtime::Task<void> GatewayProcess::serve(std::shared_ptr<Filing const> filing, Answer answer)
{
    auto const trace = observe::new_trace();
    auto reply = co_await handle(filing, trace);
    around_.trace.say("gateway answers", {number_, static_cast<std::int64_t>(filing->number), reply.status});
    around_.checker.answered(*filing, reply, trace.trace_id);
    answer(std::move(reply));
}

runtime::Task<intake::Reply> GatewayProcess::handle(std::shared_ptr<Filing const> filing, observe::Trace trace)
{
    // As a session does (intake/session.cpp), without the socket.
    providers::Credentials const credentials{Office::certificate(filing->provider), ""};
    auto ticket = admission_.admit(route_, credentials, filing->body->size());
    if (!ticket) co_return intake::Reply::problem(ticket.error(), trace);
    intake::Request request;
    request.method = route_.method;
    request.path = route_.path;
    request.headers = {{"Content-Type", "application/xml"}, {"Idempotency-Key", filing->key}};
    if (filing->xml) request.headers.emplace_back("Accept", "application/xml");
    request.body = *filing->body;
    request.admitted = ticket->admitted();
    request.trace = trace;
    request.received_at = around_.clock.now();
    request.deadline = runtime::Deadline::after(limits_.request_timeout);
    co_return co_await submit_->handle(std::move(request), intake::Lane::dossiers);
}

}  // namespace sim
