#pragma once

// W3C Trace Context: one id follows a dossier from the provider's request to the backend.

#include <string>
#include <string_view>

namespace observe {

struct Trace {
    std::string trace_id;   // 32 lower-case hex digits
    std::string parent_id;  // 16: the caller's span, or ours
    [[nodiscard]] std::string traceparent() const { return "00-" + trace_id + "-" + parent_id + "-01"; }
};

[[nodiscard]] Trace trace_from(std::string_view traceparent);  // a new trace where the header is missing or malformed
[[nodiscard]] Trace new_trace();

}  // namespace observe
