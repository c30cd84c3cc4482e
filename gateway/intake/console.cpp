#include "gateway/intake/console.hpp"

#include "gateway/runtime/steady.hpp"

#include <boost/json.hpp>

#include <array>
#include <charconv>
#include <fstream>
#include <iterator>
#include <utility>

namespace intake {
namespace {

namespace json = boost::json;

struct PageFile {
    std::string_view name, content_type;
};
constexpr std::array page_files{
    PageFile{"index.html", "text/html; charset=utf-8"},
    PageFile{"console.js", "text/javascript; charset=utf-8"},
    PageFile{"console.css", "text/css; charset=utf-8"},
    PageFile{"uPlot.iife.min.js", "text/javascript; charset=utf-8"},
    PageFile{"uPlot.min.css", "text/css; charset=utf-8"},
};

constexpr std::size_t file_bytes_max = 1u << 20;
constexpr std::string_view refused_metric = "ivan_refused_total";

Reply not_found(Request const& request)
{
    return Reply::problem(fault::Fault{fault::FaultCode::route_unknown, "console file", {}, {}}, request.trace);
}

// The value of one label in `name="value",…`; our own exposition escapes nothing that a code may hold.
std::string_view label_of(std::string_view labels, std::string_view label)
{
    auto const mark = std::string{label} + "=\"";
    auto const at = labels.find(mark);
    if (at == std::string_view::npos) return {};
    auto const begin = at + mark.size();
    return labels.substr(begin, labels.find('"', begin) - begin);
}

}  // namespace

std::map<std::string, double> sum_by(std::string_view exposition, std::string_view metric, std::string_view label)
{
    std::map<std::string, double> sums;
    while (!exposition.empty()) {
        auto const line = exposition.substr(0, exposition.find('\n'));
        exposition.remove_prefix(std::min(line.size() + 1, exposition.size()));
        if (!line.starts_with(metric) || line.size() <= metric.size() || line[metric.size()] != '{') continue;
        auto const close = line.rfind('}');
        if (close == std::string_view::npos || close + 2 > line.size()) continue;
        auto const value = line.substr(close + 2);
        double number = 0;
        std::from_chars(value.data(), value.data() + value.size(), number);
        sums[std::string{label_of(line.substr(metric.size() + 1, close - metric.size()), label)}] += number;
    }
    return sums;
}

Console::Console(std::filesystem::path const& directory, Parts parts) : parts_{std::move(parts)}
{
    for (auto const& page : page_files) {
        std::ifstream file{directory / page.name, std::ios::binary};
        if (!file) continue;
        std::string bytes{std::istreambuf_iterator<char>{file}, {}};
        if (bytes.size() <= file_bytes_max) files_.emplace(page.name, std::move(bytes));
    }
}

runtime::Task<Reply> Console::file(Request request)
{
    if (request.path_parameter == "data.json") co_return data();
    std::string_view const wanted = request.path_parameter.empty() ? std::string_view{"index.html"} : request.path_parameter;
    auto const found = files_.find(wanted);
    if (found == files_.end()) co_return not_found(request);
    Reply reply;
    for (auto const& page : page_files)
        if (page.name == wanted) reply.content_type = page.content_type;
    reply.headers.emplace_back("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self'; img-src 'self' data:");
    reply.headers.emplace_back("Cache-Control", "no-cache");
    reply.body = found->second;
    co_return reply;
}

runtime::Task<Reply> Console::metrics(Request)
{
    Reply reply;
    reply.content_type = "text/plain; version=0.0.4; charset=utf-8";
    reply.body = parts_.metrics.exposition();
    co_return reply;
}

Reply Console::data() const
{
    auto const totals = parts_.metrics.totals();
    json::object refusals;
    for (auto const& [code, count] : sum_by(parts_.metrics.exposition(), refused_metric, "code")) refusals[code] = count;
    json::object body{{"ready", parts_.health.ready(runtime::Steady::now())},
                      {"accepted", totals.accepted},
                      {"repeated", totals.repeated},
                      {"refused", totals.refused},
                      {"delivered", totals.delivered},
                      {"queue_depth", totals.queue_depth},
                      {"queue_age_s", totals.queue_age_s},
                      {"dead", totals.dead},
                      {"refusals", std::move(refusals)},
                      {"delivery", parts_.delivery()}};
    return Reply::json(200, json::serialize(body));
}

}  // namespace intake
