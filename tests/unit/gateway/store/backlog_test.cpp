// The line of each unit in memory: order, leases, deferral, and that nothing is forgotten whatever order things come in.

#include "gateway/store/detail/backlog.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

namespace {

using namespace std::chrono_literals;
using store::detail::Backlog;
using store::detail::Waiting;
using testing::ElementsAre;
using testing::IsEmpty;

runtime::Instant const start = runtime::Instant{} + 1000h;

Waiting entry(std::int64_t sequence, std::string unit, runtime::Instant queued = start)
{
    Waiting out;
    out.sequence = sequence;
    out.unit_key = std::move(unit);
    out.queued_at = queued;
    out.content_bytes = 100;
    return out;
}

std::vector<std::int64_t> sequences(std::vector<Waiting> const& taken)
{
    std::vector<std::int64_t> out;
    for (auto const& one : taken) out.push_back(one.sequence);
    return out;
}

TEST(Backlog, GivesTheOldestOfEachUnitAndNothingElseOfItUntilThatIsSettled)
{
    Backlog backlog;
    for (auto sequence : {3, 1, 2}) EXPECT_TRUE(backlog.add(entry(sequence, "A")));
    EXPECT_TRUE(backlog.add(entry(4, "B")));
    EXPECT_FALSE(backlog.add(entry(4, "B"))) << "it is here already";
    EXPECT_THAT(sequences(backlog.take(10, 1000, start, 60s)), ElementsAre(1, 4));
    EXPECT_THAT(backlog.take(10, 1000, start, 60s), IsEmpty());
    backlog.settle(1);
    EXPECT_THAT(sequences(backlog.take(10, 1000, start, 60s)), ElementsAre(2));
}

TEST(Backlog, TakesNoMoreThanAskedAndOneHoweverLarge)
{
    Backlog backlog;
    for (int i = 1; i <= 5; ++i) backlog.add(entry(i, "U" + std::to_string(i)));
    EXPECT_EQ(backlog.take(2, 1000, start, 60s).size(), 2u);
    EXPECT_EQ(backlog.take(9, 1, start, 60s).size(), 1u);
    EXPECT_EQ(backlog.take(9, 200, start, 60s).size(), 2u);
    EXPECT_EQ(backlog.taken(start), 5u);
}

TEST(Backlog, TakesNoMoreRetriesThanAskedAndPassesTheOthersByInTheirOrder)
{
    Backlog backlog;
    for (int i = 1; i <= 4; ++i) backlog.add(entry(i, "U" + std::to_string(i)));
    ASSERT_EQ(backlog.take(3, 1000, start, 60s).size(), 3u);
    for (int i = 1; i <= 3; ++i) backlog.defer(i, start + 1s);
    backlog.add(entry(5, "U5", start + 2s));
    EXPECT_THAT(sequences(backlog.take({10, 0}, 1000, start + 3s, 60s)), ElementsAre(4, 5)) << "what was never tried";
    EXPECT_THAT(sequences(backlog.take({10, 2}, 1000, start + 3s, 60s)), ElementsAre(1, 2));
    EXPECT_THAT(sequences(backlog.take(10, 1000, start + 3s, 60s)), ElementsAre(3)) << "no bound";
}

TEST(Backlog, WhatIsNotSettledComesBackWhenItsLeaseEnds)
{
    Backlog backlog;
    backlog.add(entry(1, "A"));
    EXPECT_EQ(backlog.take(1, 1000, start, 60s).at(0).attempts, 1u);
    EXPECT_THAT(backlog.take(1, 1000, start + 59s, 60s), IsEmpty());
    EXPECT_EQ(backlog.taken(start + 59s), 1u);
    EXPECT_EQ(backlog.taken(start + 61s), 0u);
    EXPECT_EQ(backlog.take(1, 1000, start + 60s, 60s).at(0).attempts, 2u);
}

TEST(Backlog, WhatIsGivenBackWasNoAttempt)
{
    Backlog backlog;
    backlog.add(entry(1, "A"));
    ASSERT_EQ(backlog.take(1, 1000, start, 60s).size(), 1u);
    backlog.give_back(1);
    EXPECT_EQ(backlog.taken(1, 0), nullptr);
    EXPECT_EQ(backlog.take(1, 1000, start, 60s).at(0).attempts, 1u);
}

// A word about an attempt that came late, after its lease or after its own repeat, must not end the attempt under way.
TEST(Backlog, WhatIsSaidOfAnOlderAttemptCountsNoMore)
{
    Backlog backlog;
    backlog.add(entry(1, "A"));
    ASSERT_EQ(backlog.take(1, 1000, start, 60s).size(), 1u);
    EXPECT_NE(backlog.taken(1, 0), nullptr);
    backlog.defer(1, start);
    ASSERT_EQ(backlog.take(1, 1000, start, 60s).size(), 1u);
    EXPECT_EQ(backlog.taken(1, 0), nullptr);
    EXPECT_NE(backlog.taken(1, 1), nullptr);
}

TEST(Backlog, ADeferredOneHoldsItsUnitAndNoOther)
{
    Backlog backlog;
    backlog.add(entry(1, "A"));
    backlog.add(entry(2, "A"));
    backlog.add(entry(3, "B"));
    ASSERT_EQ(backlog.take(1, 1000, start, 60s).size(), 1u);
    backlog.defer(1, start + 30s);
    EXPECT_THAT(sequences(backlog.take(10, 1000, start, 60s)), ElementsAre(3));
    EXPECT_THAT(sequences(backlog.take(10, 1000, start + 30s, 60s)), ElementsAre(1));
}

TEST(Backlog, OneThatComesLateGoesBeforeWhatIsNotInFlight)
{
    Backlog backlog;
    backlog.add(entry(5, "A"));
    backlog.add(entry(4, "A"));
    EXPECT_THAT(sequences(backlog.take(10, 1000, start, 60s)), ElementsAre(4));
    backlog.add(entry(3, "A"));
    EXPECT_THAT(backlog.take(10, 1000, start, 60s), IsEmpty()) << "one of the unit is in flight";
    backlog.defer(4, start + 9s);
    EXPECT_THAT(sequences(backlog.take(10, 1000, start, 60s)), ElementsAre(3));
    backlog.settle(3);
    EXPECT_THAT(backlog.take(10, 1000, start, 60s), IsEmpty());
    EXPECT_THAT(sequences(backlog.take(10, 1000, start + 9s, 60s)), ElementsAre(4));
}

TEST(Backlog, ForgettingKeepsWhatIsInFlight)
{
    Backlog backlog;
    for (int i = 1; i <= 3; ++i) backlog.add(entry(i, i < 3 ? "A" : "B"));
    ASSERT_THAT(sequences(backlog.take(1, 1000, start, 60s)), ElementsAre(1));
    backlog.forget_untaken();
    EXPECT_EQ(backlog.size(), 1u);
    for (int i = 1; i <= 3; ++i) backlog.add(entry(i, i < 3 ? "A" : "B"));
    EXPECT_THAT(sequences(backlog.take(9, 1000, start, 60s)), ElementsAre(3));
    backlog.settle(1);
    EXPECT_THAT(sequences(backlog.take(9, 1000, start, 60s)), ElementsAre(2));
}

TEST(Backlog, OldestIsWhatHasWaitedLongest)
{
    Backlog backlog;
    EXPECT_FALSE(backlog.oldest());
    backlog.add(entry(1, "A", start + 5s));
    backlog.add(entry(2, "B", start + 2s));
    EXPECT_EQ(backlog.oldest(), start + 2s);
}

// Against a model: any order of additions and outcomes delivers every unit's dossiers in their order, one at a time.
TEST(Backlog, DeliversEachUnitInItsOrderWhateverHappens)
{
    for (unsigned seed = 1; seed <= 200; ++seed) {
        std::mt19937 random{seed};
        Backlog backlog;
        std::map<std::string, std::vector<std::int64_t>> delivered;
        std::vector<std::int64_t> in_flight;
        std::map<std::int64_t, std::string> unit_of;
        std::int64_t next = 1;
        auto now = start;
        for (int step = 0; step < 400 || !unit_of.empty(); ++step) {
            ASSERT_LT(step, 20'000) << "seed " << seed;
            now += std::chrono::seconds{random() % 3};
            if (step < 300 && random() % 2 == 0) {
                auto const unit = "U" + std::to_string(random() % 5);
                unit_of[next] = unit;
                backlog.add(entry(next++, unit, now));
            }
            for (auto const& one : backlog.take(random() % 4, 250, now, 3600s)) {
                for (auto const other : in_flight) ASSERT_NE(unit_of.at(other), one.unit_key) << "seed " << seed;
                in_flight.push_back(one.sequence);
            }
            if (in_flight.empty()) continue;
            auto const place = in_flight.begin() + static_cast<long>(random() % in_flight.size());
            auto const sequence = *place;
            switch (random() % 4) {
                case 0: backlog.defer(sequence, now + std::chrono::seconds{random() % 20}); break;
                case 1: backlog.give_back(sequence); break;
                case 2: continue;
                default:
                    backlog.settle(sequence);
                    delivered[unit_of.at(sequence)].push_back(sequence);
                    unit_of.erase(sequence);
            }
            in_flight.erase(place);
        }
        EXPECT_EQ(backlog.size(), 0u);
        std::size_t all = 0;
        for (auto const& [unit, order] : delivered) {
            EXPECT_TRUE(std::is_sorted(order.begin(), order.end())) << "seed " << seed << " unit " << unit;
            all += order.size();
        }
        EXPECT_EQ(all, static_cast<std::size_t>(next - 1));
    }
}

}  // namespace
