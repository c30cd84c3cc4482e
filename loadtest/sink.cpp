#include "loadtest/sink.hpp"

#include "gateway/dossier/time.hpp"
#include "gateway/runtime/http_client.hpp"
#include "gateway/runtime/task_group.hpp"
#include "schemas/base64.hpp"
#include "signing/digest.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>

#include <charconv>
#include <deque>
#include <fstream>
#include <iostream>
#include <map>
#include <optional>
#include <random>
#include <stdexcept>
#include <unordered_map>

namespace loadtest
{

namespace
{

namespace beast = boost::beast;
namespace http = boost::beast::http;
using Plain = beast::basic_stream<net::ip::tcp, runtime::IoExecutor>;
using Tls = beast::ssl_stream<Plain>;
using Message = http::request<http::string_body>;

constexpr std::chrono::seconds idle_max{120};
constexpr std::size_t receive_reserved = 64u << 10;
constexpr std::string_view required_headers[] = {"Case-Code",      "Dossier-Id", "Idempotency-Key", "Received-At",
                                                 "Content-Digest", "Provider",   "Unit-Code",       "Agency",
                                                 "Procedure",      "traceparent"};

struct Answer {
    int status = 200;
    std::string body = "{}";
    bool retry_after = false;
    bool cut = false, lie = false;
};

std::string_view header(Message const& request, std::string_view name)
{
    auto const found = request.find(beast::string_view{name.data(), name.size()});
    if (found == request.end()) return {};
    return {found->value().data(), found->value().size()};
}

std::string digest_header(std::string_view body)
{
    auto const digest = signing::sha256(body);
    return "sha-256=:" + schemas::base64_encode({reinterpret_cast<char const*>(digest.data()), digest.size()}) + ":";
}

// The number at the start of a case code of BHXH's form; nothing for other forms.
std::optional<std::uint64_t> number_of(std::string_view case_code)
{
    std::uint64_t number = 0;
    auto const [end, ec] = std::from_chars(case_code.data(), case_code.data() + case_code.size(), number);
    if (ec != std::errc{} || end == case_code.data() + case_code.size() || *end != '.') return std::nullopt;
    return number;
}

} // namespace

std::string to_json(SinkCounts const& c)
{
    boost::json::object const object{{"requests", c.requests},
                                     {"cases", c.cases},
                                     {"repeated", c.repeated},
                                     {"failed", c.failed},
                                     {"refused", c.refused},
                                     {"cut", c.cut},
                                     {"lied", c.lied},
                                     {"header_faults", c.header_faults},
                                     {"digest_mismatches", c.digest_mismatches},
                                     {"order_violations", c.order_violations},
                                     {"key_conflicts", c.key_conflicts},
                                     {"overlaps", c.overlaps},
                                     {"mismatches", c.mismatches()},
                                     {"bytes", c.bytes},
                                     {"connections", c.connections},
                                     {"events_sent", c.events_sent},
                                     {"events_failed", c.events_failed},
                                     {"events_dropped", c.events_dropped}};
    return boost::json::serialize(object);
}

struct Sink::Data {
    Data(net::io_context& io, SinkConfig c)
        : context{io}, config{std::move(c)}, random{config.seed}, acceptor{io.get_executor()},
          more_events{io.get_executor()}, tasks{io, [](std::string const& name, std::string const& what) {
                                                    std::cerr << name << ": " << what << '\n';
                                                }}
    {
        if (!config.certificate_file.empty()) {
            tls.emplace(net::ssl::context::tls_server);
            tls->set_options(net::ssl::context::no_tlsv1 | net::ssl::context::no_tlsv1_1);
            tls->use_certificate_chain_file(config.certificate_file);
            tls->use_private_key_file(config.key_file, net::ssl::context::pem);
            if (!config.client_ca_file.empty()) {
                tls->load_verify_file(config.client_ca_file);
                tls->set_verify_mode(net::ssl::verify_peer | net::ssl::verify_fail_if_no_peer_cert);
            }
        }
        if (!config.events_url.empty()) {
            runtime::HttpClientConfig target;
            target.base_url = config.events_url;
            target.ca_file = config.events_ca;
            target.certificate_file = config.events_certificate;
            target.key_file = config.events_key;
            target.connections_max = 8;
            gateway = std::make_unique<runtime::HttpClient>(io, target);
        }
        if (!config.record_file.empty()) open_record();
        net::ip::tcp::endpoint const endpoint{net::ip::make_address(config.address), config.port};
        acceptor.open(endpoint.protocol());
        acceptor.set_option(net::socket_base::reuse_address{true});
        acceptor.bind(endpoint);
        acceptor.listen();
        tasks.spawn("accept", accept_loop());
        if (gateway)
            for (int n = 0; n < 8; ++n) tasks.spawn("events", events_loop());
    }

