#include "gateway/intake/reply.hpp"

#include "gateway/fault/problem.hpp"
#include "gateway/intake/framing.hpp"

#include <algorithm>

namespace intake {
namespace {

std::string_view cut(std::string_view& rest, char separator)
{
    auto const end = rest.find(separator);
    auto part = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    while (!part.empty() && (part.front() == ' ' || part.front() == '\t')) part.remove_prefix(1);
    while (!part.empty() && (part.back() == ' ' || part.back() == '\t')) part.remove_suffix(1);
    return part;
}

// RFC 9110 §12.4.2: a weight in thousandths, from "q=0.5"; 1000 where none or none that can be read is given.
int weight_of(std::string_view parameters)
{
    while (!parameters.empty()) {
        auto const parameter = cut(parameters, ';');
        if (parameter.size() < 3 || !equal_ignoring_case(parameter.substr(0, 2), "q=") || parameter[2] != '0') continue;
        int weight = 0, unit = 100;
        for (auto const c : parameter.substr(std::min<std::size_t>(parameter.size(), 4), 3)) {
            if (c < '0' || c > '9') return 1000;
            weight += (c - '0') * unit;
            unit /= 10;
        }
        return weight;
    }
    return 1000;
}

// The weight a type has by the most exact range that names it.
int weight_in(std::string_view accept, std::string_view type)
{
    if (accept.empty()) return 1000;
    auto const family = std::string{type.substr(0, type.find('/'))} + "/*";
    int best = 0, weight = 0;
    while (!accept.empty()) {
        auto range = cut(accept, ',');
        auto const name = cut(range, ';');
        int const exact = equal_ignoring_case(name, type) ? 3 : equal_ignoring_case(name, family) ? 2 : name == "*/*" ? 1 : 0;
        if (exact > best) {
            best = exact;
            weight = weight_of(range);
        }
    }
    return weight;
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
    reply.body = fault::problem_json(fault, trace.trace_id);
    if (row.http == 429 || row.http == 503) {
        auto const wait = fault.retry_after.count() > 0 ? fault.retry_after : retry_after_default;
        reply.headers.emplace_back("Retry-After", std::to_string(wait.count()));
    }
    if (row.http == 401) reply.headers.emplace_back("WWW-Authenticate", "Bearer");  // RFC 9110 §11.6.1: a 401 names a way
    return reply;
}

Reply Reply::receipt(store::Stored const& stored, std::string_view accept)
{
    Reply reply;
    reply.status = stored.repeated ? 200 : 201;
    reply.headers.emplace_back("Location", "/v1/dossiers/" + stored.dossier_id);
    reply.headers.emplace_back("Vary", "Accept");
    if (weight_in(accept, "application/xml") > weight_in(accept, "application/json")) {
        reply.content_type = "application/xml";
        reply.body = stored.receipt.xml;
    } else {
        reply.body = stored.receipt.json;
    }
    return reply;
}

}  // namespace intake
