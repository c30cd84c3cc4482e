#pragma once

// A blocking TCP connection to http(s)://host:port, for tools that count connections rather than dossiers.
// Threads: any, each its own. Errors: std::runtime_error.

#include <chrono>
#include <string>
#include <utility>

#include <unistd.h>

namespace loadtest {

class Socket {
public:
    explicit Socket(int handle) noexcept : handle_{handle} {}
    Socket(Socket&& other) noexcept : handle_{std::exchange(other.handle_, -1)} {}
    Socket& operator=(Socket&& other) noexcept
    {
        std::swap(handle_, other.handle_);
        return *this;
    }
    ~Socket()
    {
        if (handle_ >= 0) close(handle_);
    }
    [[nodiscard]] int handle() const noexcept { return handle_; }

private:
    int handle_;
};

struct Address {
    std::string host, port;
    bool tls = false;
};

// "https://localhost:8443" → its parts.
[[nodiscard]] Address address_of(std::string const& url);

// Reads and writes give up after `timeout`.
[[nodiscard]] Socket connect_to(Address const& address, std::chrono::seconds timeout);

}  // namespace loadtest
