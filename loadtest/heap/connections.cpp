#include "loadtest/heap/connections.hpp"

#include "gateway/intake/listener.hpp"
#include "gateway/runtime/task_group.hpp"
#include "loadtest/process.hpp"
#include "signing/dev/issuer.hpp"
#include "signing/dev/pki.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>

#include <openssl/ssl.h>

#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bench
{
namespace
{

namespace fs = std::filesystem;
using signing::dev::KeyKind;
using std::chrono::seconds;

constexpr std::size_t warm_up = 32;  // connections that make what the process makes once
constexpr seconds hang_after{120};

// ---- The clients' process ---------------------------------------------------------------------------------------------

struct ClientSide {
    std::uint16_t port;
    std::string trusted_file, certificate_file, key_file;  // empty: plain; no certificate
};

class Client {
public:
    Client(ClientSide const& side, SSL_CTX* context) : socket_{::socket(AF_INET, SOCK_STREAM, 0)}
    {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(side.port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        timeval const wait{hang_after.count(), 0};
        setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
        if (::connect(socket_, reinterpret_cast<sockaddr const*>(&address), sizeof address) != 0) throw std::runtime_error("connect");
        if (context == nullptr) return;
        tls_ = SSL_new(context);
        SSL_set_fd(tls_, socket_);
        if (SSL_connect(tls_) != 1) throw std::runtime_error("handshake");
    }
    void ask()
    {
        std::string const request = "GET /nothing HTTP/1.1\r\nHost: hub\r\n\r\n";
        auto const size = static_cast<int>(request.size());
        if ((tls_ ? SSL_write(tls_, request.data(), size) : ::write(socket_, request.data(), request.size())) != size) throw std::runtime_error("ask");
        std::array<char, 8192> answer{};
        if ((tls_ ? SSL_read(tls_, answer.data(), answer.size()) : ::read(socket_, answer.data(), answer.size())) <= 0) throw std::runtime_error("answer");
    }

private:
    int socket_;  // until the process ends
    SSL* tls_ = nullptr;
};

void await_word(int from)
{
    char word = 0;
    if (::read(from, &word, 1) != 1) _exit(0);
}
void say_word(int to)
{
    char const word = '.';
    if (::write(to, &word, 1) != 1) _exit(1);
}

[[noreturn]] void be_clients(ClientSide const& side, std::size_t connections, int hear, int say)
{
    try {
        SSL_CTX* context = nullptr;
        if (!side.trusted_file.empty()) {
            context = SSL_CTX_new(TLS_client_method());
            SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
            SSL_CTX_load_verify_file(context, side.trusted_file.c_str());
            if (!side.certificate_file.empty() && (SSL_CTX_use_certificate_chain_file(context, side.certificate_file.c_str()) != 1 ||
                                                   SSL_CTX_use_PrivateKey_file(context, side.key_file.c_str(), SSL_FILETYPE_PEM) != 1))
                throw std::runtime_error("client certificate");
        }
        std::vector<Client> clients;
        for (auto const count : {warm_up, connections}) {
            for (std::size_t n = 0; n < count; ++n) clients.emplace_back(side, context);
            if (count == warm_up)
                for (auto& client : clients) client.ask();
            say_word(say);
            await_word(hear);
        }
        for (auto& client : clients) client.ask();
        say_word(say);
        await_word(hear);
        _exit(0);
    } catch (std::exception const& error) {
        std::fprintf(stderr, "clients: %s\n", error.what());
        _exit(1);
    }
}

// ---- The server's -----------------------------------------------------------------------------------------------------

std::string write_file(fs::path const& path, std::string const& text)
{
    std::ofstream{path, std::ios::binary} << text;
    return path.string();
}

signing::dev::Identity issued(signing::dev::Identity const& issuer, signing::dev::Request::Use use, KeyKind key)
{
    signing::dev::Request request;
    request.common_name = "idle";
    request.key = key;
    request.use = use;
    if (use == signing::dev::Request::Use::tls_server) request.ip_addresses = {"127.0.0.1"};
    return signing::dev::issue(issuer, request);
}

struct Held {
    double heap, resident;
};

class Server {
public:
    Server(Line line, fs::path const& directory)
    {
        limits_.connections_max = 100'000;
        intake::ListenerConfig config;
        if (line != Line::plain) {
            auto const pki = signing::dev::make_authorities(std::chrono::floor<seconds>(std::chrono::system_clock::now()));
            auto const server = issued(pki.issuing_ca, signing::dev::Request::Use::tls_server, KeyKind::p256);
            auto const& chain = pki.issuing_ca.certificate_pem;
            side.trusted_file = write_file(directory / "root.pem", pki.root.certificate_pem);
            config.tls.emplace();
            config.tls->certificate_file = write_file(directory / "server.pem", server.certificate_pem + chain);
            config.tls->key_file = write_file(directory / "server.key", server.key_pem);
            config.tls->client_ca_file = write_file(directory / "clients.pem", pki.root.certificate_pem + (line == Line::mutual_tls_chain ? "" : chain));
            if (line != Line::tls) {
                bool const chained = line == Line::mutual_tls_chain;
                auto const client = issued(pki.issuing_ca, signing::dev::Request::Use::tls_client, chained ? KeyKind::rsa_2048 : KeyKind::p256);
                side.certificate_file = write_file(directory / "client.pem", client.certificate_pem + (chained ? chain : ""));
                side.key_file = write_file(directory / "client.key", client.key_pem);
            }
        }
        listener_ = std::make_unique<intake::Listener>(context_, std::move(config), intake::Services{admission_, metrics_, clock_, limits_, router_, nullptr, &clients_});
        side.port = listener_->port();
        listener_->start(tasks_);
    }
    ~Server()
    {
        auto close = [this]() -> runtime::Task<void> {  // a group is told to stop from inside its context
            co_await listener_->stop_accepting();
            tasks_.stop();
        };
        net::co_spawn(context_, close(), net::detached);
        while (tasks_.size() > 0 && context_.run_one_for(hang_after) > 0) {}
    }
    Server(Server const&) = delete;
    Server& operator=(Server const&) = delete;

    // Serves until the clients say a word, then until nothing is left to do.
    void serve_until(int word_from)
    {
        boost::asio::posix::basic_stream_descriptor<runtime::IoExecutor> word{context_.get_executor(), ::dup(word_from)};
        std::array<char, 1> said{};
        std::optional<bool> heard;
        word.async_read_some(net::buffer(said), [&](boost::system::error_code error, std::size_t) { heard = !error; });
        auto const limit = std::chrono::steady_clock::now() + hang_after;
        while (!heard && std::chrono::steady_clock::now() < limit) context_.run_one_for(seconds{1});
        if (heard != true) throw std::runtime_error("the clients could not do their part");
        while (context_.run_one_for(std::chrono::milliseconds{200}) > 0) {}
    }

    ClientSide side{};

private:
    intake::Limits limits_;
    runtime::SystemClock clock_;
    observe::Metrics metrics_;
    intake::Router router_{std::vector<intake::Route>{}};
    intake::Admission admission_{std::make_shared<providers::Registry const>(std::vector<providers::Provider>{}), limits_, clock_, metrics_};
    intake::ClientCertificates clients_{[](std::string_view) { return false; }};
    net::io_context context_{1};
    std::unique_ptr<intake::Listener> listener_;
    runtime::TaskGroup tasks_{context_, [](std::string const&, std::string const& what) { throw std::runtime_error(what); }};
};

} // namespace

Idle idle_connections(Line line, std::size_t connections, std::ptrdiff_t (*held)())
{
    auto pattern = (fs::temp_directory_path() / "ivan-heap-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary directory");
    std::unique_ptr<std::string, void (*)(std::string*)> const directory{&pattern, [](std::string* path) { fs::remove_all(*path); }};
    Server server{line, pattern};

    std::array<int, 2> to_clients{}, from_clients{};
    if (::pipe(to_clients.data()) != 0 || ::pipe(from_clients.data()) != 0) throw std::runtime_error("no pipe");
    auto const clients = ::fork();
    if (clients == 0) {
        ::close(to_clients[1]);
        be_clients(server.side, connections, to_clients[0], from_clients[1]);
    }
    ::close(to_clients[0]);
    ::close(from_clients[1]);

    auto const state = [&] {
        server.serve_until(from_clients[0]);
        Held const now{static_cast<double>(held()), static_cast<double>(loadtest::resident_bytes(getpid()))};
        say_word(to_clients[1]);
        return now;
    };
    auto const before = state(), shaken = state(), answered = state();
    ::close(to_clients[1]);
    ::close(from_clients[0]);
    ::waitpid(clients, nullptr, 0);
    auto const count = static_cast<double>(connections);
    return {(shaken.heap - before.heap) / count, (shaken.resident - before.resident) / count, (answered.heap - before.heap) / count,
            (answered.resident - before.resident) / count};
}

} // namespace bench
