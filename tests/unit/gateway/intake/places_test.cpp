// Shares, borrowing, order and waiting, request by request; then floods of many parties in simulated time.

#include "gateway/intake/places.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <queue>
#include <random>
#include <set>

namespace intake {
namespace {

using namespace std::chrono_literals;
using Kind = Places::Answer::Kind;
constexpr Places::Time start{};

struct Desk {
    explicit Desk(std::uint32_t places, PlacesConfig config = {}) : limit{places}, all{config} {}
    Places::Answer ask(std::string_view party, bool large = false, bool may_wait = true, double weight = 1)
    {
        return all.ask({party, weight, large, may_wait}, {limit, per_second}, now);
    }
    Kind kind(std::string_view party, bool large = false, bool may_wait = true) { return ask(party, large, may_wait).kind; }
    std::vector<Places::Id> leave(Places::Id id)
    {
        all.step_in(id);
        all.leave(id, now);
        return all.next(limit, now);
    }
    std::uint32_t limit;
    double per_second = 0;
    Places::Time now = start;
    Places all;
};

TEST(Places, WhatNobodyUsesAnybodyMayBorrow)
{
    Desk desk{10};
    desk.kind("VNPT");  // seen, so that its share is five
    for (int n = 0; n < 9; ++n) EXPECT_EQ(desk.kind("FLOOD"), Kind::entered) << n;
    EXPECT_EQ(desk.kind("FLOOD"), Kind::waits) << "all ten are taken";
    EXPECT_EQ(desk.all.standing("FLOOD", 1, 10, start).share, 5u);
}

TEST(Places, ItIsSharedUnevenlyWhileOneIsBeyondItsShareAndAnotherWithin)
{
    Desk desk{10};
    for (int n = 0; n < 10; ++n) desk.kind("FLOOD");
    EXPECT_FALSE(desk.all.shared_unevenly(10, desk.now)) << "alone, all of it is its share";
    desk.kind("VNPT");
    EXPECT_TRUE(desk.all.shared_unevenly(10, desk.now));
    for (int n = 0; n < 4; ++n) desk.kind("VNPT");
    EXPECT_TRUE(desk.all.shared_unevenly(10, desk.now)) << "five of ten";
    desk.kind("VNPT");
    EXPECT_FALSE(desk.all.shared_unevenly(10, desk.now)) << "both want more than their share";
}

TEST(Places, ItIsSharedEvenlyWhileEverybodyKeepsWithinItsShareAndAgainWhenOneHasGone)
{
    Desk desk{10};
    auto const own = desk.ask("VNPT");
    desk.kind("EFY");
    EXPECT_FALSE(desk.all.shared_unevenly(10, desk.now));
    for (int n = 0; n < 10; ++n) desk.kind("FLOOD");
    EXPECT_TRUE(desk.all.shared_unevenly(10, desk.now));
    desk.leave(own.id);
    EXPECT_TRUE(desk.all.shared_unevenly(10, desk.now)) << "it may come again any moment";
    desk.now += PlacesConfig{}.active_for + 1s;
    EXPECT_TRUE(desk.all.shared_unevenly(10, desk.now)) << "EFY is still inside";
}

TEST(Places, WhoHoldsLessThanItsShareEntersAFullHouse)
{
    Desk desk{10};
    for (int n = 0; n < 10; ++n) ASSERT_EQ(desk.kind("FLOOD"), Kind::entered);
    for (int n = 0; n < 5; ++n) EXPECT_EQ(desk.kind("VNPT"), Kind::entered) << n;
    EXPECT_EQ(desk.kind("VNPT"), Kind::waits) << "its share is five of ten";
    EXPECT_EQ(desk.all.inside(), 15u);
}

TEST(Places, WhoBorrowedGivesBackBeforeItEntersAgain)
{
    Desk desk{10};
    std::vector<Places::Id> flood;
    for (int n = 0; n < 10; ++n) flood.push_back(desk.ask("FLOOD").id);
    for (int n = 0; n < 5; ++n) ASSERT_EQ(desk.kind("VNPT"), Kind::entered);
    auto const waits = desk.ask("FLOOD");
    ASSERT_EQ(waits.kind, Kind::waits);
    for (int n = 0; n < 5; ++n) EXPECT_TRUE(desk.leave(flood[static_cast<std::size_t>(n)]).empty()) << "the house was over full";
    EXPECT_EQ(desk.leave(flood[5]), std::vector{waits.id}) << "now it holds less than its share again";
}

TEST(Places, TheWaitingEnterByNeedAndThenInOrder)
{
    Desk desk{4};
    std::vector<Places::Id> held;
    for (int n = 0; n < 4; ++n) held.push_back(desk.ask("A").id);
    for (int n = 0; n < 2; ++n) held.push_back(desk.ask("B").id);
    auto const a = desk.ask("A").id, b1 = desk.ask("B").id, b2 = desk.ask("B").id;
    // Six are inside of four: the first two that leave of A make no room.
    EXPECT_TRUE(desk.leave(held[0]).empty());
    EXPECT_TRUE(desk.leave(held[1]).empty());
    EXPECT_EQ(desk.leave(held[4]), std::vector{b1}) << "B holds one, A two: B's turn, and its first";
    EXPECT_EQ(desk.leave(held[2]), std::vector{a});
    EXPECT_EQ(desk.leave(held[5]), std::vector{b2});
}

TEST(Places, AWeightOfTwoIsTwiceTheShare)
{
    Desk desk{30};
    desk.ask("BIG", false, true, 2);
    desk.ask("LITTLE", false, true, 1);
    EXPECT_EQ(desk.all.standing("BIG", 2, 30, start).share, 20u);
    EXPECT_EQ(desk.all.standing("LITTLE", 1, 30, start).share, 10u);
    EXPECT_EQ(desk.all.standing("NEW", 1, 30, start).share, 7u) << "what it would be once it asks";
}

TEST(Places, AShareIsKeptForNobodyWhoHasGone)
{
    Desk desk{10};
    std::map<std::string, Places::Id> last;
    for (auto const* party : {"A", "B", "C", "D", "DEAD"}) last[party] = desk.ask(party).id;
    for (auto const& [party, id] : last) desk.leave(id);
    EXPECT_EQ(desk.all.standing("A", 1, 10, desk.now).share, 2u);
    desk.now += 11s;
    for (auto const* party : {"A", "B", "C", "D"}) desk.leave(desk.ask(party).id);
    desk.now += 1s;
    EXPECT_EQ(desk.all.standing("A", 1, 10, desk.now).share, 2u) << "of ten, by four";
    desk.limit = 100;
    EXPECT_EQ(desk.all.standing("A", 1, 100, desk.now).share, 25u) << "four share what five did";
}

TEST(Places, LargeBodiesTakeAPartAndNoMore)
{
    Desk desk{10};
    for (int n = 0; n < 5; ++n) EXPECT_EQ(desk.kind("A", true), Kind::entered) << n;
    EXPECT_EQ(desk.kind("A", true), Kind::waits);
    for (int n = 0; n < 5; ++n) EXPECT_EQ(desk.kind("A"), Kind::entered) << "small ones find the other half";
}

TEST(Places, OnePartysLargeBodiesLeaveAnotherItsPart)
{
    Desk desk{12};
    for (int n = 0; n < 6; ++n) ASSERT_EQ(desk.kind("A", true), Kind::entered);
    for (int n = 0; n < 3; ++n) EXPECT_EQ(desk.kind("B", true), Kind::entered) << n;
    EXPECT_EQ(desk.kind("B", true), Kind::waits);
}

TEST(Places, SmallBeforeLarge)
{
    Desk desk{2};
    auto const large_inside = desk.ask("A", true).id;
    auto const small_inside = desk.ask("A").id;
    auto const large = desk.ask("A", true).id;
    auto const small = desk.ask("A").id;
    EXPECT_EQ(desk.leave(small_inside), std::vector{small}) << "which came later";
    EXPECT_EQ(desk.leave(large_inside), std::vector{large});
}

TEST(Places, SmallOnesWithoutEndDoNotShutOutALargeOne)
{
    Desk desk{2};
    auto first = desk.ask("A").id;
    desk.ask("A");
    auto const large = desk.ask("A", true).id;
    desk.ask("A");
    EXPECT_EQ(desk.leave(first), std::vector{large}) << "none of the party's large ones is inside, and it came first";
}

TEST(Places, ALineThatIsTooLongIsRefusedAtOnce)
{
    Desk desk{2};
    desk.per_second = 20;  // half a second: ten
    desk.ask("A");
    desk.ask("A");
    for (int n = 0; n < 10; ++n) EXPECT_EQ(desk.kind("A"), Kind::waits) << n;
    EXPECT_EQ(desk.kind("A"), Kind::refused);
    EXPECT_EQ(desk.kind("B"), Kind::entered) << "the line is A's own";
}

TEST(Places, WhileNothingIsKnownOfThePaceNobodyIsRefusedForIt)
{
    Desk desk{2};
    auto const first = desk.ask("A").id;
    desk.ask("A");
    desk.leave(first);  // one has left: that is no pace yet
    desk.ask("A");
    for (int n = 0; n < 100; ++n) ASSERT_EQ(desk.kind("A"), Kind::waits) << n;
}

TEST(Places, TheWaitingAreBounded)
{
    PlacesConfig config;
    config.waiting_max = 3;
    Desk desk{1, config};
    desk.ask("A");
    for (int n = 0; n < 3; ++n) EXPECT_EQ(desk.kind("A"), Kind::waits);
    EXPECT_EQ(desk.kind("A"), Kind::refused);
    EXPECT_EQ(desk.all.waiting(), 3u);
}

TEST(Places, WhoMayNotWaitIsRefused)
{
    Desk desk{1};
    desk.ask("A");
    EXPECT_EQ(desk.kind("A", false, false), Kind::refused);
    EXPECT_EQ(desk.all.waiting(), 0u);
}

TEST(Places, WhoGivesUpLeavesNothingBehind)
{
    Desk desk{1};
    auto const inside = desk.ask("A").id;
    auto const tired = desk.ask("A").id, patient = desk.ask("A").id;
    desk.all.leave(tired, desk.now);
    EXPECT_EQ(desk.all.waiting(), 1u);
    EXPECT_EQ(desk.leave(inside), std::vector{patient});
    desk.all.leave(tired, desk.now);
    EXPECT_EQ(desk.all.inside(), 1u) << "twice is once";
}

TEST(Places, ABodyThatTakesLongGivesItsPlaceToOthersUntilItIsWhole)
{
    Desk desk{2};
    auto const slow = desk.ask("A").id;
    auto const quick = desk.ask("A").id;
    desk.all.step_in(quick);
    auto const waits = desk.ask("A");
    ASSERT_EQ(waits.kind, Kind::waits);
    desk.now += 100ms;
    EXPECT_EQ(desk.all.next(desk.limit, desk.now), std::vector{waits.id});
    EXPECT_EQ(desk.all.aside(), 1u);
    desk.all.step_in(slow);
    EXPECT_EQ(desk.all.inside(), 3u) << "it is let in, and the next ones pay for it";
    EXPECT_EQ(desk.kind("A"), Kind::waits);
    for (auto const id : {slow, quick, waits.id}) desk.leave(id);
    EXPECT_EQ(desk.all.aside(), 0u);
}

TEST(Places, WhatWaitsForOthersGivesItsPlaceUpMeanwhile)
{
    Desk desk{1};
    auto const first = desk.ask("A").id;
    desk.all.step_in(first);
    auto const waits = desk.ask("A").id;
    desk.all.step_aside(first);
    desk.all.step_aside(first);
    EXPECT_EQ(desk.all.next(desk.limit, desk.now), std::vector{waits});
    desk.all.step_in(first);
    EXPECT_EQ(desk.all.inside(), 2u);
    EXPECT_TRUE(desk.leave(first).empty());
    desk.leave(waits);
    EXPECT_EQ(desk.all.inside() + desk.all.aside(), 0u);
}

TEST(Places, ASlowReaderThatNeverEndsHoldsNothing)
{
    Desk desk{16};
    for (int round = 0; round < 10; ++round) {
        for (int n = 0; n < 16; ++n) EXPECT_EQ(desk.kind("SLOWLORIS"), Kind::entered);
        desk.now += 150ms;
    }
    EXPECT_EQ(desk.kind("A"), Kind::entered);
    EXPECT_EQ(desk.all.aside(), 160u);
    EXPECT_EQ(desk.all.inside(), 1u);
}

TEST(Places, ALowerLimitLetsNobodyInUntilItIsMet)
{
    Desk desk{10};
    std::vector<Places::Id> held;
    for (int n = 0; n < 10; ++n) held.push_back(desk.ask("A").id);
    auto const waits = desk.ask("A").id;
    desk.limit = 4;
    for (std::size_t n = 0; n < 6; ++n) EXPECT_TRUE(desk.leave(held[n]).empty());
    EXPECT_EQ(desk.leave(held[6]), std::vector{waits});
}

TEST(Places, ThoseToldToComeAgainComeOneAfterTheOther)
{
    Desk desk{4};
    for (int n = 0; n < 4; ++n) desk.ask("A");
    auto const none = desk.all.come_again("A", desk.now);
    EXPECT_EQ(none, 1s) << "nothing has left yet: one a second";
    EXPECT_EQ(desk.all.come_again("A", desk.now), 2s);
    std::chrono::nanoseconds last{};
    for (int n = 0; n < 1000; ++n) last = desk.all.come_again("A", desk.now);
    EXPECT_EQ(last, 60s) << "and never later than that";
    EXPECT_EQ(desk.all.come_again("STRANGER", desk.now), 1s);
}

// A server of a given speed behind the places, with parties that ask at given rates; in simulated time.
struct Demand {
    std::string party;
    double per_second;
    bool large = false;
    double until = 1e9;   // asks no longer
    bool obeys = false;   // who was refused comes again when it was told to, as Admission tells it
};
struct Outcome {
    std::uint64_t asked = 0, served = 0, refused = 0, tired = 0;
    std::uint64_t again = 0, again_in_vain = 0;  // of those who obeyed
    std::vector<double> waited;  // seconds until it entered
    [[nodiscard]] double refused_share() const { return static_cast<double>(refused + tired) / static_cast<double>(std::max<std::uint64_t>(1, asked)); }
    [[nodiscard]] double waited_most() const { return waited.empty() ? 0 : *std::max_element(waited.begin(), waited.end()); }
};

class World {
public:
    World(std::uint32_t limit, double service_each, PlacesConfig config = {}) : limit_{limit}, each_{service_each}, wait_max_{std::chrono::duration<double>{config.wait_max}.count()}, places_{config} {}

