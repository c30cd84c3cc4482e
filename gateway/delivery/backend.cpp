#include "gateway/delivery/backend.hpp"

#include "gateway/delivery/backoff.hpp"
#include "gateway/dossier/time.hpp"
#include "gateway/observe/trace_id.hpp"
#include "schemas/base64.hpp"
#include "signing/digest.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>

namespace delivery
{

namespace
{

constexpr std::size_t reason_bytes_max = 200;
constexpr std::size_t problem_bytes_max = 8u << 10;

// What a problem+json says of itself, in printable ASCII: it goes to an operator's terminal.
std::string said(runtime::HttpResponse const& response)
{
    if (response.body.empty() || response.body.size() > problem_bytes_max) return {};
    if (response.header("Content-Type").find("json") == std::string_view::npos) return {};
    boost::system::error_code ec;
    boost::json::parse_options options;
    options.max_depth = 8;
    auto const value = boost::json::parse(response.body, ec, {}, options);
    if (ec || !value.is_object()) return {};
    std::string text;
    for (auto const* key : {"code", "title", "detail"}) {
        auto const* const member = value.get_object().if_contains(key);
        if (member == nullptr || !member->is_string()) continue;
        text += ' ';
        text.append(member->get_string().data(), std::min(member->get_string().size(), reason_bytes_max));
    }
    std::replace_if(
        text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c > 0x7e; }, '?');
    return text.substr(0, reason_bytes_max);
}

} // namespace

Outcome outcome_of(runtime::HttpResponse const& response, runtime::Instant now)
{
    using Kind = Outcome::Kind;
    auto const status = response.status;
    Outcome outcome;
    outcome.http_status = status;
    if ((status >= 200 && status < 300) || status == 409) {
        outcome.kind = Kind::accepted;
        return outcome;
    }
    bool const later = status == 408 || status == 425 || status == 429;
    outcome.kind = status >= 400 && status < 500 && !later ? Kind::refused : Kind::failed_for_now;
    outcome.reason = fmt::format("HTTP {}{}", status, said(response));
    if (outcome.kind == Kind::failed_for_now)
        outcome.retry_after = parse_retry_after(response.header("Retry-After"), now).value_or(std::chrono::seconds{0});
    return outcome;
}

runtime::HttpRequest case_request(store::Claim const& claim, std::string const& bearer_key)
{
    auto trace = observe::new_trace();
    if (claim.trace_id.size() == 32) trace.trace_id = claim.trace_id;

    runtime::HttpRequest request;
    request.method = "POST";
    request.target = "/v1/cases";
    request.headers = {
        {"Content-Type", "application/xml"},
        {"Case-Code", claim.case_code},
        {"Dossier-Id", claim.dossier_id},
        // Ours, not the provider's: two providers may use the same key, and the dossier's id is unique for ever.
        {"Idempotency-Key", claim.dossier_id},
        {"Received-At", dossier::vietnam_time(claim.received_at)},
        {"Content-Digest", "sha-256=:" + schemas::base64_encode(signing::bytes_of_hex(claim.content_sha256)) + ":"},
        {"Provider", claim.provider},
        {"Unit-Code", claim.unit_code},
        {"Agency", claim.agency},
        {"Procedure", claim.procedure},
        {"traceparent", trace.traceparent()},
    };
    if (!bearer_key.empty()) request.headers.emplace_back("Authorization", "Bearer " + bearer_key);
    request.shared_body = claim.body;
    return request;
}

Backend::Backend(net::io_context& context, BackendConfig config, runtime::Clock const& clock)
    : config_{std::move(config)}, clock_{clock}, client_{context,
                                                         runtime::HttpClientConfig{
                                                             config_.url, config_.ca_file, config_.certificate_file,
                                                             config_.key_file, config_.connections_max,
                                                             config_.answer_bytes_max, config_.connect_timeout}}
{
}

runtime::Task<Outcome> Backend::deliver(store::Claim const& claim, runtime::Deadline deadline)
{
    Outcome outcome;
    // What comes from the store is checked; what has not left this process since it was digested need not be.
    if (!claim.as_digested && signing::hex(signing::sha256(*claim.body)) != claim.content_sha256) {
        outcome.kind = Outcome::Kind::refused;
        outcome.reason = "the stored bytes are not those received: their SHA-256 differs";
        co_return outcome;
    }
    auto request = case_request(claim, config_.bearer_key);
    auto const response =
        co_await client_.send(std::move(request), deadline, true); // repeatable: the key makes it once
    if (response) co_return outcome_of(*response, clock_.now());
    outcome.kind = Outcome::Kind::failed_for_now;
    outcome.reason = "no answer: " + response.error().message();
    co_return outcome;
}

} // namespace delivery
