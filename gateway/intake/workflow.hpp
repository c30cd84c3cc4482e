#pragma once

// POST /v1/workflow/events: the backend says what became of a dossier. One JSON object:
//
//   event_id    1..100 visible ASCII characters; the same event again is answered 200 and changes nothing
//   case_code   as the receipt prints it
//   status      received | processing | done | returned | refused (QĐ 352 art. 12.1)
//   at          RFC 3339, when it happened
//   department, note            optional texts
//   result_due                  optional RFC 3339: the appointment
//
// Threads: any core; no state. Errors: every outcome is a Reply; an unlawful move is 409, an unknown case 404.

#include "gateway/fault/fault.hpp"
#include "gateway/intake/reply.hpp"
#include "gateway/intake/request.hpp"
#include "gateway/runtime/task.hpp"
#include "gateway/store/archive.hpp"

#include <cstddef>
#include <string_view>

namespace intake {

inline constexpr std::size_t event_bytes_max = 16u << 10;

// Strict and bounded: an unknown, missing or malformed member is json_malformed. Pure.
[[nodiscard]] fault::Result<store::WorkflowEvent> parse_event(std::string_view body);

class Workflow {
public:
    explicit Workflow(store::Archive& archive) : archive_{archive} {}  // outlives this
    [[nodiscard]] runtime::Task<Reply> handle(Request request);

private:
    store::Archive& archive_;
};

}  // namespace intake
