#include "gateway/runtime/stream.hpp"
#include "signing/dev/issuer.hpp"
#include "tests/support/free_by.hpp"
#include "tests/support/pki.hpp"
#include "tests/support/run_task.hpp"

#include <boost/asio/ssl/error.hpp>
#include <boost/asio/write.hpp>

#include <gtest/gtest.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <malloc.h>

#include <array>
#include <functional>

namespace runtime {
namespace {

using boost::system::error_code;

using support::FreeBy;
using Context = std::unique_ptr<SSL_CTX, FreeBy<SSL_CTX_free>>;
using Ssl = std::unique_ptr<SSL, FreeBy<SSL_free>>;
using Bio = std::unique_ptr<BIO, FreeBy<BIO_free>>;

Context server_context()
{
    auto const& pki = support::Pki::shared();
    signing::dev::Request request;
    request.common_name = "localhost";
    request.use = signing::dev::Request::Use::tls_server;
    auto const identity = signing::dev::issue(pki.issuing_ca, request);
    Context made{SSL_CTX_new(TLS_server_method())};
    auto const bio_of = [](std::string const& pem) { return Bio{BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()))}; };
    std::unique_ptr<X509, FreeBy<X509_free>> const certificate{PEM_read_bio_X509(bio_of(identity.certificate_pem).get(), nullptr, nullptr, nullptr)};
    std::unique_ptr<EVP_PKEY, FreeBy<EVP_PKEY_free>> const key{PEM_read_bio_PrivateKey(bio_of(identity.key_pem).get(), nullptr, nullptr, nullptr)};
    SSL_CTX_use_certificate(made.get(), certificate.get());
    SSL_CTX_use_PrivateKey(made.get(), key.get());
    SSL_CTX_set_options(made.get(), SSL_OP_NO_RENEGOTIATION);
    Stream::ready_context(made.get());
    return made;
}

// The other end: OpenSSL over memory, so that a test decides when and in what pieces its bytes travel.
class Peer {
public:
    Peer(Socket socket, int version_max) : socket_{std::move(socket)}
    {
        socket_.non_blocking(true);
        if (version_max == 0) return;
        context_.reset(SSL_CTX_new(TLS_client_method()));
        SSL_CTX_set_max_proto_version(context_.get(), version_max);
        ssl_.reset(SSL_new(context_.get()));
        in_ = BIO_new(BIO_s_mem());
        out_ = BIO_new(BIO_s_mem());
        SSL_set_bio(ssl_.get(), in_, out_);
        SSL_set_connect_state(ssl_.get());
    }

    [[nodiscard]] SSL* ssl() const { return ssl_.get(); }
    [[nodiscard]] Socket& socket() { return socket_; }

    void say(std::string_view bytes)
    {
        if (ssl_)
            ASSERT_EQ(SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size())), static_cast<int>(bytes.size()));
        else
            outgoing_ += bytes;
    }
    // Lets `bytes` of what is to be sent go, or as much as the socket takes.
    void send(std::size_t bytes = std::string::npos)
    {
        collect();
        error_code ignored;
        auto const sent = socket_.write_some(net::buffer(outgoing_.data(), std::min(bytes, outgoing_.size())), ignored);
        outgoing_.erase(0, sent);
    }
    [[nodiscard]] std::size_t unsent()
    {
        collect();
        return outgoing_.size();
    }
    // Takes what has come; TLS makes progress by it. What it reads is added to heard.
    void listen()
    {
        std::array<char, 16384> bytes;
        for (;;) {
            error_code error;
            auto const got = socket_.read_some(net::buffer(bytes), error);
            if (error == net::error::eof) ended = true;
            if (got == 0) break;
            if (ssl_)
                BIO_write(in_, bytes.data(), static_cast<int>(got));
            else
                heard.append(bytes.data(), got);
        }
        if (!ssl_) return;
        ERR_clear_error();
        if (SSL_do_handshake(ssl_.get()) != 1) return;
        for (int got = 0; (got = SSL_read(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()))) > 0;)
            heard.append(bytes.data(), static_cast<std::size_t>(got));
    }

    std::string heard;
    bool ended = false;

