#include "gateway/intake/reply.hpp"

#include "gateway/fault/problem.hpp"
#include "gateway/intake/media_type.hpp"

namespace intake {
namespace {

struct Halves {
    std::string before, after;
};

// All such answers are alike but for the trace, and a flood asks for many: written once a thread.
std::string prepared_problem(Halves& halves, fault::FaultCode code, std::string_view trace_id)
{
    if (halves.before.empty()) {
        constexpr std::string_view mark = "a trace stands here";
        auto const whole = fault::problem_json(fault::Fault{code, {}, {}, {}}, mark);
        auto const at = whole.find(mark);
        halves = {whole.substr(0, at), whole.substr(at + mark.size())};
    }
    std::string body;
    body.reserve(halves.before.size() + trace_id.size() + halves.after.size());
    return body.append(halves.before).append(trace_id).append(halves.after);
}

std::string problem_body(fault::Fault const& fault, std::string_view trace_id)
{
    thread_local Halves overloaded, quota_exceeded;
    if (fault.code == fault::FaultCode::overloaded) return prepared_problem(overloaded, fault.code, trace_id);
    if (fault.code == fault::FaultCode::quota_exceeded) return prepared_problem(quota_exceeded, fault.code, trace_id);
    return fault::problem_json(fault, trace_id);
}

}  // namespace

Reply Reply::json(int status, std::string body)
{
    Reply reply;
    reply.status = status;
    reply.body = std::move(body);
    return reply;
}

Reply Reply::problem(fault::Fault const& fault, observe::Trace const& trace)
{
    auto const& row = fault::row_of(fault.code);
    Reply reply;
    reply.status = row.http;
    reply.content_type = "application/problem+json";
    reply.body = problem_body(fault, trace.trace_id);
    if (row.http == 429 || row.http == 503) {
        auto const wait = fault.retry_after.count() > 0 ? fault.retry_after : retry_after_default;
        reply.headers.emplace_back("Retry-After", std::to_string(wait.count()));
    }
    reply.headers.insert(reply.headers.end(), fault.headers.begin(), fault.headers.end());
    if (row.http == 401) reply.headers.emplace_back("WWW-Authenticate", "Bearer");  // RFC 9110 §11.6.1: a 401 names a way
    return reply;
}

Reply Reply::receipt(store::Stored const& stored, std::string_view accept)
{
    Reply reply;
    reply.status = stored.repeated ? 200 : 201;
    reply.headers.emplace_back("Location", "/v1/dossiers/" + stored.dossier_id);
    reply.headers.emplace_back("Vary", "Accept");
    if (accept_weight(accept, "application/xml") > accept_weight(accept, "application/json")) {
        reply.content_type = "application/xml";
        reply.body = stored.receipt.xml;
    } else {
        reply.body = stored.receipt.json;
    }
    return reply;
}

}  // namespace intake
