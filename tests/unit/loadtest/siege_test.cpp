// The siege of ops/bench: its names, and what it finds at a listener of the test's.

#include "loadtest/siege.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

using namespace std::chrono_literals;
using loadtest::Siege;

TEST(SiegeKinds, AreNamedBothWays)
{
    for (auto const kind : {Siege::churn, Siege::hello, Siege::slow_heads, Siege::idle}) {
        Siege found{};
        ASSERT_TRUE(loadtest::siege_from(loadtest::name_of(kind), found));
        EXPECT_EQ(found, kind);
    }
    Siege unused{};
    EXPECT_FALSE(loadtest::siege_from("mole", unused));
}

// Takes so many connections and resets every other one.
class Listener {
public:
    explicit Listener(std::size_t room) : room_{room}
    {
        handle_ = ::socket(AF_INET, SOCK_STREAM, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        if (::bind(handle_, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(handle_, SOMAXCONN) != 0) throw std::runtime_error("no listener");
        ::getsockname(handle_, reinterpret_cast<sockaddr*>(&address), &size);
        port_ = ntohs(address.sin_port);
        thread_ = std::jthread{[this](std::stop_token const& stop) { serve(stop); }};
    }
    ~Listener()
    {
        thread_.request_stop();
        thread_.join();
        for (int const one : kept_) ::close(one);
        ::close(handle_);
    }
    [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }

private:
    void serve(std::stop_token const& stop)
    {
        while (!stop.stop_requested()) {
            pollfd waiting{handle_, POLLIN, 0};
            if (::poll(&waiting, 1, 10) <= 0) continue;
            int const one = ::accept(handle_, nullptr, nullptr);
            if (kept_.size() < room_) {
                kept_.push_back(one);
                continue;
            }
            linger const reset{1, 0};
            ::setsockopt(one, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
            ::close(one);
        }
    }
    std::size_t room_;
    int handle_ = -1;
    std::uint16_t port_ = 0;
    std::vector<int> kept_;
    std::jthread thread_;
};

TEST(Siege, CountsWhatIsHeldAndWhatIsTurnedAway)
{
    Listener listener{5};
    auto const report = loadtest::besiege({listener.url(), Siege::idle, ::getpid(), 1s, 20});
    EXPECT_GE(report.held_most, 5u);  // what the listener has not looked at yet seems held, too
    EXPECT_EQ(report.held_at_end, 5u);
    EXPECT_GT(report.begun, 20u);
}

TEST(Siege, SaysWhatItCost)
{
    Listener listener{0};
    auto const report = loadtest::besiege({listener.url(), Siege::churn, ::getpid(), 1s, 20});
    EXPECT_GT(report.begun, 0u);
    SCOPED_TRACE(loadtest::to_json({}, report));
    EXPECT_GT(report.theirs_s, 0);
    EXPECT_GT(report.ours_s, 0);
}

}  // namespace