private:
    void collect()
    {
        std::array<char, 16384> bytes;
        for (int got = 0; ssl_ && (got = BIO_read(out_, bytes.data(), static_cast<int>(bytes.size()))) > 0;)
            outgoing_.append(bytes.data(), static_cast<std::size_t>(got));
    }

    Socket socket_;
    Context context_;
    Ssl ssl_;
    BIO *in_ = nullptr, *out_ = nullptr;  // of ssl_
    std::string outgoing_;
};

// A stream and its peer on one thread. Version 0: plain.
struct Line {
    explicit Line(int version = TLS1_3_VERSION) : tls{version == 0 ? nullptr : server_context()}
    {
        Acceptor acceptor{context.get_executor(), net::ip::tcp::endpoint{net::ip::address_v4::loopback(), 0}};
        Socket far{context.get_executor()}, near{context.get_executor()};
        far.open(net::ip::tcp::v4());
        far.set_option(net::socket_base::receive_buffer_size{64 << 10});
        far.connect(acceptor.local_endpoint());
        acceptor.accept(near);
        near.set_option(net::socket_base::send_buffer_size{64 << 10});
        stream.emplace(std::move(near), tls.get());
        peer.emplace(std::move(far), version);
    }

    // Runs the stream's task to its end; in between `meanwhile` is the peer's turn.
    template <class T>
    T run(Task<T> task, std::function<void()> meanwhile)
    {
        std::optional<T> result;
        auto done = [&result](std::exception_ptr surprise, T value) {
            if (surprise) std::rethrow_exception(surprise);
            result.emplace(std::move(value));
        };
        net::co_spawn(context.get_executor(), std::move(task), std::move(done));
        auto const limit = std::chrono::steady_clock::now() + support::hang_after;
        while (!result) {
            if (std::chrono::steady_clock::now() > limit) throw std::runtime_error("the test hangs");
            turn();
            if (!result) meanwhile();
        }
        return std::move(*result);
    }
    template <class T>
    T run(Task<T> task)
    {
        return run(std::move(task), [this] {
            peer->listen();
            peer->send();
        });
    }
    void shake_hands()
    {
        ASSERT_FALSE(run(stream->handshake()));
        peer->listen();
    }
    std::string read(std::size_t room)
    {
        std::string text(room, '\0');
        auto const got = run(stream->read_some(text));
        error = got.error;
        text.resize(got.bytes);
        return text;
    }
    void turn()
    {
        context.restart();
        context.poll();
    }
    // What the peer hears, once it is so much: loopback takes its time too.
    std::string heard(std::size_t bytes)
    {
        auto const limit = std::chrono::steady_clock::now() + support::hang_after;
        while (peer->heard.size() < bytes && std::chrono::steady_clock::now() < limit) peer->listen();
        return std::exchange(peer->heard, {});
    }
    bool hears_the_end()
    {
        auto const limit = std::chrono::steady_clock::now() + support::hang_after;
        while (!peer->ended && std::chrono::steady_clock::now() < limit) peer->listen();
        return peer->ended;
    }
    // A task that is not waited for.
    void begin(Task<error_code> task, std::optional<error_code>& result)
    {
        auto done = [&result](std::exception_ptr, error_code value) { result = value; };
        net::co_spawn(context.get_executor(), std::move(task), std::move(done));
        turn();
    }

    Context tls;
    net::io_context context{1};
    std::optional<Stream> stream;
    std::optional<Peer> peer;
    error_code error;  // of the last read()
};

class Streams : public testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(PlainAndTls, Streams, testing::Values(0, TLS1_2_VERSION, TLS1_3_VERSION), [](auto const& one) {
    return one.param == 0 ? "Plain" : one.param == TLS1_2_VERSION ? "Tls12" : "Tls13";
});

TEST_P(Streams, WhatOneEndSaysTheOtherHears)
{
    Line line{GetParam()};
    line.shake_hands();
    line.peer->say("xin chào");
    EXPECT_EQ(line.read(100), "xin chào");
    EXPECT_FALSE(line.run(line.stream->write("chào bạn")));
    EXPECT_EQ(line.heard(9), "chào bạn");
}

