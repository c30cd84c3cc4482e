#pragma once

// The hub as a command's options name it: address, anchors, and who we are to it. The defaults are the variables that
// ops/quickstart leaves in var/quickstart.env.

#include "gateway/ctl/context.hpp"
#include "gateway/runtime/http_client.hpp"

#include <chrono>
#include <string>

namespace ctl {

struct Peer {
    std::string url, ca, certificate, key, bearer;
    unsigned timeout_s = 30;

    // --url --ca --cert --key --bearer --timeout
    void declare(CLI::App& command);
    [[nodiscard]] runtime::HttpClientConfig client() const;
    [[nodiscard]] runtime::Headers headers() const;  // Authorization, where there is a bearer key
    [[nodiscard]] std::chrono::milliseconds timeout() const { return std::chrono::seconds{timeout_s}; }
};

[[nodiscard]] std::string percent_encoded(std::string_view text);

// The members of a JSON object that are strings, numbers, truth values or {vi, en}, one a line, in their order. Other
// text as it is.
[[nodiscard]] std::string plain(std::string const& json_text);

}  // namespace ctl
