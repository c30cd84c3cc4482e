#pragma once

// Method and path → handler, from one table. tests compare the table with providers/openapi.yaml.
//
// Threads: immutable after start.

#include "gateway/fault/fault.hpp"
#include "gateway/intake/reply.hpp"
#include "gateway/intake/request.hpp"
#include "gateway/intake/tracks.hpp"
#include "gateway/runtime/task.hpp"
#include "providers/provider.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace intake {

enum class Access { open, party };  // party: a client certificate or bearer key of one of the roles

struct Route {
    std::string method;                   // "GET", "POST"
    std::string path;                     // "/v1/dossiers/{id}/receipt": at most one parameter
    Access access = Access::open;
    std::vector<providers::Role> roles;   // who may, where access is party
    bool counts_quota = false;            // takes a token of the provider's burst quota
    bool body = false;                    // a request body is expected
    std::function<runtime::Task<Reply>(Request)> handle;
    std::uint64_t body_bytes_max = 0;     // 0: Limits::body_bytes_max, or open_body_bytes_max where access is open
    Track track = Track::asks;            // the lane; a route open to everybody is always in theirs
};

class Router {
public:
    explicit Router(std::vector<Route> routes);
    struct Match { Route const* route; std::string path_parameter; };  // the parameter is percent-decoded, %2F too
    // `path` as sent, percent-encoded or not; HEAD finds what GET does.
    // route_unknown or method_not_allowed (its detail lists the methods for Allow).
    [[nodiscard]] fault::Result<Match> find(std::string_view method, std::string_view path) const;
    [[nodiscard]] std::vector<Route> const& routes() const noexcept { return routes_; }

private:
    std::vector<Route> routes_;
};

}  // namespace intake
