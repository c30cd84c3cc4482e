#pragma once

// A server on loopback that answers raw bytes: what a peer may say when it lags, lies or breaks off.
// Threads: one io_context, the test's.

#include "gateway/runtime/task_group.hpp"

#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>

#include <charconv>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace support
{

struct RawAnswer {
    std::string bytes;  // sent as they are
    bool close = false; // then the connection ends
    bool hang = false;  // then nothing more is ever sent, and nothing read
};

class RawServer {
public:
    using Answer = std::function<RawAnswer(std::string const& request)>;

    RawServer(net::io_context& context, Answer answer)
        : context_{context}, answer_{std::move(answer)}, acceptor_{context.get_executor()},
          tasks_{context, [](std::string const&, std::string const&) {}}
    {
        net::ip::tcp::endpoint const endpoint{net::ip::address_v4::loopback(), 0};
        acceptor_.open(endpoint.protocol());
        acceptor_.bind(endpoint);
        acceptor_.listen();
        tasks_.spawn("accept", accept_loop());
    }

    RawServer(RawServer const&) = delete;
    RawServer& operator=(RawServer const&) = delete;
    // Its coroutines end before it does.
    ~RawServer()
    {
        acceptor_.close();
        close_connections();
        context_.restart();
        while (tasks_.size() > 0) context_.poll();
    }

    [[nodiscard]] std::uint16_t port() const { return acceptor_.local_endpoint().port(); }
    [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port()); }
    [[nodiscard]] std::vector<std::string> const& requests() const { return requests_; }
    [[nodiscard]] unsigned connections() const { return connections_; }
    void close_connections()
    {
        for (auto const& weak : sockets_)
            if (auto const socket = weak.lock()) socket->close();
        sockets_.clear();
    }
    void stop_listening() { acceptor_.close(); }

    static std::string ok(std::string body = "", int status = 200, std::string headers = "")
    {
        return "HTTP/1.1 " + std::to_string(status) + " Word\r\nContent-Length: " + std::to_string(body.size()) +
               "\r\n" + headers + "\r\n" + body;
    }

private:
    runtime::Task<void> accept_loop()
    {
        for (;;) {
            auto const socket =
                std::make_shared<runtime::Socket>(context_.get_executor()); // shared with close_connections()
            auto const [ec] = co_await acceptor_.async_accept(*socket, runtime::as_result);
            if (ec) co_return;
            ++connections_;
            sockets_.push_back(socket);
            tasks_.spawn("serve", serve(socket));
        }
    }

    runtime::Task<void> serve(std::shared_ptr<runtime::Socket> socket)
    {
        std::string buffer;
        for (;;) {
            auto dynamic = net::dynamic_buffer(buffer);
            auto const [ec, header_size] =
                co_await net::async_read_until(*socket, dynamic, "\r\n\r\n", runtime::as_result);
            if (ec) co_return;
            auto const whole = header_size + content_length(buffer.substr(0, header_size));
            while (buffer.size() < whole) {
                char chunk[4096];
                auto const [read_ec, n] = co_await socket->async_read_some(net::buffer(chunk), runtime::as_result);
                if (read_ec) co_return;
                buffer.append(chunk, n);
            }
            requests_.push_back(buffer.substr(0, whole));
            buffer.erase(0, whole);
            auto const answer = answer_(requests_.back());
            auto const [write_ec, written] =
                co_await net::async_write(*socket, net::buffer(answer.bytes), runtime::as_result);
            if (write_ec) co_return;
            if (answer.hang) {
                co_await socket->async_wait(runtime::Socket::wait_error, runtime::as_result);
                co_return;
            }
            if (answer.close) {
                socket->close();
                co_return;
            }
        }
    }

    static std::size_t content_length(std::string const& header)
    {
        auto const at = header.find("Content-Length: ");
        std::size_t length = 0;
        if (at != std::string::npos) std::from_chars(header.data() + at + 16, header.data() + header.size(), length);
        return length;
    }

    net::io_context& context_;
    Answer answer_;
    runtime::Acceptor acceptor_;
    runtime::TaskGroup tasks_;
    std::vector<std::string> requests_;
    std::vector<std::weak_ptr<runtime::Socket>> sockets_;
    unsigned connections_ = 0;
};

} // namespace support
