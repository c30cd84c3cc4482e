#include "gateway/routes.hpp"

#include <utility>

namespace gateway {

using intake::Access;
using intake::Lane;
using intake::Reply;
using intake::Request;
using intake::Route;
using providers::Role;
using Answer = runtime::Task<Reply>;

std::vector<Route> public_routes(Handlers h)
{
    std::vector<Role> const senders{Role::provider, Role::portal};
    std::vector<Role> const backend{Role::backend};
    std::vector<Route> routes;
    auto add = [&](Route route, std::function<Answer(Request)> handle) {
        route.handle = std::move(handle);
        routes.push_back(std::move(route));
    };
    auto sends = [&](char const* path) { return Route{"POST", path, Access::party, senders, true, true, {}, 0, intake::Track::filings}; };
    auto asks = [&](char const* path) { return Route{"GET", path, Access::party, senders, true, false, {}}; };
    auto open = [&](char const* path) { return Route{"GET", path, Access::open, {}, false, false, {}}; };

    add(sends("/v1/dossiers"), [h](Request r) { return h.submit->handle(std::move(r), Lane::dossiers); });
    add(sends("/v1/registrations"), [h](Request r) { return h.submit->handle(std::move(r), Lane::registrations); });
    auto small = [&](char const* path) {
        auto route = sends(path);
        route.body_bytes_max = intake::otp_bytes_max;
        route.track = intake::Track::asks;
        return route;
    };
    add(small("/v1/otp/challenges"), [h](Request r) { return h.otp->challenge(std::move(r)); });
    add(small("/v1/otp/contacts"), [h](Request r) { return h.otp->contact(std::move(r)); });
    add(small("/v1/otp/contacts/{id}/confirm"), [h](Request r) { return h.otp->confirm(std::move(r)); });
    add(asks("/v1/dossiers"), [h](Request r) { return h.status->find(std::move(r)); });
    add(asks("/v1/dossiers/{id}"), [h](Request r) { return h.status->by_id(std::move(r)); });
    add(asks("/v1/dossiers/{id}/receipt"), [h](Request r) { return h.status->receipt(std::move(r)); });
    add(asks("/v1/log/head"), [h](Request r) { return h.log->head(std::move(r)); });
    add(asks("/v1/log/proof"), [h](Request r) { return h.log->proof(std::move(r)); });
    add(asks("/v1/log/consistency"), [h](Request r) { return h.log->consistency(std::move(r)); });
    add(asks("/v1/log/statement"), [h](Request r) { return h.log->statement(std::move(r)); });
    add(asks("/v1/log/statement/entries"), [h](Request r) { return h.log->entries(std::move(r)); });
    auto polls = asks("/v1/notices");
    polls.track = intake::Track::waits;
    add(std::move(polls), [h](Request r) { return h.notices->handle(std::move(r)); });
    add(asks("/v1/limits"), [h](Request r) { return h.pages->limits(std::move(r)); });
    add(Route{"POST", "/v1/workflow/events", Access::party, backend, true, true, {}, 0, intake::Track::events},
        [h](Request r) { return h.workflow->handle(std::move(r)); });
    add(open("/v1/lookup"), [h](Request r) { return h.pages->lookup(std::move(r)); });
    add(open("/v1/providers"), [h](Request r) { return h.pages->providers(std::move(r)); });
    add(open("/v1/procedures"), [h](Request r) { return h.pages->procedures(std::move(r)); });
    add(open("/v1/receipt-certificates"), [h](Request r) { return h.certificates->list(std::move(r)); });
    add(open("/v1/receipt-certificates/{key_id}"), [h](Request r) { return h.certificates->pem(std::move(r)); });
    add(open("/v1/codes"), [h](Request r) { return h.pages->codes(std::move(r)); });
    return routes;
}

std::vector<Route> operations_routes(Handlers h)
{
    std::vector<Route> routes;
    auto add = [&](char const* path, std::function<Answer(Request)> handle) {
        routes.push_back(Route{"GET", path, Access::open, {}, false, false, std::move(handle)});
    };
    add("/healthz", [h](Request r) { return h.health->healthz(std::move(r)); });
    add("/readyz", [h](Request r) { return h.health->readyz(std::move(r)); });
    add("/metrics", [h](Request r) { return h.console->metrics(std::move(r)); });
    add("/console/", [h](Request r) { return h.console->file(std::move(r)); });
    add("/console/{file}", [h](Request r) { return h.console->file(std::move(r)); });
    add("/console", [](Request) -> Answer {
        Reply reply;
        reply.status = 308;
        reply.headers.emplace_back("Location", "/console/");
        co_return reply;
    });
    return routes;
}

}  // namespace gateway
