#pragma once

#include "gateway/fault/fault.hpp"

#include <string>
#include <string_view>

namespace fault {

// RFC 9457 application/problem+json: type, title, status, code, message_vi, message_en, retry, trace_id, and for
// content errors errors[] with form, path, line, code, message_vi, message_en; of a duplicate
// original with dossier_id and case_code.
[[nodiscard]] std::string problem_json(Fault const& fault, std::string_view trace_id);

}  // namespace fault
