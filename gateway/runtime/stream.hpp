#pragma once

// One TCP connection, plain or either side of TLS, that holds no buffers while it waits.
//
// TLS is OpenSSL over the non-blocking socket itself: no pair of memory BIOs, and OpenSSL's own record buffers (about 34 KB)
// are given back whenever a read has to wait and nothing is half read. Who reads waits first and takes a buffer
// then (`read_now`, `readable`); the rest are coroutines over the same two steps.
//
// Threads: one core.
// Errors:  values. net::error::eof where the peer has ended properly, net::ssl::error::stream_truncated where TLS ended without
//          its close_notify (RFC 8446 §6.1), OpenSSL's own under net::error::get_ssl_category(). After one, only shut() is left.
// Cancel:  through the coroutine or by cancelling socket(): a wait ends with operation_aborted, and the stream is as before, but for a
//          write, of which a part may have gone.
// Bounds:  none of time: the caller's Watchdog holds socket().

#include "gateway/runtime/read_buffer.hpp"
#include "gateway/runtime/task.hpp"

#include <openssl/types.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

namespace runtime {

class Turns;

class Stream {
public:
    enum class Side { server, client };  // of TLS
    // `tls` null: plain. Else the context's settings count; ready_context() has been called with it. A client names the server it
    // wants in tls() before the handshake.
    explicit Stream(Socket socket, SSL_CTX* tls = nullptr, Side side = Side::server);
    Stream(Stream const&) = delete;  // OpenSSL and waits under way hold its address
    Stream& operator=(Stream const&) = delete;
    ~Stream();

    // What a context needs so that its streams are frugal: reads of whole records at once, partial writes, no cache of sessions (tickets
    // resume them; each session kept would hold a certificate).
    static void ready_context(SSL_CTX* context) noexcept;

    // Must end well before anything is read or written. Plain: nothing to do. With `turns`, each step of it waits for its turn, in a line
    // without a party.
    Task<boost::system::error_code> handshake(Turns* turns = nullptr);

    struct Read {
        std::size_t bytes = 0;  // more than 0 unless there is an error
        boost::system::error_code error;
    };
    // What is here already, from TLS or the socket. Nothing: readable() has to be awaited first.
    [[nodiscard]] std::optional<Read> read_now(std::span<char> room);
    // Ends when read_now() is worth another try, at once where TLS has bytes of the peer left that were not tried yet.
    Task<boost::system::error_code> readable();
    // Gives back what buffers TLS can do without until the next byte comes or goes. readable() does so too before it waits.
    void rest() noexcept;
    // Lets the peer's certificates go, which TLS would hold to the end (5 KB and more): whoever wants to know them has asked. From now on
    // the connection has no peer and no session that could be resumed; tickets were written with the handshake. Nothing where the
    // peer has bound the size of records (RFC 6066 §4), because the session is what knows it. REQUIRES: a context without a cache of sessions.
    void forget_peer() noexcept;
    // read_now() and readable() in turn.
    Task<Read> read_some(std::span<char> room);
    // The same, behind what the buffer holds; while it waits with an empty one, the block is given back. REQUIRES: not full.
    Task<boost::system::error_code> read_more(ReadBuffer& buffer);
    // All of it.
    Task<boost::system::error_code> write(std::string_view bytes);
    // Both, one behind the other: in one call of the kernel, or in TLS without a record for the first alone.
    Task<boost::system::error_code> write(std::string_view head, std::string_view body);
    // Says that nothing more comes: TLS close_notify (the peer's is not waited for), then FIN. Without a finished handshake, or
    // after an error, FIN alone.
    Task<boost::system::error_code> shut();

    [[nodiscard]] Socket& socket() noexcept { return socket_; }
    [[nodiscard]] SSL* tls() const noexcept { return ssl_.get(); }  // null: plain

private:
    enum class Step { done, want_read, want_write, ended };  // ended: error_ says how
    struct Wire;                                             // what OpenSSL reads from and writes to
    struct FreeSsl {
        void operator()(SSL* ssl) const noexcept;
    };

    Step read_step(std::span<char> room, std::size_t& got);
    Step write_step(std::string_view bytes, std::size_t& sent);
    Step plain_step(std::ptrdiff_t moved, Step would_block, std::size_t& bytes);
    Step tls_step(int result);
    Task<boost::system::error_code> wait(Step want);

    Socket socket_;
    int handle_;
    std::unique_ptr<SSL, FreeSsl> ssl_;
    boost::system::error_code error_;
    boost::system::error_code wire_error_;  // what recv or send below OpenSSL said last
    Step read_wants_ = Step::want_read;     // TLS may have to write before it can read
    bool untried_ = false;                  // OpenSSL may hold bytes of the peer that no read has looked at
    bool usable_ = false;                   // TLS: the handshake is done and nothing has failed since
};

}  // namespace runtime