TEST_P(Streams, ReadNowNeverWaits)
{
    Line line{GetParam()};
    line.shake_hands();
    std::array<char, 8> room;
    EXPECT_FALSE(line.stream->read_now(room));
    line.peer->say("x");
    line.peer->send();
    EXPECT_FALSE(line.run(line.stream->readable(), [] {}));
    auto const read = line.stream->read_now(room);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->bytes, 1u);
}

TEST_P(Streams, ALargeMessageIsHeldUpByASlowReaderAndArrivesWhole)
{
    Line line{GetParam()};
    line.shake_hands();
    std::string large(3u << 20, '\0');
    for (std::size_t i = 0; i < large.size(); ++i) large[i] = static_cast<char>(i * 31 >> 3);
    std::optional<error_code> written;
    line.begin(line.stream->write(large), written);
    EXPECT_FALSE(written) << "nobody reads yet";
    while (!written) {
        line.peer->listen();
        line.turn();
    }
    EXPECT_FALSE(*written);
    EXPECT_TRUE(line.heard(large.size()) == large);
}

TEST_P(Streams, ALargeBodyIsReadInWhateverPiecesItComes)
{
    Line line{GetParam()};
    line.shake_hands();
    std::string large(3u << 20, '\0'), heard;
    for (std::size_t i = 0; i < large.size(); ++i) large[i] = static_cast<char>(i * 17 >> 2);
    for (std::size_t at = 0; at < large.size(); at += 100'000) line.peer->say(std::string_view{large}.substr(at, 100'000));
    while (heard.size() < large.size()) {
        auto const piece = line.read(heard.size() % 3 == 0 ? 777 : 50'000);
        ASSERT_FALSE(piece.empty()) << line.error.message();
        heard += piece;
    }
    EXPECT_TRUE(heard == large);
}

TEST_P(Streams, AProperEndIsEofAndTheAnswerStillGoesOut)
{
    Line line{GetParam()};
    line.shake_hands();
    if (line.peer->ssl()) SSL_shutdown(line.peer->ssl());
    line.peer->send();
    line.peer->socket().shutdown(net::socket_base::shutdown_send);
    EXPECT_EQ(line.read(10), "");
    EXPECT_EQ(line.error, net::error::eof);
    EXPECT_FALSE(line.run(line.stream->write("still here")));
    EXPECT_FALSE(line.run(line.stream->shut()));
    EXPECT_TRUE(line.hears_the_end());
    EXPECT_EQ(line.peer->heard, "still here");
    if (line.peer->ssl()) { EXPECT_TRUE(SSL_get_shutdown(line.peer->ssl()) & SSL_RECEIVED_SHUTDOWN); }
}

TEST_P(Streams, ShutSaysTheEndWithoutWaitingForThePeers)
{
    Line line{GetParam()};
    line.shake_hands();
    EXPECT_FALSE(line.run(line.stream->shut(), [] { ADD_FAILURE() << "it waited"; }));
    EXPECT_TRUE(line.hears_the_end());
    if (line.peer->ssl()) { EXPECT_EQ(SSL_get_shutdown(line.peer->ssl()), SSL_RECEIVED_SHUTDOWN); }
}

TEST_P(Streams, ACancelledWaitLeavesTheStreamAsItWas)
{
    Line line{GetParam()};
    line.shake_hands();
    std::optional<error_code> waited;
    line.begin(line.stream->readable(), waited);
    EXPECT_FALSE(waited);
    line.stream->socket().cancel();
    line.turn();
    EXPECT_EQ(waited, net::error::operation_aborted);
    line.peer->say("after");
    EXPECT_EQ(line.read(10), "after");
}

