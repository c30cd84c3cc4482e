#include "gateway/runtime/http_client.hpp"

#include "signing/dev/issuer.hpp"
#include "tests/support/raw_server.hpp"
#include "tests/support/run_task.hpp"
#include "tests/support/temporary_directory.hpp"

#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/http/error.hpp>
#include <gtest/gtest.h>

#include <array>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace
{

using namespace std::chrono_literals;
using runtime::Deadline;
using runtime::HttpClient;
using runtime::HttpRequest;
using support::RawAnswer;
using support::RawServer;
using support::run_task;

HttpRequest get(std::string target = "/") { return {"GET", std::move(target), {}, ""}; }
HttpRequest post(std::string body) { return {"POST", "/v1/cases", {{"Case-Code", "1"}}, std::move(body)}; }

struct HttpClientTest : testing::Test {
    net::io_context context{1};

    boost::system::result<runtime::HttpResponse> ask(HttpClient& client, HttpRequest request, bool repeatable = true,
                                                     std::chrono::milliseconds budget = 5s)
    {
        return run_task(context, client.send(std::move(request), Deadline::after(budget), repeatable));
    }
    HttpClient client_of(RawServer const& server, std::size_t connections = 4, std::size_t response_bytes = 1000)
    {
        return HttpClient{context, {server.url(), "", "", "", connections, response_bytes, 1000ms}};
    }
};

TEST_F(HttpClientTest, SendsMethodTargetHeadersAndBodyAndReadsTheAnswer)
{
    RawServer server{context, [](auto&) { return RawAnswer{RawServer::ok("body", 201, "Location: /x\r\n")}; }};
    auto client = client_of(server);
    auto const answer = ask(client, post("hello"));
    ASSERT_TRUE(answer) << answer.error().message();
    EXPECT_EQ(answer->status, 201);
    EXPECT_EQ(answer->body, "body");
    EXPECT_EQ(answer->header("location"), "/x");
    ASSERT_EQ(server.requests().size(), 1u);
    auto const& request = server.requests().front();
    EXPECT_TRUE(request.starts_with("POST /v1/cases HTTP/1.1\r\n")) << request;
    EXPECT_NE(request.find("Case-Code: 1\r\n"), std::string::npos);
    EXPECT_NE(request.find("Host: 127.0.0.1:" + std::to_string(server.port()) + "\r\n"), std::string::npos);
    EXPECT_TRUE(request.ends_with("\r\n\r\nhello"));
}

TEST_F(HttpClientTest, KeepsAConnectionForTheNextRequest)
{
    RawServer server{context, [](auto&) { return RawAnswer{RawServer::ok()}; }};
    auto client = client_of(server);
    for (int n = 0; n < 3; ++n) ASSERT_TRUE(ask(client, get()));
    EXPECT_EQ(server.connections(), 1u);
    EXPECT_EQ(client.counts().reused, 2u);
    EXPECT_EQ(client.in_use(), 0u);
}

TEST_F(HttpClientTest, PutsThePathOfTheBaseBeforeEveryTarget)
{
    RawServer server{context, [](auto&) { return RawAnswer{RawServer::ok()}; }};
    HttpClient client{context, {server.url() + "/base/", "", "", "", 1, 1000, 1000ms}};
    ASSERT_TRUE(ask(client, get("/v1/x")));
    EXPECT_TRUE(server.requests().front().starts_with("GET /base/v1/x HTTP/1.1\r\n"));
}

TEST_F(HttpClientTest, TriesARepeatableRequestOnceMoreWhenAKeptConnectionDiesUnanswered)
{
    unsigned asked = 0;
    RawServer server{context, [&](auto&) {
                         ++asked;
                         return asked == 2 ? RawAnswer{"", true} : RawAnswer{RawServer::ok()};
                     }};
    auto client = client_of(server);
    ASSERT_TRUE(ask(client, post("1")));
    EXPECT_TRUE(ask(client, post("2")));
    EXPECT_EQ(asked, 3u);
    EXPECT_EQ(server.connections(), 2u);
}

TEST_F(HttpClientTest, NeverSendsTwiceWhatIsNotRepeatable)
{
    unsigned asked = 0;
    RawServer server{context, [&](auto&) {
                         ++asked;
                         return asked == 2 ? RawAnswer{"", true} : RawAnswer{RawServer::ok()};
                     }};
    auto client = client_of(server);
    ASSERT_TRUE(ask(client, post("1"), false));
    EXPECT_FALSE(ask(client, post("2"), false));
    EXPECT_EQ(asked, 2u);
}

TEST_F(HttpClientTest, NeverRepeatsWhatWasPartlyAnswered)
{
    unsigned asked = 0;
    RawServer server{
        context, [&](auto&) {
            ++asked;
            return asked == 2 ? RawAnswer{"HTTP/1.1 200 OK\r\nContent-Le", true} : RawAnswer{RawServer::ok()};
        }};
    auto client = client_of(server);
    ASSERT_TRUE(ask(client, post("1")));
    EXPECT_FALSE(ask(client, post("2")));
    EXPECT_EQ(asked, 2u);
}

TEST_F(HttpClientTest, NoticesAKeptConnectionThatTheServerClosed)
{
    RawServer server{context, [](auto&) { return RawAnswer{RawServer::ok()}; }};
    auto client = client_of(server);
    ASSERT_TRUE(ask(client, post("1"), false));
    server.close_connections();
    EXPECT_TRUE(ask(client, post("2"), false));
    EXPECT_EQ(server.connections(), 2u);
}

TEST_F(HttpClientTest, EndsAtTheDeadlineWhenTheServerSaysNothing)
{
    RawServer server{context, [](auto&) { return RawAnswer{"", false, true}; }};
    auto client = client_of(server);
    EXPECT_FALSE(ask(client, get(), true, 30ms));
    EXPECT_EQ(client.in_use(), 0u);
    EXPECT_EQ(server.requests().size(), 1u); // late is late: no second try
}

TEST_F(HttpClientTest, SendsBodiesOfAnySizeAsTheyAre)
{
    RawServer server{context, [](auto&) { return RawAnswer{RawServer::ok()}; }};
    auto client = client_of(server);
    for (std::size_t const size : {0u, 1u, 256u << 10, (256u << 10) + 1, 3u << 20}) {
        std::string body;
        for (std::size_t n = 0; n < size; ++n) body += static_cast<char>('a' + n * n % 23);
        ASSERT_TRUE(ask(client, post(body))) << size;
        auto const& request = server.requests().back();
        EXPECT_NE(request.find("Content-Length: " + std::to_string(size) + "\r\n"), std::string::npos);
        EXPECT_TRUE(request.ends_with("\r\n\r\n" + body)) << size;
    }
    EXPECT_EQ(server.connections(), 1u);
}

TEST_F(HttpClientTest, LengthAndHostAreItsOwnWhateverTheCallerSays)
{
    RawServer server{context, [](auto&) { return RawAnswer{RawServer::ok()}; }};
    auto client = client_of(server);
    ASSERT_TRUE(ask(client, {"POST", "/", {{"content-length", "1000000"}, {"HOST", "elsewhere"}}, "hello"}));
    auto const& request = server.requests().front();
    // A length of more digits than a port has: the Host line names the test's port.
    EXPECT_EQ(request.find("1000000"), std::string::npos) << request;
    EXPECT_NE(request.find("Content-Length: 5\r\n"), std::string::npos) << request;
    EXPECT_EQ(request.find("elsewhere"), std::string::npos) << request;
}

TEST_F(HttpClientTest, ReadsABodyThatEndsWithTheConnection)
{
    RawServer server{context, [](auto&) { return RawAnswer{"HTTP/1.1 200 OK\r\n\r\nto the end", true}; }};
    auto client = client_of(server);
    auto const answer = ask(client, get());
    ASSERT_TRUE(answer) << answer.error().message();
    EXPECT_EQ(answer->body, "to the end");
    ASSERT_TRUE(ask(client, get()));
    EXPECT_EQ(server.connections(), 2u);
}

TEST_F(HttpClientTest, RefusesAnAnswerThatBreaksOff)
{
    for (std::string const bytes : {"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", "HTTP/1.1 200 OK\r\nConte", ""}) {
        RawServer server{context, [&](auto&) { return RawAnswer{bytes, true}; }};
        auto client = client_of(server);
        EXPECT_FALSE(ask(client, get())) << bytes;
    }
}

TEST_F(HttpClientTest, ReadsNoBodyBehindTheAnswerToHead)
{
    RawServer server{context, [](auto&) { return RawAnswer{"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"}; }};
    auto client = client_of(server);
    for (int n = 0; n < 2; ++n) {
        auto const answer = ask(client, {"HEAD", "/", {}, ""});
        ASSERT_TRUE(answer) << answer.error().message();
        EXPECT_EQ(answer->body, "");
    }
    EXPECT_EQ(server.connections(), 1u);
}

TEST_F(HttpClientTest, RefusesAnAnswerBeyondItsBound)
{
    RawServer server{context, [](auto&) { return RawAnswer{RawServer::ok(std::string(2000, 'x'))}; }};
    auto client = client_of(server);
    EXPECT_FALSE(ask(client, get()));
}

TEST_F(HttpClientTest, RefusesAChunkedAnswerWithoutEnd)
{
    std::string endless = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (int n = 0; n < 50; ++n) endless += "40\r\n" + std::string(0x40, 'x') + "\r\n";
    RawServer server{context, [&](auto&) { return RawAnswer{endless, false, true}; }};
    auto client = client_of(server);
    EXPECT_FALSE(ask(client, get()));
}

TEST_F(HttpClientTest, RefusesAChunkHeaderWithoutEndBeforeItHasGrownLarge)
{
    auto const endless = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;" + std::string(1u << 20, 'x');
    RawServer server{context, [&](auto&) { return RawAnswer{endless, false, true}; }};
    auto client = client_of(server);
    auto const answer = ask(client, get());
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error(), boost::beast::http::error::buffer_overflow) << answer.error().message();
}

