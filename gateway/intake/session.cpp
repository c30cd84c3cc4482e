#include "gateway/intake/session.hpp"

#include "gateway/intake/framing.hpp"
#include "gateway/intake/tls.hpp"
#include "gateway/intake/unpack.hpp"
#include "gateway/observe/log.hpp"
#include "gateway/runtime/on_cpu.hpp"
#include "gateway/runtime/steady.hpp"
#include "gateway/runtime/stream.hpp"
#include "gateway/runtime/watchdog.hpp"

#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include <fmt/format.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <exception>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <utility>

namespace intake {
namespace {

namespace http = boost::beast::http;
using boost::system::error_code;
using fault::Fault;
using fault::FaultCode;
using runtime::as_result;
using runtime::Steady;
using runtime::Task;
using Parser = http::request_parser<http::string_body>;

Fault plain(FaultCode code, std::string_view detail = {}) { return {code, std::string{detail}, {}, {}}; }

// ---- What goes out --------------------------------------------------------------------------------------------------

std::string_view reason_of(int status)
{
    auto const phrase = http::obsolete_reason(http::int_to_status(static_cast<unsigned>(status)));
    return {phrase.data(), phrase.size()};
}

// RFC 9110 §5.6.7: Sun, 06 Nov 1994 08:49:37 GMT.
std::string http_date(runtime::Instant at)
{
    static constexpr std::array days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static constexpr std::array months{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    auto const day = std::chrono::floor<std::chrono::days>(at);
    std::chrono::year_month_day const date{day};
    std::chrono::hh_mm_ss const time{std::chrono::floor<std::chrono::seconds>(at - day)};
    return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", days[std::chrono::weekday{day}.c_encoding()],
                       static_cast<unsigned>(date.day()), months[static_cast<unsigned>(date.month()) - 1],
                       static_cast<int>(date.year()), time.hours().count(), time.minutes().count(), time.seconds().count());
}

// A handler may quote its caller: no line of ours breaks for it.
void append_field(std::string& out, std::string_view name, std::string_view value)
{
    out.append(name).append(": ");
    for (auto const c : value) out += static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? ' ' : c;
    out += "\r\n";
}

// ---- What is known of the peer --------------------------------------------------------------------------------------

// Null where none was shown.
std::shared_ptr<ClientCertificate const> client_of(SSL* ssl, ClientCertificates* clients)
{
    auto* const certificate = SSL_get0_peer_certificate(ssl);
    if (!certificate || SSL_get_verify_result(ssl) != X509_V_OK) return nullptr;
    unsigned char* der = nullptr;
    auto const size = i2d_X509(certificate, &der);
    if (size <= 0) return nullptr;
    std::string const bytes{reinterpret_cast<char const*>(der), static_cast<std::size_t>(size)};
    OPENSSL_free(der);
    if (clients) return clients->shown(bytes);
    return std::shared_ptr<ClientCertificate const>{new ClientCertificate{bytes, signing::hex(signing::sha256(bytes))}};
}

// RFC 6750 §2.1. Another scheme is as if nothing were shown.
std::string bearer_key(Head const& head)
{
    for (auto const& [name, value] : head.fields) {
        if (!equal_ignoring_case(name, "authorization")) continue;
        std::string_view const text = value;
        if (text.size() < 8 || !equal_ignoring_case(text.substr(0, 7), "bearer ")) return {};
        auto const key = text.substr(7);
        return std::string{key.substr(std::min(key.find_first_not_of(' '), key.size()))};
    }
    return {};
}

std::string_view field(Head const& head, std::string_view name)
{
    for (auto const& [known, value] : head.fields)
        if (equal_ignoring_case(known, name)) return value;
    return {};
}

// RFC 9110 §6.5.1: fields that frame, route or authenticate have no place behind the body. Others are thrown away.
bool trailers_are_harmless(Parser const& parser, Head const& head)
{
    static constexpr std::array forbidden{"transfer-encoding", "content-length", "host", "content-encoding", "content-type",
                                          "content-range", "authorization", "expect", "connection", "trailer", "te", "upgrade"};
    auto const in_head = [&](std::string_view name) {
        return std::ranges::count_if(head.fields, [&](auto const& f) { return equal_ignoring_case(f.first, name); });
    };
    return std::ranges::all_of(forbidden, [&](char const* name) {
        return static_cast<std::ptrdiff_t>(parser.get().count(name)) == in_head(name);
    });
}

// ---- One request on its way through ---------------------------------------------------------------------------------

struct Exchange {
    explicit Exchange(Head h) : head{std::move(h)} {}
    Head head;
    observe::Trace trace;
    Route const* route = nullptr;
    std::optional<Ticket> ticket;
    bool keep = true;    // the connection lives on after the answer
    bool unread = true;  // the body, if any, still lies before us
};

class Session {
public:
    Session(runtime::Socket socket, SSL_CTX* tls, Services services, OfCore core)
        : stream_{std::move(socket), tls}, dog_{stream_.socket()}, s_{services}, group_{core.group}, turns_{core.turns}, buffer_{core.buffers}
    {
    }