    struct Event {
        std::chrono::steady_clock::time_point due;
        std::string case_code;
        unsigned step = 0;
    };

    net::io_context& context;
    SinkConfig config;
    std::mt19937_64 random;
    std::optional<net::ssl::context> tls;
    runtime::Acceptor acceptor;
    runtime::Timer more_events;
    runtime::TaskGroup tasks;
    SinkCounts counts;
    std::unordered_map<std::string, std::string> digest_by_key;
    std::deque<std::string> keys;                     // oldest first
    std::map<std::string, std::uint64_t> last_number; // by unit, agency and year
    std::unordered_map<std::string, unsigned> under_way; // hand-overs by agency and unit
    std::deque<Event> events;                         // by due: the delay is the same for all
    std::unique_ptr<runtime::HttpClient> gateway;
    std::ofstream record;
    std::size_t connections = 0;
    bool stopping = false;
    std::vector<Plain*> streams; // of live sessions, to be closed at stop

    [[nodiscard]] bool happens(double rate)
    {
        return rate > 0 && std::uniform_real_distribution<double>{0, 1}(random) < rate;
    }

    runtime::Task<void> accept_loop()
    {
        while (!stopping) {
            runtime::Socket socket{context.get_executor()};
            auto const [ec] = co_await acceptor.async_accept(socket, runtime::as_result);
            if (ec) {
                if (stopping) co_return;
                runtime::Timer pause{context.get_executor(), std::chrono::milliseconds{50}};
                co_await pause.async_wait(runtime::as_result);
                continue;
            }
            if (connections >= config.connections_max) continue; // closed by its destructor
            boost::system::error_code ignored;
            socket.set_option(net::ip::tcp::no_delay{true}, ignored);
            ++connections;
            ++counts.connections;
            if (tls)
                tasks.spawn("session", serve_tls(std::move(socket)));
            else
                tasks.spawn("session", serve_plain(std::move(socket)));
        }
    }

    struct Open { // of one session: counted, and known to stop()
        Data& data;
        Plain* stream;
        Open(Data& d, Plain& s) : data{d}, stream{&s} { data.streams.push_back(stream); }
        Open(Open const&) = delete;
        Open& operator=(Open const&) = delete;
        ~Open()
        {
            --data.connections;
            std::erase(data.streams, stream);
        }
    };

    // One hand-over, from its arrival until its answer goes out: of a unit there may be one at a time.
    struct UnderWay {
        Data& data;
        std::string unit; // empty: no hand-over
        UnderWay(Data& d, Message const& request) : data{d}
        {
            auto const code = header(request, "Unit-Code");
            if (code.empty()) return;
            unit = fmt::format("{}/{}", header(request, "Agency"), code);
            if (data.under_way[unit]++ == 0) return;
            ++data.counts.overlaps;
            data.write_record("overlap", std::string{header(request, "Idempotency-Key")}, request);
        }
        UnderWay(UnderWay const&) = delete;
        UnderWay& operator=(UnderWay const&) = delete;
        ~UnderWay()
        {
            auto const found = data.under_way.find(unit);
            if (found != data.under_way.end() && --found->second == 0) data.under_way.erase(found);
        }
    };