    std::map<std::string, Outcome> run(std::vector<Demand> const& demands, double until, std::uint64_t seed)
    {
        std::mt19937_64 random{seed};
        std::map<std::string, Outcome> outcomes;
        for (std::size_t n = 0; n < demands.size(); ++n) events_.push({now_ + static_cast<double>(n) * 1e-4, Event::asks, n, 0});
        while (!events_.empty() && events_.top().at < until) {
            auto const event = events_.top();
            events_.pop();
            now_ = event.at;
            if (event.kind == Event::asks || event.kind == Event::asks_again) {
                auto const& demand = demands[event.what];
                bool const again = event.kind == Event::asks_again;
                std::exponential_distribution<double> gap{demand.per_second};
                if (!again && now_ < demand.until) events_.push({now_ + gap(random), Event::asks, event.what, 0});
                auto& outcome = outcomes[demand.party];
                ++(again ? outcome.again : outcome.asked);
                auto const answer = places_.ask({demand.party, 1, demand.large, true}, {limit_, limit_ / each_ / limit_}, at());
                if (answer.kind == Kind::refused) {
                    ++(again ? outcome.again_in_vain : outcome.refused);
                    if (demand.obeys && !again) events_.push({now_ + told(demand.party, random), Event::asks_again, event.what, 0});
                    continue;
                }
                asked_.emplace(answer.id, Asked{demand.party, now_, event.what, again});
                if (answer.kind == Kind::entered) entered(answer.id, outcomes);
                else events_.push({now_ + wait_max_, Event::tires, 0, answer.id});
            } else if (event.kind == Event::tires) {
                if (!asked_.contains(event.id) || busy_.contains(event.id)) continue;
                places_.leave(event.id, at());
                auto const asked = asked_.at(event.id);
                auto& outcome = outcomes[asked.party];
                ++(asked.again ? outcome.again_in_vain : outcome.tired);
                if (demands[asked.what].obeys && !asked.again) events_.push({now_ + told(asked.party, random), Event::asks_again, asked.what, 0});
                asked_.erase(event.id);
            } else {
                ++outcomes[asked_.at(event.id).party].served;
                busy_.erase(event.id);
                asked_.erase(event.id);
                places_.leave(event.id, at());
            }
            for (auto const id : places_.next(limit_, at())) entered(id, outcomes);
            EXPECT_LE(places_.inside(), 2 * limit_ + 20);
            inside_most = std::max(inside_most, places_.inside());
        }
        return outcomes;
    }
    std::uint32_t inside_most = 0;

private:
    struct Event {
        double at;
        enum Kind { asks, asks_again, serves, tires } kind;
        std::size_t what;
        Places::Id id;
        bool operator<(Event const& other) const { return at > other.at; }
    };
    struct Asked {
        std::string party;
        double since;
        std::size_t what = 0;
        bool again = false;
    };
    // Retry-After (Admission::told): whole seconds, rounded up, late by up to a quarter.
    double told(std::string const& party, std::mt19937_64& random)
    {
        auto const wait = std::chrono::duration<double>{places_.come_again(party, at())}.count();
        return std::clamp(std::ceil(wait > 1 ? wait * std::uniform_real_distribution<double>{1, 1.25}(random) : wait), 1.0, 60.0);
    }
    // One server: what enters is served after all that entered before it.
    void entered(Places::Id id, std::map<std::string, Outcome>& outcomes)
    {
        places_.step_in(id);
        auto const& asked = asked_.at(id);
        outcomes[asked.party].waited.push_back(now_ - asked.since);
        busy_.insert(id);
        free_at_ = std::max(free_at_, now_) + each_;
        events_.push({free_at_, Event::serves, 0, id});
    }
    [[nodiscard]] Places::Time at() const { return start + std::chrono::duration_cast<Places::Time::duration>(std::chrono::duration<double>{now_}); }

