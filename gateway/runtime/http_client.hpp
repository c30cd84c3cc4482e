#pragma once

// A small HTTP/1.1 client over kept connections, plain or TLS, for one base address.
//
// Threads: an object belongs to one io_context. Errors: values; a peer's misbehaviour never throws.
// Bounds: connections_max, response_bytes_max, the deadline of each call. Waiting for a free connection counts.
// Lifetime: the object may go while calls are under way; they end by their deadline, and no later call is possible.

#include "gateway/runtime/deadline.hpp"
#include "gateway/runtime/task.hpp"

#include <boost/system/result.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace runtime
{

struct HttpClientConfig {
    std::string base_url;         // http://host:port or https://host:port, a path before every target is allowed
    std::string ca_file;          // anchors for https; empty: the system's
    std::string certificate_file; // client certificate and key, where the server wants one
    std::string key_file;
    std::size_t connections_max = 64;
    std::size_t response_bytes_max = 8u << 20;
    std::chrono::milliseconds connect_timeout{3000};
};

using Headers = std::vector<std::pair<std::string, std::string>>;

struct HttpRequest {
    std::string method, target; // "POST", "/v1/dossiers"
    Headers headers;            // Host and Content-Length are ours
    std::string body;
    std::shared_ptr<std::string const> shared_body{}; // where it is not null, in the place of body: nothing is copied
    [[nodiscard]] std::string_view content() const noexcept { return shared_body ? std::string_view{*shared_body} : std::string_view{body}; }
};

struct HttpResponse {
    int status = 0;
    Headers headers;
    std::string body;
    [[nodiscard]] std::string_view header(std::string_view name) const; // case-insensitive; empty where missing
};

class HttpClient {
public:
    HttpClient(net::io_context& context,
               HttpClientConfig config); // throws std::runtime_error for unusable files or address
    ~HttpClient();
    // A request that failed on a kept connection before any byte of the answer came is tried once more on a new one
    // only where `repeatable` says the server does the same thing twice.
    Task<boost::system::result<HttpResponse>> send(HttpRequest request, Deadline deadline, bool repeatable);
    [[nodiscard]] std::size_t in_use() const noexcept;
    struct Counts {
        std::uint64_t connected, reused, failed;
    };
    [[nodiscard]] Counts counts() const noexcept;

private:
    struct Data;
    std::shared_ptr<Data> data_; // shared with the calls under way
};

} // namespace runtime
