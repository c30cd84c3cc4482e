#include "gateway/intake/media_type.hpp"

#include <algorithm>
#include <cctype>
#include <optional>

namespace intake {
namespace {

std::string_view trimmed(std::string_view text)
{
    auto const first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

bool same(std::string_view a, std::string_view b)
{
    auto const lower = [](char c) { return std::tolower(static_cast<unsigned char>(c)); };
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return lower(x) == lower(y); });
}

// Cuts the next part off `rest`, up to `separator`.
std::string_view next_part(std::string_view& rest, char separator)
{
    auto const end = std::min(rest.find(separator), rest.size());
    auto const part = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    return trimmed(part);
}

// The value of one parameter behind the type; quotes taken off. Nothing: not there.
std::optional<std::string_view> parameter(std::string_view parameters, std::string_view name)
{
    while (!parameters.empty()) {
        auto part = next_part(parameters, ';');
        auto const equals = part.find('=');
        if (equals == std::string_view::npos || !same(trimmed(part.substr(0, equals)), name)) continue;
        auto value = trimmed(part.substr(equals + 1));
        if (value.size() >= 2 && value.front() == '"' && value.back() == '"') value = value.substr(1, value.size() - 2);
        return value;
    }
    return std::nullopt;
}

bool in_utf8(std::string_view parameters)
{
    auto const charset = parameter(parameters, "charset");
    return !charset || same(*charset, "utf-8") || same(*charset, "utf8");
}

// RFC 9110 §12.4.2: a weight in thousandths, from "q=0.5"; 1000 where none, or none that can be read, is given.
int weight_of(std::string_view parameters)
{
    auto const text = parameter(parameters, "q");
    if (!text || text->empty() || text->front() != '0') return 1000;
    int weight = 0, unit = 100;
    for (auto const c : text->substr(std::min<std::size_t>(text->size(), 2), 3)) {
        if (c < '0' || c > '9') return 1000;
        weight += (c - '0') * unit;
        unit /= 10;
    }
    return weight;
}

}  // namespace

bool xml_body(std::string_view content_type)
{
    auto const type = next_part(content_type, ';');
    return (same(type, "application/xml") || same(type, "text/xml")) && in_utf8(content_type);
}

bool json_body(std::string_view content_type)
{
    auto const type = next_part(content_type, ';');
    return same(type, "application/json") && in_utf8(content_type);
}

int accept_weight(std::string_view accept, std::string_view type)
{
    if (trimmed(accept).empty()) return 1000;
    auto const family = type.substr(0, type.find('/'));
    int best = 0;  // how exactly the best match names the type; the most exact one decides (RFC 9110 §12.5.1)
    int weight = 0;
    while (!accept.empty()) {
        auto range = next_part(accept, ',');
        auto const name = next_part(range, ';');
        bool const by_family = name.ends_with("/*") && same(name.substr(0, name.size() - 2), family);
        int const exact = same(name, type) ? 3 : by_family ? 2 : name == "*/*" ? 1 : 0;
        if (exact <= best) continue;
        best = exact;
        weight = weight_of(range);
    }
    return weight;
}

}  // namespace intake
