// SIGTERM: what runs is answered, what waits is let go, and it ends within its bound.

#include "gateway/store/detail/pg_connection.hpp"
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

TEST(Shutdown, EveryDossierUnderWayIsAnswered)
{
    constexpr int dossiers = 16;
    Hub hub;
    hub.start();
    store::detail::PgConnection blocker{support::Database::shared().url(), std::chrono::seconds{5}, std::chrono::seconds{30}};
    blocker.run_plain("BEGIN");
    blocker.run_plain("LOCK TABLE ivan.dossiers IN ACCESS EXCLUSIVE MODE");  // nothing is committed meanwhile
    std::vector<std::future<runtime::HttpResponse>> answers;
    for (int n = 0; n < dossiers; ++n)
        answers.push_back(std::async(std::launch::async, Hub::submit_at, hub.intake_url(), hub.dossier(), "key-" + std::to_string(n)));
    auto const all = "ivan_stage_seconds_count{stage=\"examine\"} " + std::to_string(dossiers) + "\n";
    Hub::until("all are examined", [&] { return hub.ops("/metrics").body.find(all) != std::string::npos; });
    auto stop = std::async(std::launch::async, [&] { hub.server->stop(); });
    Hub::until("nobody is let in any more", [&] {
        try {
            hub.anonymous("/healthz");
            return false;
        } catch (std::runtime_error const&) {
            return true;
        }
    });
    blocker.run_plain("COMMIT");
    for (auto& answer : answers) {
        auto const read = answer.get();
        EXPECT_EQ(read.status, 201) << read.body;
        EXPECT_EQ(read.header("Connection"), "close");
    }
    stop.get();
    EXPECT_EQ(support::Database::shared().count("select count(*) from ivan.dossiers"), dossiers);
}

TEST(Shutdown, WhileItDrainsItSaysThatItIsNotReadyAndServesAsBefore)
{
    Hub hub;
    hub.config.server.drain_wait = std::chrono::seconds{3};
    hub.start();
    support::Line known{hub};
    ASSERT_EQ(known.submit(hub.dossier(), "key-1").status, 201);
    auto const fresh = hub.dossier(), more = hub.dossier();
    auto stop = std::async(std::launch::async, [&] { hub.server->stop(); });
    Hub::until("it is not ready", [&] { return hub.ops("/readyz").status == 503; });
    for (auto const& answer : {known.submit(more, "key-2"), hub.submit(fresh, "key-3")}) {
        EXPECT_EQ(answer.status, 201) << answer.body;
        EXPECT_EQ(answer.header("Connection"), "close") << "the next one goes elsewhere";
    }
    EXPECT_TRUE(boost::json::parse(hub.ops("/readyz").body).at("stopping").as_bool());
    auto const url = hub.intake_url();
    stop.get();
    EXPECT_THROW(Hub::submit_at(url, more, "key-2"), std::runtime_error);
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
