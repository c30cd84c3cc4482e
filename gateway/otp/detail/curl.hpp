#pragma once

// The only libcurl: one HTTP POST, one mail. Blocking, each with a handle of its own. Threads: any, at once.
// Bounds: the timeout of each call covers connecting too; an answer's body is read no further than 64 KB. Once `stop` is
// requested a call ends within about a second, libcurl's longest pause between two looks at it, with the error "stopped".

#include <chrono>
#include <stop_token>
#include <string>
#include <vector>

namespace otp::detail {

struct Answer {
    bool answered = false;  // HTTP: some status came; SMTP: the message was taken
    long status = 0;        // HTTP status, or the last SMTP reply
    std::string error;
};

struct HttpPost {
    std::string url, ca_file, body;
    std::vector<std::string> headers;
    std::chrono::milliseconds timeout{10'000};
    std::stop_token stop = {};
};
[[nodiscard]] Answer post(HttpPost const& request);

struct Mail {
    std::string url, ca_file, user, password, from, to, text;
    bool plain = false;
    std::chrono::milliseconds timeout{20'000};
    std::stop_token stop = {};
};
[[nodiscard]] Answer send(Mail const& mail);

}  // namespace otp::detail