    runtime::Task<void> serve_plain(runtime::Socket socket)
    {
        Plain stream{std::move(socket)};
        Open const open{*this, stream};
        co_await serve(stream, stream);
    }

    runtime::Task<void> serve_tls(runtime::Socket socket)
    {
        Tls stream{Plain{std::move(socket)}, *tls};
        Open const open{*this, stream.next_layer()};
        stream.next_layer().expires_after(std::chrono::seconds{10});
        auto const [ec] = co_await stream.async_handshake(net::ssl::stream_base::server, runtime::as_result);
        if (!ec) co_await serve(stream, stream.next_layer());
    }

    template <class Stream>
    runtime::Task<void> serve(Stream& stream, Plain& lowest)
    {
        beast::flat_buffer buffer;
        buffer.reserve(receive_reserved);
        while (!stopping) {
            lowest.expires_after(idle_max);
            http::request_parser<http::string_body> parser;
            parser.body_limit(config.body_bytes_max);
            auto const [ec, size] = co_await http::async_read(stream, buffer, parser, runtime::as_result);
            if (ec) co_return;
            auto const& request = parser.get();
            std::optional<UnderWay> under_way_here{std::in_place, *this, request};
            auto const answer = reply(request);
            if (config.lag.count() > 0) {
                runtime::Timer pause{context.get_executor(), config.lag};
                co_await pause.async_wait(runtime::as_result);
            }
            under_way_here.reset(); // whoever has the answer may send the next
            if (answer.cut) co_return;
            if (answer.lie) {
                std::string const rubbish = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 50\r\n\r\nhello";
                co_await net::async_write(stream, net::buffer(rubbish), runtime::as_result);
                co_return;
            }
            http::response<http::string_body> response;
            response.version(11);
            response.result(static_cast<unsigned>(answer.status));
            response.set(http::field::content_type,
                         answer.status >= 400 ? "application/problem+json" : "application/json");
            if (answer.retry_after) response.set(http::field::retry_after, std::to_string(config.retry_after.count()));
            response.body() = answer.body;
            response.keep_alive(request.keep_alive());
            response.prepare_payload();
            auto const [write_ec, written] = co_await http::async_write(stream, response, runtime::as_result);
            if (write_ec || !request.keep_alive()) co_return;
        }
    }

    Answer reply(Message const& request)
    {
        auto const target = request.target();
        if (target == "/counts") return {200, to_json(counts)};
        if (target == "/healthz") return {200, R"({"ok":true})"};
        if (target != "/v1/cases" || request.method() != http::verb::post) return {404, R"({"code":"NO-SUCH-CALL"})"};
        ++counts.requests;
        return take(request);
    }

    Answer take(Message const& request)
    {
        for (auto const name : required_headers)
            if (header(request, name).empty()) {
                ++counts.header_faults;
                return {400, fmt::format(R"({{"code":"HEADER-MISSING","title":"{}"}})", name)};
            }
        auto const digest = digest_header(request.body());
        if (header(request, "Content-Digest") != digest) {
            ++counts.digest_mismatches;
            return {400, R"({"code":"DIGEST-MISMATCH"})"};
        }
        std::string const key{header(request, "Idempotency-Key")};
        if (auto const known = digest_by_key.find(key); known != digest_by_key.end()) {
            if (known->second != digest) {
                ++counts.key_conflicts;
                return {422, R"({"code":"KEY-CONFLICT"})"};
            }
            ++counts.repeated;
            write_record("again", key, request);
            return {409, R"({"code":"ALREADY-THERE"})"};
        }
        if (happens(config.fail_rate)) {
            ++counts.failed;
            return {503, R"({"code":"BUSY"})", true};
        }
        if (happens(config.refuse_rate)) {
            ++counts.refused;
            write_record("refused", key, request);
            return {422, R"({"code":"REFUSED","title":"refused by the simulator"})"};
        }
        remember(key, digest, request);
        Answer answer{201, R"({"taken":true})"};
        answer.cut = happens(config.cut_rate);
        answer.lie = !answer.cut && happens(config.lie_rate);
        counts.cut += answer.cut ? 1 : 0;
        counts.lied += answer.lie ? 1 : 0;
        return answer;
    }

