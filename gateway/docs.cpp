#include "gateway/docs.hpp"

#include "gateway/config.hpp"
#include "gateway/fault/fault.hpp"
#include "gateway/fault/words.hpp"
#include "gateway/observe/metrics.hpp"
#include "schemas/rules.hpp"

#include <fmt/format.h>

namespace gateway {

std::string faults_markdown()
{
    std::string text =
        "# Faults\n\n"
        "Made by `ivan-gateway docs faults`; a test compares. What the hub answers as `code` of an `application/problem+json`\n"
        "(RFC 9457); ids never change their meaning. *blame*: who can mend it. *retry*: `never` nothing will change, `same` send\n"
        "the same bytes and key again, `after` the same after `Retry-After`. `GET /v1/codes` gives the same list as JSON.\n\n"
        "| code | name | HTTP | blame | retry | English | Tiếng Việt |\n|---|---|---|---|---|---|---|\n";
    for (auto const& row : fault::catalogue())
        text += fmt::format("| {} | `{}` | {} | {} | {} | {} | {} |\n", row.id, row.name, row.http, fault::word_of(row.blame),
                            fault::word_of(row.retry), row.en, row.vi);
    text +=
        "\n## Findings\n\nThe codes of `errors[]` inside a content fault: one for each thing wrong at one place.\n\n"
        "| code | English | Tiếng Việt |\n|---|---|---|\n";
    for (auto const& row : schemas::finding_codes()) text += fmt::format("| {} | {} | {} |\n", row.code, row.title_en, row.title_vi);
    return text;
}

std::string metrics_markdown()
{
    std::string text =
        "# Metrics\n\n"
        "Made by `ivan-gateway docs metrics`; a test compares. `/metrics` on the operations' listener, Prometheus text format.\n\n"
        "| name | kind | labels | |\n|---|---|---|---|\n";
    for (auto const& metric : observe::Metrics::list())
        text += fmt::format("| `{}` | {} | {} | {} |\n", metric.name, metric.type, metric.labels, metric.help);
    return text;
}

std::optional<std::string> docs_page(std::string_view name)
{
    if (name == "faults") return faults_markdown();
    if (name == "config") return config_markdown();
    if (name == "metrics") return metrics_markdown();
    return std::nullopt;
}

}  // namespace gateway
