#include "gateway/intake/status.hpp"

#include "gateway/intake/refuse.hpp"
#include "gateway/dossier/id.hpp"
#include "gateway/dossier/time.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <string>
#include <utility>

namespace intake {
namespace {

namespace json = boost::json;
using fault::FaultCode;

bool sha256_ok(std::string_view text)
{
    auto const digit = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
    return text.size() == 64 && std::all_of(text.begin(), text.end(), digit);
}

json::value time_or_null(std::optional<runtime::Instant> const& at)
{
    return at ? json::value(dossier::vietnam_time(*at)) : json::value(nullptr);
}

// As the answer of POST has it.
json::value log_json(std::optional<std::uint64_t> const& index)
{
    return index ? json::value(json::object{{"index", *index}}) : json::value(nullptr);
}

Reply accepted(store::DossierView const& view)
{
    json::object body{{"outcome", "accepted"}, {"dossier", dossier_json(view)}};
    return Reply::json(200, json::serialize(body));
}

Reply refused(store::RefusedView const& view)
{
    boost::system::error_code ignored;
    auto problem = json::parse(view.problem, ignored);  // our own words, stored as they were answered
    json::object body{{"outcome", "refused"},
                      {"refusal",
                       {{"content_sha256", view.content_sha256},
                        {"code", view.fault_id},
                        {"at", dossier::vietnam_time(view.at)},
                        {"log", log_json(view.log_index)},
                        {"problem", ignored ? json::value(nullptr) : std::move(problem)}}}};
    return Reply::json(200, json::serialize(body));
}

}  // namespace

json::object status_json(dossier::Status status)
{
    auto const& text = dossier::text_of(status);
    return {{"id", text.id}, {"vi", text.vi}, {"en", text.en}};
}

json::object dossier_json(store::DossierView const& view)
{
    json::array history;
    for (auto const& row : view.history)
        history.push_back(json::object{{"at", dossier::vietnam_time(row.at)},
                                       {"status", status_json(row.status)},
                                       {"department", row.department},
                                       {"note", row.note}});
    return {{"dossier_id", view.dossier_id},
            {"case_code", view.case_code},
            {"provider", view.provider},
            {"agency", view.agency},
            {"procedure", view.procedure},
            {"unit_code", view.unit_code},
            {"tax_code", view.tax_code},
            {"content_sha256", view.content_sha256},
            {"idempotency_key", view.idempotency_key},
            {"received_at", dossier::vietnam_time(view.received_at)},
            {"paper_required", view.paper_required},
            {"status", status_json(view.status)},
            {"result_due", time_or_null(view.result_due)},
            {"result_at", time_or_null(view.result_at)},
            {"corrects", view.corrects.empty() ? json::value{} : json::value{view.corrects}},
            {"log", log_json(view.log_index)},
            {"delivery", view.delivery},
            {"history", std::move(history)},
            {"receipt_url", "/v1/dossiers/" + view.dossier_id + "/receipt"}};
}

runtime::Task<Reply> StatusQueries::by_id(Request request)
{
    if (!dossier::id_ok(request.path_parameter)) co_return refuse(FaultCode::not_found, "not an id", request);
    auto const view = co_await archive_.by_id(request.admitted->provider().code, request.path_parameter, request.deadline);
    if (!view) co_return refuse(view.error(), request);
    co_return Reply::json(200, json::serialize(dossier_json(*view)));
}

runtime::Task<Reply> StatusQueries::find(Request request)
{
    auto const hash = request.query.find("content_sha256");
    auto const key = request.query.find("idempotency_key");
    bool const by_hash = hash != request.query.end();
    if (by_hash == (key != request.query.end()))
        co_return refuse(FaultCode::parameter_invalid, "exactly one of content_sha256 and idempotency_key", request);

    auto const provider = request.admitted->provider().code;
    if (by_hash) {
        if (!sha256_ok(hash->second)) co_return refuse(FaultCode::parameter_invalid, "content_sha256: 64 lower-case hex digits", request);
        auto const found = co_await archive_.by_content(provider, hash->second, request.deadline);
        if (!found) co_return refuse(found.error(), request);
        if (found->dossier) co_return accepted(*found->dossier);
        if (found->refused) co_return refused(*found->refused);
        co_return refuse(FaultCode::not_found, "no row", request);
    }

    if (key->second.empty() || key->second.size() > 200) co_return refuse(FaultCode::parameter_invalid, "idempotency_key", request);
    auto const view = co_await archive_.by_key(provider, key->second, request.deadline);
    if (!view) co_return refuse(view.error(), request);
    co_return accepted(*view);
}

runtime::Task<Reply> StatusQueries::receipt(Request request)
{
    if (!dossier::id_ok(request.path_parameter)) co_return refuse(FaultCode::not_found, "not an id", request);
    auto xml = co_await archive_.receipt(request.admitted->provider().code, request.path_parameter, request.deadline);
    if (!xml) co_return refuse(xml.error(), request);
    Reply reply;
    reply.content_type = "application/xml; charset=utf-8";
    reply.body = std::move(*xml);
    co_return reply;
}

}  // namespace intake
