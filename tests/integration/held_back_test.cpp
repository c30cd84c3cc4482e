// The backend's pace reaches the door of a running hub: past the queue's mark dossiers are told to come later, and nothing else is.

#include "tests/support/hub.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <string>
#include <thread>

namespace {

using namespace std::chrono_literals;
using support::Hub;
using support::text_in;

struct HeldBack : testing::Test {
    Hub hub;
    unsigned filed = 0;

    void SetUp() override
    {
        hub.config.intake.throttle.queue_mark = 5;
        hub.config.intake.throttle.per_second_min = 1;
        hub.config.delivery.depth_interval = 100ms;
        hub.config.delivery.window.probe_wait_first = hub.config.delivery.window.probe_wait_max = 100ms;
        hub.config.delivery.settle.backoff.max = 100ms;
        loadtest::SinkConfig fails;
        fails.fail_rate = 1;
        hub.backend.change(fails);
        hub.start();
    }
    runtime::HttpResponse file() { return hub.submit(hub.dossier(), "key-" + std::to_string(++filed)); }
    // Dossiers a minute; nothing: the backend holds nobody back.
    [[nodiscard]] std::optional<double> held_to()
    {
        auto const told = text_in(hub.get("/v1/limits"), "/now/held_back/backend_per_minute");
        return told == "null" ? std::nullopt : std::optional{std::stod(told)};
    }
};

TEST_F(HeldBack, DossiersPastTheMarkComeLaterLookUpsDoNotAndAllIsOpenAgainWhenTheBackendTakesThem)
{
    auto const id = text_in(file(), "/dossier_id");
    Hub::until("the queue is past its mark", [&] { return file().status == 503; });
    Hub::until("the pace has come down", [&] { return held_to().value_or(1000) < 61; });

    // A dossier or two are saved up meanwhile: of some at once one is told when to come.
    std::string body, key;
    runtime::HttpResponse answer;
    for (int n = 0; n < 10 && answer.status != 503; ++n) answer = hub.submit(body = hub.dossier(), key = "late-" + std::to_string(n));
    ASSERT_EQ(answer.status, 503) << answer.body;
    EXPECT_NE(answer.header("RateLimit").find(R"("backend";r=0;t=)"), std::string::npos) << answer.header("RateLimit");
    EXPECT_NE(answer.header("RateLimit-Policy").find(R"("backend";q=60;w=60)"), std::string::npos) << answer.header("RateLimit-Policy");
    EXPECT_EQ(text_in(hub.get("/v1/limits"), "/now/held_back/why"), "backlog");
    EXPECT_EQ(hub.get("/v1/dossiers/" + id).status, 200) << "look-ups have their own lane";
    EXPECT_EQ(hub.anonymous("/v1/providers").status, 200);

    std::chrono::seconds const told{std::stoi(std::string{answer.header("Retry-After")})};
    ASSERT_GE(told, 1s);
    ASSERT_LE(told, hub.config.intake.retry_after_max);
    std::this_thread::sleep_for(told);
    EXPECT_EQ(hub.submit(body, key).status, 201) << "who comes when it was told is let in";

    hub.backend.change({});
    Hub::until("the backend has taken them", [&] { return !held_to(); });
    for (int n = 0; n < 5; ++n) {
        auto const open = file();
        EXPECT_EQ(open.status, 201) << open.body;
        EXPECT_EQ(open.header("RateLimit").find("backend"), std::string::npos);
    }
}

}  // namespace
