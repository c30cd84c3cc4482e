#pragma once

// A client that sends whatever bytes a test wants, over TCP or TLS, and reads answers one by one. Every wait is bounded
// by a time that only a hang reaches.
//
// Threads: one; calls block. Errors: std::runtime_error.

#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cctype>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace support {

struct RawAnswerRead {
    int status = 0;  // 0: the connection ended without an answer
    std::vector<std::pair<std::string, std::string>> fields;
    std::string body;
    [[nodiscard]] std::string_view field(std::string_view name) const
    {
        auto const same = [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == std::tolower(static_cast<unsigned char>(b)); };
        for (auto const& [known, value] : fields)
            if (std::ranges::equal(known, name, same)) return value;
        return {};
    }
    [[nodiscard]] bool says_close() const { return field("connection") == "close"; }
};

// How a client shows itself in TLS. The server's certificate is not looked at: these tests are about the server.
struct RawTls {
    std::string certificate_pem, key_pem;  // empty: none shown
    int version_max = 0;                   // TLS1_2_VERSION, …; 0: whatever is newest
    std::shared_ptr<SSL_SESSION> resume;
};

class RawHttp {
public:
    static constexpr std::chrono::seconds hang_after{20};

    explicit RawHttp(std::uint16_t port, std::optional<RawTls> tls = std::nullopt)
    {
        fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (fd_ < 0 || ::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) throw std::runtime_error("cannot connect");
        if (tls) start_tls(*tls);
    }
    RawHttp(RawHttp const&) = delete;
    RawHttp& operator=(RawHttp const&) = delete;
    ~RawHttp()
    {
        if (ssl_) SSL_shutdown(ssl_.get());  // without a close_notify OpenSSL would not resume the session
        ssl_.reset();
        ::close(fd_);
    }

    // False where the peer has closed: what it said before can still be read.
    bool send(std::string_view bytes)
    {
        while (!bytes.empty()) {
            auto const sent = ssl_ ? SSL_write(ssl_.get(), bytes.data(), static_cast<int>(std::min<std::size_t>(bytes.size(), 1u << 20)))
                                   : static_cast<int>(::send(fd_, bytes.data(), std::min<std::size_t>(bytes.size(), 1u << 20), MSG_NOSIGNAL));
            if (sent <= 0) return false;
            bytes.remove_prefix(static_cast<std::size_t>(sent));
        }
        return true;
    }
    void half_close() { ::shutdown(fd_, SHUT_WR); }

    // The next answer, 100 Continue among them. `to_head`: an answer to HEAD has a length and no body.
    RawAnswerRead read(bool to_head = false)
    {
        auto end = buffer_.find("\r\n\r\n");
        while (end == std::string::npos) {
            if (!more()) return {};
            end = buffer_.find("\r\n\r\n");
        }
        RawAnswerRead answer;
        parse_head(std::string_view{buffer_}.substr(0, end + 2), answer);
        buffer_.erase(0, end + 4);
        std::size_t length = 0;
        auto const text = answer.field("content-length");
        std::from_chars(text.data(), text.data() + text.size(), length);
        if (to_head || answer.status / 100 == 1) length = 0;
        while (buffer_.size() < length)
            if (!more()) throw std::runtime_error("the answer's body was cut short");
        answer.body = buffer_.substr(0, length);
        buffer_.erase(0, length);
        return answer;
    }

    RawAnswerRead ask(std::string_view bytes)
    {
        send(bytes);
        return read();
    }

    // Waits for the end of the connection and returns what came before it.
    std::string rest()
    {
        while (more()) {
        }
        return std::exchange(buffer_, {});
    }
    bool ended_silently() { return rest().empty(); }
    // Whether anything arrives within a short while. For "nothing yet" only: true is certain, false is not yet.
    bool anything_within(std::chrono::milliseconds wait)
    {
        if (!buffer_.empty()) return true;
        pollfd waiting{fd_, POLLIN, 0};
        return ::poll(&waiting, 1, static_cast<int>(wait.count())) > 0 && more();
    }

    [[nodiscard]] bool resumed() const { return SSL_session_reused(ssl_.get()) == 1; }
    [[nodiscard]] std::shared_ptr<SSL_SESSION> session() const { return {SSL_get1_session(ssl_.get()), SSL_SESSION_free}; }

private:
    static void parse_head(std::string_view text, RawAnswerRead& answer)
    {
        auto const line_end = text.find("\r\n");
        if (!text.starts_with("HTTP/1.1 ") || line_end < 12) throw std::runtime_error("not an answer: " + std::string{text.substr(0, 80)});
        std::from_chars(text.data() + 9, text.data() + 12, answer.status);
        text.remove_prefix(line_end + 2);
        while (!text.empty()) {
            auto const line = text.substr(0, text.find("\r\n"));
            text.remove_prefix(line.size() + 2);
            auto const colon = line.find(": ");
            if (colon == std::string_view::npos) throw std::runtime_error("not a field: " + std::string{line});
            answer.fields.emplace_back(line.substr(0, colon), line.substr(colon + 2));
        }
    }

    bool more()
    {
        char bytes[16384];
        if (!(ssl_ && SSL_pending(ssl_.get()) > 0)) {
            pollfd waiting{fd_, POLLIN, 0};
            auto const wait = std::chrono::milliseconds{hang_after}.count();
            if (::poll(&waiting, 1, static_cast<int>(wait)) <= 0) throw std::runtime_error("the server hangs");
        }
        auto const got = ssl_ ? SSL_read(ssl_.get(), bytes, sizeof bytes) : static_cast<int>(::recv(fd_, bytes, sizeof bytes, 0));
        if (got <= 0) return false;
        buffer_.append(bytes, static_cast<std::size_t>(got));
        return true;
    }

    void start_tls(RawTls const& tls)
    {
        std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> const context{SSL_CTX_new(TLS_client_method()), SSL_CTX_free};
        if (tls.version_max != 0) SSL_CTX_set_max_proto_version(context.get(), tls.version_max);
        if (!tls.certificate_pem.empty()) use_certificate(context.get(), tls);
        ssl_.reset(SSL_new(context.get()));
        SSL_set_fd(ssl_.get(), fd_);
        if (tls.resume) SSL_set_session(ssl_.get(), tls.resume.get());
        if (SSL_connect(ssl_.get()) != 1) throw std::runtime_error("the handshake failed");
    }

    static void use_certificate(SSL_CTX* context, RawTls const& tls)
    {
        auto const bio_of = [](std::string const& pem) {
            return std::unique_ptr<BIO, decltype(&BIO_free)>{BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), BIO_free};
        };
        std::unique_ptr<X509, decltype(&X509_free)> const certificate{
            PEM_read_bio_X509(bio_of(tls.certificate_pem).get(), nullptr, nullptr, nullptr), X509_free};
        std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> const key{
            PEM_read_bio_PrivateKey(bio_of(tls.key_pem).get(), nullptr, nullptr, nullptr), EVP_PKEY_free};
        if (SSL_CTX_use_certificate(context, certificate.get()) != 1 || SSL_CTX_use_PrivateKey(context, key.get()) != 1)
            throw std::runtime_error("unusable client certificate");
    }

    int fd_ = -1;
    std::unique_ptr<SSL, decltype(&SSL_free)> ssl_{nullptr, SSL_free};
    std::string buffer_;
};

}  // namespace support
