#include "gateway/observe/metrics.hpp"

#include <gtest/gtest.h>

#include <set>
#include <thread>

namespace observe {
namespace {

bool has(std::string const& text, std::string_view line) { return ("\n" + text).find("\n" + std::string{line} + "\n") != std::string::npos; }

TEST(Metrics, WhatHappensIsSeenInTheExposition)
{
    Metrics metrics;
    metrics.accepted("VNPT", false);
    metrics.accepted("VNPT", false);
    metrics.accepted("VNPT", true);
    metrics.refused("BKAV", "GW-2001");
    metrics.refused("", "GW-1001");
    metrics.request("/v1/dossiers", 201);
    metrics.connections(3);
    metrics.connections(-1);
    metrics.queue(12, std::chrono::seconds{34}, 1);
    metrics.alarm("queue_age", true);
    metrics.certificate_cache(10, 5, 5);
    metrics.certificate_cache(15, 5, 5);
    metrics.stage_time(Stage::verify, std::chrono::milliseconds{3});
    metrics.otp_message("sms", "lost");
    auto const text = metrics.exposition();
    EXPECT_TRUE(has(text, R"(ivan_dossiers_accepted_total{provider="VNPT"} 2)")) << text;
    EXPECT_TRUE(has(text, R"(ivan_dossiers_repeated_total{provider="VNPT"} 1)"));
    EXPECT_TRUE(has(text, R"(ivan_refused_total{code="GW-2001",provider="BKAV"} 1)"));
    EXPECT_TRUE(has(text, R"(ivan_refused_total{code="GW-1001",provider="unknown"} 1)"));
    EXPECT_TRUE(has(text, R"(ivan_http_requests_total{route="/v1/dossiers",status="201"} 1)"));
    EXPECT_TRUE(has(text, "ivan_connections 2"));
    EXPECT_TRUE(has(text, "ivan_queue_depth 12"));
    EXPECT_TRUE(has(text, "ivan_queue_oldest_seconds 34"));
    EXPECT_TRUE(has(text, R"(ivan_alarm{name="queue_age"} 1)"));
    EXPECT_TRUE(has(text, "ivan_certificate_cache_hits_total 15"));
    EXPECT_TRUE(has(text, R"(ivan_otp_messages_total{channel="sms",outcome="lost"} 1)"));
    EXPECT_TRUE(has(text, R"(ivan_stage_seconds_bucket{stage="verify",le="0.0025"} 0)"));
    EXPECT_TRUE(has(text, R"(ivan_stage_seconds_bucket{stage="verify",le="0.005"} 1)"));
}

TEST(Metrics, TotalsAreWhatTheConsoleDraws)
{
    Metrics metrics;
    metrics.accepted("A", false);
    metrics.accepted("B", true);
    metrics.refused("A", "GW-1001");
    metrics.delivery("delivered", std::chrono::milliseconds{1});
    metrics.delivery("deferred", std::chrono::milliseconds{1});
    metrics.queue(7, std::chrono::seconds{8}, 9);
    auto const totals = metrics.totals();
    EXPECT_EQ(totals.accepted, 1u);
    EXPECT_EQ(totals.repeated, 1u);
    EXPECT_EQ(totals.refused, 1u);
    EXPECT_EQ(totals.delivered, 1u);
    EXPECT_EQ(totals.queue_depth, 7u);
    EXPECT_EQ(totals.queue_age_s, 8);
    EXPECT_EQ(totals.dead, 9u);
}

TEST(Metrics, TheListHasEveryNameOnceWithHelp)
{
    std::set<std::string> names;
    auto const text = Metrics{}.exposition();
    for (auto const& info : Metrics::list()) {
        EXPECT_TRUE(names.insert(info.name).second) << info.name;
        EXPECT_TRUE(info.name.starts_with("ivan_")) << info.name;
        EXPECT_TRUE(info.help.ends_with('.')) << info.name;
        EXPECT_EQ(info.type == "counter", info.name.ends_with("_total")) << info.name;
        if (info.labels.empty()) {
            EXPECT_NE(text.find("# TYPE " + info.name + " " + info.type), std::string::npos) << "seen from the start: " << info.name;
        }
    }
}

TEST(Metrics, ThreadsMayCountAtOnce)
{
    Metrics metrics;
    {
        std::vector<std::jthread> threads;
        for (int t = 0; t < 4; ++t)
            threads.emplace_back([&metrics] {
                for (int i = 0; i < 1000; ++i) metrics.refused("P" + std::to_string(i % 7), "GW-1001");
            });
    }
    EXPECT_EQ(metrics.totals().refused, 4000u);
    EXPECT_TRUE(has(metrics.exposition(), R"(ivan_refused_total{code="GW-1001",provider="P6"} 568)"));
}

}  // namespace
}  // namespace observe
