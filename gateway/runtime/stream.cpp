#include "gateway/runtime/stream.hpp"

#include "gateway/runtime/turns.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/ssl/error.hpp>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <new>
#include <string>

namespace runtime {

using boost::system::error_code;

namespace {

constexpr std::size_t record_bytes = 16u << 10;  // RFC 8446 §5.1

bool would_block(int error) noexcept { return error == EAGAIN || error == EWOULDBLOCK || error == EINTR; }
error_code last_error() noexcept { return {errno, boost::system::system_category()}; }

}  // namespace

// OpenSSL's own socket BIO writes with write(), which raises SIGPIPE, and does not tell an end from an error.
struct Stream::Wire {
    static int read(BIO* bio, char* room, int size)
    {
        auto& stream = *static_cast<Stream*>(BIO_get_data(bio));
        BIO_clear_retry_flags(bio);
        auto const got = ::recv(stream.handle_, room, static_cast<std::size_t>(size), 0);
        if (got == 0) stream.wire_error_ = net::ssl::error::stream_truncated;
        if (got >= 0) return static_cast<int>(got);
        if (would_block(errno)) BIO_set_retry_read(bio);
        stream.wire_error_ = last_error();
        return -1;
    }

    static int write(BIO* bio, char const* bytes, int size)
    {
        auto& stream = *static_cast<Stream*>(BIO_get_data(bio));
        BIO_clear_retry_flags(bio);
        auto const sent = ::send(stream.handle_, bytes, static_cast<std::size_t>(size), MSG_NOSIGNAL);
        if (sent >= 0) return static_cast<int>(sent);
        if (would_block(errno)) BIO_set_retry_write(bio);
        stream.wire_error_ = last_error();
        return -1;
    }

    static long control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

    static BIO_METHOD const* method()
    {
        static BIO_METHOD* const made = [] {  // for the life of the process
            auto* const m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket of a runtime::Stream");
            if (!m || BIO_meth_set_read(m, read) != 1 || BIO_meth_set_write(m, write) != 1 || BIO_meth_set_ctrl(m, control) != 1)
                throw std::bad_alloc{};
            return m;
        }();
        return made;
    }
};

void Stream::FreeSsl::operator()(SSL* ssl) const noexcept { SSL_free(ssl); }

void Stream::ready_context(SSL_CTX* context) noexcept
{
    SSL_CTX_set_read_ahead(context, 1);  // one recv takes as much as a record's buffer holds, not five bytes and then the rest
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
}

Stream::Stream(Socket socket, SSL_CTX* tls, Side side) : socket_{std::move(socket)}, handle_{socket_.native_handle()}
{
    error_code ignored;
    socket_.native_non_blocking(true, ignored);
    if (!tls) return;
    ssl_.reset(SSL_new(tls));
    auto* const bio = BIO_new(Wire::method());
    if (!ssl_ || !bio) {
        BIO_free(bio);
        throw std::bad_alloc{};
    }
    BIO_set_data(bio, this);
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl_.get(), bio, bio);  // takes it over
    if (side == Side::server) SSL_set_accept_state(ssl_.get());
    else SSL_set_connect_state(ssl_.get());
}

Stream::~Stream() = default;

// ---- Steps: what can be done without waiting ------------------------------------------------------------------------

Stream::Step Stream::plain_step(std::ptrdiff_t moved, Step would_block_wants, std::size_t& bytes)
{
    if (moved >= 0) {
        bytes = static_cast<std::size_t>(moved);
        return Step::done;
    }
    if (would_block(errno)) return would_block_wants;
    error_ = last_error();
    return Step::ended;
}

Stream::Step Stream::tls_step(int result)
{
    if (result > 0) return Step::done;
    switch (SSL_get_error(ssl_.get(), result)) {
        case SSL_ERROR_WANT_READ: return Step::want_read;
        case SSL_ERROR_WANT_WRITE: return Step::want_write;
        case SSL_ERROR_ZERO_RETURN: error_ = net::error::eof; return Step::ended;  // we may still write
        case SSL_ERROR_SYSCALL: error_ = wire_error_; break;
        default: error_ = {static_cast<int>(ERR_peek_error()), net::error::get_ssl_category()};
    }
    if (!error_) error_ = net::ssl::error::unexpected_result;
    usable_ = false;
    return Step::ended;
}

Stream::Step Stream::read_step(std::span<char> room, std::size_t& got)
{
    if (!ssl_) {
        auto const step = plain_step(::recv(handle_, room.data(), room.size(), 0), Step::want_read, got);
        if (step != Step::done || got > 0) return step;
        error_ = net::error::eof;
        return Step::ended;
    }
    ERR_clear_error();
    wire_error_.clear();
    auto const step = tls_step(SSL_read_ex(ssl_.get(), room.data(), room.size(), &got));
    untried_ = step == Step::done && SSL_has_pending(ssl_.get()) == 1;
    return step;
}

Stream::Step Stream::write_step(std::string_view bytes, std::size_t& sent)
{
    if (!ssl_) return plain_step(::send(handle_, bytes.data(), bytes.size(), MSG_NOSIGNAL), Step::want_write, sent);
    ERR_clear_error();
    wire_error_.clear();
    return tls_step(SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &sent));
}

std::optional<Stream::Read> Stream::read_now(std::span<char> room)
{
    Read read;
    auto const step = read_step(room, read.bytes);
    read_wants_ = step == Step::want_write ? Step::want_write : Step::want_read;
    if (step == Step::done) return read;
    if (step != Step::ended) return std::nullopt;
    read.error = error_;
    return read;
}

