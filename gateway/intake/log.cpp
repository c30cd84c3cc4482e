#include "gateway/intake/log.hpp"

#include "gateway/dossier/case_code.hpp"
#include "gateway/dossier/id.hpp"
#include "gateway/dossier/time.hpp"
#include "gateway/intake/parameter.hpp"
#include "gateway/intake/refuse.hpp"
#include "schemas/base64.hpp"

#include <boost/json.hpp>

#include <limits>
#include <optional>
#include <string>
#include <utility>

namespace intake {
namespace {

namespace json = boost::json;
using fault::FaultCode;
using store::Log;

json::object head_json(store::SignedHead const& head)
{
    return {{"size", head.size},
            {"at", dossier::vietnam_time(head.at)},
            {"key_id", head.key_id},
            {"text", head.text},
            {"signature", schemas::base64_encode(head.signature)}};
}

json::array path_json(ledger::Proof const& path)
{
    json::array hashes;
    for (auto const& hash : path) hashes.emplace_back(signing::hex(hash));
    return hashes;
}

struct Asked {
    Log::By by;
    std::string value;
};

// Exactly one of the two; nothing: not of its format.
std::optional<Asked> asked_of(Request const& request)
{
    auto const dossier = request.query.find("dossier"), refusal = request.query.find("refusal");
    if ((dossier == request.query.end()) == (refusal == request.query.end())) return std::nullopt;
    if (refusal != request.query.end()) {
        if (signing::bytes_of_hex(refusal->second).size() != 32) return std::nullopt;
        return Asked{Log::By::refused_content, refusal->second};
    }
    auto const& value = dossier->second;
    if (dossier::id_ok(value)) return Asked{Log::By::id, value};
    if (value.empty() || value.size() > 200) return std::nullopt;
    return Asked{Log::By::case_code, dossier::normalise_case_code(value).value_or(value)};
}

constexpr auto size_max = std::numeric_limits<std::int64_t>::max();

std::optional<std::chrono::sys_days> day_of(Request const& request)
{
    auto const text = request.query.find("day");
    return text == request.query.end() ? std::nullopt : dossier::parse_date(text->second);
}

json::object statement_json(store::SignedStatement const& made)
{
    auto const& statement = made.statement;
    json::object codes;
    for (auto const& [code, count] : statement.refused) codes[code] = count;
    return {{"provider", statement.provider},
            {"day", dossier::vietnam_date(statement.day)},
            {"state", statement.closed ? "closed" : "provisional"},
            {"size", statement.size},
            {"accepted", statement.accepted},
            {"refused", statement.refused_count()},
            {"refused_by_code", std::move(codes)},
            {"at", dossier::vietnam_time(statement.at)},
            {"key_id", signing::hex(statement.key_id)},
            {"text", made.text},
            {"signature", schemas::base64_encode(made.signature)}};
}

}  // namespace

runtime::Task<Reply> LogQueries::head(Request request)
{
    auto const head = co_await log_.head(head_age_max_, clock_.now(), request.deadline);
    if (!head) co_return refuse(head.error(), request);
    co_return Reply::json(200, json::serialize(head_json(*head)));
}

runtime::Task<Reply> LogQueries::proof(Request request)
{
    auto const asked = asked_of(request);
    auto const given = whole_parameter(request, "size", 0, size_max);
    if (!asked || !given) co_return refuse(FaultCode::parameter_invalid, "exactly one of dossier and refusal; size a number", request);
    std::optional<std::uint64_t> size;
    if (request.query.contains("size")) size = static_cast<std::uint64_t>(*given);

    auto const proof = co_await log_.inclusion(request.admitted->provider().code, asked->by, asked->value, size, clock_.now(), request.deadline);
    if (!proof) co_return refuse(proof.error(), request);
    json::object body{{"index", proof->entry.index},
                      {"size", proof->size},
                      {"entry", signing::hex(proof->entry.octets)},
                      {"leaf_hash", signing::hex(ledger::leaf_hash(proof->entry.octets))},
                      {"path", path_json(proof->path)},
                      {"head", proof->head ? json::value(head_json(*proof->head)) : json::value(nullptr)}};
    co_return Reply::json(200, json::serialize(body));
}

runtime::Task<Reply> LogQueries::consistency(Request request)
{
    auto const from = whole_parameter(request, "from", 0, size_max), to = whole_parameter(request, "to", 0, size_max);
    if (!from || !to || *from == 0 || *from > *to) co_return refuse(FaultCode::parameter_invalid, "0 < from <= to", request);
    auto const path = co_await log_.consistency(static_cast<std::uint64_t>(*from), static_cast<std::uint64_t>(*to), request.deadline);
    if (!path) co_return refuse(path.error(), request);
    json::object body{{"from", *from}, {"to", *to}, {"path", path_json(*path)}};
    co_return Reply::json(200, json::serialize(body));
}

runtime::Task<Reply> LogQueries::statement(Request request)
{
    auto const day = day_of(request);
    if (!day) co_return refuse(FaultCode::parameter_invalid, "day as YYYY-MM-DD", request);
    auto const made = co_await statements_.statement(request.admitted->provider().code, *day, clock_.now(), request.deadline);
    if (!made) co_return refuse(made.error(), request);
    co_return Reply::json(200, json::serialize(statement_json(*made)));
}

runtime::Task<Reply> LogQueries::entries(Request request)
{
    auto const day = day_of(request);
    auto const given = whole_parameter(request, "size", 0, size_max);
    auto const after = request.query.find("after");
    auto const place = store::place_from(after == request.query.end() ? std::string_view{} : std::string_view{after->second});
    if (!day || !given || !place) co_return refuse(FaultCode::parameter_invalid, "day as YYYY-MM-DD; size a number; after as `next` said", request);
    std::optional<std::uint64_t> size;
    if (request.query.contains("size")) size = static_cast<std::uint64_t>(*given);

    auto const page = co_await statements_.page(request.admitted->provider().code, *day, size, *place, clock_.now(), request.deadline);
    if (!page) co_return refuse(page.error(), request);
    json::array lines;
    for (auto const& line : page->lines) lines.emplace_back(std::string_view{line}.substr(0, line.size() - 1));
    json::object body{{"size", page->size}, {"lines", std::move(lines)}, {"next", page->next.empty() ? json::value(nullptr) : json::value(page->next)}};
    co_return Reply::json(200, json::serialize(body));
}

}  // namespace intake
