#include "gateway/runtime/watchdog.hpp"
#include "gateway/runtime/task.hpp"
#include "tests/sim/sim_clock.hpp"
#include "tests/support/run_task.hpp"

#include <boost/asio/write.hpp>
#include <gtest/gtest.h>

namespace runtime {
namespace {

using namespace std::chrono_literals;

struct Pair {
    net::io_context context{1};
    Socket near{context.get_executor()}, far{context.get_executor()};
    Pair()
    {
        Acceptor acceptor{context.get_executor(), net::ip::tcp::endpoint{net::ip::address_v4::loopback(), 0}};
        far.connect(acceptor.local_endpoint());
        acceptor.accept(near);
    }
};

Task<bool> read_fails(Socket& socket)
{
    char byte;
    auto const [error, got] = co_await socket.async_read_some(net::buffer(&byte, 1), as_result);
    co_return error == net::error::operation_aborted;
}

TEST(Watchdog, EndsAReadAtTheDeadlineAndLeavesTheSocketUsable)
{
    Pair pair;
    Watchdog dog{pair.near};
    dog.arm(std::chrono::steady_clock::now() + 10ms);
    EXPECT_TRUE(support::run_task(pair.context, read_fails(pair.near)));
    EXPECT_TRUE(dog.fired());
    net::write(pair.near, net::buffer("408", 3));
    char bytes[3];
    EXPECT_EQ(pair.far.read_some(net::buffer(bytes)), 3u);
}

TEST(Watchdog, ADeadlineMovedEarlierCounts)
{
    Pair pair;
    Watchdog dog{pair.near};
    dog.arm(std::chrono::steady_clock::now() + 1h);
    dog.arm(std::chrono::steady_clock::now() + 10ms);
    EXPECT_TRUE(support::run_task(pair.context, read_fails(pair.near)));
}

TEST(Watchdog, ADeadlineMovedLaterHoldsUntilThen)
{
    Pair pair;
    Watchdog dog{pair.near};
    dog.arm(std::chrono::steady_clock::now() + 1ms);
    auto const later = std::chrono::steady_clock::now() + 50ms;
    dog.arm(later);
    EXPECT_TRUE(support::run_task(pair.context, read_fails(pair.near)));
    EXPECT_GE(std::chrono::steady_clock::now(), later);
}

// The socket had something to say in the very turn the deadline passed: whoever reads on is not let off.
TEST(Watchdog, ADeadlineThatFoundNothingToCancelHoldsForTheNextRead)
{
    Pair pair;
    Watchdog dog{pair.near};
    dog.arm(std::chrono::steady_clock::now());
    support::run_until(pair.context, [&] { return dog.fired(); });
    EXPECT_TRUE(support::run_task(pair.context, read_fails(pair.near)));
    dog.arm(std::chrono::steady_clock::now() + 1h);
    net::write(pair.far, net::buffer("x", 1));
    EXPECT_FALSE(support::run_task(pair.context, read_fails(pair.near))) << "a new deadline, a new chance";
}

TEST(Watchdog, DisarmedItLetsTheReadBe)
{
    Pair pair;
    Watchdog dog{pair.near};
    dog.arm(std::chrono::steady_clock::now() + 1ms);
    dog.disarm();
    net::write(pair.far, net::buffer("x", 1));
    EXPECT_FALSE(support::run_task(pair.context, read_fails(pair.near)));
    EXPECT_FALSE(dog.fired());
}

TEST(Watchdog, GoneWithItsTimerQueuedItTouchesNothing)
{
    Pair pair;
    {
        Watchdog dog{pair.near};
        dog.arm(std::chrono::steady_clock::now());
    }
    pair.context.poll();
    EXPECT_TRUE(pair.near.is_open());
}

TEST(Watchdog, InSimulatedTimeItLooksAgainAsSoonAsEver)
{
    sim::Calendar calendar;
    Steady::Instead const instead{calendar};
    Pair pair;
    Watchdog dog{pair.near};
    auto const all_that_is_ready = [&] {
        pair.context.restart();
        pair.context.poll();
    };
    dog.arm(calendar.now());
    ASSERT_TRUE(calendar.step());
    all_that_is_ready();
    ASSERT_TRUE(dog.fired());
    bool cancelled = false;
    auto done = [&](std::exception_ptr, bool aborted) { cancelled = aborted; };
    net::co_spawn(pair.context.get_executor(), read_fails(pair.near), std::move(done));
    all_that_is_ready();
    ASSERT_TRUE(calendar.step());
    all_that_is_ready();
    EXPECT_TRUE(cancelled);
    EXPECT_EQ(calendar.passed(), Watchdog::again_after);
}

}  // namespace
}  // namespace runtime
