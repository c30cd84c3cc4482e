#pragma once

#include "gateway/fault/fault.hpp"
#include "gateway/observe/trace_id.hpp"
#include "gateway/store/journal.hpp"

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace intake {

// The longest a client is asked to wait where a fault brings no time of its own.
inline constexpr std::chrono::seconds retry_after_default{2};

struct Reply {
    int status = 200;
    std::string content_type = "application/json";
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;
    bool close = false;  // end the connection after this answer

    [[nodiscard]] static Reply json(int status, std::string body);
    [[nodiscard]] static Reply problem(fault::Fault const& fault, observe::Trace const& trace);  // Retry-After where worth it
    // 201 with Location, or 200 on a repeat; JSON, or the signed XML where `accept` prefers it. The stored bytes.
    [[nodiscard]] static Reply receipt(store::Stored const& stored, std::string_view accept);
};

}  // namespace intake
