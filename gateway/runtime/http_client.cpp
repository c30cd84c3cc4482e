#include "gateway/runtime/http_client.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>

#include <algorithm>
#include <deque>
#include <optional>
#include <stdexcept>

namespace runtime
{

namespace
{

namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::system::error_code;
using Plain = beast::basic_stream<net::ip::tcp, IoExecutor>;
using Tls = beast::ssl_stream<Plain>;
using Endpoints = std::vector<net::ip::tcp::endpoint>;
using Resolver = net::ip::basic_resolver<net::ip::tcp, IoExecutor>;

constexpr std::uint32_t response_header_bytes_max = 32u << 10;
constexpr std::size_t receive_reserved = 16u << 10; // An empty flat_buffer reads 512 bytes at a time.
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
    std::optional<Plain> plain;
    std::optional<Tls> tls;
    beast::flat_buffer buffer;
    bool kept = false; // it has answered a request already
    bool reusable = false;

    Plain& lowest() { return tls ? tls->next_layer() : *plain; }

    // A server that closed a kept connection has usually told us by now: a byte or an end to read.
    bool stale()
    {
        auto& socket = lowest().socket();
        error_code ec;
        socket.non_blocking(true, ec);
        if (ec) return true;
        char byte = 0;
        socket.receive(net::buffer(&byte, 1), net::socket_base::message_peek, ec);
        // TLS 1.3 tickets may lie unread; only an end or an error is a sure sign there.
        if (!ec) return !tls;
        return ec != net::error::would_block && ec != net::error::try_again;
    }
};

struct Exchange {
    error_code ec;
    bool answer_begun = false;
    HttpResponse response;
};

template <class Stream>
Task<Exchange> exchange(Stream& stream, Connection& connection, http::request<http::string_body>& message,
                        std::size_t body_bytes_max)
{
    Exchange result;
    connection.reusable = false;
    auto const [write_ec, written] = co_await http::async_write(stream, message, as_result);
    // A server may refuse before it has read the whole body: its answer can be there although the write failed.
    if (write_ec && (write_ec == beast::error::timeout || write_ec == net::error::operation_aborted)) {
        result.ec = write_ec;
        co_return result;
    }

    http::response_parser<http::string_body> parser;
    parser.header_limit(response_header_bytes_max);
    parser.body_limit(body_bytes_max);
    if (message.method() == http::verb::head) parser.skip(true);
    auto const [read_ec, bytes] = co_await http::async_read(stream, connection.buffer, parser, as_result);
    result.answer_begun = parser.got_some();
    if (read_ec) {
        result.ec = write_ec ? write_ec : read_ec;
        co_return result;
    }
    auto& answer = parser.get();
    result.response.status = answer.result_int();
    for (auto const& field : answer)
        result.response.headers.emplace_back(std::string{field.name_string()}, std::string{field.value()});
    // Bytes nobody asked for, and interim answers nobody expects, would be taken for the next answer.
    connection.reusable =
        !write_ec && answer.keep_alive() && connection.buffer.size() == 0 && result.response.status >= 200;
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

        auto connection = std::make_unique<Connection>();
        if (tls)
            connection->tls.emplace(Plain{context.get_executor()}, *tls);
        else
            connection->plain.emplace(context.get_executor());
        connection->buffer.reserve(receive_reserved);
        auto& lowest = connection->lowest();
        lowest.expires_at(limit.at());
        auto const [connect_ec, endpoint] = co_await lowest.async_connect(*endpoints, as_result);
        if (connect_ec) co_return connect_ec;
        error_code ignored;
        lowest.socket().set_option(net::ip::tcp::no_delay{true}, ignored);
        if (connection->tls) {
            error_code literal;
            net::ip::make_address(address.host, literal);
            // RFC 6066 §3: no address literals in server_name.
            if (literal) SSL_set_tlsext_host_name(connection->tls->native_handle(), address.host.c_str());
            connection->tls->set_verify_callback(net::ssl::host_name_verification(address.host), ignored);
            auto const [handshake_ec] =
                co_await connection->tls->async_handshake(net::ssl::stream_base::client, as_result);
            if (handshake_ec) co_return handshake_ec;
        }
        ++connected;
        co_return connection;
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

    Task<Exchange> once(Connection& connection, http::request<http::string_body>& message, Deadline deadline)
    {
        connection.lowest().expires_at(deadline.at());
        if (connection.tls)
            co_return co_await exchange(*connection.tls, connection, message, config.response_bytes_max);
        co_return co_await exchange(*connection.plain, connection, message, config.response_bytes_max);
    }

    Task<boost::system::result<HttpResponse>> send(HttpRequest request, Deadline deadline, bool repeatable)
    {
        if (!safe(request)) co_return error_code{net::error::invalid_argument};
        http::request<http::string_body> message;
        message.version(11);
        message.method_string(request.method);
        message.target(address.prefix + request.target);
        for (auto const& [name, value] : request.headers) message.insert(name, value);
        message.set(http::field::host, address.host_header());
        message.body() = std::move(request.body);
        message.prepare_payload();

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
            auto result = co_await once(*connection, message, deadline);
            if (!result.ec) {
                connection->lowest().expires_never();
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
