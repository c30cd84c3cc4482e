#include "gateway/intake/listener.hpp"

#include "gateway/observe/log.hpp"

#include <boost/asio/detail/socket_option.hpp>
#include <boost/asio/ip/address.hpp>

#include <sys/socket.h>

#include <stdexcept>
#include <utility>

namespace intake {
namespace {

using ReusePort = net::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;

void open(runtime::Acceptor& acceptor, ListenerConfig const& config)
{
    boost::system::error_code error;
    auto const fail_at = [&](char const* step) {
        if (error) throw std::runtime_error(config.address + ":" + std::to_string(config.port) + ": " + step + ": " + error.message());
    };
    auto const address = net::ip::make_address(config.address, error);
    fail_at("address");
    net::ip::tcp::endpoint const endpoint{address, config.port};
    acceptor.open(endpoint.protocol(), error);
    fail_at("open");
    acceptor.set_option(net::socket_base::reuse_address{true}, error);
    fail_at("reuse address");
    if (config.reuse_port) acceptor.set_option(ReusePort{true}, error);
    fail_at("reuse port");
    acceptor.bind(endpoint, error);
    fail_at("bind");
    acceptor.listen(config.backlog, error);
    fail_at("listen");
}

}  // namespace

Listener::Listener(net::io_context& context, ListenerConfig config, Services services, std::shared_ptr<net::ssl::context> tls)
    : services_{services}, buffers_{read_block_bytes(services.limits)}, turns_{context}, tls_{std::move(tls)}, acceptor_{context.get_executor()},
      backlog_{config.backlog}
{
    if (!tls_ && config.tls) tls_ = make_tls_context(*config.tls);
    open(acceptor_, config);
    port_ = acceptor_.local_endpoint().port();
}

void Listener::start(runtime::TaskGroup& group)
{
    group_ = &group;
    group.spawn("listener", accept_loop(group));
}

// Closing the acceptor resets whoever stands in its queue: with a handshake begun, or even a request sent.
runtime::Task<void> Listener::stop_accepting()
{
    stopping_ = true;
    boost::system::error_code error;
    acceptor_.non_blocking(true, error);
    for (int n = 0; n < backlog_ && !error; ++n) {
        auto place = services_.admission.take_connection();
        if (!place) break;
        runtime::Socket socket{acceptor_.get_executor()};
        acceptor_.accept(socket, error);
        if (!error) welcome(std::move(socket), std::move(*place));
    }
    acceptor_.close(error);
    co_await net::post(acceptor_.get_executor(), runtime::use_task);  // what accept_loop has just got is let in, too
}

void Listener::welcome(runtime::Socket socket, ConnectionPlace place)
{
    boost::system::error_code gone;
    auto const peer = socket.remote_endpoint(gone);
    if (gone || !place.come_in(peer.address())) {
        socket.set_option(net::socket_base::linger{true, 0}, gone);  // a reset: nothing of it stays with us
        return;
    }
    group_->spawn("session", serve(std::move(socket), std::move(place), tls_, services_, OfCore{buffers_, turns_, *group_}));
}

runtime::Task<void> Listener::accept_loop(runtime::TaskGroup& group)
{
    co_await net::this_coro::reset_cancellation_state(net::enable_total_cancellation());
    runtime::Timer pause{acceptor_.get_executor()};
    while (!stopping_ && !group.stopping()) {
        auto const crowd = services_.admission.accept_pause();  // handshakes are dear: they leave time for dossiers
        if (crowd.count() > 0) {
            services_.metrics.accept_paused();
            pause.expires_after(crowd);
            co_await pause.async_wait(runtime::as_result);
            continue;
        }
        auto place = services_.admission.take_connection();
        if (place) {
            auto [error, socket] = co_await acceptor_.async_accept(runtime::as_result);
            if (!error) {
                welcome(std::move(socket), std::move(*place));
                continue;
            }
            if (stopping_ || group.stopping()) break;
            observe::log(observe::Level::warning, "accept failed", {{"error", error.message()}});
        } else {
            services_.metrics.accept_paused();
        }
        place.reset();
        pause.expires_after(services_.limits.accept_pause);
        co_await pause.async_wait(runtime::as_result);
    }
    boost::system::error_code ignored;
    acceptor_.close(ignored);
}

}  // namespace intake
