#include "gateway/fault/problem.hpp"

#include "gateway/fault/words.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

namespace fault {
namespace {

namespace json = boost::json;

constexpr std::size_t findings_max = 200;      // a form of 10,000 rows must not make an answer larger than itself
constexpr std::size_t text_bytes_max = 1000;   // of one path or sentence

// Cut at a character, never inside one.
std::string_view bounded(std::string_view text)
{
    if (text.size() <= text_bytes_max) return text;
    auto end = text_bytes_max;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0u) == 0x80u) --end;
    return text.substr(0, end);
}

json::object finding_json(schemas::Finding const& finding)
{
    json::object object;
    if (!finding.form.empty()) object["form"] = bounded(finding.form);
    if (!finding.path.empty()) object["path"] = bounded(finding.path);
    if (finding.line > 0) object["line"] = finding.line;
    object["code"] = bounded(finding.code);
    object["message_vi"] = bounded(finding.message_vi);
    object["message_en"] = bounded(finding.message_en);
    return object;
}

}  // namespace

std::string problem_json(Fault const& fault, std::string_view trace_id)
{
    auto const& row = row_of(fault.code);
    json::object problem;
    // RFC 9457 §3.1.1: a relative reference is resolved against the request's address, so the hub explains its own codes.
    problem["type"] = "/v1/codes#" + std::string{row.id};
    problem["title"] = row.en;
    problem["status"] = row.http;
    problem["code"] = row.id;
    problem["message_vi"] = row.vi;
    problem["message_en"] = row.en;
    problem["retry"] = word_of(row.retry);
    problem["trace_id"] = trace_id;
    if (fault.original)
        problem["original"] = {{"dossier_id", fault.original->dossier_id}, {"case_code", fault.original->case_code}};
    if (!fault.findings.empty()) {
        json::array errors;
        for (auto const& finding : fault.findings) {
            if (errors.size() == findings_max) break;
            errors.push_back(finding_json(finding));
        }
        problem["errors"] = std::move(errors);
        if (fault.findings.size() > findings_max) problem["errors_left_out"] = fault.findings.size() - findings_max;
    }
    return json::serialize(problem);
}

}  // namespace fault
