// SIGTERM: what runs is answered, what waits is let go, and it ends within its bound.

#include "tests/support/hub.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <string>

namespace {

using support::Hub;
using support::text_in;

TEST(Shutdown, ALongPollIsAnsweredAndNotWaitedFor)
{
    Hub hub;
    hub.start();
    auto poll = std::async(std::launch::async, [&hub, url = hub.intake_url()] { return hub.get("/v1/notices?wait=30"); });
    Hub::until("the long poll has come", [&] { return hub.ops("/metrics").body.find("ivan_stage_seconds_count{stage=\"header\"} 1") != std::string::npos; });
    auto const begun = std::chrono::steady_clock::now();
    hub.server->stop();
    auto const answer = poll.get();
    EXPECT_TRUE(answer.status == 200 || answer.status == 503) << answer.status;
    EXPECT_LT(std::chrono::steady_clock::now() - begun, support::hang_after) << "the stop did not hang on the poll";
}

TEST(Shutdown, EveryDossierThatWasAnsweredIsStoredAndNoneIsHalfDone)
{
    Hub hub;
    hub.start();
    std::vector<std::string> bodies;
    for (int i = 0; i < 60; ++i) bodies.push_back(hub.dossier());
    std::atomic<int> receipted{0};
    std::atomic<bool> ended{false};
    auto const url = hub.intake_url();
    auto sender = std::async(std::launch::async, [&] {
        for (std::size_t i = 0; i < bodies.size(); ++i) {
            try {
                if (Hub::submit_at(url, bodies[i], "key-" + std::to_string(i)).status == 201) ++receipted;
            } catch (std::runtime_error const&) {
                break;  // no more connections: the gateway is gone
            }
        }
        ended = true;
    });
    Hub::until("some are through", [&] { return receipted >= 5 || ended; });
    hub.server->stop();
    sender.get();
    EXPECT_GE(support::Database::shared().count("select count(*) from ivan.dossiers"), receipted.load());
    EXPECT_GE(receipted.load(), 5);

    hub.start();
    for (std::size_t i = 0; i < bodies.size(); ++i) {
        auto const answer = hub.submit(bodies[i], "key-" + std::to_string(i));
        EXPECT_TRUE(answer.status == 200 || answer.status == 201) << answer.body;
    }
    EXPECT_EQ(support::Database::shared().count("select count(*) from ivan.dossiers"), 60);
}

TEST(Shutdown, StoppingTwiceIsHarmlessAndNobodyIsServedAfterwards)
{
    Hub hub;
    hub.start();
    auto const url = hub.intake_url();
    hub.server->stop();
    hub.server->stop();
    EXPECT_THROW(Hub::submit_at(url, "<Hoso/>", "key-1"), std::runtime_error);
}

TEST(Shutdown, ABadStartNamesEveryProblemAndLeavesNothingBehind)
{
    Hub hub;
    auto bad = hub.config;
    bad.signing.trust_directory = "/no/such/trust";
    bad.signing.receipt_key_file = "/no/such/key";
    bad.schemas.rules_directory = "/no/such/rules";
    try {
        gateway::Server const server{bad};
        FAIL() << "it started";
    } catch (gateway::BadStart const& problem) {
        EXPECT_GE(problem.problems().size(), 3u);
    }

    auto nowhere = hub.config;
    nowhere.store.database_url = "postgresql://ivan@127.0.0.1:1/none";
    gateway::Server server{nowhere};
    EXPECT_THROW(server.start(std::chrono::milliseconds{1}), gateway::BadStart);
    hub.start();
    EXPECT_EQ(hub.submit(hub.dossier(), "key-1").status, 201) << "service is restored";
}

}  // namespace