    void remember(std::string const& key, std::string const& digest, Message const& request)
    {
        ++counts.cases;
        counts.bytes += request.body().size();
        write_record("taken", key, request);
        digest_by_key.emplace(key, digest);
        keys.push_back(key);
        if (keys.size() > config.cases_max) {
            digest_by_key.erase(keys.front());
            keys.pop_front();
        }
        check_order(request);
        expect_events(std::string{header(request, "Case-Code")});
    }

    // One line a hand-over, between tabs: microseconds, how it was taken (taken, again, refused; overlap stands beside one of these or
    // a failure), then what the request said of the dossier, with the
    // SHA-256 of the bytes that came. What a simulator before us took is known at start, so that one may be killed.
    void open_record()
    {
        std::ifstream before{config.record_file};
        for (std::string line; std::getline(before, line) && !before.eof();) {
            std::vector<std::string> words{{}};
            for (char const c : line) c == '\t' ? static_cast<void>(words.emplace_back()) : words.back().push_back(c);
            if (words.size() != 8 || words[1] != "taken") continue;
            auto const digest = signing::bytes_of_hex(words[5]);
            if (digest_by_key.emplace(words[2], "sha-256=:" + schemas::base64_encode(digest) + ":").second) keys.push_back(words[2]);
        }
        record.open(config.record_file, std::ios::app);
        if (!record) throw std::runtime_error("the sink cannot write " + config.record_file);
    }

    void write_record(std::string_view what, std::string const& key, Message const& request)
    {
        if (!record.is_open()) return;
        auto const at = std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch());
        record << fmt::format("{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\n", at.count(), what, key, header(request, "Case-Code"), header(request, "Dossier-Id"),
                              signing::hex(signing::sha256(request.body())), header(request, "Unit-Code"), header(request, "Agency"))
               << std::flush;
        if (!record) std::cerr << "sink: the record cannot be written" << std::endl;
    }

    // Numbers of one agency and year are given in the order of commits, so that one unit's must arrive rising.
    void check_order(Message const& request)
    {
        auto const case_code = header(request, "Case-Code");
        auto const number = number_of(case_code);
        if (!number || last_number.size() > config.cases_max) return;
        auto const counter = fmt::format("{}{}", header(request, "Unit-Code"), case_code.substr(case_code.find('.')));
        auto& last = last_number[counter];
        if (*number <= last) ++counts.order_violations;
        last = std::max(last, *number);
    }

    void expect_events(std::string case_code)
    {
        if (!gateway) return;
        if (events.size() >= config.events_max) {
            ++counts.events_dropped;
            return;
        }
        events.push_back({std::chrono::steady_clock::now() + config.events_delay, std::move(case_code), 0});
        more_events.cancel_one();
    }

    runtime::Task<void> events_loop()
    {
        while (!stopping) {
            if (events.empty()) {
                more_events.expires_after(std::chrono::hours{1});
                co_await more_events.async_wait(runtime::as_result);
                continue;
            }
            auto event = events.front();
            events.pop_front();
            runtime::Timer until{context.get_executor(), event.due};
            co_await until.async_wait(runtime::as_result);
            if (stopping) co_return;
            co_await post_event(event);
            if (++event.step < 3) {
                event.due = std::chrono::steady_clock::now() + config.events_delay;
                events.push_back(event);
            }
        }
    }

