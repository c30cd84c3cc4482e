#include "gateway/delivery/dispatcher.hpp"

#include "tests/support/manual_clock.hpp"
#include "tests/support/memory_queue.hpp"
#include "tests/support/run_task.hpp"

#include <gtest/gtest.h>

#include <functional>

namespace
{

using namespace std::chrono_literals;
using delivery::Destination;
using delivery::Dispatcher;
using delivery::Outcome;
using dossier::State;
using support::run_until;

Outcome said(Outcome::Kind kind, int status, std::chrono::seconds retry_after = 0s)
{
    Outcome outcome;
    outcome.kind = kind;
    outcome.http_status = status;
    outcome.retry_after = retry_after;
    outcome.reason = kind == Outcome::Kind::accepted ? "" : "HTTP " + std::to_string(status);
    return outcome;
}

// Never has a word for the first dossier, which it counts, and takes all others.
auto poisoned(std::size_t& tries)
{
    return [&tries](store::Claim const& claim) {
        if (claim.sequence != 1) return said(Outcome::Kind::accepted, 201);
        ++tries;
        return said(Outcome::Kind::failed_for_now, 0);
    };
}

// Does as the script says, and remembers how many were under way at once.
class Scripted final : public Destination {
public:
    std::function<Outcome(store::Claim const&)> answer = [](auto&) { return said(Outcome::Kind::accepted, 201); };
    std::function<runtime::Task<void>()> before;
    std::vector<std::string> seen;
    std::size_t in_flight = 0, in_flight_most = 0;

    runtime::Task<Outcome> deliver(store::Claim const& claim, runtime::Deadline) override
    {
        in_flight_most = std::max(in_flight_most, ++in_flight);
        if (before) co_await before();
        seen.push_back(claim.dossier_id);
        --in_flight;
        co_return answer(claim);
    }
};

struct DispatcherTest : testing::Test {
    net::io_context context{1};
    support::MemoryQueue queue;
    Scripted destination;
    support::ManualClock clock;
    observe::Metrics metrics;
    delivery::DeliveryConfig config;
    std::unique_ptr<Dispatcher> dispatcher;
    bool ended = false;

