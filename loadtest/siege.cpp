#include "loadtest/siege.hpp"

#include "loadtest/free_by.hpp"
#include "loadtest/process.hpp"
#include "loadtest/socket.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>

namespace loadtest {

namespace {

using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;
constexpr std::array names{std::pair{Siege::churn, std::string_view{"churn"}}, std::pair{Siege::hello, std::string_view{"hello"}},
                           std::pair{Siege::slow_heads, std::string_view{"slow-heads"}}, std::pair{Siege::idle, std::string_view{"idle"}}};
constexpr std::chrono::seconds connect_timeout{5};
constexpr std::chrono::milliseconds moment{50}, between_bytes{1000}, between_holds{5};
constexpr std::size_t opened_at_once = 64;

double own_seconds()
{
    rusage used{};
    getrusage(RUSAGE_SELF, &used);
    auto const of = [](timeval const& t) { return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6; };
    return of(used.ru_utime) + of(used.ru_stime);
}

// The first flight of a TLS client, as bytes.
std::string client_hello(std::string const& host)
{
    std::unique_ptr<SSL_CTX, FreeBy<SSL_CTX_free>> const context{SSL_CTX_new(TLS_client_method())};
    std::unique_ptr<SSL, FreeBy<SSL_free>> const tls{SSL_new(context.get())};
    BIO* const out = BIO_new(BIO_s_mem());
    SSL_set_bio(tls.get(), BIO_new(BIO_s_mem()), out);  // both are the connection's now
    SSL_set_tlsext_host_name(tls.get(), host.c_str());
    SSL_connect(tls.get());
    char* data = nullptr;
    auto const size = BIO_get_mem_data(out, &data);
    if (size <= 0) throw std::runtime_error("no ClientHello was made");
    return {data, static_cast<std::size_t>(size)};
}

bool closed_within(Socket const& socket, std::chrono::milliseconds time)
{
    pollfd waiting{socket.handle(), POLLRDHUP, 0};
    return poll(&waiting, 1, static_cast<int>(time.count())) > 0 && (waiting.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

void send_all(Socket const& socket, std::string_view bytes) { static_cast<void>(::send(socket.handle(), bytes.data(), bytes.size(), MSG_NOSIGNAL)); }

// Nothing: not even the kernel takes it.
std::optional<Socket> opened(Address const& address)
{
    try {
        return connect_to(address, connect_timeout);
    } catch (std::runtime_error const&) {
        return std::nullopt;
    }
}

class Attack {
public:
    Attack(SiegeConfig const& config, SiegeReport& report) : config_{config}, report_{report}, address_{address_of(config.url)}
    {
        if (address_.tls) hello_ = client_hello(address_.host);
        // Over TLS the first bytes are those of the ClientHello: a record that does not end holds a connection as a head does.
        head_ = address_.tls ? hello_ : "POST /v1/dossiers HTTP/1.1\r\nHost: " + address_.host + "\r\nX-Slow: " + std::string(4000, 'a');
    }

    void come_and_go(bool say_hello)
    {
        ++report_.begun;
        auto const socket = opened(address_);
        if (!socket || closed_within(*socket, std::chrono::milliseconds{0})) {
            ++report_.turned_away;
            return;
        }
        if (say_hello) send_all(*socket, hello_);
    }

    void hold(bool speak)
    {
        auto const now = Clock::now();
        drop_closed();
        for (std::size_t n = 0; n < opened_at_once && held_.size() < config_.held_max; ++n) {
            ++report_.begun;
            auto socket = opened(address_);
            if (!socket || closed_within(*socket, std::chrono::milliseconds{0})) {
                ++report_.turned_away;
                break;  // one that is turned away tells that the rest would be
            }
            held_.push_back({std::move(*socket), now});
        }
        report_.held_most = std::max(report_.held_most, held_.size());
        if (speak) {
            for (auto& one : held_) {
                if (one.next > now || one.said >= head_.size()) continue;
                send_all(one.socket, std::string_view{head_}.substr(one.said++, 1));
                one.next = now + between_bytes;
            }
        }
        std::this_thread::sleep_for(between_holds);
    }
    // Once whoever was turned away knows.
    [[nodiscard]] std::size_t still_held()
    {
        std::this_thread::sleep_for(moment);
        drop_closed();
        return held_.size();
    }

private:
    void drop_closed()
    {
        std::erase_if(held_, [](auto const& one) { return closed_within(one.socket, std::chrono::milliseconds{0}); });
    }
    struct Held {
        Socket socket;
        Clock::time_point next;  // when it says its next byte
        std::size_t said = 0;
    };
    SiegeConfig const& config_;
    SiegeReport& report_;
    Address address_;
    std::string hello_, head_;
    std::vector<Held> held_;
};

}  // namespace

std::string_view name_of(Siege kind)
{
    for (auto const& [one, name] : names)
        if (one == kind) return name;
    return {};
}

bool siege_from(std::string_view name, Siege& kind)
{
    auto const found = std::find_if(names.begin(), names.end(), [&](auto const& one) { return one.second == name; });
    if (found == names.end()) return false;
    kind = found->first;
    return true;
}

SiegeReport besiege(SiegeConfig const& config)
{
    SiegeReport report;
    Attack attack{config, report};
    auto const begun = Clock::now();
    auto const ours = processor_seconds(config.pid), theirs = own_seconds();
    auto const memory = resident_bytes(config.pid);
    auto look_again = begun;
    while (Clock::now() < begun + config.duration) {
        switch (config.kind) {
            case Siege::churn: attack.come_and_go(false); break;
            case Siege::hello: attack.come_and_go(true); break;
            case Siege::slow_heads: attack.hold(true); break;
            case Siege::idle: attack.hold(false); break;
        }
        if (Clock::now() < look_again) continue;
        look_again = Clock::now() + moment;
        report.memory_bytes = std::max(report.memory_bytes, resident_bytes(config.pid) - memory);
    }
    report.seconds = Seconds{Clock::now() - begun}.count();
    report.ours_s = processor_seconds(config.pid) - ours;
    report.theirs_s = own_seconds() - theirs;
    report.held_at_end = attack.still_held();
    return report;
}

std::string to_json(SiegeConfig const& config, SiegeReport const& report)
{
    boost::json::object const object{{"kind", name_of(config.kind)}, {"begun", report.begun}, {"turned_away", report.turned_away},
                                     {"held_most", report.held_most}, {"held_at_end", report.held_at_end}, {"seconds", report.seconds},
                                     {"ours_s", report.ours_s}, {"theirs_s", report.theirs_s}, {"ratio", report.ratio()}, {"memory_bytes", report.memory_bytes}};
    return boost::json::serialize(object);
}

}  // namespace loadtest
