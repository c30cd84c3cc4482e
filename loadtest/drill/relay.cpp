#include "loadtest/drill/relay.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/write.hpp>

#include <array>
#include <csignal>
#include <fstream>
#include <random>
#include <stdexcept>
#include <string_view>

namespace loadtest::drill
{

using runtime::Task;

struct Relay::Data : std::enable_shared_from_this<Relay::Data> {
    Data(net::io_context& io, RelayConfig c) : context{io}, config{std::move(c)}, random{config.seed}, acceptor{io.get_executor()}
    {
        net::ip::tcp::endpoint const endpoint{net::ip::make_address("127.0.0.1"), config.port};
        acceptor.open(endpoint.protocol());
        acceptor.set_option(net::socket_base::reuse_address{true});
        acceptor.bind(endpoint);
        acceptor.listen();
    }

    struct Pair {
        explicit Pair(runtime::Socket from) : client{std::move(from)}, hub{client.get_executor()} {}
        runtime::Socket client, hub;
        void close()
        {
            boost::system::error_code ignored;
            client.close(ignored);
            hub.close(ignored);
        }
    };

    net::io_context& context;
    RelayConfig config;
    std::mt19937_64 random;
    runtime::Acceptor acceptor;
    std::size_t connections = 0;
    std::uint64_t dropped = 0, passed = 0;

    // Coroutines hold the data themselves, so each may end when it likes.
    static Task<void> accept(std::shared_ptr<Data> self)
    {
        while (self->acceptor.is_open()) {
            runtime::Socket socket{self->context.get_executor()};
            auto const [ec] = co_await self->acceptor.async_accept(socket, runtime::as_result);
            if (ec) co_return;
            if (self->connections >= self->config.connections_max) continue;
            auto pair = std::make_shared<Pair>(std::move(socket));
            net::co_spawn(self->context.get_executor(), serve(self, std::move(pair)), net::detached);
        }
    }

    static Task<void> serve(std::shared_ptr<Data> self, std::shared_ptr<Pair> pair)
    {
        net::ip::tcp::endpoint const hub{net::ip::make_address(self->config.host), self->config.to};
        auto const [ec] = co_await pair->hub.async_connect(hub, runtime::as_result);
        if (ec) {
            pair->close();
            co_return;
        }
        ++self->connections;
        net::co_spawn(self->context.get_executor(), upstream(pair), net::detached);
        co_await downstream(self, pair);
        --self->connections;
    }

    static Task<void> upstream(std::shared_ptr<Pair> pair)
    {
        std::array<char, 65536> buffer;
        for (;;) {
            auto const [ec, got] = co_await pair->client.async_read_some(net::buffer(buffer), runtime::as_result);
            if (ec) break;
            auto const [write_ec, put] = co_await net::async_write(pair->hub, net::buffer(buffer.data(), got), runtime::as_result);
            if (write_ec) break;
        }
        pair->close();
    }

    static Task<void> downstream(std::shared_ptr<Data> self, std::shared_ptr<Pair> pair)
    {
        std::array<char, 65536> buffer;
        for (;;) {
            auto const [ec, got] = co_await pair->hub.async_read_some(net::buffer(buffer), runtime::as_result);
            if (ec) break;
            // The hub answers 201 after its commit: what is lost here is stored.
            if (std::string_view{buffer.data(), got}.starts_with("HTTP/1.1 201")) {
                if (std::uniform_real_distribution<double>{0, 1}(self->random) < self->config.drop_share) {
                    ++self->dropped;
                    break;
                }
                ++self->passed;
            }
            auto const [write_ec, put] = co_await net::async_write(pair->client, net::buffer(buffer.data(), got), runtime::as_result);
            if (write_ec) break;
        }
        pair->close();
    }
};

Relay::Relay(net::io_context& context, RelayConfig config)
{
    try {
        data_ = std::make_shared<Data>(context, std::move(config));
    } catch (boost::system::system_error const& e) {
        throw std::runtime_error(std::string{"the relay cannot start: "} + e.what());
    }
    net::co_spawn(context.get_executor(), Data::accept(data_), net::detached);
}

Relay::~Relay()
{
    boost::system::error_code ignored;
    data_->acceptor.close(ignored);
}

std::uint16_t Relay::port() const { return data_->acceptor.local_endpoint().port(); }
std::uint64_t Relay::dropped() const { return data_->dropped; }
std::uint64_t Relay::passed() const { return data_->passed; }

int run_relay(RelayConfig const& config, std::string const& dropped_file)
{
    net::io_context context{1};
    Relay const relay{context, config};
    net::basic_signal_set<runtime::IoExecutor> signals{context.get_executor(), SIGTERM, SIGINT};
    signals.async_wait([&](boost::system::error_code ec, int) {
        if (!ec) context.stop();
    });
    context.run();
    if (!dropped_file.empty()) std::ofstream{dropped_file} << relay.dropped() << ' ' << relay.passed() << std::endl;
    return 0;
}

} // namespace loadtest::drill