    std::uint32_t limit_;
    double each_, wait_max_, now_ = 0, free_at_ = 0;
    Places places_;
    std::priority_queue<Event> events_;
    std::map<Places::Id, Asked> asked_;
    std::set<Places::Id> busy_;
};

TEST(PlacesUnderFlood, APartyWithinItsShareIsNeverRefusedAndHardlyWaits)
{
    World world{32, 0.001};  // a thousand a second
    auto const outcomes = world.run({{"FLOOD", 3000}, {"VNPT", 200}}, 30, 1);
    auto const& good = outcomes.at("VNPT");
    EXPECT_EQ(good.refused + good.tired, 0u) << "of " << good.asked;
    EXPECT_LT(good.waited_most(), 0.02);
    EXPECT_GT(outcomes.at("FLOOD").served, 23'000u) << "and what it leaves goes to the flood: goodput does not fall";
    EXPECT_GT(outcomes.at("FLOOD").refused_share(), 0.6);
}

// A burst of three seconds above its share, beside a flood that never ends: each that was refused comes once more, when it was told.
TEST(PlacesUnderFlood, WhoComesAgainWhenItWasToldIsServedThen)
{
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
        World world{32, 0.001};
        auto const outcomes = world.run({{"FLOOD", 3000}, {"OBEYS", 1500, false, 3, true}}, 90, seed);
        auto const& party = outcomes.at("OBEYS");
        EXPECT_GT(party.refused + party.tired, 1000u) << "there was no room for all of it";
        EXPECT_EQ(party.again, party.refused + party.tired);
        EXPECT_LT(static_cast<double>(party.again_in_vain), 0.05 * static_cast<double>(party.again)) << "seed " << seed << ", of " << party.again;
    }
}

TEST(PlacesUnderFlood, TwoFloodsShareEvenlyWhoeverAsksMore)
{
    World world{32, 0.001};
    auto const outcomes = world.run({{"LOUD", 9000}, {"LOUDER", 2000}}, 20, 2);
    auto const loud = static_cast<double>(outcomes.at("LOUD").served), louder = static_cast<double>(outcomes.at("LOUDER").served);
    EXPECT_NEAR(loud / (loud + louder), 0.5, 0.05);
    EXPECT_GT(loud + louder, 19'000);
}

TEST(PlacesUnderFlood, TenPartiesOneDeadAllLiveOnesServed)
{
    World world{40, 0.001};
    std::vector<Demand> demands{{"FLOOD", 5000}};
    for (int n = 0; n < 8; ++n) demands.push_back({"P" + std::to_string(n), 60});
    auto const outcomes = world.run(demands, 30, 3);  // the tenth says nothing
    for (int n = 0; n < 8; ++n) {
        auto const& party = outcomes.at("P" + std::to_string(n));
        EXPECT_LT(party.refused_share(), 0.01) << n;
        EXPECT_GT(party.served, 1500u) << n;
    }
    EXPECT_GT(outcomes.at("FLOOD").served, 13'000u) << "the dead one's share is not lost";
}

TEST(PlacesUnderFlood, SmallOnesDoNotWaitBehindLargeOnes)
{
    World world{32, 0.001};
    auto const outcomes = world.run({{"LARGE", 3000, true}, {"SMALL", 300}}, 20, 4);
    EXPECT_EQ(outcomes.at("SMALL").refused + outcomes.at("SMALL").tired, 0u);
    EXPECT_LT(outcomes.at("SMALL").waited_most(), 0.02);
}

TEST(PlacesUnderFlood, WithoutOverloadNobodyIsRefused)
{
    World world{32, 0.001};
    auto const outcomes = world.run({{"A", 400}, {"B", 300}, {"C", 100}}, 30, 5);
    for (auto const& [party, outcome] : outcomes) EXPECT_EQ(outcome.refused + outcome.tired, 0u) << party;
}

// Any order of calls: nobody is lost, nobody is counted twice, and the bound holds.
TEST(PlacesProperty, AnyOrderOfCallsKeepsTheBooks)
{
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
        std::mt19937_64 random{seed};
        auto const limit = static_cast<std::uint32_t>(1 + random() % 40);
        auto const parties = 1 + random() % 10;
        Places places{{}};
        std::set<Places::Id> waiting, inside;
        auto now = start;
        for (int step = 0; step < 2000; ++step) {
            now += std::chrono::microseconds{random() % 3000};
            auto const act = random() % 10;
            if (act < 5) {
                auto const answer = places.ask({"P" + std::to_string(random() % parties), 1.0 + static_cast<double>(random() % 5), random() % 4 == 0, random() % 5 != 0}, {limit, 1000}, now);
                if (answer.kind == Kind::entered) inside.insert(answer.id);
                if (answer.kind == Kind::waits) waiting.insert(answer.id);
                if (answer.kind == Kind::entered) places.step_in(answer.id);
            } else if (act < 9 && !inside.empty()) {
                auto const id = *std::next(inside.begin(), static_cast<std::ptrdiff_t>(random() % inside.size()));
                places.leave(id, now);
                inside.erase(id);
            } else if (!waiting.empty()) {
                auto const id = *std::next(waiting.begin(), static_cast<std::ptrdiff_t>(random() % waiting.size()));
                places.leave(id, now);
                waiting.erase(id);
            }
            for (auto const id : places.next(limit, now)) {
                ASSERT_EQ(waiting.erase(id), 1u) << "seed " << seed;
                places.step_in(id);
                inside.insert(id);
            }
            ASSERT_EQ(places.inside(), inside.size()) << "seed " << seed;
            ASSERT_EQ(places.waiting(), waiting.size()) << "seed " << seed;
            ASSERT_LE(places.inside(), 2 * limit + parties) << "seed " << seed;
        }
        for (auto const id : inside) places.leave(id, now);
        for (auto const id : places.next(limit, now)) places.leave(id, now), waiting.erase(id);
        for (auto const id : waiting) places.leave(id, now);
        ASSERT_EQ(places.inside() + places.waiting() + places.aside(), 0u) << "seed " << seed;
    }
}

}  // namespace
}  // namespace intake