void Stream::rest() noexcept
{
    // OpenSSL itself keeps them while a record is half read or half written.
    if (ssl_ && usable_ && !untried_) SSL_free_buffers(ssl_.get());
}

// There is no call for it, but d2i of a session into one that exists replaces all it says: here by a session without a peer.
void Stream::forget_peer() noexcept
{
    if (!ssl_ || !usable_ || !SSL_get0_peer_certificate(ssl_.get())) return;
    auto* session = SSL_get0_session(ssl_.get());
    struct Free {
        void operator()(SSL_SESSION* made) const noexcept { SSL_SESSION_free(made); }
    };
    std::unique_ptr<SSL_SESSION, Free> const blank{SSL_SESSION_new()};
    std::array<unsigned char, 512> bytes;
    bool const written = blank && SSL_SESSION_get_max_fragment_length(session) == SSL_SESSION_get_max_fragment_length(blank.get()) &&
                         SSL_SESSION_set_protocol_version(blank.get(), SSL_SESSION_get_protocol_version(session)) == 1 &&
                         SSL_SESSION_set_cipher(blank.get(), SSL_SESSION_get0_cipher(session)) == 1 &&
                         i2d_SSL_SESSION(blank.get(), nullptr) <= static_cast<int>(bytes.size());
    if (!written) return;
    auto* end = bytes.data();
    auto const size = i2d_SSL_SESSION(blank.get(), &end);
    unsigned char const* at = bytes.data();
    if (auto* const chain = SSL_get_peer_cert_chain(ssl_.get()))
        while (auto* const certificate = sk_X509_pop(chain)) X509_free(certificate);
    d2i_SSL_SESSION(&session, &at, size);
}

// ---- Coroutines: steps and waits ------------------------------------------------------------------------------------

Task<error_code> Stream::wait(Step want)
{
    auto const [error] = co_await socket_.async_wait(want == Step::want_write ? Socket::wait_write : Socket::wait_read, as_result);
    co_return error;
}

Task<error_code> Stream::handshake(Turns* turns)
{
    while (ssl_ && !usable_) {
        if (turns) co_await turns->take("");
        ERR_clear_error();
        wire_error_.clear();
        auto const step = tls_step(SSL_do_handshake(ssl_.get()));
        if (step == Step::ended) co_return error_;
        if (step == Step::done) {
            usable_ = true;
            untried_ = SSL_has_pending(ssl_.get()) == 1;
            break;
        }
        auto const error = co_await wait(step);
        if (error) co_return error;
    }
    co_return error_code{};
}

Task<error_code> Stream::readable()
{
    if (untried_) co_return error_code{};
    rest();
    // As wait(), without another frame: connections spend their lives here.
    auto const [error] = co_await socket_.async_wait(read_wants_ == Step::want_write ? Socket::wait_write : Socket::wait_read, as_result);
    co_return error;
}

Task<Stream::Read> Stream::read_some(std::span<char> room)
{
    for (;;) {
        auto const read = read_now(room);
        if (read) co_return *read;
        Read failed;
        failed.error = co_await readable();
        if (failed.error) co_return failed;
    }
}

Task<error_code> Stream::read_more(ReadBuffer& buffer)
{
    for (;;) {
        auto const read = read_now(buffer.room());
        if (read) {
            buffer.commit(read->bytes);
            co_return read->error;
        }
        buffer.rest();
        auto const error = co_await readable();
        if (error) co_return error;
    }
}

Task<error_code> Stream::write(std::string_view bytes)
{
    while (!bytes.empty()) {
        std::size_t sent = 0;
        auto const step = write_step(bytes, sent);
        if (step == Step::ended) co_return error_;
        if (step == Step::done) {
            bytes.remove_prefix(sent);
            continue;
        }
        auto const error = co_await wait(step);
        if (error) co_return error;
    }
    co_return error_code{};
}

Task<error_code> Stream::write(std::string_view head, std::string_view body)
{
    if (ssl_) {
        auto const joined = head.size() < record_bytes ? std::min(body.size(), record_bytes - head.size()) : 0;
        std::string first;
        first.reserve(head.size() + joined);
        first.append(head).append(body.substr(0, joined));
        auto const error = co_await write(first);
        if (error) co_return error;
        co_return co_await write(body.substr(joined));
    }
    while (!head.empty()) {
        std::array<iovec, 2> parts{iovec{const_cast<char*>(head.data()), head.size()}, iovec{const_cast<char*>(body.data()), body.size()}};
        msghdr message{};
        message.msg_iov = parts.data();
        message.msg_iovlen = parts.size();
        std::size_t sent = 0;
        auto const step = plain_step(::sendmsg(handle_, &message, MSG_NOSIGNAL), Step::want_write, sent);
        if (step == Step::ended) co_return error_;
        if (step != Step::done) {
            auto const error = co_await wait(step);
            if (error) co_return error;
            continue;
        }
        auto const of_head = std::min(sent, head.size());
        head.remove_prefix(of_head);
        body.remove_prefix(sent - of_head);
    }
    co_return co_await write(body);
}

Task<error_code> Stream::shut()
{
    error_code error;
    while (ssl_ && usable_) {
        ERR_clear_error();
        wire_error_.clear();
        auto const said = SSL_shutdown(ssl_.get());
        if (said >= 0) break;  // 0: ours is sent, the peer's has not come
        auto const step = tls_step(said);
        if (step != Step::ended) error = co_await wait(step);
        if (step == Step::ended || error) break;
    }
    error_code ignored;
    socket_.shutdown(net::socket_base::shutdown_send, ignored);
    co_return error;
}

}  // namespace runtime
