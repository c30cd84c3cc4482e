#include "gateway/intake/health.hpp"

#include "tests/support/run_task.hpp"

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace {

using namespace std::chrono_literals;
using intake::Health;

struct Board {
    observe::Metrics metrics;
    Health health{{"verify", "store"}, 10s, metrics};
    Health::Time now = Health::Time::clock::now();
    void both(bool verify, bool store)
    {
        health.report("verify", verify, "word", 1ms, now);
        health.report("store", store, "word", 1ms, now);
    }
    intake::Reply readyz()
    {
        net::io_context context{1};
        return support::run_task(context, health.readyz({}));
    }
};

TEST(Health, IsNotReadyBeforeEveryPartWasProbed)
{
    Board board;
    EXPECT_FALSE(board.health.ready(board.now));
    board.health.report("verify", true, "", 1ms, board.now);
    EXPECT_FALSE(board.health.ready(board.now));
    board.health.report("store", true, "", 1ms, board.now);
    EXPECT_TRUE(board.health.ready(board.now));
}

TEST(Health, OnePartThatSaysNoIsEnough)
{
    Board board;
    board.both(true, false);
    EXPECT_FALSE(board.health.ready(board.now));
    auto const reply = board.readyz();
    EXPECT_EQ(reply.status, 503);
    auto const body = boost::json::parse(reply.body);
    EXPECT_FALSE(body.at("parts").at("store").at("ok").as_bool());
    EXPECT_TRUE(body.at("parts").at("verify").at("ok").as_bool());
    board.both(true, true);
    EXPECT_EQ(board.readyz().status, 200) << "and recovers by itself";
}

TEST(Health, AnOldProbeDoesNotCount)
{
    Board board;
    board.both(true, true);
    EXPECT_TRUE(board.health.ready(board.now + 10s));
    EXPECT_FALSE(board.health.ready(board.now + 11s));
}

TEST(Health, WhoIsStoppingIsNotReady)
{
    Board board;
    board.both(true, true);
    board.health.stopping();
    EXPECT_FALSE(board.health.ready(board.now));
    EXPECT_TRUE(boost::json::parse(board.readyz().body).at("stopping").as_bool());
}

}  // namespace
