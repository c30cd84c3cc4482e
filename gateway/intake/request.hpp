#pragma once

// One request as handlers see it: header fields and a body that is whole, unpacked and within bounds.

#include "gateway/observe/trace_id.hpp"
#include "gateway/runtime/clock.hpp"
#include "gateway/runtime/deadline.hpp"
#include "providers/registry.hpp"

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace intake {

class Ticket;

struct Request {
    std::string method;  // "POST"
    std::string path;    // percent-decoded, without query
    std::map<std::string, std::string> query;       // percent-decoded; a repeated name is refused before
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;
    std::string path_parameter;                     // what stood for {id} in the route
    std::optional<providers::Admitted> admitted;    // set on every route whose access is not open
    observe::Trace trace;
    runtime::Instant received_at{};                 // when the body was whole: the filing time
    std::chrono::nanoseconds turn_waited{0};        // from then until its turn at this core had come
    Ticket* ticket = nullptr;                       // its room, which outlives the handler; null where none was taken
    runtime::Deadline deadline = runtime::Deadline::after(std::chrono::seconds{30});
    [[nodiscard]] std::string_view header(std::string_view name) const;  // case-insensitive; empty where missing
};

}  // namespace intake