TEST_P(Streams, WritingToAPeerThatHasGoneIsAnErrorAndNoSignal)
{
    Line line{GetParam()};
    line.shake_hands();
    line.peer->socket().set_option(net::socket_base::linger{true, 0});  // a reset
    line.peer->socket().close();
    auto const writing = [&]() -> Task<error_code> {
        error_code error;
        for (int i = 0; i < 10 && !error; ++i) error = co_await line.stream->write(std::string(100'000, 'x'));
        co_return error;
    };
    EXPECT_TRUE(line.run(writing(), [] {}));
    EXPECT_NO_THROW(line.run(line.stream->shut(), [] {}));
}

class TlsStreams : public Streams {};
INSTANTIATE_TEST_SUITE_P(Versions, TlsStreams, testing::Values(TLS1_2_VERSION, TLS1_3_VERSION), [](auto const& one) {
    return one.param == TLS1_2_VERSION ? "Tls12" : "Tls13";
});

TEST_P(TlsStreams, ARecordInPiecesIsReadOnceItIsWhole)
{
    Line line{GetParam()};
    line.shake_hands();
    line.peer->say("a record");
    std::array<char, 100> room;
    while (line.peer->unsent() > 1) {
        line.peer->send(1);
        EXPECT_FALSE(line.run(line.stream->readable(), [] {}));
        EXPECT_FALSE(line.stream->read_now(room));
    }
    line.peer->send();
    EXPECT_EQ(line.read(100), "a record");
}

TEST_P(TlsStreams, HandshakesComeInAnyPieces)
{
    Line line{GetParam()};
    auto const dribble = [&] {
        line.peer->listen();
        line.peer->send(7);
    };
    EXPECT_FALSE(line.run(line.stream->handshake(), dribble));
    EXPECT_STREQ(SSL_get_version(line.stream->tls()), GetParam() == TLS1_2_VERSION ? "TLSv1.2" : "TLSv1.3");
}

// The socket has nothing more to say about them.
TEST_P(TlsStreams, BytesThatOpenSslHoldsAreNotWaitedFor)
{
    Line line{GetParam()};
    line.shake_hands();
    line.peer->say("first");
    line.peer->say("second");
    line.peer->send();
    auto const nothing_comes = [] { ADD_FAILURE() << "it waited for the socket"; };
    std::string heard;
    for (int reads = 0; heard != "firstsecond" && reads < 20; ++reads) {
        EXPECT_FALSE(line.run(line.stream->readable(), reads == 0 ? std::function<void()>{[] {}} : nothing_comes));
        std::array<char, 3> room;
        auto const read = line.stream->read_now(room);
        ASSERT_TRUE(read);
        heard.append(room.data(), read->bytes);
    }
    EXPECT_EQ(heard, "firstsecond");
    line.stream->rest();
    line.peer->say("third");
    EXPECT_EQ(line.read(100), "third");
}

// A client may send its request with the last message of its handshake.
TEST_P(TlsStreams, WhatComesWithTheHandshakesEndIsNotWaitedFor)
{
    Line line{GetParam()};
    auto const say_at_once = [&] {
        bool const before = SSL_is_init_finished(line.peer->ssl()) == 1;
        line.peer->listen();
        if (!before && SSL_is_init_finished(line.peer->ssl()) == 1) line.peer->say("at once");
        line.peer->send();
    };
    ASSERT_FALSE(line.run(line.stream->handshake(), say_at_once));
    if (GetParam() == TLS1_2_VERSION) {  // there the server speaks last
        line.peer->listen();
        line.peer->say("at once");
        line.peer->send();
    }
    EXPECT_FALSE(line.run(line.stream->readable()));
    std::array<char, 100> room;
    auto const read = line.stream->read_now(room);
    ASSERT_TRUE(read);
    EXPECT_EQ(std::string_view(room.data(), read->bytes), "at once");
}

TEST_P(TlsStreams, AnEndWithoutCloseNotifyIsTruncation)
{
    Line line{GetParam()};
    line.shake_hands();
    line.peer->socket().shutdown(net::socket_base::shutdown_send);
    EXPECT_EQ(line.read(10), "");
    EXPECT_EQ(line.error, net::ssl::error::stream_truncated);
    EXPECT_FALSE(line.run(line.stream->shut(), [] {})) << "FIN alone";
}

TEST_P(TlsStreams, AByteChangedOnTheWayEndsIt)
{
    Line line{GetParam()};
    line.shake_hands();
    net::write(line.peer->socket(), net::buffer(std::string{"\x17\x03\x03\x00\x20", 5} + std::string(32, 'x')));
    EXPECT_EQ(line.read(10), "");
    EXPECT_EQ(line.error.category(), net::error::get_ssl_category());
}

TEST_P(TlsStreams, WhatIsNoTlsFailsTheHandshake)
{
    Line line{GetParam()};
    net::write(line.peer->socket(), net::buffer(std::string{"GET / HTTP/1.1\r\nHost: a\r\n\r\n"}));
    auto const error = line.run(line.stream->handshake(), [] {});
    EXPECT_EQ(error.category(), net::error::get_ssl_category());
    EXPECT_FALSE(line.run(line.stream->shut(), [] {}));
}

TEST_P(TlsStreams, AHandshakeCanBeCancelledAndSoCanItsEnd)
{
    Line line{GetParam()};
    std::optional<error_code> shaken;
    line.begin(line.stream->handshake(), shaken);
    line.peer->listen();
    line.peer->send(50);
    line.turn();
    EXPECT_FALSE(shaken);
    line.stream->socket().cancel();
    line.turn();
    EXPECT_EQ(shaken, net::error::operation_aborted);
    EXPECT_FALSE(line.run(line.stream->shut(), [] {}));
}

TEST_P(TlsStreams, APeerThatLeavesInTheHandshakeIsTruncation)
{
    Line line{GetParam()};
    line.peer->listen();
    line.peer->send(50);
    line.peer->socket().shutdown(net::socket_base::shutdown_send);
    EXPECT_EQ(line.run(line.stream->handshake(), [] {}), net::ssl::error::stream_truncated);
}

// RFC 8446 §4.6.3: whoever is asked for new keys answers with new keys before its next data.
TEST(TlsStream, NewKeysOfThePeerAreAnsweredWithNewKeys)
{
    Line line{TLS1_3_VERSION};
    line.shake_hands();
    for (int i = 0; i < 3; ++i) {
        ASSERT_EQ(SSL_key_update(line.peer->ssl(), SSL_KEY_UPDATE_REQUESTED), 1);
        line.peer->say("under new keys");
        EXPECT_EQ(line.read(100), "under new keys");
        line.stream->rest();
        EXPECT_FALSE(line.run(line.stream->write("here too")));
        EXPECT_EQ(line.heard(8), "here too");
    }
}

TEST(TlsStream, RenegotiationIsNotDone)
{
    Line line{TLS1_2_VERSION};
    line.shake_hands();
    ASSERT_EQ(SSL_renegotiate(line.peer->ssl()), 1);
    SSL_do_handshake(line.peer->ssl());
    line.peer->send();
    std::array<char, 100> room;
    EXPECT_FALSE(line.run(line.stream->readable()));
    EXPECT_FALSE(line.stream->read_now(room)) << "refused with a warning, and nothing to read";
    auto const limit = std::chrono::steady_clock::now() + support::hang_after;
    while (ERR_peek_last_error() == 0 && std::chrono::steady_clock::now() < limit) line.peer->listen();
    EXPECT_EQ(ERR_GET_REASON(ERR_peek_last_error()), SSL_R_NO_RENEGOTIATION);
    line.peer->socket().close();
    EXPECT_EQ(line.read(10), "");
    EXPECT_TRUE(line.error);
}

TEST(TlsStream, WhoWaitsHoldsNoRecordBuffers)
{
    Line line;
    line.shake_hands();
    line.peer->say(std::string(10'000, 'x'));
    EXPECT_EQ(line.read(20'000).size(), 10'000u);
    auto const before = mallinfo2().uordblks;
    if (before == 0) GTEST_SKIP() << "this allocator does not count";
    std::optional<error_code> waited;
    line.stream->rest();
    auto const at_rest = mallinfo2().uordblks;
    EXPECT_GE(before - at_rest, 16u << 10) << "the buffer of a record";
    line.begin(line.stream->readable(), waited);
    EXPECT_LT(mallinfo2().uordblks, at_rest + (4u << 10)) << "a wait takes a frame and no buffer";
    line.stream->socket().cancel();
    line.turn();
    EXPECT_TRUE(waited);
}

}  // namespace
}  // namespace runtime
