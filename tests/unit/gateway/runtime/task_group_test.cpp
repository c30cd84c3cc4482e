#include "gateway/runtime/task_group.hpp"
#include "tests/support/run_task.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace runtime {
namespace {

using namespace std::chrono_literals;

struct World {
    net::io_context context{1};
    std::vector<std::string> errors;
    TaskGroup tasks{context, [this](std::string const& name, std::string const& what) { errors.push_back(name + ": " + what); }};
};

Task<> polite(net::io_context& context, bool& ended)
{
    co_await net::this_coro::reset_cancellation_state(net::enable_total_cancellation());
    Timer timer{context.get_executor(), std::chrono::steady_clock::now() + 1h};
    co_await timer.async_wait(as_result);
    ended = true;
}

// Does not hear a polite stop: the default of a coroutine.
Task<> stubborn(net::io_context& context, bool& ended)
{
    Timer timer{context.get_executor(), std::chrono::steady_clock::now() + 1h};
    co_await timer.async_wait(as_result);
    ended = true;
}

Task<> fails()
{
    throw std::runtime_error("broken");
    co_return;
}

TEST(TaskGroup, APoliteStopReachesThoseWhoListen)
{
    World world;
    bool ended = false;
    world.tasks.spawn("polite", polite(world.context, ended));
    world.context.poll();
    world.tasks.stop();
    support::run_task(world.context, world.tasks.drained(1h));
    EXPECT_TRUE(ended);
    EXPECT_EQ(world.tasks.size(), 0u);
}

TEST(TaskGroup, AFinalStopReachesEverybody)
{
    World world;
    bool ended = false;
    world.tasks.spawn("stubborn", stubborn(world.context, ended));
    world.context.poll();
    world.tasks.stop();
    world.context.restart();
    world.context.poll();
    EXPECT_FALSE(ended);
    support::run_task(world.context, world.tasks.drained(1ms));
    EXPECT_TRUE(ended);
}

TEST(TaskGroup, AfterStopNothingStarts)
{
    World world;
    bool ended = false;
    world.tasks.stop();
    world.tasks.spawn("late", stubborn(world.context, ended));
    EXPECT_EQ(world.tasks.size(), 0u);
}

TEST(TaskGroup, AnExceptionAtTheRootIsHeardOnce)
{
    World world;
    world.tasks.spawn("broken one", fails());
    world.context.poll();
    ASSERT_EQ(world.errors.size(), 1u);
    EXPECT_EQ(world.errors[0], "broken one: broken");
    EXPECT_EQ(world.tasks.size(), 0u);
}

TEST(TaskGroup, MembersMayEndWhileOthersAreBeingStopped)
{
    World world;
    bool ended[3]{};
    for (auto& e : ended) world.tasks.spawn("polite", polite(world.context, e));
    world.context.poll();
    world.tasks.stop();
    world.tasks.stop();
    support::run_task(world.context, world.tasks.drained(1h));
    EXPECT_TRUE(ended[0] && ended[1] && ended[2]);
}

}  // namespace
}  // namespace runtime