    runtime::Task<void> post_event(Event event)
    {
        static constexpr std::string_view steps[] = {"processing", "done", "returned"};
        auto const now = std::chrono::system_clock::now();
        boost::json::object body{{"event_id", fmt::format("sim:{}:{}", event.case_code, event.step)},
                                 {"case_code", event.case_code},
                                 {"status", steps[event.step]},
                                 {"at", dossier::vietnam_time(now)},
                                 {"department", "Bộ phận mô phỏng"}};
        if (event.step == 0) body["result_due"] = dossier::vietnam_time(now + std::chrono::hours{24 * 5});
        runtime::HttpRequest request;
        request.method = "POST";
        request.target = "/v1/workflow/events";
        request.headers = {{"Content-Type", "application/json"}};
        if (!config.events_bearer.empty())
            request.headers.emplace_back("Authorization", "Bearer " + config.events_bearer);
        request.body = boost::json::serialize(body);
        for (int tries = 0; tries < 5 && !stopping; ++tries) {
            auto copy = request;
            auto const answer =
                co_await gateway->send(std::move(copy), runtime::Deadline::after(std::chrono::seconds{10}), true);
            if (answer && answer->status < 300) {
                ++counts.events_sent;
                co_return;
            }
            if (answer && answer->status < 500 && answer->status != 429) {
                if (counts.events_failed == 0)
                    std::cerr << "event refused: " << answer->status << ' ' << answer->body.substr(0, 300) << '\n';
                break;
            }
            runtime::Timer pause{context.get_executor(), std::chrono::milliseconds{500}};
            co_await pause.async_wait(runtime::as_result);
        }
        ++counts.events_failed;
    }

    void close_all()
    {
        stopping = true;
        boost::system::error_code ignored;
        acceptor.close(ignored);
        more_events.cancel();
        for (auto* const stream : streams) stream->close();
        tasks.stop();
    }
};

Sink::Sink(net::io_context& context, SinkConfig config)
{
    try {
        data_ = std::make_unique<Data>(context, std::move(config));
    } catch (boost::system::system_error const& e) {
        throw std::runtime_error(std::string{"the sink cannot start: "} + e.what());
    }
}
Sink::~Sink() = default;
std::uint16_t Sink::port() const { return data_->acceptor.local_endpoint().port(); }
SinkCounts const& Sink::counts() const { return data_->counts; }

void Sink::change(SinkConfig const& behaviour)
{
    auto& config = data_->config;
    config.lag = behaviour.lag;
    config.fail_rate = behaviour.fail_rate;
    config.refuse_rate = behaviour.refuse_rate;
    config.cut_rate = behaviour.cut_rate;
    config.lie_rate = behaviour.lie_rate;
    config.retry_after = behaviour.retry_after;
}

runtime::Task<void> Sink::stop()
{
    data_->close_all();
    co_await data_->tasks.drained(std::chrono::seconds{1});
}

int run_sink(SinkConfig const& config, std::chrono::seconds time_max, std::string const& port_file)
{
    net::io_context context{1};
    Sink sink{context, config};
    std::cout << "sink listens on " << (config.certificate_file.empty() ? "http://" : "https://") << config.address
              << ':' << sink.port() << std::endl;
    if (!port_file.empty()) std::ofstream{port_file} << sink.port() << std::endl;

    net::basic_signal_set<runtime::IoExecutor> signals{context.get_executor(), SIGTERM, SIGINT};
    runtime::Timer limit{context.get_executor(), time_max};
    auto const finish = [&context, &sink] {
        auto end = [&context](std::exception_ptr) { context.stop(); };
        net::co_spawn(context.get_executor(), sink.stop(), std::move(end));
    };
    signals.async_wait([&](boost::system::error_code ec, int) {
        if (!ec) finish();
    });
    limit.async_wait([&](boost::system::error_code ec) {
        if (!ec) finish();
    });
    context.run();

    auto const& counts = sink.counts();
    std::cout << fmt::format("sink: {} cases taken ({} repeated), {} MiB; failed {}, refused {}, cut {}, lied {}; "
                             "events {} sent, {} failed; "
                             "{} mismatches (headers {}, digest {}, order {}, key {}, overlaps {})\n",
                             counts.cases, counts.repeated, counts.bytes >> 20, counts.failed, counts.refused,
                             counts.cut, counts.lied, counts.events_sent, counts.events_failed, counts.mismatches(),
                             counts.header_faults, counts.digest_mismatches, counts.order_violations,
                             counts.key_conflicts, counts.overlaps);
    return counts.mismatches() == 0 ? 0 : 1;
}

} // namespace loadtest
