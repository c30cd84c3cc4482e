#include "tests/support/http_hub.hpp"
#include "tests/support/pack.hpp"
#include "tests/support/pki.hpp"
#include "tests/support/raw_http.hpp"

#include "signing/certificate.hpp"

#include <boost/json/parse.hpp>

#include <gtest/gtest.h>

#include <fstream>

namespace intake {
namespace {

using namespace std::chrono_literals;
using runtime::Task;
using support::HttpHub;
using support::RawHttp;
using support::RawTls;

std::string const key = "a-bearer-key-of-the-tests";
std::string const bearer = "Authorization: Bearer " + key + "\r\n";

Task<Reply> echo(Request request)
{
    auto reply = Reply::json(200, request.body);
    reply.content_type = "application/octet-stream";
    reply.headers.emplace_back("Path-Parameter", request.path_parameter);
    reply.headers.emplace_back("Provider", request.admitted ? request.admitted->provider().code : "");
    co_return reply;
}

Task<Reply> throws(Request)
{
    throw std::runtime_error("a surprise");
    co_return Reply{};
}

Route route(std::string method, std::string path, decltype(Route::handle) handle)
{
    Route made;
    made.method = std::move(method);
    made.path = std::move(path);
    made.handle = std::move(handle);
    return made;
}

// /echo/{id} and /throw are open; /party wants a provider and counts quota; /backend is the backend's.
std::vector<Route> routes()
{
    auto post = route("POST", "/echo/{id}", echo);
    post.body = true;
    auto party = route("POST", "/party", echo);
    party.body = true;
    party.access = Access::party;
    party.roles = {providers::Role::provider, providers::Role::portal};
    party.counts_quota = true;
    auto backend = route("POST", "/backend", echo);
    backend.body = true;
    backend.access = Access::party;
    backend.roles = {providers::Role::backend};
    return {route("GET", "/echo/{id}", echo), route("GET", "/throw", throws), post, party, backend};
}

providers::Provider provider()
{
    providers::Provider made;
    made.code = "VNPT";
    made.key_hashes = {signing::hex(signing::sha256(key))};
    made.contract_from = std::chrono::sys_days{std::chrono::year{2015} / 1 / 1};
    return made;
}

HttpHub::Options options()
{
    HttpHub::Options made;
    made.routes = routes();
    made.providers = {provider()};
    return made;
}

std::string post(std::string_view path, std::string_view body, std::string_view fields = {})
{
    return "POST " + std::string{path} + " HTTP/1.1\r\nHost: hub\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
           std::string{fields} + "\r\n" + std::string{body};
}
std::string get(std::string_view path, std::string_view fields = {})
{
    return "GET " + std::string{path} + " HTTP/1.1\r\nHost: hub\r\n" + std::string{fields} + "\r\n";
}
std::string code_in(support::RawAnswerRead const& answer)
{
    EXPECT_EQ(answer.field("content-type"), "application/problem+json");
    auto const problem = boost::json::parse(answer.body).as_object();
    EXPECT_EQ(problem.at("status").as_int64(), answer.status);
    EXPECT_EQ(problem.at("trace_id").as_string(), std::string{answer.field("trace-id")});
    return std::string{problem.at("code").as_string()};
}
// The connection still serves: what a test of refusals ends with.
void expect_alive(RawHttp& client)
{
    auto const answer = client.ask(get("/echo/alive"));
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.field("path-parameter"), "alive");
}
void expect_served(HttpHub& hub)
{
    RawHttp client{hub.port()};
    expect_alive(client);
    EXPECT_TRUE(hub.surprises().empty());
}

TEST(Session, ServesRequestsOneAfterTheOtherOnOneConnection)
{
    HttpHub hub{options()};
    RawHttp client{hub.port()};
    for (int i = 0; i < 3; ++i) {
        auto const answer = client.ask(post("/echo/" + std::to_string(i), "body " + std::to_string(i)));
        EXPECT_EQ(answer.status, 200);
        EXPECT_EQ(answer.body, "body " + std::to_string(i));
        EXPECT_EQ(answer.field("server"), "ivan-hub");
        EXPECT_EQ(answer.field("trace-id").size(), 32u);
        EXPECT_FALSE(answer.field("date").empty());
        EXPECT_FALSE(answer.says_close());
    }
}

TEST(Session, PipelinedRequestsAreAnsweredInOrder)
{
    HttpHub hub{options()};
    RawHttp client{hub.port()};
    client.send(post("/echo/1", std::string(60'000, '1')) + get("/echo/2") + post("/echo/3", "3"));
    EXPECT_EQ(client.read().body, std::string(60'000, '1'));
    EXPECT_EQ(client.read().field("path-parameter"), "2");
    EXPECT_EQ(client.read().body, "3");
    expect_alive(client);
}

TEST(Session, BytesThatComeOneByOneMakeTheSameRequest)
{
    HttpHub hub{options()};
    RawHttp client{hub.port()};
    for (auto const c : post("/echo/slow", "body")) client.send({&c, 1});
    EXPECT_EQ(client.read().body, "body");
    expect_alive(client);
}

TEST(Session, AChunkedBodyIsPutTogether)
{
    HttpHub hub{options()};
    RawHttp client{hub.port()};
    client.send("POST /echo/x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                "5\r\nxin c\r\n6;ext=1\r\nhao ba\r\n1\r\nn\r\n0\r\nX-Trailer: harmless\r\n\r\n");
    EXPECT_EQ(client.read().body, "xin chao ban");
    expect_alive(client);
}

// Beast 1.81 took the pieces "0\r\n" and "\r" for an impossibility, and ended the process (runtime/boost_impl.cpp).
TEST(Session, AnEmptyChunkedBodyMayComeInAnyPieces)
{
    HttpHub hub{options()};
    std::string_view const last_chunk = "0\r\n\r\n";
    for (std::size_t cut = 1; cut + 1 < last_chunk.size(); ++cut) {
        RawHttp client{hub.port()};
        client.send("POST /echo/x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
        for (auto const piece : {last_chunk.substr(0, cut), last_chunk.substr(cut, 1)}) {
            client.send(piece);
            EXPECT_FALSE(client.anything_within(std::chrono::milliseconds{50})) << "each piece is read on its own: " << cut;
        }
        client.send(last_chunk.substr(cut + 1));
        EXPECT_EQ(client.read().status, 200) << cut;
        expect_alive(client);
    }
}

TEST(Session, AnEmptyLineBeforeARequestIsIgnored)
{
    HttpHub hub{options()};
    RawHttp client{hub.port()};
    client.send("\r\n" + get("/echo/1") + "\r\n" + get("/echo/2"));
    EXPECT_EQ(client.read().field("path-parameter"), "1");
    EXPECT_EQ(client.read().field("path-parameter"), "2");
}

TEST(Session, HeadIsAnsweredAsGetWithoutTheBody)
{
    auto made = options();
    made.routes.push_back(route("GET", "/five", [](Request) -> Task<Reply> { co_return Reply::json(200, "12345"); }));
    HttpHub hub{std::move(made)};
    RawHttp client{hub.port()};
    client.send("HEAD /five HTTP/1.1\r\nHost: a\r\n\r\n");
    auto const answer = client.read(true);
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.field("content-length"), "5");
    expect_alive(client);
}

TEST(Session, ClosesWhenAskedAndAfterHttp10)
{
    HttpHub hub{options()};
    for (auto const& request : {get("/echo/1", "Connection: close\r\n"), std::string{"GET /echo/1 HTTP/1.0\r\n\r\n"}}) {
        RawHttp client{hub.port()};
        auto const answer = client.ask(request + get("/echo/never"));
        EXPECT_EQ(answer.status, 200);
        EXPECT_TRUE(answer.says_close());
        EXPECT_EQ(client.rest(), "");
    }
}

TEST(Session, AnswersWhatIsWholeThoughThePeerSaysNoMore)
{
    HttpHub hub{options()};
    RawHttp client{hub.port()};
    client.send(get("/echo/1") + get("/echo/2"));
    client.half_close();
    EXPECT_EQ(client.read().status, 200);
    EXPECT_EQ(client.read().status, 200);
    EXPECT_TRUE(client.ended_silently());
}

TEST(Session, ATraceOfTheCallerIsKept)
{
    HttpHub hub{options()};
    RawHttp client{hub.port()};
    auto const answer = client.ask(get("/echo/1", "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n"));
    EXPECT_EQ(answer.field("trace-id"), "0af7651916cd43dd8448eb211c80319c");
}

TEST(Session, AHandlersHeaderCannotBreakTheAnswer)
{
    auto made = options();
    made.routes.push_back(route("GET", "/inject", [](Request request) -> Task<Reply> {
        auto reply = Reply::json(200, "{}");
        reply.headers.emplace_back("Location", "/x\r\nSet-Cookie: a=b" + request.path_parameter);
        co_return reply;
    }));
    HttpHub hub{std::move(made)};
    RawHttp client{hub.port()};
    auto const answer = client.ask(get("/inject"));
    EXPECT_EQ(answer.field("set-cookie"), "");
    expect_alive(client);
}

// ---- Refusals -------------------------------------------------------------------------------------------------------

struct Refused {
    char const* why;
    std::string request;
    int status;
    char const* code;
    bool closes;
    friend void PrintTo(Refused const& r, std::ostream* out) { *out << r.why; }
};
class RefusedRequests : public testing::TestWithParam<Refused> {};

TEST_P(RefusedRequests, AreExplainedAndTheConnectionLivesWhereTheFramingIsSound)
{
    HttpHub hub{options()};
    RawHttp client{hub.port()};
    auto const answer = client.ask(GetParam().request);
    EXPECT_EQ(answer.status, GetParam().status);
    EXPECT_EQ(code_in(answer), GetParam().code);
    EXPECT_EQ(answer.says_close(), GetParam().closes);
    if (GetParam().closes)
        EXPECT_EQ(client.rest(), "") << "no later byte may be taken as another request";
    else
        expect_alive(client);
    expect_served(hub);
}

std::string const smuggled = "GET /echo/smuggled HTTP/1.1\r\nHost: a\r\n\r\n";
INSTANTIATE_TEST_SUITE_P(
    Session, RefusedRequests,
    testing::Values(
        Refused{"garbage", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + smuggled, 400, "GW-1001", true},
        Refused{"a bare LF", "GET / HTTP/1.1\nHost: a\n\n" + smuggled, 400, "GW-1001", true},
        Refused{"length and chunked", "POST /echo/1 HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + smuggled, 400, "GW-1001", true},
        Refused{"HTTP/2.0", "GET / HTTP/2.0\r\nHost: a\r\n\r\n" + smuggled, 505, "GW-1017", true},
        Refused{"a long target", "GET /" + std::string(6000, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n", 414, "GW-1016", true},
        Refused{"a long header", "GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(17'000, 'a'), 431, "GW-1008", true},
        Refused{"CONNECT", "CONNECT hub:443 HTTP/1.1\r\nHost: a\r\n\r\n" + smuggled, 400, "GW-1001", true},
        Refused{"a broken chunk size", "POST /echo/1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\nx\r\n0\r\n\r\n" + smuggled, 400, "GW-1001", true},
        Refused{"a chunk without its CRLF", "POST /echo/1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nxx\r\n0\r\n\r\n" + smuggled, 400, "GW-1001", true},
        Refused{"a length in the trailer", "POST /echo/1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: 50\r\n\r\n" + smuggled, 400, "GW-1001", true},
        Refused{"credentials in the trailer", "POST /echo/1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nAuthorization: Bearer x\r\n\r\n" + smuggled, 400, "GW-1001", true},
        Refused{"a chunked body too large", "POST /echo/1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n20000\r\n" + std::string(0x20000, 'x') + "\r\n0\r\n\r\n", 413, "GW-1007", true},
        Refused{"an unknown address", get("/nowhere"), 404, "GW-1002", false},
        Refused{"the asterisk", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", 404, "GW-1002", false},
        Refused{"a transfer coding we do not know", "POST /echo/1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n" + smuggled, 501, "GW-1018", true},
        Refused{"an unknown address with a body", post("/nowhere", "thrown away"), 404, "GW-1002", false},
        Refused{"another method", post("/throw", "x"), 405, "GW-1003", false},
        Refused{"no length", "POST /echo/1 HTTP/1.1\r\nHost: a\r\n\r\n", 411, "GW-1010", false},
        Refused{"a declared body too large", post("/echo/1", std::string(100'000, 'x')), 413, "GW-1007", false},
        Refused{"a declared body far too large", "POST /echo/1 HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999\r\n\r\n", 413, "GW-1007", true},
        Refused{"an unknown encoding", post("/echo/1", "x", "Content-Encoding: br\r\n"), 415, "GW-1005", false},
        Refused{"two encodings", post("/echo/1", "x", "Content-Encoding: gzip, zstd\r\n"), 415, "GW-1005", false},
        Refused{"broken gzip", post("/echo/1", "not gzip", "Content-Encoding: gzip\r\n"), 400, "GW-1006", false},
        Refused{"an unknown expectation", get("/echo/1", "Expect: a-pony\r\n"), 417, "GW-1014", false},
        Refused{"a repeated query name", get("/echo/1?a=1&a=2"), 400, "GW-1013", false},
        Refused{"no credentials", post("/party", "x"), 401, "GW-1101", false},
        Refused{"an unknown key", post("/party", "x", "Authorization: Bearer nobody\r\n"), 401, "GW-1102", false},
        Refused{"another scheme", post("/party", "x", "Authorization: Basic bWU6bWU=\r\n"), 401, "GW-1101", false},
        Refused{"the wrong role", post("/backend", "x", bearer), 403, "GW-1104", false},
        Refused{"a surprise in the handler", get("/throw"), 500, "GW-4005", true}));

TEST(Session, TellsWhichMethodsAndEncodingsItTakes)
{
    HttpHub hub{options()};
    RawHttp client{hub.port()};
    EXPECT_EQ(client.ask("DELETE /echo/1 HTTP/1.1\r\nHost: a\r\n\r\n").field("allow"), "GET, HEAD, POST");
    EXPECT_EQ(client.ask(post("/echo/1", "x", "Content-Encoding: br\r\n")).field("accept-encoding"), "gzip, zstd");
    EXPECT_EQ(client.ask(post("/party", "x")).field("www-authenticate"), "Bearer");
}

// ---- Expect: 100-continue -------------------------------------------------------------------------------------------

TEST(Session, ContinueIsSaidOnceTheRequestIsAdmittedAndNotBefore)
{
    HttpHub hub{options()};
    RawHttp client{hub.port()};
    client.send("POST /party HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nExpect: 100-continue\r\n" + bearer + "\r\n");
    EXPECT_EQ(client.read().status, 100);
    EXPECT_EQ(hub.admission.in_flight(), 1u) << "admitted, and waiting for its body";
    EXPECT_EQ(hub.admission.memory_reserved(), 4u);
    auto const answer = client.ask("body");
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, "body");
    expect_alive(client);
    EXPECT_EQ(hub.admission.memory_reserved(), 0u);
}

TEST(Session, ARefusedExpectationEndsTheConnectionSinceNobodyKnowsWhatComesNext)
{
    HttpHub hub{options()};
    RawHttp client{hub.port()};
    auto const answer = client.ask("POST /party HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(smuggled.size()) +
                                   "\r\nExpect: 100-continue\r\n\r\n");
    EXPECT_EQ(answer.status, 401);
    EXPECT_TRUE(answer.says_close());
    client.send(smuggled);
    EXPECT_EQ(client.rest(), "");
}

TEST(Session, ContinueIsNotSaidToWhomAlreadySends)
{
    HttpHub hub{options()};
    RawHttp client{hub.port()};
    EXPECT_EQ(client.ask(post("/echo/1", "body", "Expect: 100-continue\r\n")).status, 200);
}

// ---- Packed bodies --------------------------------------------------------------------------------------------------

TEST(Session, GzipAndZstdBodiesReachTheHandlerUnpacked)
{
    HttpHub hub{options()};
    RawHttp client{hub.port()};
    std::string const small = "hồ sơ", large(3u << 20, 'x');
    for (auto const& body : {small, large}) {
        EXPECT_EQ(client.ask(post("/echo/1", support::gzip(body), "Content-Encoding: gzip\r\n")).body, body);
        EXPECT_EQ(client.ask(post("/echo/1", support::zstd(body), "Content-Encoding: zstd\r\n")).body, body);
    }
    expect_alive(client);
    EXPECT_EQ(hub.admission.memory_reserved(), 0u);
}

TEST(Session, ABombIsRefusedAndTheConnectionLives)
{
    auto made = options();
    made.limits.unpacked_bytes_max = 1u << 20;
    HttpHub hub{std::move(made)};
    RawHttp client{hub.port()};
    std::string const zeros(30u << 20, '\0');
    for (auto const& [packed, name] : {std::pair{support::gzip(zeros).substr(0, 60'000), "gzip"}, std::pair{support::zstd(zeros), "zstd"}}) {
        auto const answer = client.ask(post("/echo/1", packed, std::string{"Content-Encoding: "} + name + "\r\n"));
        EXPECT_EQ(code_in(answer), "GW-1007") << name;
    }
    expect_alive(client);
    EXPECT_EQ(hub.admission.memory_reserved(), 0u);
}

TEST(Session, UnpackingThatFindsNoMemoryIsRefusedAsOverload)
{
    auto made = options();
    made.limits.memory_bytes_max = 1u << 20;
    HttpHub hub{std::move(made)};
    RawHttp client{hub.port()};
    auto const answer = client.ask(post("/echo/1", support::zstd(std::string(8u << 20, 'x')), "Content-Encoding: zstd\r\n"));
    EXPECT_EQ(code_in(answer), "GW-1107");
    EXPECT_FALSE(answer.field("retry-after").empty());
    expect_alive(client);
}

// ---- Room and quota -------------------------------------------------------------------------------------------------

TEST(Session, TheMemoryCeilingRefusesBeforeTheBodyIsReadAndServiceComesBack)
{
    auto made = options();
    made.limits.memory_bytes_max = 100'000;
    made.limits.memory_small_percent = 0;
    made.limits.provider_memory_percent_max = 100;
    HttpHub hub{std::move(made)};
    RawHttp holder{hub.port()}, other{hub.port()};
    holder.send("POST /party HTTP/1.1\r\nHost: a\r\nContent-Length: 90000\r\nExpect: 100-continue\r\n" + bearer + "\r\n");
    ASSERT_EQ(holder.read().status, 100);
    auto const answer = other.ask("POST /party HTTP/1.1\r\nHost: a\r\nContent-Length: 20000\r\n" + bearer + "\r\n");
    EXPECT_EQ(answer.status, 503) << "answered though no byte of the body was sent";
    EXPECT_EQ(code_in(answer), "GW-1107");
    EXPECT_FALSE(answer.field("retry-after").empty());
    EXPECT_EQ(holder.ask(std::string(90'000, 'x')).status, 200);
    other.send(std::string(20'000, 'x'));
    EXPECT_EQ(other.ask(post("/party", "x", bearer)).status, 200) << "service is restored";
}

TEST(Session, QuotaIsToldAndAtItsEndAnswered429)
{
    auto made = options();
    made.providers[0].quota = {.requests_per_second = 0.01, .burst = 2, .in_flight_max = 10};
    HttpHub hub{std::move(made)};
    RawHttp client{hub.port()};
    auto const first = client.ask(post("/party", "x", bearer));
    EXPECT_EQ(first.status, 200);
    EXPECT_EQ(first.field("ratelimit-policy"), R"("burst";q=2;w=200)");
    EXPECT_TRUE(first.field("ratelimit").starts_with(R"("burst";r=1;t=)")) << first.field("ratelimit");
    EXPECT_EQ(client.ask(post("/party", "x", bearer)).status, 200);
    auto const answer = client.ask(post("/party", "x", bearer));
    EXPECT_EQ(answer.status, 429);
    EXPECT_EQ(code_in(answer), "GW-1106");
    EXPECT_GT(std::stoi(std::string{answer.field("retry-after")}), 1);
    EXPECT_EQ(hub.admission.in_flight(), 0u);
    expect_alive(client);
}

TEST(Session, AboveTheCeilingOfConnectionsNewOnesWaitUntilOneEnds)
{
    auto made = options();
    made.limits.connections_max = 1;
    made.limits.accept_pause = 1ms;
    HttpHub hub{std::move(made)};
    auto first = std::make_unique<RawHttp>(hub.port());
    expect_alive(*first);
    RawHttp second{hub.port()};
    second.send(get("/echo/second"));
    EXPECT_FALSE(second.anything_within(50ms));
    first.reset();
    EXPECT_EQ(second.read().field("path-parameter"), "second");
    EXPECT_NE(hub.metrics.exposition().find("ivan_accept_paused_total"), std::string::npos);
}

// ---- Time -----------------------------------------------------------------------------------------------------------

TEST(Session, ASlowHeaderIsAnswered408AndClosed)
{
    auto made = options();
    made.limits.header_timeout = 30ms;
    HttpHub hub{std::move(made)};
    RawHttp client{hub.port()};
    auto const answer = client.ask("GET /echo/1 HTTP/1.1\r\nHo");
    EXPECT_EQ(answer.status, 408);
    EXPECT_EQ(code_in(answer), "GW-1009");
    EXPECT_TRUE(answer.says_close());
    EXPECT_EQ(client.rest(), "");
}

TEST(Session, ASlowBodyIsAnswered408AndClosed)
{
    auto made = options();
    made.limits.body_grace = 30ms;
    HttpHub hub{std::move(made)};
    RawHttp client{hub.port()};
    auto const answer = client.ask("POST /echo/1 HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf");
    EXPECT_EQ(answer.status, 408);
    EXPECT_TRUE(answer.says_close());
    EXPECT_EQ(client.rest(), "");
    EXPECT_EQ(hub.admission.memory_reserved(), 0u);
}

TEST(Session, ABodyThatNeverEndsMeetsTheTotalHoweverSteadyItIs)
{
    auto made = options();
    made.limits.body_timeout = 50ms;
    made.limits.body_bytes_per_second_min = 1;
    HttpHub hub{std::move(made)};
    RawHttp client{hub.port()};
    client.send("POST /echo/1 HTTP/1.1\r\nHost: a\r\nContent-Length: 60000\r\n\r\n");
    while (!client.anything_within(2ms)) client.send("x");
    EXPECT_EQ(client.read().status, 408);
}

TEST(Session, AnIdleConnectionIsClosedWithoutAWord)
{
    auto made = options();
    made.limits.idle_timeout = 30ms;
    HttpHub hub{std::move(made)};
    RawHttp client{hub.port()};
    expect_alive(client);
    EXPECT_TRUE(client.ended_silently());
}

TEST(Session, APeerThatSaysNothingAtAllIsClosed)
{
    auto made = options();
    made.limits.header_timeout = 30ms;
    HttpHub hub{std::move(made)};
    RawHttp client{hub.port()};
    EXPECT_TRUE(client.ended_silently());
    expect_served(hub);
}

TEST(Session, APeerThatDoesNotReadItsAnswerIsLetGo)
{
    auto made = options();
    made.limits.write_timeout = 50ms;
    made.limits.close_timeout = 10ms;
    std::promise<void> handled;
    made.routes.push_back(route("GET", "/large", [&handled](Request) -> Task<Reply> {
        handled.set_value();
        co_return Reply::json(200, std::string(32u << 20, 'x'));
    }));
    HttpHub hub{std::move(made)};
    RawHttp client{hub.port()};
    client.send(get("/large"));
    handled.get_future().wait();
    auto const limit = std::chrono::steady_clock::now() + RawHttp::hang_after;
    while (hub.admission.connections() > 1 && std::chrono::steady_clock::now() < limit) std::this_thread::yield();
    EXPECT_EQ(hub.admission.connections(), 1u) << "only the accept loop holds a place";
    expect_served(hub);
}

// ---- Stop -----------------------------------------------------------------------------------------------------------

// A handler that waits until the test lets it go.
struct Gate {
    std::promise<void> entered;
    std::atomic<bool> open{false};
    Route route()
    {
        return intake::route("GET", "/wait", [this](Request) -> Task<Reply> {
            entered.set_value();
            runtime::Timer timer{co_await net::this_coro::executor};
            while (!open) {
                timer.expires_after(1ms);
                co_await timer.async_wait(runtime::as_result);
            }
            co_return Reply::json(200, "{}");
        });
    }
};

TEST(Session, AStopEndsIdleConnectionsAtOnceAndLetsRunningRequestsFinish)
{
    Gate gate;
    auto made = options();
    made.routes.push_back(gate.route());
    HttpHub hub{std::move(made)};
    RawHttp idle{hub.port()}, busy{hub.port()};
    expect_alive(idle);
    busy.send(get("/wait") + get("/echo/never"));
    gate.entered.get_future().wait();
    hub.begin_stop();
    EXPECT_TRUE(idle.ended_silently());
    gate.open = true;
    auto const answer = busy.read();
    EXPECT_EQ(answer.status, 200);
    EXPECT_TRUE(answer.says_close());
    EXPECT_EQ(busy.rest(), "");
    hub.stop(10s);
    EXPECT_EQ(hub.admission.connections(), 0u);
    EXPECT_TRUE(hub.surprises().empty());
}

TEST(Session, OnceAStopIsAnnouncedAllIsServedAndNoConnectionIsKept)
{
    HttpHub hub{options()};
    RawHttp known{hub.port()};
    expect_alive(known);
    hub.announce_stop();
    RawHttp fresh{hub.port()};
    for (auto* const peer : {&known, &fresh}) {
        auto const answer = peer->ask(get("/echo/some"));
        EXPECT_EQ(answer.status, 200);
        EXPECT_TRUE(answer.says_close());
        EXPECT_EQ(peer->rest(), "");
    }
}

TEST(Session, AStopStillAnswersWhoeverHasJustConnected)
{
    HttpHub hub{options()};
    RawHttp fresh{hub.port()};
    while (hub.admission.connections() == 0) std::this_thread::yield();
    hub.begin_stop();
    auto const answer = fresh.ask(get("/echo/some"));
    EXPECT_EQ(answer.status, 503);
    EXPECT_FALSE(answer.field("Retry-After").empty());
    EXPECT_TRUE(answer.says_close());
    hub.stop(10s);
    EXPECT_TRUE(hub.surprises().empty());
}

TEST(Session, AStopWaitsOnlyForTheTimeOfACloseForWhoeverSaysNothing)
{
    auto made = options();
    made.limits.header_timeout = 1h;
    made.limits.close_timeout = 20ms;
    HttpHub hub{std::move(made)};
    RawHttp silent{hub.port()};
    while (hub.admission.connections() == 0) std::this_thread::yield();
    hub.stop(1h);
    EXPECT_TRUE(silent.ended_silently());
    EXPECT_EQ(hub.admission.connections(), 0u);
}

TEST(Session, AStopLetsInWhoeverStandsInTheQueue)
{
    std::promise<void> entered, go_on;
    auto made = options();
    made.routes.push_back(intake::route("GET", "/block", [&](Request) -> Task<Reply> {
        entered.set_value();
        go_on.get_future().wait();  // the whole core: nobody accepts
        co_return Reply::json(200, "{}");
    }));
    HttpHub hub{std::move(made)};
    RawHttp busy{hub.port()};
    busy.send(get("/block"));
    entered.get_future().wait();
    std::vector<std::unique_ptr<RawHttp>> queue;
    for (int n = 0; n < 8; ++n) {
        queue.push_back(std::make_unique<RawHttp>(hub.port()));
        queue.back()->send(get("/echo/some"));
    }
    auto begun = hub.stop_begun();
    go_on.set_value();
    begun.wait();
    EXPECT_EQ(busy.read().status, 200);
    for (auto const& peer : queue) {
        auto const answer = peer->read();
        EXPECT_EQ(answer.status, 503);
        EXPECT_TRUE(answer.says_close());
    }
    EXPECT_THROW(RawHttp{hub.port()}, std::runtime_error) << "and nobody after that";
    hub.stop(10s);
    EXPECT_EQ(hub.admission.connections(), 0u);
    EXPECT_TRUE(hub.surprises().empty());
}

TEST(Session, AFinalStopEndsEvenAHandlerThatHangs)
{
    Gate gate;
    auto made = options();
    made.routes.push_back(gate.route());
    HttpHub hub{std::move(made)};
    RawHttp busy{hub.port()};
    busy.send(get("/wait"));
    gate.entered.get_future().wait();
    hub.stop(1ms);
    EXPECT_EQ(hub.admission.in_flight(), 0u);
    EXPECT_EQ(busy.rest(), "");
    EXPECT_TRUE(hub.surprises().empty());
}

// ---- TLS ------------------------------------------------------------------------------------------------------------

struct TlsHub {
    support::TemporaryDirectory directory;
    support::Pki const& pki = support::Pki::shared();
    signing::dev::Identity client = issue(pki.issuing_ca, signing::dev::Request::Use::tls_client);
    std::unique_ptr<HttpHub> hub;

    TlsHub()
    {
        auto const server = issue(pki.issuing_ca, signing::dev::Request::Use::tls_server);
        auto made = options();
        made.tls = TlsConfig{write("server.pem", server.certificate_pem), write("server.key", server.key_pem),
                             write("client_ca.pem", pki.issuing_ca.certificate_pem + pki.root.certificate_pem)};
        made.providers[0].certificates = {signing::hex(signing::read_certificate(client.certificate_pem)->fingerprint)};
        hub = std::make_unique<HttpHub>(std::move(made));
    }
    [[nodiscard]] RawTls shown() const { return {client.certificate_pem, client.key_pem, 0, nullptr}; }

    static signing::dev::Identity issue(signing::dev::Identity const& ca, signing::dev::Request::Use use)
    {
        signing::dev::Request request;
        request.common_name = "localhost";
        request.use = use;
        request.ip_addresses = {"127.0.0.1"};
        return signing::dev::issue(ca, request);
    }

private:
    std::string write(std::string const& name, std::string const& text) const
    {
        auto const path = directory.path() / name;
        std::ofstream{path} << text;
        return path.string();
    }
};

TEST(TlsSession, AClientCertificateIsTheProvidersIdentity)
{
    TlsHub tls;
    for (auto const version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        auto shown = tls.shown();
        shown.version_max = version;
        RawHttp client{tls.hub->port(), shown};
        auto const answer = client.ask(post("/party", "body"));
        EXPECT_EQ(answer.status, 200);
        EXPECT_EQ(answer.field("provider"), "VNPT");
    }
}

TEST(TlsSession, NoCertificateIsAllowedAndABearerKeyMayFollow)
{
    TlsHub tls;
    RawHttp client{tls.hub->port(), RawTls{}};
    EXPECT_EQ(client.ask(post("/party", "x")).status, 401);
    EXPECT_EQ(client.ask(post("/party", "x", bearer)).status, 200);
}

TEST(TlsSession, ACertificateOfAKnownAuthorityThatNobodyRegisteredIs401)
{
    TlsHub tls;
    auto const stranger = TlsHub::issue(tls.pki.issuing_ca, signing::dev::Request::Use::tls_client);
    RawHttp client{tls.hub->port(), RawTls{stranger.certificate_pem, stranger.key_pem, 0, nullptr}};
    auto const answer = client.ask(post("/party", "x"));
    EXPECT_EQ(answer.status, 401);
    EXPECT_EQ(code_in(answer), "GW-1102");
}

TEST(TlsSession, ACertificateOfAnUnknownAuthorityFailsTheHandshake)
{
    TlsHub tls;
    auto const foreign = TlsHub::issue(tls.pki.unknown_root, signing::dev::Request::Use::tls_client);
    // TLS 1.2 tells the client during the handshake; in TLS 1.3 the client may learn it only when it reads.
    RawTls shown{foreign.certificate_pem, foreign.key_pem, TLS1_2_VERSION, nullptr};
    EXPECT_THROW(RawHttp(tls.hub->port(), shown), std::runtime_error);
    shown.version_max = TLS1_3_VERSION;
    RawHttp client{tls.hub->port(), shown};
    EXPECT_EQ(client.ask(post("/party", "x")).status, 0);
    // The server counts a moment after the client has read the alert.
    auto const counted = [&] { return tls.hub->metrics.exposition().find(R"(ivan_tls_handshakes_total{result="failed"} 2)") != std::string::npos; };
    auto const limit = std::chrono::steady_clock::now() + RawHttp::hang_after;
    while (!counted() && std::chrono::steady_clock::now() < limit) std::this_thread::yield();
    EXPECT_TRUE(counted());
    RawHttp good{tls.hub->port(), tls.shown()};
    EXPECT_EQ(good.ask(post("/party", "x")).status, 200) << "service is restored";
}

TEST(TlsSession, AResumedSessionIsTheSameParty)
{
    TlsHub tls;
    auto shown = tls.shown();
    {
        RawHttp first{tls.hub->port(), shown};
        EXPECT_EQ(first.ask(post("/party", "x")).status, 200);
        EXPECT_FALSE(first.resumed());
        shown.resume = first.session();  // TLS 1.3 sends the ticket after the handshake: after the first answer it is there
    }
    RawHttp again{tls.hub->port(), shown};
    EXPECT_TRUE(again.resumed());
    EXPECT_EQ(again.ask(post("/party", "x")).field("provider"), "VNPT");
}

TEST(TlsSession, Tls11IsNotSpoken)
{
    TlsHub tls;
    RawTls old;
    old.version_max = TLS1_1_VERSION;
    EXPECT_THROW(RawHttp(tls.hub->port(), old), std::runtime_error);
}

TEST(TlsSession, PlainHttpOnTheTlsPortEndsWithoutHarm)
{
    TlsHub tls;
    RawHttp client{tls.hub->port()};
    client.send(get("/echo/1"));
    client.rest();
    RawHttp good{tls.hub->port(), tls.shown()};
    EXPECT_EQ(good.ask(get("/echo/1")).status, 200);
}

TEST(TlsSession, ASlowHandshakeIsEnded)
{
    auto made = options();
    TlsHub tls;
    // The hub of TlsHub has the usual limits: another listener with the same files, in more haste.
    made.limits.handshake_timeout = 30ms;
    made.tls = TlsConfig{(tls.directory.path() / "server.pem").string(), (tls.directory.path() / "server.key").string(), ""};
    HttpHub hub{std::move(made)};
    RawHttp client{hub.port()};
    EXPECT_TRUE(client.ended_silently());
}

TEST(TlsSession, PipelinedRequestsAndALargeBodyGoThrough)
{
    TlsHub tls;
    RawHttp client{tls.hub->port(), tls.shown()};
    std::string const large(2u << 20, 'L');
    client.send(post("/party", large) + post("/party", "second"));
    EXPECT_EQ(client.read().body, large);
    EXPECT_EQ(client.read().body, "second");
}

TEST(TlsSession, UnusableFilesAreNamedAtTheStart)
{
    EXPECT_THROW((void)make_tls_context({"/nowhere/server.pem", "/nowhere/server.key", ""}), std::runtime_error);
}

}  // namespace
}  // namespace intake
