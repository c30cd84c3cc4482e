#include "gateway/delivery/settle.hpp"

#include <gtest/gtest.h>

namespace
{

using namespace std::chrono_literals;
using delivery::Outcome;
using delivery::settle;
using Kind = Outcome::Kind;

struct SettleTest : testing::Test {
    runtime::Instant now = std::chrono::sys_days{std::chrono::year{2026} / 11 / 21};
    delivery::SettleConfig config{.backoff = {100ms, 1000ms, 60s}, .attempts_max = 3, .give_up_after = 24h};
    delivery::Random random{1};
    store::Claim claim;

    void SetUp() override
    {
        claim.sequence = 7;
        claim.dossier_id = "D-7";
        claim.received_at = now - 1h;
    }
    store::Settlement of(Kind kind, int status = 0, std::chrono::seconds retry_after = 0s, bool dead = false)
    {
        Outcome const outcome{kind, status, retry_after, "why"};
        return settle(config, claim, outcome, now, dead, random);
    }
};

TEST_F(SettleTest, AcceptedIsDelivered)
{
    auto const settlement = of(Kind::accepted, 201);
    EXPECT_EQ(settlement.state, dossier::State::delivered);
    EXPECT_EQ(settlement.sequence, 7);
    EXPECT_EQ(settlement.dossier_id, "D-7");
    EXPECT_EQ(settlement.http_status, 201);
}

TEST_F(SettleTest, RefusedIsADeadLetterWithItsReason)
{
    auto const settlement = of(Kind::refused, 422);
    EXPECT_EQ(settlement.state, dossier::State::dead);
    EXPECT_EQ(settlement.reason, "why");
}

TEST_F(SettleTest, FailedForNowIsDeferredToALaterTime)
{
    claim.attempts = 1;
    auto const settlement = of(Kind::failed_for_now, 503);
    EXPECT_EQ(settlement.state, dossier::State::deferred);
    EXPECT_GE(settlement.due_at, now);
    EXPECT_LE(settlement.due_at, now + 200ms);
}

TEST_F(SettleTest, RetryAfterIsObeyed) { EXPECT_GE(of(Kind::failed_for_now, 503, 30s).due_at, now + 30s); }

TEST_F(SettleTest, TheLastAttemptIsGivenUpToAPerson)
{
    claim.attempts = 2;
    auto const settlement = of(Kind::failed_for_now, 500);
    EXPECT_EQ(settlement.state, dossier::State::dead);
    EXPECT_TRUE(settlement.reason.starts_with("given up")) << settlement.reason;
}

TEST_F(SettleTest, AnOldDossierIsGivenUpToAPerson)
{
    claim.received_at = now - 25h;
    EXPECT_EQ(of(Kind::failed_for_now, 500).state, dossier::State::dead);
}

TEST_F(SettleTest, NothingIsGivenUpWhileTheDestinationIsDeadForAll)
{
    claim.attempts = 1000;
    claim.received_at = now - 24h * 30;
    EXPECT_EQ(of(Kind::failed_for_now, 0, 0s, true).state, dossier::State::deferred);
}

TEST_F(SettleTest, AReasonWithoutEndIsCut)
{
    Outcome const outcome{Kind::refused, 400, 0s, std::string(100'000, 'x')};
    EXPECT_LE(settle(config, claim, outcome, now, false, random).reason.size(), 400u);
}

} // namespace
