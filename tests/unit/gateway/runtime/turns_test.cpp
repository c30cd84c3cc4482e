#include "gateway/runtime/turns.hpp"
#include "gateway/runtime/task_group.hpp"

#include <boost/asio/post.hpp>
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

namespace runtime {
namespace {

class TurnsTest : public ::testing::Test {
protected:
    Task<void> work(std::string party, std::string name)
    {
        co_await turns->take(party);
        log.push_back(name);
        // What was ready meanwhile: an answer that came, say.
        net::post(context, [this, name] { log.push_back("behind " + name); });
    }
    void ask(std::string const& party, std::string const& name) { tasks.spawn(name, work(party, name)); }

    net::io_context context{1};
    std::vector<std::string> log, errors;
    std::optional<Turns> turns{std::in_place, context};
    TaskGroup tasks{context, [this](std::string const& name, std::string const& what) { errors.push_back(name + ": " + what); }};
};

TEST_F(TurnsTest, WhoComesAloneHasItsTurnAtOnce)
{
    for (auto const* name : {"a1", "a2"}) {
        ask("A", name);
        while (log.empty() && context.poll_one() > 0) EXPECT_EQ(turns->waiting(), 0u);
        EXPECT_EQ(log, std::vector<std::string>{name});
        context.restart();
        context.poll();  // its turn ends
        log.clear();
        context.restart();
    }
}

TEST_F(TurnsTest, BetweenTwoTurnsWhatIsReadyIsServed)
{
    for (auto const* name : {"a1", "a2", "a3"}) ask("A", name);
    context.run();
    EXPECT_EQ(log, (std::vector<std::string>{"a1", "a2", "behind a1", "behind a2", "a3", "behind a3"})) << "one turn may have been due already";
}

TEST_F(TurnsTest, PartiesTakeTurnsInRoundsHoweverManyOneOfThemAsksFor)
{
    for (auto const* name : {"a1", "a2", "a3", "a4"}) ask("A", name);
    for (auto const* name : {"b1", "b2"}) ask("B", name);
    ask("C", "c1");
    context.run();
    std::erase_if(log, [](auto const& line) { return line.starts_with("behind"); });
    EXPECT_EQ(log, (std::vector<std::string>{"a1", "a2", "b1", "c1", "a3", "b2", "a4"})) << "a1 found nobody; then each in turn";
}

TEST_F(TurnsTest, APartyThatComesLaterWaitsForOneTurnOfAnotherNotForItsLine)
{
    for (int i = 0; i < 50; ++i) ask("A", "a" + std::to_string(i));
    while (log.size() < 10) context.poll_one();
    log.clear();
    ask("B", "b");
    context.run();
    EXPECT_EQ(turns->waiting(), 0u);
    std::erase_if(log, [](auto const& line) { return line.starts_with("behind"); });
    auto const own = std::find(log.begin(), log.end(), "b");
    ASSERT_NE(own, log.end());
    EXPECT_LE(own - log.begin(), 2) << "one that was due before it asked, and one of the round under way";
}

TEST_F(TurnsTest, WhoStillWaitsAtTheEndIsDestroyedAndNeverGoesOn)
{
    ask("A", "a1");
    ask("A", "a2");
    while (turns->waiting() == 0 && context.poll_one() > 0) {
    }
    ASSERT_EQ(turns->waiting(), 1u);
    turns.reset();
    context.run();
    EXPECT_EQ(log, (std::vector<std::string>{"a1", "behind a1"}));
}

}  // namespace
}  // namespace runtime
