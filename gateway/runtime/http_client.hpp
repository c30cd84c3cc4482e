#pragma once

// A small HTTP/1.1 client over kept connections, plain or TLS, for one base address.
//
// Threads: an object belongs to one io_context. Errors: values; a peer's misbehaviour never throws.
// Bounds: connections_max, response_bytes_max, the deadline of each call.

#include "gateway/runtime/deadline.hpp"
#include "gateway/runtime/task.hpp"

#include <boost/system/result.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace runtime {

struct HttpClientConfig {
    std::string base_url;          // http://host:port or https://host:port
    std::string ca_file;           // anchors for https; empty: the system's
    std::string certificate_file;  // client certificate and key, where the server wants one
    std::string key_file;
    std::size_t connections_max = 64;
    std::size_t response_bytes_max = 8u << 20;
    std::chrono::milliseconds connect_timeout{3000};
};

using Headers = std::vector<std::pair<std::string, std::string>>;

struct HttpRequest {
    std::string method, target;
    Headers headers;
    std::string body;
};

struct HttpResponse {
    int status = 0;
    Headers headers;
    std::string body;
    [[nodiscard]] std::string_view header(std::string_view name) const;  // case-insensitive; empty where missing
};

class HttpClient {
public:
    HttpClient(net::io_context& context, HttpClientConfig config);  // throws for unusable files or address
    ~HttpClient();
    // A request that failed on a kept connection before any byte of the answer came is tried once more on a new one
    // only where `repeatable` says the server does the same thing twice.
    Task<boost::system::result<HttpResponse>> send(HttpRequest request, Deadline deadline, bool repeatable);
    [[nodiscard]] std::size_t in_use() const noexcept;

private:
    struct Data;
    std::unique_ptr<Data> data_;
};

}  // namespace runtime
