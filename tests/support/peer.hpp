#pragma once

// The other ends of the senders of one-time passwords: an HTTP server that takes one request, a mail server that takes one
// message. Each on loopback with a thread of its own, and ended by its destructor.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

namespace support {

class Peer {
public:
    Peer() : listener_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)}
    {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        auto* const any = reinterpret_cast<sockaddr*>(&address);
        if (listener_ < 0 || ::bind(listener_, any, size) != 0 || ::listen(listener_, 4) != 0 || ::getsockname(listener_, any, &size) != 0)
            throw std::runtime_error("a test's peer cannot listen");
        port_ = ntohs(address.sin_port);
    }
    Peer(Peer const&) = delete;
    Peer& operator=(Peer const&) = delete;
    [[nodiscard]] std::uint16_t port() const { return port_; }

protected:
    ~Peer() { ::close(listener_); }
    // Called by every destructor of a kind, before what its thread uses goes away.
    void end()
    {
        ::shutdown(listener_, SHUT_RDWR);
        join();
    }
    template <class Serve>
    void start(Serve serve)
    {
        thread_ = std::thread{[this, serve] {
            auto const client = ::accept(listener_, nullptr, nullptr);
            if (client < 0) return;
            serve(client);
            ::close(client);
        }};
    }
    void join()
    {
        if (thread_.joinable()) thread_.join();
    }
    // More bytes, within five seconds. False: the peer ended, or is silent.
    static bool more(int client, std::string& into)
    {
        pollfd wait{client, POLLIN, 0};
        char bytes[4096];
        if (::poll(&wait, 1, 5000) <= 0) return false;
        auto const count = ::recv(client, bytes, sizeof bytes, 0);
        if (count <= 0) return false;
        into.append(bytes, static_cast<std::size_t>(count));
        return true;
    }
    static void say(int client, std::string_view text) { static_cast<void>(::send(client, text.data(), text.size(), MSG_NOSIGNAL)); }

private:
    int listener_;
    std::uint16_t port_ = 0;
    std::thread thread_;
};

// Reads one request and answers with these bytes; with none it stays silent until the client goes.
class HttpPeer : public Peer {
public:
    explicit HttpPeer(std::string answer) : answer_{std::move(answer)}
    {
        start([this](int client) { serve(client); });
    }
    ~HttpPeer() { end(); }
    [[nodiscard]] std::string request()
    {
        join();
        return request_;
    }

private:
    void serve(int client)
    {
        auto const whole = [this] {
            auto const end = request_.find("\r\n\r\n");
            auto const length = request_.find("Content-Length: ");
            return end != std::string::npos && length != std::string::npos && request_.size() >= end + 4 + std::stoul(request_.substr(length + 16));
        };
        while (!whole())
            if (!more(client, request_)) return;
        if (!answer_.empty()) return say(client, answer_);
        std::string ignored;
        while (more(client, ignored)) {
        }
    }
    std::string const answer_;
    std::string request_;
};

// Enough of RFC 5321 and RFC 4954 for one message; offers no STARTTLS.
class SmtpPeer : public Peer {
public:
    explicit SmtpPeer(std::string rcpt_reply = "250 ok") : rcpt_reply_{std::move(rcpt_reply)}
    {
        start([this](int client) { serve(client); });
    }
    ~SmtpPeer() { end(); }
    [[nodiscard]] std::string said()
    {
        join();
        return said_;
    }

private:
    void serve(int client)
    {
        say(client, "220 test ESMTP\r\n");
        std::string buffer;
        bool data = false;
        for (;;) {
            auto end = buffer.find("\r\n");
            while (end == std::string::npos) {
                if (!more(client, buffer)) return;
                end = buffer.find("\r\n");
            }
            auto const line = buffer.substr(0, end);
            buffer.erase(0, end + 2);
            said_ += line + "\n";
            if (data) {
                if (line == ".") data = false, say(client, "250 queued\r\n");
            } else if (line.starts_with("EHLO")) {
                say(client, "250-test\r\n250-AUTH PLAIN\r\n250 8BITMIME\r\n");
            } else if (line.starts_with("AUTH PLAIN")) {
                say(client, line.size() > 11 ? "235 welcome\r\n" : "334 \r\n");
            } else if (line.starts_with("RCPT")) {
                say(client, rcpt_reply_ + "\r\n");
            } else if (line == "DATA") {
                data = true;
                say(client, "354 go on\r\n");
            } else if (line == "QUIT") {
                return say(client, "221 bye\r\n");
            } else if (line.starts_with("MAIL")) {
                say(client, "250 ok\r\n");
            } else {
                say(client, "235 ok\r\n");  // what followed 334
            }
        }
    }
    std::string const rcpt_reply_;
    std::string said_;
};

}  // namespace support
