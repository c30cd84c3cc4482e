#include "loadtest/connect.hpp"

#include "loadtest/free_by.hpp"
#include "loadtest/socket.hpp"

#include <openssl/ssl.h>

#include <poll.h>

#include <atomic>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

namespace loadtest {

namespace {

using Context = std::unique_ptr<SSL_CTX, FreeBy<SSL_CTX_free>>;
using Tls = std::unique_ptr<SSL, FreeBy<SSL_free>>;
using Session = std::unique_ptr<SSL_SESSION, FreeBy<SSL_SESSION_free>>;

int remember(SSL* tls, SSL_SESSION* session)
{
    auto* const kept = static_cast<Session*>(SSL_get_app_data(tls));
    if (kept == nullptr) return 0;
    kept->reset(session);
    return 1;  // ours now
}

Context context_of(ConnectConfig const& config)
{
    Context context{SSL_CTX_new(TLS_client_method())};
    SSL_CTX_set_min_proto_version(context.get(), TLS1_3_VERSION);
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
    SSL_CTX_clear_mode(context.get(), SSL_MODE_AUTO_RETRY);  // a read comes back once it has taken a ticket
    SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(context.get(), remember);
    bool usable = config.ca_file.empty() || SSL_CTX_load_verify_locations(context.get(), config.ca_file.c_str(), nullptr) == 1;
    if (!config.certificate_file.empty())
        usable = usable && SSL_CTX_use_certificate_chain_file(context.get(), config.certificate_file.c_str()) == 1 &&
                 SSL_CTX_use_PrivateKey_file(context.get(), config.key_file.c_str(), SSL_FILETYPE_PEM) == 1;
    if (!usable) throw std::runtime_error("certificates or key cannot be used");
    return context;
}

// A connection whose handshake is over on both sides; its ticket goes to `kept`. Null where it failed.
Tls shake(SSL_CTX* context, Socket const& socket, std::string const& host, SSL_SESSION* resume, Session& kept)
{
    Tls tls{SSL_new(context)};
    SSL_set_fd(tls.get(), socket.handle());
    SSL_set_tlsext_host_name(tls.get(), host.c_str());
    SSL_set_app_data(tls.get(), &kept);
    if (resume != nullptr) SSL_set_session(tls.get(), resume);
    if (SSL_connect(tls.get()) != 1) return nullptr;
    char byte = 0;
    while (!kept)
        if (SSL_read(tls.get(), &byte, 1) <= 0 && SSL_get_error(tls.get(), 0) != SSL_ERROR_WANT_READ && !kept) return nullptr;
    SSL_set_app_data(tls.get(), nullptr);
    return tls;
}

struct Tally {
    std::atomic<std::uint64_t> done{0}, failed{0}, not_resumed{0};
};

void shake_until(std::chrono::steady_clock::time_point end, ConnectConfig const& config, Address const& address, bool resume, Tally& tally)
{
    auto const context = context_of(config);
    Session ticket;
    while (std::chrono::steady_clock::now() < end) {
        auto const socket = connect_to(address, config.io_timeout);
        Session next;
        auto const tls = shake(context.get(), socket, address.host, resume ? ticket.get() : nullptr, next);
        if (!tls) {
            ++tally.failed;
            continue;
        }
        if (resume && ticket && SSL_session_reused(tls.get()) != 1) ++tally.not_resumed;
        else if (!resume || ticket) ++tally.done;
        ticket = std::move(next);
        SSL_set_shutdown(tls.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    }
}

bool still_open(Socket const& socket)
{
    pollfd waiting{socket.handle(), POLLRDHUP, 0};
    return poll(&waiting, 1, 0) == 0;
}

}  // namespace

std::size_t hold_idle(ConnectConfig const& config)
{
    auto const address = address_of(config.url);
    auto const context = context_of(config);
    std::vector<Socket> sockets;
    std::vector<Tls> open;
    for (std::size_t n = 0; n < config.count; ++n) {
        sockets.push_back(connect_to(address, config.io_timeout));
        if (!address.tls) continue;
        Session ticket;
        open.push_back(shake(context.get(), sockets.back(), address.host, nullptr, ticket));
        if (!open.back()) throw std::runtime_error("connection " + std::to_string(n) + " was refused");
    }
    if (!config.ready_file.empty()) std::ofstream{config.ready_file} << sockets.size() << '\n';
    std::this_thread::sleep_for(config.hold);
    std::size_t left = 0;
    for (auto const& socket : sockets) left += still_open(socket) ? 1 : 0;
    return left;
}

Handshakes handshakes(ConnectConfig const& config)
{
    auto const address = address_of(config.url);
    if (!address.tls) throw std::runtime_error("handshakes want https: " + config.url);
    Handshakes result;
    for (bool const resume : {false, true}) {
        Tally tally;
        auto const begun = std::chrono::steady_clock::now();
        {
            std::vector<std::jthread> threads;
            for (std::size_t n = 0; n < config.threads; ++n)
                threads.emplace_back([&] { shake_until(begun + config.each, config, address, resume, tally); });
        }
        std::chrono::duration<double> const took = std::chrono::steady_clock::now() - begun;
        (resume ? result.resumed : result.full) = tally.done;
        (resume ? result.resumed_per_second : result.full_per_second) = static_cast<double>(tally.done) / took.count();
        result.failed += tally.failed;
        result.not_resumed += tally.not_resumed;
    }
    return result;
}

}  // namespace loadtest