    Task<void> run();

private:
    Task<bool> handshake();
    Task<bool> first_bytes();
    Task<std::optional<Head>> next_head();
    Task<bool> serve_one(Head head);
    Task<bool> refuse(Exchange& x, Fault fault);
    Task<bool> refuse_framing(Fault fault);
    Task<bool> answer(Exchange& x, Reply reply);
    std::optional<Fault> route(Exchange& x, Target const& target, std::string& parameter) const;
    Task<std::optional<Fault>> admit(Exchange& x, std::uint64_t body_bytes_max);
    Task<void> pause();
    Task<std::optional<Fault>> read_body(Exchange& x, std::uint64_t bytes_max, std::string& body);
    Task<std::optional<Fault>> unpack(Exchange& x, Encoding encoding, std::string& body);
    Task<Reply> handle(Exchange& x, Request request);
    Task<bool> drain(std::uint64_t bytes);
    Task<void> close();

    void arm(std::chrono::milliseconds budget) { dog_.arm(Steady::now() + budget); }
    std::uint64_t body_bound(Route const& route) const;
    std::string_view date();

    runtime::Stream stream_;
    runtime::Watchdog dog_;  // destroyed before the stream
    Services s_;
    runtime::TaskGroup const& group_;
    runtime::Turns& turns_;
    runtime::ReadBuffer buffer_;
    std::optional<Parser> parser_;
    std::shared_ptr<ClientCertificate const> client_;  // null: showed none; shared by all connections that show the same
    std::uint32_t served_ = 0, refusals_ = 0;  // requests; 429 and 503 in a row
    bool idle_ = false;      // between requests: a polite stop may end the wait
    bool linger_ = false;    // the peer may still be sending what we refused to read
    std::chrono::sys_seconds date_at_{};
    std::string date_;
};

Task<void> Session::run()
{
    // A polite stop reaches a session only while it waits for a request; a final one always.
    auto heard = [this](net::cancellation_type type) {
        return idle_ ? type : type & net::cancellation_type::terminal;
    };
    co_await net::this_coro::reset_cancellation_state(heard);

    bool alive = co_await handshake();
    while (alive && (served_ == 0 || !group_.stopping())) {
        bool const begun = co_await first_bytes();
        if (!begun) break;
        auto head = co_await next_head();
        if (!head) break;
        ++served_;
        alive = co_await serve_one(std::move(*head));
    }
    co_await net::this_coro::reset_cancellation_state(net::enable_terminal_cancellation());
    co_await close();
}

Task<bool> Session::handshake()
{
    if (!stream_.tls()) co_return true;
    auto const began = Steady::now();
    arm(s_.admission.patience(s_.limits.handshake_timeout));
    auto error = co_await stream_.readable();
    // Each of its steps costs as much as a dossier; nobody's yet, so that a storm of them is one line beside the parties'.
    if (!error) error = co_await stream_.handshake(&turns_);
    if (error) {
        s_.metrics.handshake_failed();
        co_return false;
    }
    s_.metrics.handshake(Steady::now() - began, SSL_session_reused(stream_.tls()) == 1);
    client_ = client_of(stream_.tls(), s_.clients);
    stream_.forget_peer();
    co_return true;
}

// Connections spend their lives here, so that it is a coroutine of its own with little in its frame.
Task<bool> Session::first_bytes()
{
    // The first request must come as fast as a header: who connects has something to say.
    auto const first = group_.stopping() ? s_.limits.close_timeout : s_.limits.header_timeout;
    arm(s_.admission.patience(served_ == 0 ? first : s_.limits.idle_timeout));
    if (!buffer_.empty()) co_return true;
    parser_.reset();
    buffer_.rest();
    idle_ = true;
    auto error = co_await stream_.readable();
    idle_ = false;
    // Who came just before a stop has something to say, and it may be on its way.
    if (error && served_ == 0 && group_.stopping() && !dog_.fired()) {
        co_await net::this_coro::reset_cancellation_state(net::enable_terminal_cancellation());
        arm(s_.limits.close_timeout);
        error = co_await stream_.readable();
    }
    co_return !error;
}

// Nothing where the connection must end; what the peer should read about it has then been written.
Task<std::optional<Head>> Session::next_head()
{
    auto const none = std::optional<Head>{};
    std::size_t looked_at = 0;
    unsigned empty_lines = 0;
    bool begun = false;
    auto began = Steady::now();
    for (;;) {
        // RFC 9112 §2.2: an empty line before the request line is ignored. Two, no more.
        while (looked_at == 0 && empty_lines < 2 && buffer_.text().starts_with("\r\n")) {
            buffer_.consume(2);
            ++empty_lines;
        }
        auto const text = buffer_.text();
        auto const end = text.find("\r\n\r\n", looked_at > 3 ? looked_at - 3 : 0);
        if (end != std::string_view::npos) {
            auto head = read_head(text.substr(0, end + 4), s_.limits);
            if (!head) {
                co_await refuse_framing(head.error());
                co_return none;
            }
            // The second opinion: Beast must see the same request in the same bytes.
            parser_.emplace();
            parser_->header_limit(static_cast<std::uint32_t>(s_.limits.header_bytes_max));
            parser_->body_limit(boost::none);
            error_code error;
            parser_->put(net::const_buffer{text.data(), end + 4}, error);
            bool const agrees = !error && parser_->is_header_done() && parser_->chunked() == head->chunked &&
                                parser_->content_length().value_or(0) == head->content_length.value_or(0);
            if (!agrees) {
                co_await refuse_framing(plain(FaultCode::request_malformed, "two readers disagree"));
                co_return none;
            }
            buffer_.consume(end + 4);
            s_.metrics.stage_time(observe::Stage::header, Steady::now() - began);
            co_return std::move(*head);
        }
        // A lone CR may become an ignored empty line.
        if (!text.empty() && text != "\r") {
            if (!begun) {
                begun = true;
                began = Steady::now();
                arm(s_.admission.patience(s_.limits.header_timeout));
            }
            if (auto no = doomed(text, looked_at, s_.limits)) {
                co_await refuse_framing(std::move(*no));
                co_return none;
            }
            looked_at = text.size();
        }
        idle_ = served_ > 0 && !begun && text.empty();
        auto const error = co_await stream_.read_more(buffer_);
        idle_ = false;
        if (error) {
            if (begun && dog_.fired()) co_await refuse_framing(plain(FaultCode::request_timeout, "header"));
            co_return none;
        }
    }
}

// The framing is in doubt, or the peer too slow: one answer, and the end.
Task<bool> Session::refuse_framing(Fault fault)
{
    linger_ = true;
    Exchange x{Head{}};
    x.trace = observe::new_trace();
    x.head.close = true;
    x.unread = false;
    co_return co_await refuse(x, std::move(fault));
}

std::uint64_t Session::body_bound(Route const& route) const
{
    auto const usual = route.access == Access::open ? s_.limits.open_body_bytes_max : s_.limits.body_bytes_max;
    return route.body_bytes_max > 0 ? std::min(route.body_bytes_max, s_.limits.body_bytes_max) : usual;
}

std::optional<Fault> Session::route(Exchange& x, Target const& target, std::string& parameter) const
{
    auto match = s_.router.find(x.head.method, target.path);
    if (!match) return match.error();
    x.route = match->route;
    parameter = std::move(match->path_parameter);
    if (x.head.expects_unknown) return plain(FaultCode::expectation_unknown);
    if (x.route->body && !x.head.content_length && !x.head.chunked) return plain(FaultCode::length_required);
    return std::nullopt;
}

Task<std::optional<Fault>> Session::admit(Exchange& x, std::uint64_t body_bytes_max)
{
    if (group_.stopping()) co_return plain(FaultCode::stopping);
    auto const bytes = x.head.chunked ? body_bytes_max : x.head.content_length.value_or(0);
    // Whatever else it shows: who sends under a revoked certificate may be anybody.
    bool const revoked = x.route->access == Access::party && client_ && s_.clients && s_.clients->revoked(*client_);
    if (revoked) co_return plain(FaultCode::credentials_revoked, client_->sha256);
    providers::Credentials credentials{client_ ? client_->sha256 : std::string{}, bearer_key(x.head)};
    arm(s_.limits.places.wait_max + s_.limits.write_timeout);  // a wait for its turn is no fault of the peer's
    auto ticket = co_await s_.admission.enter(*x.route, std::move(credentials), std::min(bytes, body_bytes_max));
    if (!ticket) co_return ticket.error();
    x.ticket.emplace(std::move(*ticket));
    refusals_ = 0;
    // After who, so that a stranger learns nothing of our bounds; before the body all the same.
    if (bytes > body_bytes_max) co_return plain(FaultCode::body_too_large, "Content-Length");
    co_return std::nullopt;
}

Task<bool> Session::serve_one(Head head)
{
    Exchange x{std::move(head)};
    x.trace = observe::trace_from(field(x.head, "traceparent"));
    x.keep = !x.head.close && served_ < s_.limits.requests_per_connection_max;
    x.unread = x.head.has_body();

    auto target = read_target(x.head.target);
    if (!target) {
        x.keep = x.keep && target.error().code == FaultCode::parameter_invalid;
        co_return co_await refuse(x, target.error());
    }
    std::string parameter;
    if (auto no = route(x, *target, parameter)) co_return co_await refuse(x, std::move(*no));

    auto const bytes_max = x.route->body ? body_bound(*x.route) : s_.limits.drain_bytes_max;
    auto const encoding = x.route->body ? encoding_of(field(x.head, "content-encoding")) : std::optional{Encoding::none};
    auto turned_away = co_await admit(x, bytes_max);
    if (turned_away) co_return co_await refuse(x, std::move(*turned_away));
    if (!encoding) co_return co_await refuse(x, plain(FaultCode::encoding_unsupported));

    std::string body;
    if (x.head.has_body()) {
        if (auto no = co_await read_body(x, bytes_max, body)) co_return co_await refuse(x, std::move(*no));
    }
    auto const received_at = s_.clock.now();  // the filing time
    x.ticket->step_in();
    buffer_.rest();  // the handler may take its time
    stream_.rest();
    if (!x.route->body) body.clear();
    // What is costly to look at takes turns with others of its kind, so that answers and small requests pass between them.
    auto const whole_at = Steady::now();
    if (x.route->track == Track::filings && x.ticket->admitted()) co_await turns_.take(x.ticket->admitted()->provider().code);
    auto const turn_waited = Steady::now() - whole_at;
    if (*encoding != Encoding::none && !body.empty()) {
        if (auto no = co_await unpack(x, *encoding, body)) co_return co_await refuse(x, std::move(*no));
    }

    Request request;
    request.method = x.head.method == "HEAD" ? "GET" : x.head.method;
    request.path = std::move(target->path_decoded);
    request.query = std::move(target->query);
    request.headers = std::move(x.head.fields);
    request.body = std::move(body);
    request.path_parameter = std::move(parameter);
    request.admitted = x.ticket->admitted();
    request.ticket = &*x.ticket;
    request.trace = x.trace;
    request.received_at = received_at;
    request.turn_waited = turn_waited;
    request.deadline = runtime::Deadline::after(s_.limits.request_timeout);
    auto reply = co_await handle(x, std::move(request));
    co_return co_await answer(x, std::move(reply));
}

Task<Reply> Session::handle(Exchange& x, Request request)
{
    std::string surprise;
    try {
        auto task = x.route->handle(std::move(request));
        co_return co_await std::move(task);
    } catch (boost::system::system_error const& error) {
        if (error.code() == net::error::operation_aborted) throw;  // the final stop
        surprise = error.what();
    } catch (std::exception const& error) {
        surprise = error.what();
    }
    observe::log(observe::Level::error, "a handler threw", {{"trace_id", x.trace.trace_id}, {"route", x.route->path}, {"what", surprise}});
    x.keep = false;
    co_return Reply::problem(plain(FaultCode::internal), x.trace);
}

// Bounded in bytes by the parser, in time by a total and by a minimum rate.
Task<std::optional<Fault>> Session::read_body(Exchange& x, std::uint64_t bytes_max, std::string& body)
{
    auto const began = Steady::now();
    auto& parser = *parser_;
    parser.body_limit(bytes_max);
    parser.eager(true);
    x.unread = false;  // from here on the body is read to its end or the connection ends

    // RFC 9110 §10.1.1: a peer that has begun to send does not wait for us.
    if (x.head.expects_continue && buffer_.empty()) {
        arm(s_.limits.write_timeout);
        auto const error = co_await stream_.write("HTTP/1.1 100 Continue\r\n\r\n");
        if (error) {
            x.keep = false;
            co_return plain(FaultCode::request_timeout, "continue");
        }
    }
    std::uint64_t received = 0;
    auto const unusable = [&](FaultCode code, std::string_view detail) {
        x.keep = false;
        linger_ = true;
        return plain(code, detail);
    };
    while (!parser.is_done()) {
        if (!buffer_.empty()) {
            error_code error;
            auto const used = parser.put(net::const_buffer{buffer_.text().data(), buffer_.size()}, error);
            buffer_.consume(used);
            if (error == http::error::body_limit) co_return unusable(FaultCode::body_too_large, "as sent");
            bool const stuck = error == http::error::need_more && used == 0 && buffer_.full();
            if ((error && error != http::error::need_more) || stuck) co_return unusable(FaultCode::request_malformed, "body framing");
            if (parser.is_done()) break;
            if (!error && used > 0 && !buffer_.empty()) continue;
        }
        auto const by_rate = s_.limits.body_grace + std::chrono::milliseconds{received * 1000 / s_.limits.body_bytes_per_second_min};
        dog_.arm(began + std::min(s_.limits.body_timeout, by_rate));
        auto const before = buffer_.size();
        auto const error = co_await stream_.read_more(buffer_);
        received += buffer_.size() - before;
        if (error) co_return unusable(dog_.fired() ? FaultCode::request_timeout : FaultCode::request_malformed, "body");
    }
    if (x.head.chunked && !trailers_are_harmless(parser, x.head)) co_return unusable(FaultCode::request_malformed, "trailer");
    body = std::move(parser.get().body());
    s_.metrics.stage_time(observe::Stage::body, Steady::now() - began);
    co_return std::nullopt;
}

// Memory is reserved before it is filled. The first piece is made on this core, since most dossiers end there.
Task<std::optional<Fault>> Session::unpack(Exchange& x, Encoding encoding, std::string& body)
{
    constexpr std::uint64_t piece = 1u << 20;
    auto const began = Steady::now();
    auto const packed = std::move(body);
    Unpacker unpacker{encoding, packed, s_.limits.unpacked_bytes_max};
    auto step = s_.limits.unpack_inline_bytes_max;
    for (bool whole = false; !whole;) {
        if (!x.ticket->grow(step)) co_return Fault{FaultCode::overloaded, "memory for unpacking", {}, s_.limits.retry_after};
        auto work = [&unpacker, step] { return unpacker.step(step); };
        std::optional<fault::Result<bool>> done;
        if (s_.cpu && step == piece)
            done = co_await runtime::on_cpu(*s_.cpu, work);
        else
            done = work();
        if (!*done) co_return done->error();
        whole = **done;
        step = piece;
    }
    body = std::move(unpacker).take();
    x.ticket->shrink(packed.size());
    s_.metrics.stage_time(observe::Stage::unpack, Steady::now() - began);
    co_return std::nullopt;
}

// RFC 9110 §15.5: the answer to a request whose body we did not read. Where the body is small and surely on its way, it
// is read and thrown away and the connection lives. A peer that asked for 100-continue may or may not send it now:
// nobody can tell what its next bytes are, so the connection ends.
Task<bool> Session::refuse(Exchange& x, Fault fault)
{
    auto const& row = fault::row_of(fault.code);
    std::string_view provider;
    if (x.ticket && x.ticket->admitted()) provider = x.ticket->admitted()->provider().code;
    s_.metrics.refused(provider, row.id);
    bool const later = row.http == 429 || row.http == 503;
    if (!later || refusals_ == 0)  // one line for a peer that does not obey
        observe::log(observe::Level::info, "request refused",
                 {{"trace_id", x.trace.trace_id}, {"code", row.id}, {"route", x.route ? x.route->path : "none"}, {"detail", fault.detail}});

    auto reply = Reply::problem(fault, x.trace);
    if (fault.code == FaultCode::method_not_allowed) reply.headers.emplace_back("Allow", fault.detail);
    if (fault.code == FaultCode::encoding_unsupported) reply.headers.emplace_back("Accept-Encoding", "gzip, zstd");

    auto const length = x.head.content_length.value_or(0);
    bool const drainable = x.unread && !x.head.chunked && !x.head.expects_continue && length <= s_.limits.drain_bytes_max;
    if (x.unread && !drainable) {
        x.keep = false;
        linger_ = true;
    }
    bool alive = co_await answer(x, std::move(reply));
    if (alive && x.unread) alive = co_await drain(length);
    if (alive && later) co_await pause();
    co_return alive;
}

// Who was told to come later and does not obey is read again only after a while, and costs us nothing meanwhile.
Task<void> Session::pause()
{
    auto const wait = s_.limits.refusal_pause * (1u << std::min(refusals_++, 3u));
    if (wait.count() == 0) co_return;
    arm(wait + s_.limits.write_timeout);
    auto const executor = co_await net::this_coro::executor;
    runtime::Timer timer{executor, wait};
    co_await timer.async_wait(as_result);
}

Task<bool> Session::drain(std::uint64_t bytes)
{
    arm(s_.limits.drain_timeout);
    for (;;) {
        auto const here = std::min<std::uint64_t>(bytes, buffer_.size());
        buffer_.consume(here);
        bytes -= here;
        if (bytes == 0) co_return true;
        auto const error = co_await stream_.read_more(buffer_);
        if (error) co_return false;
    }
}

Task<bool> Session::answer(Exchange& x, Reply reply)
{
    bool const keep = x.keep && !x.head.close && !reply.close && !group_.leaving();
    bool const bodiless = reply.status == 204 || reply.status == 304;
    std::string out;
    out.reserve(512);
    fmt::format_to(std::back_inserter(out), "HTTP/1.1 {} {}\r\n", reply.status, reason_of(reply.status));
    append_field(out, "Server", "ivan-hub");
    append_field(out, "Date", date());
    append_field(out, "Trace-Id", x.trace.trace_id);
    if (!bodiless) {
        append_field(out, "Content-Type", reply.content_type);
        append_field(out, "Content-Length", std::to_string(reply.body.size()));
    }
    for (auto const& [name, value] : reply.headers) append_field(out, name, value);
    if (x.ticket)
        for (auto const& [name, value] : x.ticket->rate_limit()) append_field(out, name, value);
    if (!keep) append_field(out, "Connection", "close");
    out += "\r\n";

    bool const with_body = !bodiless && x.head.method != "HEAD";
    arm(s_.limits.write_timeout);
    auto writing = with_body ? stream_.write(out, reply.body) : stream_.write(out);
    auto const error = co_await std::move(writing);
    s_.metrics.request(x.route ? std::string_view{x.route->path} : "none", reply.status);
    x.ticket.reset();
    co_return keep && !error;
}

std::string_view Session::date()
{
    auto const now = std::chrono::floor<std::chrono::seconds>(s_.clock.now());
    if (now != date_at_ || date_.empty()) {
        date_at_ = now;
        date_ = http_date(now);
    }
    return date_;
}

// Our FIN goes out at once. Where the peer may still be sending, what comes is read and thrown away for a short while:
// closing over unread bytes sends a reset, which destroys our answer before the peer reads it (RFC 9112 §9.6).
Task<void> Session::close()
{
    arm(s_.limits.close_timeout);
    co_await stream_.shut();
    std::uint64_t thrown_away = 0;
    while (linger_ && thrown_away < s_.limits.drain_bytes_max) {
        buffer_.consume(buffer_.size());
        auto const room = buffer_.room();
        auto const [error, got] = co_await stream_.socket().async_read_some(net::mutable_buffer{room.data(), room.size()}, as_result);
        if (error) break;
        thrown_away += got;
    }
    dog_.disarm();
    error_code ignored;
    stream_.socket().close(ignored);
}

// Counts the connection while it lives.
class Counted {
public:
    explicit Counted(observe::Metrics& metrics) : metrics_{metrics} { metrics_.connections(1); }
    Counted(Counted const&) = delete;
    Counted& operator=(Counted const&) = delete;
    ~Counted() { metrics_.connections(-1); }

private:
    observe::Metrics& metrics_;
};

}  // namespace

Task<void> serve(runtime::Socket socket, ConnectionPlace place, std::shared_ptr<net::ssl::context> tls, Services services, OfCore core)
{
    auto const held = std::move(place);
    Counted const counted{services.metrics};
    error_code ignored;
    socket.set_option(net::ip::tcp::no_delay{true}, ignored);
    try {
        Session session{std::move(socket), tls ? tls->native_handle() : nullptr, services, core};
        co_await session.run();
    } catch (boost::system::system_error const& error) {
        if (error.code() != net::error::operation_aborted) throw;  // the final stop of the group needs no line in the log
    }
}

}  // namespace intake
