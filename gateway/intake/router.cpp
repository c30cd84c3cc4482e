#include "gateway/intake/router.hpp"

#include "gateway/intake/framing.hpp"

#include <algorithm>
#include <optional>

namespace intake {
namespace {

// The next segment of a path, cut off its front: "/v1/x" gives "v1", then "x". Nothing at the end.
std::optional<std::string_view> next_segment(std::string_view& path)
{
    if (path.empty() || path.front() != '/') return std::nullopt;
    path.remove_prefix(1);
    auto const segment = path.substr(0, path.find('/'));
    path.remove_prefix(segment.size());
    return segment;
}

// Segments are compared decoded, one by one, so that %2F inside a parameter is part of it.
std::optional<std::string> parameter_where_fits(std::string_view pattern, std::string_view path)
{
    std::string parameter;
    for (;;) {
        auto const wanted = next_segment(pattern), given = next_segment(path);
        if (!wanted || !given) {
            bool const both_ended = !wanted && !given && pattern.empty() && path.empty();
            return both_ended ? std::optional{std::move(parameter)} : std::nullopt;
        }
        auto decoded = percent_decoded(*given, false);
        if (!decoded) return std::nullopt;
        if (wanted->starts_with('{')) {
            if (decoded->empty()) return std::nullopt;
            parameter = std::move(*decoded);
        } else if (*decoded != *wanted) {
            return std::nullopt;
        }
    }
}

bool has_parameter(Route const& route) { return route.path.find('{') != std::string::npos; }

}  // namespace

// A route without a parameter stands before one with: /v1/dossiers/search is not a dossier of that name.
Router::Router(std::vector<Route> routes) : routes_{std::move(routes)}
{
    std::stable_partition(routes_.begin(), routes_.end(), [](Route const& route) { return !has_parameter(route); });
}

fault::Result<Router::Match> Router::find(std::string_view method, std::string_view path) const
{
    auto const wanted = method == "HEAD" ? std::string_view{"GET"} : method;
    std::string allowed;
    for (auto const& route : routes_) {
        auto parameter = parameter_where_fits(route.path, path);
        if (!parameter) continue;
        if (route.method == wanted) return Match{&route, std::move(*parameter)};
        if (!allowed.empty()) allowed += ", ";
        allowed += route.method == "GET" ? "GET, HEAD" : route.method;
    }
    if (allowed.empty()) return fault::Fault{fault::FaultCode::route_unknown, {}, {}, {}};
    return fault::Fault{fault::FaultCode::method_not_allowed, std::move(allowed), {}, {}};
}

}  // namespace intake
