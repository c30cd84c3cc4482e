// What is fetched when, without a network and without waiting.

#include "gateway/revocation/schedule.hpp"

#include <gtest/gtest.h>

namespace {

using namespace std::chrono_literals;
using revocation::Kind;
using revocation::Outcome;
using revocation::Schedule;

constexpr char const* list = "http://ca.example.vn/ca.crl";

struct ScheduleTest : testing::Test {
    revocation::RevocationConfig config = [] {
        revocation::RevocationConfig made;
        made.refresh_interval = 1h;
        made.refresh_before = 10min;
        made.retry_first = 10s;
        made.retry_max = 60s;
        made.sources_max = 3;
        made.wanted_max = 2;
        return made;
    }();
    Schedule schedule{config, 7};
    revocation::Instant now = std::chrono::sys_days{std::chrono::year{2026} / 11 / 22};

    static signing::EvidenceWanted wanted(std::string certificate, std::vector<std::string> crls, std::vector<std::string> ocsp = {})
    {
        return {std::move(certificate), "issuer", std::move(crls), {}, std::move(ocsp)};
    }
    std::vector<std::string> due()
    {
        std::vector<std::string> keys;
        for (auto const& job : schedule.due(now, 10)) keys.push_back(job.key);
        return keys;
    }
    using Keys = std::vector<std::string>;
};

TEST_F(ScheduleTest, ANewSourceIsFetchedAtOnceAndNotTwiceAtTheSameTime)
{
    schedule.standing({{Kind::crl, list}}, now);
    EXPECT_EQ(due(), Keys{Schedule::key_of(Kind::crl, list)});
    EXPECT_EQ(due(), Keys{}) << "it is under way";
}

TEST_F(ScheduleTest, AListIsFetchedAgainAfterTheIntervalAndBeforeItsEnd)
{
    schedule.standing({{Kind::crl, list}}, now);
    auto const key = due().at(0);
    schedule.ended(key, Outcome::fetched, "", now + 24h, now);
    now += 53min;
    EXPECT_EQ(due(), Keys{}) << "an interval less its jitter of a tenth has not passed";
    now += 7min;
    EXPECT_EQ(due(), Keys{key});
    schedule.ended(key, Outcome::unchanged, "", now + 30min, now);
    now += 19min;
    EXPECT_EQ(due(), Keys{});
    now += 1min;
    EXPECT_EQ(due(), Keys{key}) << "refresh_before its nextUpdate";
}

TEST_F(ScheduleTest, ASourceThatFailsIsTriedLessAndLessOftenUpToABound)
{
    schedule.standing({{Kind::crl, list}}, now);
    auto const key = due().at(0);
    for (auto const wait : {10s, 20s, 40s, 60s, 60s}) {
        schedule.ended(key, Outcome::failed, "away", std::nullopt, now);
        now += wait * 4 / 5 - 1s;
        EXPECT_EQ(due(), Keys{}) << wait.count();
        now += wait * 2 / 5 + 2s;
        EXPECT_EQ(due(), Keys{key}) << wait.count();
    }
}

TEST_F(ScheduleTest, TroubleIsToldOfEvidenceThatEndedAndOfSourcesThatFailForLong)
{
    config.alarm_after = 15min;
    schedule.standing({{Kind::crl, list}}, now);
    auto const key = due().at(0);
    schedule.ended(key, Outcome::fetched, "", now + 2h, now);
    EXPECT_TRUE(schedule.troubles(now).empty());
    now += 1h;
    schedule.ended(key, Outcome::failed, "away", std::nullopt, now);
    EXPECT_TRUE(schedule.troubles(now + 15min).empty()) << "a short failure while the evidence holds is nobody's trouble";
    EXPECT_EQ(schedule.troubles(now + 16min).size(), 1u);
    now += 61min;
    ASSERT_EQ(schedule.troubles(now).size(), 1u);
    EXPECT_NE(schedule.troubles(now)[0].find("ended at"), std::string::npos);
    schedule.ended(key, Outcome::fetched, "", now + 1h, now);
    EXPECT_TRUE(schedule.troubles(now).empty());
}

TEST_F(ScheduleTest, ASourceThatServesAnEndedListIsATroubleAndTriedLikeAFailure)
{
    schedule.standing({{Kind::crl, list}}, now);
    auto const key = due().at(0);
    schedule.ended(key, Outcome::fetched, "", now - 1min, now);
    ASSERT_EQ(schedule.troubles(now).size(), 1u);
    EXPECT_NE(schedule.troubles(now)[0].find("still serves"), std::string::npos);
    now += 13s;
    EXPECT_EQ(due(), Keys{key});
}

TEST_F(ScheduleTest, WaitingMakesSenseOnlyWhileSomethingIsOnItsWay)
{
    auto const want = wanted("leaf", {list});
    EXPECT_TRUE(schedule.want(want, now));
    auto const key = due().at(0);
    EXPECT_TRUE(schedule.trying(Schedule::key_of(want), now));
    schedule.ended(key, Outcome::failed, "away", std::nullopt, now);
    EXPECT_FALSE(schedule.trying(Schedule::key_of(want), now)) << "its next try is for later";
    EXPECT_FALSE(schedule.want(want, now)) << "and asking again does not bring it nearer";
    now += 13s;
    EXPECT_TRUE(schedule.want(want, now));
}

TEST_F(ScheduleTest, AResponderIsAskedOnceAndTheNextOneAfterAFailure)
{
    auto const want = wanted("leaf", {}, {"http://a/ocsp", "http://b/ocsp"});
    EXPECT_TRUE(schedule.want(want, now));
    auto const first = schedule.due(now, 10);
    ASSERT_EQ(first.size(), 1u);
    EXPECT_EQ(first[0].kind, Kind::ocsp);
    EXPECT_EQ(first[0].url, "http://a/ocsp");
    EXPECT_EQ(first[0].certificate, "leaf");
    schedule.ended(first[0].key, Outcome::failed, "away", std::nullopt, now);
    now += 13s;
    auto const second = schedule.due(now, 10);
    ASSERT_EQ(second.size(), 1u);
    EXPECT_EQ(second[0].url, "http://b/ocsp");
    schedule.ended(second[0].key, Outcome::fetched, "", now + 1h, now);
    schedule.settle([](std::string_view) { return true; }, now);
    EXPECT_EQ(schedule.wanted(), 0u);
    now += 1h;
    EXPECT_EQ(due(), Keys{}) << "nobody asks for it any more";
}

TEST_F(ScheduleTest, AWantNobodyRepeatsIsForgotten)
{
    config.wanted_life = 1h;
    (void)schedule.want(wanted("leaf", {}, {"http://a/ocsp"}), now);
    auto const never = [](std::string_view) { return false; };
    schedule.settle(never, now + 59min);
    EXPECT_EQ(schedule.wanted(), 1u);
    schedule.settle(never, now + 61min);
    EXPECT_EQ(schedule.wanted(), 0u);
}

TEST_F(ScheduleTest, AWantInVainIsATroubleThatNamesTheIssuerAndNotTheHolder)
{
    config.alarm_after = 15min;
    (void)schedule.want(wanted("leaf", {}), now);
    EXPECT_TRUE(schedule.troubles(now + 15min).empty());
    ASSERT_EQ(schedule.troubles(now + 16min).size(), 1u);
    EXPECT_NE(schedule.troubles(now + 16min)[0].find("no evidence for 1 certificates"), std::string::npos);
}

TEST_F(ScheduleTest, BoundsHoldAndWhatAuthoritiesNameStaysLongest)
{
    schedule.standing({{Kind::crl, list}}, now);
    for (int i = 0; i < 20; ++i) {
        now += 1s;
        (void)schedule.want(wanted("leaf" + std::to_string(i), {"http://ca.example.vn/part" + std::to_string(i)}), now);
    }
    EXPECT_EQ(schedule.sources(), 3u);
    EXPECT_EQ(schedule.wanted(), 2u);
    auto const keys = due();
    EXPECT_NE(std::find(keys.begin(), keys.end(), Schedule::key_of(Kind::crl, list)), keys.end());
}

TEST_F(ScheduleTest, OnlyPlainHttpIsTaken)
{
    for (auto const* url : {"https://a/x", "ldap://a/x", "file:///etc/passwd", "ftp://a/x", ""}) schedule.standing({{Kind::crl, url}}, now);
    EXPECT_EQ(schedule.sources(), 0u);
}

TEST_F(ScheduleTest, AClockSetBackDoesNotPutASourceOffForLong)
{
    schedule.standing({{Kind::crl, list}}, now);
    auto const key = due().at(0);
    schedule.ended(key, Outcome::fetched, "", now + 24h, now);
    now -= 24h * 365;
    EXPECT_EQ(due(), Keys{});
    now += 1h;
    EXPECT_EQ(due(), Keys{key});
}

TEST_F(ScheduleTest, WhatTheDiskRemembersKeepsItsTime)
{
    schedule.remember(Kind::crl, list, now - 30min, now + 5h, now);
    EXPECT_EQ(due(), Keys{});
    now += 30min;
    EXPECT_EQ(due(), Keys{Schedule::key_of(Kind::crl, list)});
}

}  // namespace
