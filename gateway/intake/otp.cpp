#include "gateway/intake/otp.hpp"

#include "gateway/dossier/time.hpp"
#include "gateway/intake/media_type.hpp"
#include "gateway/intake/refuse.hpp"
#include "gateway/observe/log.hpp"

#include <boost/json.hpp>

#include <utility>

namespace intake {
namespace {

namespace json = boost::json;
using fault::FaultCode;

Reply issued(otp::Issued const& issued, char const* id_name)
{
    json::object const body{{id_name, issued.id},
                            {"expires_at", dossier::vietnam_time(issued.expires_at)},
                            {"resend_after", issued.resend_after.count()},
                            {"digits", issued.digits}};
    auto reply = Reply::json(201, json::serialize(body));
    reply.headers.emplace_back("Cache-Control", "no-store");
    return reply;
}

// Ids and codes of faults alone: who is asked for stays out of the log.
Reply answered(otp::Result<otp::Issued> const& result, char const* id_name, Request const& request)
{
    auto const& provider = request.admitted->provider().code;
    if (result) {
        observe::log(observe::Level::info, "one-time password asked for",
                     {{"trace_id", request.trace.trace_id}, {"provider", provider}, {id_name, result->id}});
        return issued(*result, id_name);
    }
    auto const fault = fault::fault_of(result.error());
    observe::log(observe::Level::info, "one-time password refused",
                 {{"trace_id", request.trace.trace_id}, {"provider", provider}, {"code", fault::row_of(fault.code).id}, {"detail", fault.detail}});
    return Reply::problem(fault, request.trace);
}

// Bad terms are told before anything is asked of the store.
std::optional<Reply> refuse_terms(otp::Desk const* desk, Request const& request)
{
    if (!json_body(request.header("Content-Type"))) return refuse(FaultCode::json_malformed, "Content-Type", request);
    if (!desk) return refuse(FaultCode::otp_unavailable, "one-time passwords are off", request);
    return std::nullopt;
}

using Parse = fault::Result<otp::Asking> (*)(std::string_view body);
using Ask = runtime::Task<otp::Result<otp::Issued>> (otp::Desk::*)(otp::Asking, runtime::Instant, runtime::Deadline);

// Both ways to a code: read what is asked for, ask the desk, say what it gave.
runtime::Task<Reply> ask(otp::Desk* desk, Request request, Parse parse, Ask at_desk, char const* id_name)
{
    if (auto refused = refuse_terms(desk, request)) co_return std::move(*refused);
    auto asking = parse(request.body);
    if (!asking) co_return Reply::problem(asking.error(), request.trace);
    asking->provider = request.admitted->provider().code;
    auto const result = co_await (desk->*at_desk)(std::move(*asking), request.received_at, request.deadline);
    co_return answered(result, id_name, request);
}

}  // namespace

runtime::Task<Reply> OtpCalls::challenge(Request request)
{
    return ask(desk_, std::move(request), parse_otp_challenge, &otp::Desk::challenge, "challenge_id");
}

runtime::Task<Reply> OtpCalls::contact(Request request)
{
    return ask(desk_, std::move(request), parse_otp_contact, &otp::Desk::contact, "contact_id");
}

runtime::Task<Reply> OtpCalls::confirm(Request request)
{
    if (auto refused = refuse_terms(desk_, request)) co_return std::move(*refused);
    auto confirmation = parse_otp_confirmation(request.body);
    if (!confirmation) co_return Reply::problem(confirmation.error(), request.trace);
    otp::Password password{request.path_parameter, std::move(confirmation->code)};
    auto const& provider = request.admitted->provider().code;
    auto const done = co_await desk_->confirm(provider, std::move(password), std::move(confirmation->old_code), request.received_at, request.deadline);
    if (!done) {
        auto const fault = fault::fault_of(done.error());
        observe::log(observe::Level::info, "contact not confirmed",
                     {{"trace_id", request.trace.trace_id}, {"provider", provider}, {"code", fault::row_of(fault.code).id}});
        co_return Reply::problem(fault, request.trace);
    }
    json::object const body{{"contact_id", request.path_parameter}, {"confirmed", true}};
    co_return Reply::json(200, json::serialize(body));
}

}  // namespace intake
