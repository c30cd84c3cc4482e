#pragma once

// The strict reading of a request header, before anything lenient sees it: where one request ends and the next begins
// must have one reading only (RFC 9112 §11.2). Pure; allocates no more than the header's size.
//
// Errors:  request_malformed, header_too_large, target_too_long, http_version_unknown, coding_unknown. After any of
//          them the framing is in doubt, and the connection must end.

#include "gateway/fault/fault.hpp"
#include "gateway/intake/limits.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace intake {

struct Head {
    std::string method;
    std::string target;  // as sent
    unsigned version_minor = 1;
    std::vector<std::pair<std::string, std::string>> fields;  // names as sent, values trimmed
    std::optional<std::uint64_t> content_length;
    bool chunked = false;
    bool expects_continue = false;
    bool expects_unknown = false;  // 417, and the framing is sound
    bool close = false;            // the peer wants no further request, or speaks HTTP/1.0

    [[nodiscard]] bool has_body() const noexcept { return chunked || content_length.value_or(0) > 0; }
};

// `raw` ends with the empty line.
[[nodiscard]] fault::Result<Head> read_head(std::string_view raw, Limits const& limits);

// Looks at a header that is not whole yet. A fault where no further byte can save it, so that a peer that does not
// speak HTTP is told at once and not at the time-out.
// The first `looked_at` bytes have been looked at before.
[[nodiscard]] std::optional<fault::Fault> doomed(std::string_view begun, std::size_t looked_at, Limits const& limits);

struct Target {
    std::string path;                          // still percent-encoded: the router decodes each segment
    std::string path_decoded;
    std::map<std::string, std::string> query;  // decoded
};
// origin-form, absolute-form, or the asterisk (a path no route has). request_malformed for another form or broken percent-encoding; parameter_invalid for a
// repeated query name: two readers may choose differently.
[[nodiscard]] fault::Result<Target> read_target(std::string_view target);

[[nodiscard]] std::optional<std::string> percent_decoded(std::string_view text, bool plus_is_space);
[[nodiscard]] bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept;

}  // namespace intake
