// The queue of messages: bounded, tried again while it is worth it, and silent about whether there was anybody.

#include "gateway/otp/outbox.hpp"
#include "tests/support/sent.hpp"

#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>

namespace {

using namespace std::chrono_literals;
using otp::Outcome;
using otp::Sent;
using support::SenderLog;

signing::OtpKey const key{std::string(32, 'k')};
runtime::SystemClock const clock_of_the_system;

otp::OutboxConfig quick()
{
    otp::OutboxConfig made;
    made.backoff_first = 1ms;
    made.backoff_max = 2ms;
    made.workers = 2;
    return made;
}

otp::Message message(std::chrono::milliseconds life = 60s)
{
    otp::Message made;
    made.id = signing::random_id();
    made.text = "a text";
    made.expires_at = std::chrono::system_clock::now() + life;
    return made;
}

void put(otp::Outbox& outbox, otp::Message made)
{
    auto place = outbox.reserve();
    ASSERT_TRUE(place);
    place->put(std::move(made), key.seal("p", "+84901234567"), "p");
}

TEST(Outbox, SendsToTheAddressThatWasSealed)
{
    SenderLog log;
    otp::Outbox outbox{quick(), key, clock_of_the_system, log.sender(), nullptr};
    put(outbox, message());
    ASSERT_TRUE(support::becomes_true([&] { return outbox.counts().sent == 1; }));
    EXPECT_EQ(log.messages().at(0).to, "+84901234567");
    EXPECT_EQ(log.messages().at(0).text, "a text");
    EXPECT_EQ(outbox.counts().waiting, 0u);
}

TEST(Outbox, TriesAgainUnderTheSameIdAndGivesUpAfterItsAttempts)
{
    SenderLog log;
    log.answer = [](unsigned attempt) { return attempt < 3 ? Outcome{Sent::not_now, "later"} : Outcome{Sent::taken, ""}; };
    otp::Outbox outbox{quick(), key, clock_of_the_system, log.sender(), nullptr};
    put(outbox, message());
    ASSERT_TRUE(support::becomes_true([&] { return outbox.counts().sent == 1; }));
    auto const sent = log.messages();
    ASSERT_EQ(sent.size(), 3u);
    EXPECT_EQ(sent[0].id, sent[2].id);

    SenderLog never;
    never.answer = [](unsigned) { return Outcome{Sent::not_now, "never"}; };
    otp::Outbox stuck{quick(), key, clock_of_the_system, never.sender(), nullptr};
    put(stuck, message());
    ASSERT_TRUE(support::becomes_true([&] { return stuck.counts().lost == 1; }));
    EXPECT_EQ(never.messages().size(), quick().attempts_max);
    EXPECT_EQ(stuck.counts().lost_in_a_row, 1u);
    EXPECT_EQ(stuck.counts().last_trouble, "never");
    EXPECT_EQ(stuck.counts().waiting, 0u);
}

TEST(Outbox, ARefusalIsNotTriedAgainAndASuccessEndsTheRow)
{
    SenderLog log;
    log.answer = [](unsigned attempt) { return attempt < 3 ? Outcome{Sent::refused, "no"} : Outcome{Sent::taken, ""}; };
    otp::Outbox outbox{quick(), key, clock_of_the_system, log.sender(), nullptr};
    put(outbox, message());
    put(outbox, message());
    ASSERT_TRUE(support::becomes_true([&] { return outbox.counts().lost == 2; }));
    EXPECT_EQ(outbox.counts().lost_in_a_row, 2u);
    put(outbox, message());
    ASSERT_TRUE(support::becomes_true([&] { return outbox.counts().sent == 1; }));
    EXPECT_EQ(outbox.counts().lost_in_a_row, 0u);
    EXPECT_EQ(log.messages().size(), 3u);
}

TEST(Outbox, AMessageWhoseCodeHasEndedIsNotSent)
{
    SenderLog log;
    otp::Outbox outbox{quick(), key, clock_of_the_system, log.sender(), nullptr};
    put(outbox, message(-1ms));
    ASSERT_TRUE(support::becomes_true([&] { return outbox.counts().lost == 1; }));
    EXPECT_TRUE(log.messages().empty());
}

TEST(Outbox, NobodyTakesAPlaceLikeSomebodyAndIsSentNothing)
{
    SenderLog log;
    otp::Outbox outbox{quick(), key, clock_of_the_system, log.sender(), nullptr};
    auto place = outbox.reserve();
    ASSERT_TRUE(place);
    EXPECT_EQ(outbox.counts().waiting, 1u);
    place->put(message(), "", "p");
    ASSERT_TRUE(support::becomes_true([&] { return outbox.counts().waiting == 0; }));
    EXPECT_TRUE(log.messages().empty());
    EXPECT_EQ(outbox.counts().lost, 0u);
}

TEST(Outbox, ItsPlacesAreBoundedAndComeBack)
{
    auto config = quick();
    config.waiting_max = 2;
    SenderLog log;
    otp::Outbox outbox{config, key, clock_of_the_system, log.sender(), nullptr};
    {
        auto one = outbox.reserve(), two = outbox.reserve();
        EXPECT_TRUE(one && two);
        EXPECT_FALSE(outbox.reserve());
    }
    EXPECT_TRUE(outbox.reserve());
}

TEST(Outbox, AnAddressOfAnotherKeyAndAChannelWithoutASenderAreLostAndCounted)
{
    SenderLog log;
    otp::Outbox outbox{quick(), key, clock_of_the_system, log.sender(), nullptr};
    EXPECT_TRUE(outbox.serves(signing::OtpChannel::sms));
    EXPECT_FALSE(outbox.serves(signing::OtpChannel::email));
    outbox.reserve()->put(message(), signing::OtpKey{std::string(32, 'q')}.seal("p", "+84901234567"), "p");
    auto mail = message();
    mail.channel = signing::OtpChannel::email;
    put(outbox, mail);
    ASSERT_TRUE(support::becomes_true([&] { return outbox.counts().lost == 2; }));
    EXPECT_TRUE(log.messages().empty());
}

TEST(Outbox, ASenderThatThrowsIsTriedAgain)
{
    SenderLog log;
    log.answer = [](unsigned attempt) -> Outcome {
        if (attempt == 1) throw std::runtime_error("a surprise");
        return {Sent::taken, ""};
    };
    otp::Outbox outbox{quick(), key, clock_of_the_system, log.sender(), nullptr};
    put(outbox, message());
    ASSERT_TRUE(support::becomes_true([&] { return outbox.counts().sent == 1; }));
    EXPECT_EQ(outbox.counts().retried, 1u);
}

// A peer that answers when it is told to, or when the attempt is broken off.
class SlowPeer {
public:
    [[nodiscard]] std::unique_ptr<otp::Sender> sender()  // outlived by the peer
    {
        struct One final : otp::Sender {
            explicit One(SlowPeer& given) : peer{given} {}
            Outcome send(otp::Message const&, std::stop_token stop) override
            {
                std::unique_lock lock{peer.mutex_};
                peer.asked_ = true;
                peer.changed_.notify_all();
                bool const answered = peer.changed_.wait(lock, stop, [this] { return peer.answers_; });
                peer.broken_off_ = !answered;
                return {answered ? Sent::taken : Sent::not_now, ""};
            }
            SlowPeer& peer;
        };
        return std::make_unique<One>(*this);
    }
    void wait_until_asked()
    {
        std::unique_lock lock{mutex_};
        changed_.wait(lock, [this] { return asked_; });
    }
    void answer()
    {
        std::lock_guard const lock{mutex_};
        answers_ = true;
        changed_.notify_all();
    }
    [[nodiscard]] bool broken_off() const
    {
        std::lock_guard const lock{mutex_};
        return broken_off_;
    }

private:
    mutable std::mutex mutex_;
    std::condition_variable_any changed_;
    bool asked_ = false, answers_ = false, broken_off_ = false;
};

bool says(observe::Metrics const& metrics, std::string_view line) { return metrics.exposition().find(std::string{line} + "\n") != std::string::npos; }

// Without the stop the end would wait for the peer, which here never answers.
TEST(Outbox, AtTheEndAnAttemptThatHangsIsBrokenOffAndWhatWaitsIsDroppedAndCounted)
{
    auto config = quick();
    config.workers = 1;
    config.stop_timeout = 1ms;
    SlowPeer peer;
    observe::Metrics metrics;
    {
        otp::Outbox outbox{config, key, clock_of_the_system, peer.sender(), nullptr, &metrics};
        put(outbox, message());
        peer.wait_until_asked();
        put(outbox, message());
        outbox.reserve()->put(message(), "", "p");
    }
    EXPECT_TRUE(peer.broken_off());
    EXPECT_TRUE(says(metrics, R"(ivan_otp_messages_total{channel="sms",outcome="retried"} 1)")) << metrics.exposition();
    EXPECT_TRUE(says(metrics, R"(ivan_otp_messages_total{channel="sms",outcome="dropped"} 2)")) << "nobody's message is none";
}

TEST(Outbox, AtTheEndAnAttemptThatEndsInTimeIsNotBrokenOff)
{
    auto config = quick();
    config.stop_timeout = 60s;
    SlowPeer peer;
    observe::Metrics metrics;
    std::optional<otp::Outbox> outbox{std::in_place, config, key, clock_of_the_system, peer.sender(), nullptr, &metrics};
    put(*outbox, message());
    peer.wait_until_asked();
    std::thread end{[&] { outbox.reset(); }};
    peer.answer();
    end.join();
    EXPECT_FALSE(peer.broken_off());
    EXPECT_TRUE(says(metrics, R"(ivan_otp_messages_total{channel="sms",outcome="sent"} 1)")) << metrics.exposition();
}

TEST(Outbox, FailuresAndMessagesGivenUpAreSeenInTheMetrics)
{
    SenderLog log;
    log.answer = [](unsigned) { return Outcome{Sent::not_now, "never"}; };
    observe::Metrics metrics;
    otp::Outbox outbox{quick(), key, clock_of_the_system, nullptr, log.sender(), &metrics};
    auto made = message();
    made.channel = signing::OtpChannel::email;
    put(outbox, made);
    ASSERT_TRUE(support::becomes_true([&] { return outbox.counts().lost == 1; }));
    EXPECT_TRUE(says(metrics, R"(ivan_otp_messages_total{channel="email",outcome="retried"} )" + std::to_string(quick().attempts_max - 1)));
    EXPECT_TRUE(says(metrics, R"(ivan_otp_messages_total{channel="email",outcome="lost"} 1)"));
    EXPECT_FALSE(says(metrics, R"(ivan_otp_messages_total{channel="email",outcome="sent"} 1)"));
}

}  // namespace
