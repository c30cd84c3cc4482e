#include "gateway/runtime/http_client.hpp"

#include "gateway/runtime/read_buffer.hpp"
#include "gateway/runtime/stream.hpp"
#include "gateway/runtime/watchdog.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <deque>
#include <new>
#include <optional>
#include <stdexcept>

namespace runtime
{

namespace
{

namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::system::error_code;
using Endpoints = std::vector<net::ip::tcp::endpoint>;
using Resolver = net::ip::basic_resolver<net::ip::tcp, IoExecutor>;

constexpr std::uint32_t response_header_bytes_max = 32u << 10;
constexpr std::size_t receive_bytes = 2 * std::size_t{response_header_bytes_max};
constexpr std::chrono::seconds addresses_age_max{30};

struct Address {
    bool tls = false;
    std::string host, port, prefix;
    [[nodiscard]] std::string host_header() const
    {
        auto const shown = host.find(':') == std::string::npos ? host : "[" + host + "]";
        return port == (tls ? "443" : "80") ? shown : shown + ":" + port;
    }
};

Address parse_base_url(std::string_view url)
{
    auto const bad = [&](char const* why) {
        return std::runtime_error("base address '" + std::string{url} + "': " + why);
    };
    Address address;
    auto rest = url;
    if (rest.starts_with("https://")) {
        address.tls = true;
        rest.remove_prefix(8);
    } else if (rest.starts_with("http://")) {
        rest.remove_prefix(7);
    } else {
        throw bad("starts neither with http:// nor with https://");
    }
    auto const slash = rest.find('/');
    if (slash != std::string_view::npos) {
        address.prefix = std::string{rest.substr(slash)};
        while (!address.prefix.empty() && address.prefix.back() == '/') address.prefix.pop_back();
        rest = rest.substr(0, slash);
    }
    if (rest.starts_with('[')) {
        auto const end = rest.find(']');
        if (end == std::string_view::npos) throw bad("an IPv6 address is not closed");
        address.host = std::string{rest.substr(1, end - 1)};
        rest.remove_prefix(end + 1);
    } else {
        auto const colon = rest.find(':');
        address.host = std::string{rest.substr(0, colon)};
        rest = colon == std::string_view::npos ? std::string_view{} : rest.substr(colon);
    }
    if (address.host.empty()) throw bad("has no host");
    if (rest.empty()) {
        address.port = address.tls ? "443" : "80";
    } else {
        address.port = std::string{rest.substr(1)};
        auto const digits =
            std::all_of(address.port.begin(), address.port.end(), [](char c) { return c >= '0' && c <= '9'; });
        if (rest.front() != ':' || address.port.empty() || !digits || address.port.size() > 5 ||
            std::stoul(address.port) > 65535)
            throw bad("has no usable port");
    }
    return address;
}

bool safe(std::string_view text)
{
    return std::none_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

// A header we are handed may hold a peer's words: a line break in it would be a second request.
bool safe(HttpRequest const& request)
{
    if (!safe(request.method) || request.method.empty()) return false;
    if (!safe(request.target) || !request.target.starts_with('/') || request.target.find(' ') != std::string::npos)
        return false;
    return std::all_of(request.headers.begin(), request.headers.end(),
                       [](auto const& h) { return !h.first.empty() && safe(h.first) && safe(h.second); });
}

net::ssl::context make_tls(HttpClientConfig const& config)
{
    net::ssl::context tls{net::ssl::context::tls_client};
    try {
        tls.set_options(net::ssl::context::default_workarounds | net::ssl::context::no_tlsv1 |
                        net::ssl::context::no_tlsv1_1);
        tls.set_verify_mode(net::ssl::verify_peer);
        Stream::ready_context(tls.native_handle());
        if (config.ca_file.empty())
            tls.set_default_verify_paths();
        else
            tls.load_verify_file(config.ca_file);
        if (!config.certificate_file.empty()) {
            tls.use_certificate_chain_file(config.certificate_file);
            tls.use_private_key_file(config.key_file, net::ssl::context::pem);
        }
    } catch (boost::system::system_error const& e) {
        throw std::runtime_error("TLS files for " + config.base_url + " (" + config.ca_file + " " +
                                 config.certificate_file + " " + config.key_file + "): " + e.what());
    }
    return tls;
}

struct Connection {
    Connection(Socket socket, SSL_CTX* tls, BufferPool& buffers)
        : stream{std::move(socket), tls, Stream::Side::client}, watchdog{stream.socket()}, unread{buffers}
    {
    }
    Stream stream;
    Watchdog watchdog; // of the call under way
    ReadBuffer unread; // bytes of an answer that are not parsed yet
    bool reusable = false;

    // A server that closed a kept connection has usually told us by now: a byte or an end to read.
    bool stale()
    {
        char byte = 0;
        auto const got = ::recv(stream.socket().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
        // TLS 1.3 tickets may lie unread; only an end or an error is a sure sign there.
        if (got != 0) return got > 0 ? stream.tls() == nullptr : errno != EAGAIN && errno != EWOULDBLOCK;
        return true;
    }
};

// A request as bytes. Host and Content-Length are ours.
std::string head_of(HttpRequest const& request, Address const& address)
{
    std::string head;
    head.reserve(512);
    auto const field = [&head](std::string_view name, std::string_view value) {
        for (auto const part : {name, std::string_view{": "}, value, std::string_view{"\r\n"}}) head += part;
    };
    for (auto const part : {std::string_view{request.method}, std::string_view{" "}, std::string_view{address.prefix}, std::string_view{request.target},
                            std::string_view{" HTTP/1.1\r\n"}})
        head += part;
    field("Host", address.host_header());
    for (auto const& [name, value] : request.headers)
        if (!beast::iequals(name, "Host") && !beast::iequals(name, "Content-Length")) field(name, value);
    // RFC 9110 §8.6: a method that expects content says so even where there is none.
    bool const expected = request.method == "POST" || request.method == "PUT" || request.method == "PATCH";
    if (!request.content().empty() || expected) field("Content-Length", std::to_string(request.content().size()));
    head += "\r\n";
    return head;
}

struct Exchange {
    error_code ec;
    bool answer_begun = false;
    HttpResponse response;
};

using Parser = http::response_parser<http::string_body>;

Task<error_code> read_answer(Connection& connection, Parser& parser)
{
    auto& unread = connection.unread;
    while (!parser.is_done()) {
        error_code ec;
        std::size_t used = 0;
        if (!unread.empty()) {
            used = parser.put(net::buffer(unread.text()), ec);
            unread.consume(used);
            if (ec && ec != http::error::need_more) co_return ec;
        }
        if (used > 0 || parser.is_done()) continue;
        if (unread.full()) co_return http::error::buffer_overflow;
        ec = co_await connection.stream.read_more(unread);
        if (ec == net::error::eof) {
            if (!parser.got_some()) co_return http::error::end_of_stream;
            ec.clear();
            parser.put_eof(ec);
        }
        if (ec) co_return ec;
    }
    co_return error_code{};
}

Task<Exchange> exchange(Connection& connection, HttpRequest const& request, std::string const& head, std::size_t body_bytes_max)
{
    Exchange result;
    connection.reusable = false;
    auto const write_ec = co_await connection.stream.write(head, request.content());
    // A server may refuse before it has read the whole body: its answer can be there although the write failed.
    if (write_ec && connection.watchdog.fired()) {
        result.ec = beast::error::timeout;
        co_return result;
    }

    Parser parser;
    parser.eager(true);
    parser.header_limit(response_header_bytes_max);
    parser.body_limit(body_bytes_max);
    if (request.method == "HEAD") parser.skip(true);
    auto const read_ec = co_await read_answer(connection, parser);
    connection.unread.rest();
    result.answer_begun = parser.got_some();
    if (read_ec) {
        result.ec = write_ec ? write_ec : read_ec;
        if (connection.watchdog.fired()) result.ec = beast::error::timeout;
        co_return result;
    }
    auto& answer = parser.get();
    result.response.status = answer.result_int();
    for (auto const& field : answer)
        result.response.headers.emplace_back(std::string{field.name_string()}, std::string{field.value()});
    // Bytes nobody asked for, and interim answers nobody expects, would be taken for the next answer.
    connection.reusable = !write_ec && answer.keep_alive() && connection.unread.empty() && result.response.status >= 200;
    result.response.body = std::move(answer.body());
    co_return result;
}

} // namespace

std::string_view HttpResponse::header(std::string_view name) const
{
    for (auto const& [key, value] : headers)
        if (beast::iequals(key, name)) return value;
    return {};
}

struct HttpClient::Data : std::enable_shared_from_this<HttpClient::Data> {
    Data(net::io_context& io, HttpClientConfig c)
        : context{io}, config{std::move(c)}, address{parse_base_url(config.base_url)},
          tls{address.tls ? std::optional{make_tls(config)} : std::nullopt}, resolver{io.get_executor()}
    {
        if (config.connections_max == 0) throw std::runtime_error("connections_max of " + config.base_url + " is 0");
    }

    net::io_context& context;
    HttpClientConfig config;
    Address address;
    std::optional<net::ssl::context> tls;
    Resolver resolver;
    Endpoints addresses;
    Deadline::Time addresses_at{};
    BufferPool buffers{receive_bytes, 2}; // a wait holds one only where a line or field is half read
    std::vector<std::unique_ptr<Connection>> idle;
    std::deque<Timer*> waiting;
    std::size_t in_use = 0;
    std::uint64_t connected = 0, reused = 0, failed = 0;

    // One place among connections_max, given back at the end of the call whatever happens.
    struct Place {
        Data* data;
        explicit Place(Data& d) : data{&d} {}
        Place(Place const&) = delete;
        Place& operator=(Place const&) = delete;
        ~Place()
        {
            --data->in_use;
            if (data->waiting.empty()) return;
            auto* const next = data->waiting.front();
            data->waiting.pop_front();
            ++data->in_use; // handed over: nobody may overtake
            next->cancel();
        }
    };

    // Takes a place, or says no at the deadline. On yes in_use counts the caller.
    Task<bool> take_place(Deadline deadline)
    {
        if (in_use < config.connections_max) {
            ++in_use;
            co_return true;
        }
        Timer timer{context.get_executor(), deadline.at()};
        // Also when this coroutine is destroyed while it waits, nobody may keep its timer's address.
        struct Waiting {
            std::deque<Timer*>& list;
            Timer* timer;
            Waiting(std::deque<Timer*>& l, Timer* t) : list{l}, timer{t} { list.push_back(t); }
            Waiting(Waiting const&) = delete;
            Waiting& operator=(Waiting const&) = delete;
            ~Waiting() { std::erase(list, timer); }
        } const entry{waiting, &timer};
        co_await timer.async_wait(as_result);
        co_return std::find(waiting.begin(), waiting.end(), &timer) == waiting.end();
    }

    // getaddrinfo cannot be interrupted, so that the wait is on a timer which its answer cancels.
    Task<boost::system::result<Endpoints>> resolve(Deadline deadline)
    {
        error_code ec;
        auto const literal = net::ip::make_address(address.host, ec);
        if (!ec) co_return Endpoints{{literal, static_cast<unsigned short>(std::stoul(address.port))}};
        if (!addresses.empty() && Steady::now() - addresses_at < addresses_age_max)
            co_return addresses;

        struct Answer {
            Timer timer;
            bool there = false;
            error_code ec;
            Endpoints endpoints;
        };
        auto const answer =
            std::make_shared<Answer>(Answer{Timer{context.get_executor(), deadline.at()}, false, {}, {}});
        auto heard = [answer](error_code error, Resolver::results_type results) {
            answer->there = true;
            answer->ec = error;
            for (auto const& entry : results) answer->endpoints.push_back(entry.endpoint());
            answer->timer.cancel();
        };
        resolver.async_resolve(address.host, address.port, std::move(heard));
        co_await answer->timer.async_wait(as_result);
        if (!answer->there) co_return error_code{net::error::timed_out};
        if (answer->ec) co_return answer->ec;
        if (answer->endpoints.empty()) co_return error_code{net::error::host_not_found};
        addresses = answer->endpoints;
        addresses_at = Steady::now();
        co_return addresses;
    }

    Task<boost::system::result<std::unique_ptr<Connection>>> connect(Deadline deadline)
    {
        Deadline const limit{std::min(deadline.at(), Steady::now() + config.connect_timeout)};
        auto const endpoints = co_await resolve(limit);
        if (!endpoints) co_return endpoints.error();

        Socket socket{context.get_executor()};
        {
            Watchdog watchdog{socket};
            watchdog.arm(limit.at());
            auto const [connect_ec, endpoint] = co_await net::async_connect(socket, *endpoints, as_result);
            if (connect_ec) co_return watchdog.fired() ? error_code{beast::error::timeout} : connect_ec;
        }
        error_code ignored;
        socket.set_option(net::ip::tcp::no_delay{true}, ignored);
        auto connection = std::make_unique<Connection>(std::move(socket), tls ? tls->native_handle() : nullptr, buffers);
        if (tls) {
            connection->watchdog.arm(limit.at());
            expect_server(connection->stream.tls());
            auto const handshake_ec = co_await connection->stream.handshake();
            if (handshake_ec) co_return connection->watchdog.fired() ? error_code{beast::error::timeout} : handshake_ec;
        }
        ++connected;
        co_return connection;
    }

    // Whose certificate it has to be (RFC 9110 §4.3.4).
    void expect_server(SSL* ssl) const
    {
        error_code not_literal;
        net::ip::make_address(address.host, not_literal);
        auto* const wanted = SSL_get0_param(ssl);
        bool set = false;
        if (not_literal) {
            X509_VERIFY_PARAM_set_hostflags(wanted, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
            set = SSL_set1_host(ssl, address.host.c_str()) == 1;
            SSL_set_tlsext_host_name(ssl, address.host.c_str()); // RFC 6066 §3: no address literals in server_name
        } else {
            set = X509_VERIFY_PARAM_set1_ip_asc(wanted, address.host.c_str()) == 1;
        }
        if (!set) throw std::bad_alloc{}; // never without the check
    }

    std::unique_ptr<Connection> take_idle()
    {
        while (!idle.empty()) {
            auto connection = std::move(idle.back()); // the one used last: the others may grow old and go
            idle.pop_back();
            if (!connection->stale()) {
                ++reused;
                return connection;
            }
        }
        return nullptr;
    }

    Task<boost::system::result<HttpResponse>> send(HttpRequest request, Deadline deadline, bool repeatable)
    {
        if (!safe(request)) co_return error_code{net::error::invalid_argument};
        auto const head = head_of(request, address);

        bool const placed = co_await take_place(deadline);
        if (!placed) co_return error_code{net::error::timed_out};
        Place const place{*this};
        auto connection = take_idle();
        for (;;) {
            bool const kept = connection != nullptr;
            if (!kept) {
                auto made = co_await connect(deadline);
                if (!made) {
                    ++failed;
                    co_return made.error();
                }
                connection = std::move(*made);
            }
            connection->watchdog.arm(deadline.at());
            auto result = co_await exchange(*connection, request, head, config.response_bytes_max);
            if (!result.ec) {
                connection->watchdog.disarm();
                if (connection->reusable) idle.push_back(std::move(connection));
                co_return std::move(result.response);
            }
            connection.reset();
            bool const late = result.ec == beast::error::timeout || deadline.passed();
            if (kept && repeatable && !result.answer_begun && !late) continue;
            ++failed;
            co_return result.ec;
        }
    }
};

HttpClient::HttpClient(net::io_context& context, HttpClientConfig config)
    : data_{std::make_shared<Data>(context, std::move(config))}
{
}

HttpClient::~HttpClient() { data_->idle.clear(); }

Task<boost::system::result<HttpResponse>> HttpClient::send(HttpRequest request, Deadline deadline, bool repeatable)
{
    auto const data = data_; // the call keeps what it uses, also when the client goes first
    co_return co_await data->send(std::move(request), deadline, repeatable);
}

std::size_t HttpClient::in_use() const noexcept { return data_->in_use; }
HttpClient::Counts HttpClient::counts() const noexcept { return {data_->connected, data_->reused, data_->failed}; }

} // namespace runtime
