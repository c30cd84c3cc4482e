// Stopped politely or killed: what was receipted is there afterwards, under the same code, and reaches the backend.

#include "tests/support/hub.hpp"
#include "tests/support/program.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <fstream>
#include <future>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace {

using support::Database;
using support::Hub;
using support::Program;
using support::text_in;

TEST(Restart, KeepsReceiptsAndDeliversWhatWasWaiting)
{
    Hub hub;
    loadtest::SinkConfig failing;
    failing.fail_rate = 1;
    hub.backend.change(failing);
    hub.start();
    auto const body = hub.dossier();
    auto const first = hub.submit(body, "key-1");
    ASSERT_EQ(first.status, 201) << first.body;

    hub.stop();
    hub.backend.change({});
    hub.start();
    auto const repeat = hub.submit(body, "key-1");
    EXPECT_EQ(repeat.status, 200);
    EXPECT_EQ(repeat.body, first.body);
    Hub::until("it is delivered", [&] { return hub.backend.counts().cases == 1; });
    auto const next = hub.submit(hub.dossier(), "key-2");
    EXPECT_EQ(text_in(next, "/case_code").substr(0, 5), "00002") << "no number is lost or given twice";
}

TEST(Restart, TwoGatewaysOverOneDatabaseGiveOneCodeEach)
{
    Hub hub;
    hub.start();
    gateway::Server second{hub.config};
    second.start();
    std::map<std::string, int> codes;
    for (int i = 0; i < 6; ++i) {
        auto const answer = Hub::submit_at(Hub::url_of(i % 2 ? second : *hub.server), hub.dossier(), "key-" + std::to_string(i));
        ASSERT_EQ(answer.status, 201) << answer.body;
        ++codes[text_in(answer, "/case_code")];
    }
    EXPECT_EQ(codes.size(), 6u);
    Hub::until("all are delivered", [&] { return hub.backend.counts().cases == 6; });
    EXPECT_EQ(hub.backend.counts().key_conflicts, 0u);
}

TEST(Restart, TwoGatewaysRestartedInTurnFailNoRequestOfAProviderThatKnowsBoth)
{
    Hub hub;
    hub.start();
    hub.config.server.port = hub.server->ports().intake;  // the address stays when it starts again
    auto second_config = hub.config;
    second_config.server.port = 0;
    auto second = std::make_unique<gateway::Server>(second_config);
    second->start();
    second_config.server.port = second->ports().intake;
    std::array const addresses{hub.intake_url(), Hub::url_of(*second)};

    // A provider that asks the other address at once where one gives no answer or says "later".
    std::atomic<int> failed{0}, filed{0}, cut{0};
    std::atomic<bool> over{false};
    std::vector<std::string> codes;
    auto provider = std::async(std::launch::async, [&] {
        for (int n = 0; !over; ++n) {
            auto const body = hub.dossier();
            bool answered = false;
            for (std::size_t i = 0; i < 2 && !answered; ++i) {
                net::io_context context{1};
                runtime::HttpClient http{context, support::client_of(addresses[(static_cast<std::size_t>(n) + i) % 2])};
                auto sending = http.send(support::submission(body, "key-" + std::to_string(n)), runtime::Deadline::after(support::hang_after), false);
                auto const answer = support::run_task(context, std::move(sending));
                if (!answer) {
                    if (http.counts().connected > 0) ++cut;  // it was sent; who cannot be reached says no in time
                    continue;
                }
                answered = answer->status == 201 || answer->status == 200;
                if (answered) codes.push_back(text_in(*answer, "/case_code"));
            }
            ++(answered ? filed : failed);
        }
    });
    auto const some_more = [&] {
        Hub::until("some more are filed", [&, from = filed.load()] { return filed >= from + 3 || failed > 0; });
    };
    for (int round = 0; round < 2; ++round) {
        some_more();
        hub.restart();
        some_more();
        second.reset();
        second = std::make_unique<gateway::Server>(second_config);
        second->start();
    }
    some_more();
    over = true;
    provider.get();
    EXPECT_EQ(failed, 0);
    EXPECT_EQ(cut, 0) << "none is left without an answer";
    std::sort(codes.begin(), codes.end());
    EXPECT_EQ(std::unique(codes.begin(), codes.end()), codes.end()) << "one code for each";
    EXPECT_EQ(Database::shared().count("select count(*) from ivan.dossiers"), filed.load());
    EXPECT_EQ(std::stoi(codes.back()), filed.load()) << "and no gap among them";
    Hub::until("all are delivered", [&] { return hub.backend.counts().cases == static_cast<std::uint64_t>(filed.load()); });
    EXPECT_EQ(hub.backend.counts().order_violations, 0u);
}

TEST(Restart, KilledAtAnyMomentItLosesNothingItReceipted)
{
    Hub hub;  // its own server is never started: the program is
    hub.config.delivery.attempt_timeout = std::chrono::milliseconds{1000};
    hub.config.delivery.lease = std::chrono::seconds{4};  // what a killed process held comes back after this
    support::TemporaryDirectory directory;
    auto const file = directory.path() / "gateway.toml";
    std::ofstream{file} << gateway::print_config(hub.config);

    constexpr int dossiers = 40;
    std::vector<std::string> bodies, receipts(dossiers);
    for (int i = 0; i < dossiers; ++i) bodies.push_back(hub.dossier());

    // Three lives: each ends in the middle of the stream, with a dossier on its way.
    int next = 0;
    for (int const end : {10, 25, dossiers}) {
        Program program{file};
        std::thread killer;
        for (; next < end; ++next) {
            if (next == end - 1 && end != dossiers) killer = std::thread{[&program] { program.end(SIGKILL); }};
            try {
                auto const answer = Hub::submit_at(program.url(), bodies[next], "key-" + std::to_string(next));
                if (answer.status == 201) receipts[next] = answer.body;
            } catch (std::runtime_error const&) {
                // The answer was lost: neither yes nor no.
            }
        }
        if (killer.joinable()) killer.join();
    }

    Program program{file};
    std::map<std::string, int> codes;
    for (int i = 0; i < dossiers; ++i) {
        auto const answer = Hub::submit_at(program.url(), bodies[i], "key-" + std::to_string(i));
        EXPECT_TRUE(answer.status == 200 || (receipts[i].empty() && answer.status == 201)) << i << ": " << answer.body;
        EXPECT_TRUE(receipts[i].empty() || answer.body == receipts[i]) << i;
        ++codes[text_in(answer, "/case_code")];
    }
    EXPECT_EQ(codes.size(), dossiers) << "one code for each";
    EXPECT_EQ(Database::shared().count("select count(*) from ivan.dossiers"), dossiers);
    EXPECT_EQ(codes.rbegin()->first.substr(0, 5), "00040") << "and no gap among them";
    Hub::until("all are delivered", [&] { return hub.backend.counts().cases == dossiers; });
    EXPECT_EQ(program.end(SIGTERM), 0) << "a polite end has exit status 0";
}

}  // namespace