    void SetUp() override
    {
        config.attempt_timeout = 1000ms;
        config.lease = 3s;
        config.idle_wait_max = 2ms;
        config.depth_interval = 1000ms;
        config.settle_wait = 1ms;
        config.claim_wait = 1ms;
        config.seed = 1;
        config.window.probe_wait_first = 500ms;
    }
    void start()
    {
        dispatcher = std::make_unique<Dispatcher>(context, queue, destination, clock, metrics, config, "w1");
        net::co_spawn(context.get_executor(), dispatcher->run(), [this](std::exception_ptr error) {
            EXPECT_FALSE(error);
            ended = true;
        });
    }
    void stop()
    {
        dispatcher->stop();
        run_until(context, [&] { return ended; });
    }
    void fill(int rows, int units)
    {
        for (int n = 1; n <= rows; ++n) queue.add(n, "U" + std::to_string(n % units), clock.now());
    }
};

TEST_F(DispatcherTest, DeliversAllThatIsQueuedAndSettlesInGroups)
{
    fill(300, 300);
    start();
    run_until(context, [&] { return queue.count(State::delivered) == 300; });
    stop();
    EXPECT_EQ(destination.seen.size(), 300u);
    EXPECT_EQ(dispatcher->state().delivered, 300u);
    EXPECT_EQ(dispatcher->state().in_flight, 0u);
    EXPECT_FALSE(dispatcher->state().running);
    EXPECT_GT(queue.largest_settle, 1u);
    EXPECT_LT(queue.settles, 300u);
}

TEST_F(DispatcherTest, KeepsTheOrderOfEachUnit)
{
    fill(60, 5);
    start();
    run_until(context, [&] { return queue.count(State::delivered) == 60; });
    stop();
    std::map<int, int> last;
    for (auto const& id : destination.seen) {
        int const sequence = std::stoi(id.substr(2));
        EXPECT_GT(sequence, last[sequence % 5]);
        last[sequence % 5] = sequence;
    }
}

TEST_F(DispatcherTest, NeverHasMoreUnderWayThanTheWindow)
{
    config.window.start = config.window.max = 4;
    destination.before = [this]() -> runtime::Task<void> {
        runtime::Timer timer{context.get_executor(), 1ms};
        co_await timer.async_wait(runtime::as_result);
    };
    fill(40, 40);
    start();
    run_until(context, [&] { return queue.count(State::delivered) == 40; });
    stop();
    EXPECT_EQ(destination.in_flight_most, 4u);
}

// A process that stood still: its leases have ended, its attempts have not.
TEST_F(DispatcherTest, WhatTheQueueGivesAgainWhileItIsUnderWayIsNotBegunTwice)
{
    bool held = true;
    destination.before = [&]() -> runtime::Task<void> {
        while (held) {
            runtime::Timer timer{context.get_executor(), 1ms};
            co_await timer.async_wait(runtime::as_result);
        }
    };
    fill(2, 2);
    start();
    run_until(context, [&] { return destination.in_flight == 2; });
    auto const claims = queue.claims;
    clock.advance(4s);
    run_until(context, [&] { return queue.claims > claims + 2 && queue.rows.at(1).claim.attempts == 2; });
    EXPECT_EQ(destination.in_flight, 2u);
    held = false;
    run_until(context, [&] { return queue.count(State::delivered) == 2; });
    stop();
    EXPECT_EQ(destination.in_flight_most, 2u);
    EXPECT_EQ(destination.seen.size(), 2u) << "and the outcome of the one attempt counts";
}

// Another gateway may have the queue then, and the same unit.
TEST_F(DispatcherTest, AnAttemptEndsWithTheHoldOfTheQueueAndNoneBeginsBehindIt)
{
    std::vector<runtime::Deadline::Time> deadlines;
    struct Noting final : Destination {
        std::vector<runtime::Deadline::Time>& seen;
        explicit Noting(std::vector<runtime::Deadline::Time>& s) : seen{s} {}
        runtime::Task<Outcome> deliver(store::Claim const&, runtime::Deadline deadline) override
        {
            seen.push_back(deadline.at());
            co_return said(Outcome::Kind::accepted, 201);
        }
    } noting{deadlines};
    fill(3, 3);
    auto const soon = runtime::Steady::now() + 500ms;
    queue.rows.at(1).claim.held_until = soon;
    queue.rows.at(2).claim.held_until = runtime::Steady::now() - 1ms;
    dispatcher = std::make_unique<Dispatcher>(context, queue, noting, clock, metrics, config, "w1");
    net::co_spawn(context.get_executor(), dispatcher->run(), [this](std::exception_ptr error) {
        EXPECT_FALSE(error);
        ended = true;
    });
    run_until(context, [&] { return queue.count(State::delivered) == 2; });
    stop();
    ASSERT_EQ(deadlines.size(), 2u);
    EXPECT_EQ(std::min(deadlines[0], deadlines[1]), soon);
    EXPECT_EQ(queue.rows.at(2).state, State::sending) << "nobody tried it";
}

TEST_F(DispatcherTest, ARefusalIsADeadLetterAndTheNextOfTheUnitGoesOn)
{
    destination.answer = [](auto& claim) {
        return claim.sequence == 1 ? said(Outcome::Kind::refused, 422) : said(Outcome::Kind::accepted, 201);
    };
    fill(3, 1);
    start();
    run_until(context, [&] { return queue.count(State::delivered) == 2; });
    stop();
    EXPECT_EQ(queue.rows.at(1).state, State::dead);
    EXPECT_EQ(queue.rows.at(1).http_status, 422);
    EXPECT_EQ(dispatcher->state().dead_lettered, 1u);
}

TEST_F(DispatcherTest, WhatFailsForNowComesAgainWhenItIsDueAndHoldsBackItsUnit)
{
    unsigned failures = 0;
    destination.answer = [&](auto& claim) {
        if (claim.sequence == 1 && failures < 2) {
            ++failures;
            return said(Outcome::Kind::failed_for_now, 503, 7s);
        }
        return said(Outcome::Kind::accepted, 201);
    };
    fill(2, 1);
    start();
    for (unsigned n = 1; n <= 2; ++n) {
        run_until(context, [&] { return queue.rows.at(1).state == State::deferred && failures == n; });
        EXPECT_GE(queue.rows.at(1).due_at, clock.now() + 7s);
        EXPECT_EQ(queue.rows.at(2).state, State::stored);
        clock.advance(10s);
    }
    run_until(context, [&] { return queue.count(State::delivered) == 2; });
    stop();
    EXPECT_EQ(destination.seen, (std::vector<std::string>{"D-1", "D-1", "D-1", "D-2"}));
}

// Some dossiers are never answered, whenever they are tried: they take a share of the hand-overs, and the others keep pace.
TEST_F(DispatcherTest, PoisonDossiersTakeTheirShareOfTheHandOversAndTheOthersPass)
{
    constexpr int poison = 40, sound = 2000;
    config.retries = {0.2, 0.01, 10};
    config.settle.backoff.first = config.settle.backoff.max = 0ms; // due again at once
    config.settle.attempts_max = 1'000'000;
    config.window.start = config.window.min = config.window.max = 8; // this is about places, not about the window
    config.window.cohorts_failed_max = 1000;
    fill(poison + sound, poison + sound);
    std::size_t tries = 0, passed = 0;
    destination.answer = [&](store::Claim const& claim) {
        bool const bad = claim.sequence <= poison;
        ++(bad ? tries : passed);
        return bad ? said(Outcome::Kind::failed_for_now, 500) : said(Outcome::Kind::accepted, 201);
    };
    start();
    run_until(context, [&] { return queue.count(State::delivered) == sound; });
    auto const most = 0.25 * (poison + sound) + 10 + 8;
    EXPECT_LE(static_cast<double>(tries - poison), most) << "retries of " << tries + passed << " hand-overs";
    EXPECT_GE(tries, 2u * poison) << "and they are tried again";
    stop();
}

TEST_F(DispatcherTest, APoisonDossierAmongOthersIsSetApartAfterItsAttemptsAndTheWindowStaysOpen)
{
    config.settle.attempts_max = 5;
    queue.add(1, "poisoned", clock.now());
    queue.add(2, "poisoned", clock.now());
    std::size_t tries = 0;
    destination.answer = poisoned(tries);
    start();
    for (int round = 1; round <= 5; ++round) {
        for (int n = 0; n < 100; ++n) queue.add(100 * round + n, "U" + std::to_string(n), clock.now());
        auto const tried = static_cast<std::size_t>(round);
        run_until(context, [&] { return queue.count(State::delivered) >= 100 * tried && tries == tried && dispatcher->state().in_flight == 0; });
        clock.advance(config.settle.backoff.max);
    }
    run_until(context, [&] { return queue.count(State::delivered) == 501 && queue.count(State::dead) == 1; });
    EXPECT_EQ(tries, 5u);
    EXPECT_FALSE(dispatcher->state().destination_dead);
    EXPECT_GE(dispatcher->state().window, config.window.start) << "one among many says nothing about the destination";
    stop();
}

// Alone on the queue nobody can tell it from a destination that is away: it is tried at the pace of probes, and set apart as soon
// as another dossier shows that the destination lives.
TEST_F(DispatcherTest, APoisonDossierAloneIsProbedSlowlyAndSetApartWhenAnotherPasses)
{
    config.settle.backoff.first = config.settle.backoff.max = 0ms;
    config.settle.attempts_max = 5;
    config.window.start = config.window.max = 4;
    queue.add(1, "U1", clock.now());
    std::size_t tries = 0;
    destination.answer = poisoned(tries);
    start();
    run_until(context, [&] { return dispatcher->state().destination_dead; });
    auto const before = tries;
    for (int n = 0; n < 50; ++n) context.run_for(1ms); // no time passes on the clock
    EXPECT_EQ(tries, before) << "not before the next probe is due";
    for (int probe = 0; probe < 10; ++probe) {
        auto const tried = tries;
        clock.advance(config.window.probe_wait_max);
        run_until(context, [&] { return tries > tried && dispatcher->state().in_flight == 0; });
        EXPECT_LE(tries, tried + 1) << "one probe for each pause";
    }
    EXPECT_EQ(queue.count(State::dead), 0u) << "nothing is given up while the destination may be away";
    queue.add(2, "U2", clock.now());
    for (int round = 0; round < 20 && queue.count(State::dead) == 0; ++round) {
        clock.advance(config.window.probe_wait_max);
        auto const tried = tries;
        run_until(context, [&] { return tries > tried || queue.count(State::dead) > 0 || queue.count(State::delivered) > 0; });
        for (int n = 0; n < 20; ++n) context.run_for(1ms);
    }
    EXPECT_EQ(queue.count(State::delivered), 1u);
    EXPECT_EQ(queue.count(State::dead), 1u);
    stop();
}

TEST_F(DispatcherTest, ProbesADeadDestinationOneAtATimeAndRecovers)
{
    bool down = true;
    destination.answer = [&](auto&) {
        return down ? said(Outcome::Kind::failed_for_now, 0) : said(Outcome::Kind::accepted, 201);
    };
    fill(200, 200);
    config.window.cohorts_failed_max = 2;
    config.settle.attempts_max = 2;
    start();
    auto const tick = [&] { clock.advance(1ms); };
    run_until(context, [&] { return tick(), dispatcher->state().destination_dead; });
    run_until(context, [&] { return destination.in_flight == 0 && dispatcher->state().unsettled == 0; });
    destination.in_flight_most = 0;
    auto const before = destination.seen.size();
    for (int probes = 0; probes < 3; ++probes) {
        auto const seen = destination.seen.size();
        clock.advance(20s);
        run_until(context, [&] { return destination.seen.size() > seen; });
    }
    EXPECT_EQ(destination.in_flight_most, 1u);
    EXPECT_EQ(destination.seen.size(), before + 3);

    down = false;
    run_until(context,
              [&] { return clock.advance(100ms), queue.count(State::delivered) + queue.count(State::dead) == 200; });
    stop();
    EXPECT_FALSE(dispatcher->state().destination_dead);
    EXPECT_GE(queue.count(State::delivered), 190u);
}

TEST_F(DispatcherTest, GoesOnWhenTheQueueFailsAndComesBack)
{
    fill(20, 20);
    queue.claims_to_fail = 2;
    queue.settles_to_fail = 2;
    start();
    run_until(context, [&] { return queue.count(State::delivered) == 20; });
    stop();
    EXPECT_EQ(destination.seen.size(), 20u)
        << "an outcome that could not be written is written again, not delivered again";
}

TEST_F(DispatcherTest, WhatCannotBeSettledComesBackWhenItsLeaseEnds)
{
    fill(1, 1);
    queue.settles_to_fail = 5;
    start();
    run_until(context, [&] { return queue.settles_to_fail == 0 && dispatcher->state().unsettled == 0; });
    EXPECT_EQ(queue.rows.at(1).state, State::sending);
    clock.advance(4s);
    run_until(context, [&] { return queue.count(State::delivered) == 1; });
    stop();
    EXPECT_EQ(destination.seen.size(), 2u);
}

TEST_F(DispatcherTest, AnExceptionOfTheDestinationIsAFailedAttempt)
{
    bool first = true;
    destination.answer = [&](auto&) -> Outcome {
        if (std::exchange(first, false)) throw std::runtime_error("surprise");
        return said(Outcome::Kind::accepted, 201);
    };
    fill(1, 1);
    start();
    run_until(context, [&] { return queue.count(State::deferred) == 1; });
    clock.advance(10s);
    run_until(context, [&] { return queue.count(State::delivered) == 1; });
    stop();
}

TEST_F(DispatcherTest, WakeLooksAtOnceInsteadOfAtTheNextPoll)
{
    config.idle_wait_max = 60'000ms;
    start();
    run_until(context, [&] { return queue.claims >= 4; }); // by now it waits for a fifth of a second
    queue.add(1, "U", clock.now());
    dispatcher->wake();
    for (int n = 0; n < 10; ++n) context.poll(); // what is ready now, and no timer
    EXPECT_EQ(destination.seen.size(), 1u);
    stop();
}

// Each dossier of a flood calls wake(): where the queue is claimed anyway that is nothing for the core to do.
TEST_F(DispatcherTest, OnlyWhoWaitsForAnEmptyQueueIsWoken)
{
    config.idle_wait_max = 60'000ms;
    start();
    run_until(context, [&] { return queue.claims >= 4; });
    for (int n = 0; n < 100; ++n) dispatcher->wake();
    EXPECT_EQ(context.poll_one(), 1u);
    for (int n = 0; n < 10; ++n) context.poll();
    auto const claims = queue.claims;
    EXPECT_EQ(claims, 5u) << "one look for a hundred calls";
    stop();
}

TEST_F(DispatcherTest, WhatIsStoredWhileTheQueueIsClaimedIsNotForgotten)
{
    config.idle_wait_max = 60'000ms;
    queue.while_claiming = [&] {
        if (queue.claims != 4) return;
        queue.add(1, "U", clock.now());  // behind the claim's snapshot
        dispatcher->wake();
    };
    start();
    run_until(context, [&] { return queue.claims >= 4; });
    for (int n = 0; n < 10; ++n) context.poll();
    EXPECT_EQ(destination.seen.size(), 1u);
    stop();
}

TEST_F(DispatcherTest, StopWaitsForWhatIsUnderWayAndSettlesIt)
{
    bool release = false;
    destination.before = [&]() -> runtime::Task<void> {
        while (!release) {
            runtime::Timer timer{context.get_executor(), 1ms};
            co_await timer.async_wait(runtime::as_result);
        }
    };
    fill(10, 10);
    start();
    run_until(context, [&] { return destination.in_flight == 10; });
    dispatcher->stop();
    run_until(context, [&, n = 0]() mutable { return ++n > 20; });
    EXPECT_FALSE(ended);
    release = true;
    run_until(context, [&] { return ended; });
    EXPECT_EQ(queue.count(State::delivered), 10u);
}

TEST_F(DispatcherTest, RefusesALeaseShorterThanItsAttempts)
{
    config.lease = 2s;
    EXPECT_THROW((Dispatcher{context, queue, destination, clock, metrics, config, "w"}), std::invalid_argument);
}

} // namespace
