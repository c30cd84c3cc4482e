#include "gateway/intake/workflow.hpp"

#include "gateway/intake/refuse.hpp"
#include "gateway/dossier/case_code.hpp"
#include "gateway/dossier/time.hpp"
#include "gateway/intake/media_type.hpp"
#include "gateway/observe/log.hpp"
#include "signing/digest.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>

namespace intake {
namespace {

namespace json = boost::json;
using fault::Fault;
using fault::FaultCode;

constexpr std::size_t text_bytes_max = 2000;  // department, note

Fault malformed(std::string detail)
{
    return Fault{FaultCode::json_malformed, std::move(detail), {}, {}};
}

bool visible(std::string_view text, std::size_t bytes_max)
{
    return !text.empty() && text.size() <= bytes_max && std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7f'; });
}

// The member's text; empty where it is not there or null. Nothing: of another type, or too long.
std::optional<std::string> text_of(json::object const& object, std::string_view name)
{
    auto const* const value = object.if_contains(name);
    if (!value || value->is_null()) return std::string{};
    auto const* const text = value->if_string();
    if (!text || text->size() > text_bytes_max) return std::nullopt;
    return std::string{*text};
}

bool members_known(json::object const& object)
{
    constexpr std::array<std::string_view, 7> known{"event_id", "case_code", "status", "at", "department", "note", "result_due"};
    return std::all_of(object.begin(), object.end(), [&](auto const& member) {
        return std::find(known.begin(), known.end(), std::string_view{member.key()}) != known.end();
    });
}

std::optional<json::object> parse_object(std::string_view body)
{
    json::parse_options options;
    options.max_depth = 2;  // one flat object
    boost::system::error_code error;
    auto value = json::parse(json::string_view{body.data(), body.size()}, error, json::storage_ptr{}, options);
    if (error || !value.is_object()) return std::nullopt;
    return std::move(value.get_object());
}

}  // namespace

fault::Result<store::WorkflowEvent> parse_event(std::string_view body)
{
    if (body.size() > event_bytes_max) return Fault{FaultCode::body_too_large, "event of " + std::to_string(body.size()), {}, {}};
    auto const object = parse_object(body);
    if (!object) return malformed("not a JSON object");
    if (!members_known(*object)) return malformed("unknown member");

    auto event_id = text_of(*object, "event_id");
    if (!event_id || !visible(*event_id, 100)) return malformed("event_id");
    auto const typed = text_of(*object, "case_code");
    auto case_code = typed ? dossier::normalise_case_code(*typed) : std::nullopt;
    if (!case_code) return malformed("case_code");
    auto const status_id = text_of(*object, "status");
    auto const status = status_id ? dossier::status_from(*status_id) : std::nullopt;
    if (!status) return malformed("status");
    auto const at_text = text_of(*object, "at");
    auto const at = at_text ? dossier::parse_rfc3339(*at_text) : std::nullopt;
    if (!at) return malformed("at");
    auto department = text_of(*object, "department");
    auto note = text_of(*object, "note");
    if (!department || !note) return malformed("department, note");
    auto const due_text = text_of(*object, "result_due");
    auto const due = due_text ? dossier::parse_rfc3339(*due_text) : std::nullopt;
    if (!due_text || (!due_text->empty() && !due)) return malformed("result_due");

    store::WorkflowEvent event;
    event.event_id = std::move(*event_id);
    event.case_code = std::move(*case_code);
    event.status = *status;
    event.at = *at;
    event.department = std::move(*department);
    event.note = std::move(*note);
    event.result_due = due;
    event.body_sha256 = signing::hex(signing::sha256(body));
    return event;
}

runtime::Task<Reply> Workflow::handle(Request request)
{
    if (!json_body(request.header("Content-Type")))
        co_return refuse(FaultCode::json_malformed, "Content-Type", request);

    auto event = parse_event(request.body);
    if (!event) co_return Reply::problem(event.error(), request.trace);
    auto const event_id = event->event_id;

    auto const applied = co_await archive_.apply(std::move(*event), request.deadline);
    if (!applied) {
        auto const fault = fault::fault_of(applied.error());
        observe::log(observe::Level::warning, "workflow event refused",
                     {{"trace_id", request.trace.trace_id}, {"event_id", event_id}, {"code", fault::row_of(fault.code).id}});
        co_return Reply::problem(fault, request.trace);
    }
    json::object body{{"event_id", event_id}, {"applied", *applied}};
    co_return Reply::json(200, json::serialize(body));
}

}  // namespace intake
