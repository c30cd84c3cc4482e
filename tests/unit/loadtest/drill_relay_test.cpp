// The network that loses answers: what it loses was done, and what it does not lose goes through byte for byte.

#include "loadtest/drill/relay.hpp"

#include "gateway/runtime/http_client.hpp"
#include "loadtest/sink.hpp"
#include "signing/digest.hpp"
#include "schemas/base64.hpp"
#include "tests/support/run_task.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace {

using namespace std::chrono_literals;

struct DrillRelay : testing::Test {
    net::io_context context{1};
    std::unique_ptr<loadtest::Sink> sink = std::make_unique<loadtest::Sink>(context, loadtest::SinkConfig{});
    std::unique_ptr<loadtest::drill::Relay> relay;

    void start(double drop_share)
    {
        loadtest::drill::RelayConfig config;
        config.to = sink->port();
        config.drop_share = drop_share;
        relay = std::make_unique<loadtest::drill::Relay>(context, config);
    }
    // A case for the backend simulator, which answers 201; the connection is this call's own.
    boost::system::result<runtime::HttpResponse> hand_over(int n)
    {
        runtime::HttpClientConfig to;
        to.base_url = "http://127.0.0.1:" + std::to_string(relay->port());
        runtime::HttpClient client{context, to};
        auto const key = "D-" + std::to_string(n);
        std::string const body(100'000, static_cast<char>('a' + n));
        auto const digest = signing::sha256(body);
        auto const packed = schemas::base64_encode({reinterpret_cast<char const*>(digest.data()), digest.size()});
        runtime::HttpRequest request;
        request.method = "POST";
        request.target = "/v1/cases";
        for (auto const* name : {"Case-Code", "Dossier-Id", "Idempotency-Key", "Received-At", "Provider", "Unit-Code", "Agency", "Procedure", "traceparent"})
            request.headers.emplace_back(name, key);
        request.headers.emplace_back("Content-Digest", "sha-256=:" + packed + ":");
        request.body = body;
        return support::run_task(context, client.send(std::move(request), runtime::Deadline::after(10s), false));
    }
    void TearDown() override
    {
        relay.reset();
        support::run_task(context, sink->stop());
    }
};

TEST_F(DrillRelay, PassesWhatItDoesNotLose)
{
    start(0);
    auto const answer = hand_over(1);
    ASSERT_TRUE(answer.has_value()) << answer.error().message();
    EXPECT_EQ(answer->status, 201);
    EXPECT_EQ(hand_over(1)->status, 409) << "the same again";
    EXPECT_EQ(relay->passed(), 1u) << "only 201 counts";
    EXPECT_EQ(sink->counts().digest_mismatches, 0u);
}

TEST_F(DrillRelay, LosesAnswersOfWhatWasDoneAndNothingElse)
{
    start(1);
    EXPECT_FALSE(hand_over(1).has_value());
    EXPECT_EQ(sink->counts().cases, 1u) << "it was taken";
    EXPECT_EQ(relay->dropped(), 1u);
    auto const again = hand_over(1);
    ASSERT_TRUE(again.has_value());
    EXPECT_EQ(again->status, 409) << "other answers go through";
}

}  // namespace
