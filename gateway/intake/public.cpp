#include "gateway/intake/public.hpp"

#include "gateway/intake/refuse.hpp"
#include "gateway/dossier/case_code.hpp"
#include "gateway/dossier/time.hpp"
#include "gateway/fault/words.hpp"
#include "gateway/intake/status.hpp"

#include <boost/json.hpp>

#include <string>
#include <utility>

namespace intake {
namespace {

namespace json = boost::json;
using fault::FaultCode;

json::value time_or_null(std::optional<runtime::Instant> const& at)
{
    return at ? json::value(dossier::vietnam_time(*at)) : json::value(nullptr);
}

json::array texts(std::vector<std::string> const& values)
{
    json::array array;
    for (auto const& value : values) array.push_back(json::string{value});
    return array;
}

bool in_contract(providers::Provider const& provider, std::chrono::sys_days today)
{
    return provider.contract_from <= today && (!provider.contract_until || today <= *provider.contract_until);
}

std::string_view word_of(providers::Role role)
{
    switch (role) {
        case providers::Role::provider: return "provider";
        case providers::Role::portal: return "portal";
        case providers::Role::backend: return "backend";
    }
    return "";
}

json::object provider_json(providers::Provider const& provider)
{
    return {{"code", provider.code},
            {"name", provider.name},
            {"role", word_of(provider.role)},
            {"aliases", texts(provider.aliases)},
            {"website", provider.website},
            {"contract_from", dossier::vietnam_date(provider.contract_from)},
            {"contract_until", provider.contract_until ? json::value(dossier::vietnam_date(*provider.contract_until)) : json::value(nullptr)},
            {"source", provider.source}};
}

json::array faults_json()
{
    json::array rows;
    for (auto const& row : fault::catalogue())
        rows.push_back(json::object{{"code", row.id},
                                    {"name", row.name},
                                    {"http", row.http},
                                    {"blame", fault::word_of(row.blame)},
                                    {"retry", fault::word_of(row.retry)},
                                    {"message_vi", row.vi},
                                    {"message_en", row.en}});
    return rows;
}

json::array findings_json()
{
    json::array rows;
    for (auto const& row : schemas::finding_codes())
        rows.push_back(json::object{{"code", row.code}, {"title_vi", row.title_vi}, {"title_en", row.title_en}});
    return rows;
}

struct Sentence {
    std::string_view vi, en;
};
Sentence words_of(Want want)
{
    switch (want) {
        case Want::none: return {"Không bị hạn chế.", "Not held back."};
        case Want::room:
        case Want::waited: return {"Hệ thống đang quá tải; đơn vị đã dùng hết phần của mình.", "The hub is overloaded, and your share of it is used up."};
        case Want::memory: return {"Hệ thống đang thiếu bộ nhớ cho nội dung hồ sơ.", "The hub has no memory for more bodies."};
        case Want::in_flight: return {"Hệ thống đang xử lý tối đa số yêu cầu.", "The hub handles as many requests as it can."};
        case Want::quota: return {"Đã dùng hết hạn mức của tổ chức.", "Your quota is used up for now."};
        case Want::backlog: return {"Hệ thống xử lý phía sau đang chậm; hồ sơ được nhận theo tốc độ của hệ thống đó.", "The backend is behind; dossiers are taken in at its pace."};
    }
    return {};
}

json::object quota_json(std::optional<providers::QuotaMeter::Snapshot> const& quota, providers::Quota const& whole)
{
    return {{"remaining", quota ? quota->remaining : whole.burst},
            {"full_again_s", quota ? quota->reset.count() : 0},
            {"in_flight", quota ? quota->in_flight : 0}};
}

json::object standing_json(Admission::Standing const& now, providers::Quota const& quota)
{
    auto filings = quota_json(now.filings_quota, quota);
    filings["share"] = now.filings.share;
    filings["inside"] = now.filings.inside;
    filings["waiting"] = now.filings.waiting;
    filings["limit_of_all"] = now.limit;
    auto const words = words_of(now.held_back);
    json::object const held_back{{"is", now.held_back != Want::none},
                                 {"why", name_of(now.held_back)},
                                 {"title_vi", words.vi},
                                 {"title_en", words.en},
                                 {"backend_per_minute", now.held_to > 0 ? json::value(now.held_to * 60) : json::value(nullptr)}};
    return {{"filings", std::move(filings)}, {"look_ups", quota_json(now.asks_quota, quota)}, {"held_back", held_back}};
}

}  // namespace

runtime::Task<Reply> PublicPages::lookup(Request request)
{
    auto const typed = request.query.find("code");
    auto const code = typed == request.query.end() ? std::nullopt : dossier::normalise_case_code(typed->second);
    if (!code) co_return refuse(FaultCode::parameter_invalid, "code", request);

    auto const view = co_await parts_.archive.lookup(*code, request.deadline);
    if (!view) co_return refuse(view.error(), request);
    json::object body{{"case_code", *code},
                      {"agency", view->agency},
                      {"agency_name", view->agency_name},
                      {"department", view->department},
                      {"received_at", dossier::vietnam_time(view->received_at)},
                      {"result_at", time_or_null(view->result_at)},
                      {"status", status_json(view->status)}};
    co_return Reply::json(200, json::serialize(body));
}

runtime::Task<Reply> PublicPages::providers(Request)
{
    auto const today = runtime::vietnam_day(parts_.clock.now());
    auto const registry = parts_.registry();
    json::array rows;
    for (auto const& provider : registry->all())
        if (provider->role != providers::Role::backend && in_contract(*provider, today)) rows.push_back(provider_json(*provider));
    json::object body{{"day", dossier::vietnam_date(today)}, {"providers", std::move(rows)}};
    co_return Reply::json(200, json::serialize(body));
}

runtime::Task<Reply> PublicPages::procedures(Request)
{
    auto const today = runtime::vietnam_day(parts_.clock.now());
    json::array rows;
    for (auto const& procedure : parts_.rules->procedures(today))
        rows.push_back(json::object{{"code", procedure.code},
                                    {"name_vi", procedure.name_vi},
                                    {"name_en", procedure.name_en},
                                    {"department", procedure.department},
                                    {"working_days", procedure.working_days},
                                    {"must", texts(procedure.must)},
                                    {"may", texts(procedure.may)}});
    json::object body{{"day", dossier::vietnam_date(today)}, {"procedures", std::move(rows)}};
    co_return Reply::json(200, json::serialize(body));
}

runtime::Task<Reply> PublicPages::codes(Request)
{
    json::object body{{"faults", faults_json()}, {"findings", findings_json()}};
    co_return Reply::json(200, json::serialize(body));
}

runtime::Task<Reply> PublicPages::limits(Request request)
{
    auto const& quota = request.admitted->provider().quota;
    auto const& envelope = parts_.envelope_limits;
    json::object body{{"provider", request.admitted->provider().code},
                      {"requests_per_second", quota.requests_per_second},
                      {"burst", quota.burst},
                      {"in_flight_max", quota.in_flight_max},
                      {"body_bytes_max", parts_.limits.body_bytes_max},
                      {"unpacked_bytes_max", parts_.limits.unpacked_bytes_max},
                      {"header_bytes_max", parts_.limits.header_bytes_max},
                      {"forms_max", envelope.forms_max},
                      {"forms_bytes_total_max", envelope.forms_bytes_total_max},
                      {"xml_depth_max", envelope.xml.depth_max},
                      {"body_timeout_ms", parts_.limits.body_timeout.count()},
                      {"request_timeout_ms", parts_.limits.request_timeout.count()},
                      {"idle_timeout_ms", parts_.limits.idle_timeout.count()},
                      {"small_bytes_max", parts_.limits.small_bytes_max},
                      {"filings_wait_max_ms", parts_.limits.places.wait_max.count()},
                      {"body_bytes_per_second_min", parts_.limits.body_bytes_per_second_min},
                      {"retry_after_max_s", parts_.limits.retry_after_max.count()}};
    if (parts_.standing) body["now"] = standing_json(parts_.standing(request.admitted->provider()), quota);
    co_return Reply::json(200, json::serialize(body));
}

}  // namespace intake