// Read in many pieces, none of which begins or ends with a line, a chunk or a TLS record.
TEST_F(HttpClientTest, ReadsAnAnswerLargerThanItsReadBufferChunkedOrNot)
{
    std::string body;
    for (std::size_t n = 0; body.size() < 1u << 20; ++n) body += std::to_string(n * n);
    std::string chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (std::size_t at = 0, size = 1; at < body.size(); at += size, size = size * 3 % 9001) {
        auto const piece = body.substr(at, size);
        std::array<char, 16> length{};
        chunked.append(length.data(), std::to_chars(length.data(), length.data() + length.size(), piece.size(), 16).ptr);
        chunked += "\r\n" + piece + "\r\n";
    }
    chunked += "0\r\n\r\n";
    for (auto const& bytes : {RawServer::ok(body), chunked}) {
        RawServer server{context, [&](auto&) { return RawAnswer{bytes}; }};
        auto client = client_of(server, 1, 4u << 20);
        for (int n = 0; n < 2; ++n) {
            auto const answer = ask(client, get());
            ASSERT_TRUE(answer) << answer.error().message();
            EXPECT_TRUE(answer->body == body);
        }
        EXPECT_EQ(server.connections(), 1u);
    }
}

TEST_F(HttpClientTest, RefusesWhatIsNotHttp)
{
    for (std::string const& bytes :
         {std::string{"SSH-2.0-x\r\n\r\n"}, std::string{"HTTP/1.1 abc OK\r\n\r\n"},
          std::string{"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n"},
          std::string{"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef"},
          "HTTP/1.1 200 OK\r\nX: " + std::string(100'000, 'y') + "\r\n\r\n", std::string(64, '\0')}) {
        RawServer server{context, [&](auto&) { return RawAnswer{bytes, true}; }};
        auto client = client_of(server);
        EXPECT_FALSE(ask(client, get())) << bytes.substr(0, 60);
    }
}

TEST_F(HttpClientTest, DoesNotTakeUnaskedBytesForTheNextAnswer)
{
    unsigned asked = 0;
    RawServer server{context, [&](auto&) {
                         return ++asked == 1 ? RawAnswer{RawServer::ok("one") + RawServer::ok("injected")}
                                             : RawAnswer{RawServer::ok("two")};
                     }};
    auto client = client_of(server);
    EXPECT_EQ(ask(client, get())->body, "one");
    EXPECT_EQ(ask(client, get())->body, "two");
    EXPECT_EQ(server.connections(), 2u);
}

TEST_F(HttpClientTest, ClosesTheConnectionWhereTheServerSaysSo)
{
    RawServer server{context, [](auto&) { return RawAnswer{RawServer::ok("", 200, "Connection: close\r\n")}; }};
    auto client = client_of(server);
    ASSERT_TRUE(ask(client, get()));
    ASSERT_TRUE(ask(client, get()));
    EXPECT_EQ(server.connections(), 2u);
}

TEST_F(HttpClientTest, RefusesALineBreakInAHeaderOrTarget)
{
    RawServer server{context, [](auto&) { return RawAnswer{RawServer::ok()}; }};
    auto client = client_of(server);
    HttpRequest request{"GET", "/", {{"Provider", "X\r\nEvil: 1"}}, ""};
    EXPECT_FALSE(ask(client, request));
    EXPECT_FALSE(ask(client, get("/x\r\nEvil: 1")));
    EXPECT_FALSE(ask(client, get("/x HTTP/1.0")));
    EXPECT_TRUE(server.requests().empty());
}

TEST_F(HttpClientTest, WaitsForAFreeConnectionAndHandsItOver)
{
    RawServer server{context, [](auto&) { return RawAnswer{RawServer::ok()}; }};
    auto client = client_of(server, 1);
    int answered = 0;
    for (int n = 0; n < 5; ++n) {
        auto done = [&answered](std::exception_ptr, boost::system::result<runtime::HttpResponse> answer) {
            answered += answer ? 1 : 0;
        };
        net::co_spawn(context.get_executor(), client.send(get(), Deadline::after(5s), true), std::move(done));
    }
    support::run_until(context, [&] { return answered == 5; });
    EXPECT_EQ(server.connections(), 1u);
    EXPECT_EQ(client.in_use(), 0u);
}

TEST_F(HttpClientTest, WaitingForAConnectionEndsAtTheDeadlineToo)
{
    RawServer server{context, [](auto&) { return RawAnswer{"", false, true}; }};
    auto client = client_of(server, 1);
    int ended = 0;
    auto done = [&ended](std::exception_ptr, boost::system::result<runtime::HttpResponse> answer) {
        ended += answer ? 0 : 1;
    };
    net::co_spawn(context.get_executor(), client.send(get(), Deadline::after(300ms), true), done);
    net::co_spawn(context.get_executor(), client.send(get(), Deadline::after(20ms), true), done);
    support::run_until(context, [&] { return ended == 2; });
    EXPECT_EQ(server.requests().size(), 1u);
    EXPECT_EQ(client.in_use(), 0u);
}

TEST_F(HttpClientTest, SaysThatNobodyListens)
{
    RawServer server{context, [](auto&) { return RawAnswer{}; }};
    auto client = client_of(server);
    server.stop_listening();
    auto const answer = ask(client, get());
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error(), net::error::connection_refused);
}

TEST_F(HttpClientTest, MayGoWhileACallIsUnderWay)
{
    RawServer server{context, [](auto&) { return RawAnswer{"", false, true}; }};
    bool ended = false;
    auto client =
        std::make_unique<HttpClient>(context, runtime::HttpClientConfig{server.url(), "", "", "", 1, 1000, 1000ms});
    auto done = [&ended](std::exception_ptr, boost::system::result<runtime::HttpResponse>) { ended = true; };
    net::co_spawn(context.get_executor(), client->send(get(), Deadline::after(50ms), true), std::move(done));
    support::run_until(context, [&] { return server.requests().size() == 1; });
    client.reset();
    support::run_until(context, [&] { return ended; });
}

TEST(HttpClientConfig, RefusesAnUnusableBaseAddress)
{
    net::io_context context;
    for (auto const* url : {"", "ftp://x", "http://", "http://:80", "http://x:", "http://x:99999", "http://x:8a",
                            "http://[::1", "127.0.0.1:80"}) {
        runtime::HttpClientConfig config;
        config.base_url = url;
        EXPECT_THROW((HttpClient{context, config}), std::runtime_error) << url;
    }
}

// TLS against a server of our own, with a development PKI.
struct HttpClientTls : HttpClientTest {
    support::TemporaryDirectory directory;
    signing::dev::Identity root, server_identity;

    std::string file(std::string const& name, std::string const& content)
    {
        auto const path = directory.path() / name;
        std::ofstream{path} << content;
        return path.string();
    }
    void SetUp() override
    {
        using Use = signing::dev::Request::Use;
        signing::dev::Request request;
        request.common_name = "Test root";
        request.use = Use::root;
        root = signing::dev::make_root(request);
        signing::dev::Request leaf;
        leaf.common_name = "localhost";
        leaf.use = Use::tls_server;
        leaf.dns_names = {"localhost"};
        leaf.ip_addresses = {"127.0.0.1"};
        server_identity = signing::dev::issue(root, leaf);
    }

    // Serves one connection: handshake, one request, one answer. Returns what it knows of the client.
    struct Served {
        bool handshake = false;
        bool client_certificate = false;
    };
    runtime::Task<void> serve_once(runtime::Acceptor& acceptor, net::ssl::context& tls, Served& served)
    {
        net::ssl::stream<runtime::Socket> stream{runtime::Socket{context.get_executor()}, tls};
        auto const [accept_ec] = co_await acceptor.async_accept(stream.next_layer(), runtime::as_result);
        if (accept_ec) co_return;
        auto const [ec] = co_await stream.async_handshake(net::ssl::stream_base::server, runtime::as_result);
        if (ec) co_return;
        served.handshake = true;
        std::string request;
        auto dynamic = net::dynamic_buffer(request);
        auto const [read_ec, size] = co_await net::async_read_until(stream, dynamic, "\r\n\r\n", runtime::as_result);
        if (read_ec) co_return;
        served.client_certificate = SSL_get0_peer_certificate(stream.native_handle()) != nullptr;
        auto const answer = RawServer::ok("secret");
        co_await net::async_write(stream, net::buffer(answer), runtime::as_result);
    }

    boost::system::result<runtime::HttpResponse> ask_over_tls(std::string const& host, std::string const& ca,
                                                              bool with_certificate, Served& served)
    {
        net::ssl::context tls{net::ssl::context::tls_server};
        tls.use_certificate_chain_file(file("server.pem", server_identity.certificate_pem));
        tls.use_private_key_file(file("server.key", server_identity.key_pem), net::ssl::context::pem);
        tls.load_verify_file(file("root.pem", root.certificate_pem));
        tls.set_verify_mode(with_certificate ? net::ssl::verify_peer | net::ssl::verify_fail_if_no_peer_cert
                                             : net::ssl::verify_none);
        net::ip::tcp::endpoint const endpoint{net::ip::address_v4::loopback(), 0};
        runtime::Acceptor acceptor{context.get_executor()};
        acceptor.open(endpoint.protocol());
        acceptor.bind(endpoint);
        acceptor.listen();

        runtime::HttpClientConfig config;
        config.base_url = "https://" + host + ":" + std::to_string(acceptor.local_endpoint().port());
        config.ca_file = ca;
        if (with_certificate) {
            signing::dev::Request leaf;
            leaf.common_name = "hub";
            leaf.use = signing::dev::Request::Use::tls_client;
            auto const identity = signing::dev::issue(root, leaf);
            config.certificate_file = file("client.pem", identity.certificate_pem);
            config.key_file = file("client.key", identity.key_pem);
        }
        bool over = false;
        net::co_spawn(context.get_executor(), serve_once(acceptor, tls, served),
                      [&](std::exception_ptr) { over = true; });
        HttpClient client{context, config};
        auto answer = ask(client, get());
        acceptor.close();
        support::run_until(context, [&] { return over; });
        return answer;
    }
};

TEST_F(HttpClientTls, ShowsItsCertificateAndTrustsTheGivenAnchor)
{
    Served served;
    auto const answer = ask_over_tls("127.0.0.1", file("ca.pem", root.certificate_pem), true, served);
    ASSERT_TRUE(answer) << answer.error().message();
    EXPECT_EQ(answer->body, "secret");
    EXPECT_TRUE(served.client_certificate);
}

TEST_F(HttpClientTls, ResolvesANameAndChecksItAgainstTheCertificate)
{
    Served served;
    auto const answer = ask_over_tls("localhost", file("ca.pem", root.certificate_pem), false, served);
    ASSERT_TRUE(answer) << answer.error().message();
}

TEST_F(HttpClientTls, RefusesAServerOfAnotherAnchor)
{
    signing::dev::Request request;
    request.common_name = "Other root";
    request.use = signing::dev::Request::Use::root;
    auto const other = signing::dev::make_root(request);
    Served served;
    EXPECT_FALSE(ask_over_tls("127.0.0.1", file("other.pem", other.certificate_pem), false, served));
}

TEST_F(HttpClientTls, RefusesACertificateForAnotherName)
{
    signing::dev::Request leaf;
    leaf.common_name = "other.example";
    leaf.use = signing::dev::Request::Use::tls_server;
    leaf.dns_names = {"other.example"};
    server_identity = signing::dev::issue(root, leaf);
    Served served;
    EXPECT_FALSE(ask_over_tls("127.0.0.1", file("ca.pem", root.certificate_pem), false, served));
}

TEST_F(HttpClientTls, SaysWhichFilesAreUnusable)
{
    runtime::HttpClientConfig config;
    config.base_url = "https://127.0.0.1:1";
    config.ca_file = (directory.path() / "missing.pem").string();
    try {
        HttpClient client{context, config};
        FAIL() << "a missing file was taken";
    } catch (std::runtime_error const& e) {
        EXPECT_NE(std::string{e.what()}.find("missing.pem"), std::string::npos) << e.what();
    }
}

} // namespace
