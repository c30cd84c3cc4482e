// The ways out, against a mail server and an aggregator of the test's own on loopback.

#include "gateway/otp/senders.hpp"
#include "tests/support/peer.hpp"
#include "tests/support/pki.hpp"

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <stop_token>
#include <string>
#include <thread>

namespace {

using namespace std::chrono_literals;
using otp::Sent;

otp::Message message()
{
    otp::Message made;
    made.id = std::string(32, 'a');
    made.channel = signing::OtpChannel::email;
    made.to = "an@example.vn";
    made.subject = "Mã xác thực giao dịch BHXH";
    made.text = "Mã xác thực của Ông/Bà: 123456\n";
    made.expires_at = std::chrono::system_clock::now() + 4min;
    return made;
}

otp::SmsConfig aggregator(std::uint16_t port)
{
    otp::SmsConfig made;
    made.sender = "http";
    made.url = "http://127.0.0.1:" + std::to_string(port) + "/v1/messages";
    made.bearer_key = "made up";
    made.timeout = 3s;
    return made;
}

std::string http(int status) { return "HTTP/1.1 " + std::to_string(status) + " x\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"; }

TEST(SmsSender, PostsOneJsonMessageWithItsKeyAndTheSameIdOnEveryAttempt)
{
    support::HttpPeer peer{http(202)};
    otp::SmsSender sender{aggregator(peer.port())};
    auto const outcome = sender.send(message(), {});
    EXPECT_EQ(outcome.sent, Sent::taken) << outcome.detail;
    auto const request = peer.request();
    EXPECT_TRUE(request.starts_with("POST /v1/messages HTTP/1.1\r\n")) << request;
    EXPECT_NE(request.find("Authorization: Bearer made up\r\n"), std::string::npos);
    EXPECT_NE(request.find("Idempotency-Key: " + message().id + "\r\n"), std::string::npos);
    EXPECT_NE(request.find("Content-Type: application/json\r\n"), std::string::npos);
    auto const body = boost::json::parse(request.substr(request.find("\r\n\r\n") + 4)).as_object();
    EXPECT_EQ(body.at("to"), "an@example.vn");
    EXPECT_EQ(body.at("from"), "BHXH");
    EXPECT_EQ(std::string{body.at("client_ref").as_string()}, message().id);
    EXPECT_EQ(std::string{body.at("text").as_string()}, message().text);
}

TEST(SmsSender, KnowsWhatIsWorthAnotherAttempt)
{
    for (int const status : {408, 425, 429, 500, 502, 503}) {
        support::HttpPeer peer{http(status)};
        EXPECT_EQ(otp::SmsSender{aggregator(peer.port())}.send(message(), {}).sent, Sent::not_now) << status;
    }
    for (int const status : {301, 400, 401, 403, 404, 422}) {
        support::HttpPeer peer{http(status)};
        EXPECT_EQ(otp::SmsSender{aggregator(peer.port())}.send(message(), {}).sent, Sent::refused) << status;
    }
}

TEST(SmsSender, ASilentOrAbsentAggregatorIsTriedAgainAndNothingOfTheMessageIsSaid)
{
    otp::Outcome outcome;
    {
        support::HttpPeer peer{""};
        auto config = aggregator(peer.port());
        config.timeout = 200ms;
        outcome = otp::SmsSender{config}.send(message(), {});
    }
    EXPECT_EQ(outcome.sent, Sent::not_now);
    EXPECT_EQ(outcome.detail.find("example.vn"), std::string::npos) << outcome.detail;
    outcome = otp::SmsSender{aggregator(1)}.send(message(), {});
    EXPECT_EQ(outcome.sent, Sent::not_now);
}

// The peer stays silent; without the stop its end, or the timeout, would be what is told.
TEST(SmsSender, IsBrokenOffWhereItIsToldToStop)
{
    support::HttpPeer peer{""};
    auto config = aggregator(peer.port());
    config.timeout = 120s;
    std::stop_source stop;
    std::thread ends{[&] { stop.request_stop(); }};
    auto const outcome = otp::SmsSender{config}.send(message(), stop.get_token());
    ends.join();
    EXPECT_EQ(outcome.sent, Sent::not_now);
    EXPECT_EQ(outcome.detail, "stopped");
}

otp::MailConfig relay(std::uint16_t port)
{
    otp::MailConfig made;
    made.sender = "smtp";
    made.url = "smtp://127.0.0.1:" + std::to_string(port);
    made.from = "khong-tra-loi@bhxh.example";
    made.plain = true;
    made.timeout = 3s;
    return made;
}

TEST(MailSender, HandsOverOneMessageToOneRecipientWithAuthentication)
{
    support::SmtpPeer peer;
    auto config = relay(peer.port());
    config.user = "hub";
    config.password = "made up";
    auto const outcome = otp::MailSender{config}.send(message(), {});
    EXPECT_EQ(outcome.sent, Sent::taken) << outcome.detail;
    auto const said = peer.said();
    EXPECT_NE(said.find("AUTH PLAIN"), std::string::npos) << said;
    EXPECT_NE(said.find("MAIL FROM:<khong-tra-loi@bhxh.example>"), std::string::npos);
    EXPECT_NE(said.find("RCPT TO:<an@example.vn>"), std::string::npos);
    EXPECT_NE(said.find("Content-Transfer-Encoding: base64"), std::string::npos);
}

TEST(MailSender, KnowsARefusalFromABadMoment)
{
    for (auto const& [reply, expected] : {std::pair{"550 no such user", Sent::refused}, std::pair{"450 later", Sent::not_now}}) {
        support::SmtpPeer peer{reply};
        EXPECT_EQ(otp::MailSender{relay(peer.port())}.send(message(), {}).sent, expected) << reply;
    }
    EXPECT_EQ(otp::MailSender{relay(1)}.send(message(), {}).sent, Sent::not_now);
}

TEST(MailSender, IsBrokenOffWhereItIsToldToStop)
{
    support::HttpPeer silent{""};  // no greeting comes
    auto config = relay(silent.port());
    config.timeout = 120s;
    std::stop_source stop;
    std::thread ends{[&] { stop.request_stop(); }};
    auto const outcome = otp::MailSender{config}.send(message(), stop.get_token());
    ends.join();
    EXPECT_EQ(outcome.sent, Sent::not_now);
    EXPECT_NE(outcome.detail.find("stopped"), std::string::npos) << outcome.detail;
}

TEST(MailSender, SendsNothingToAServerThatDoesNotOfferTls)
{
    support::SmtpPeer peer;
    auto config = relay(peer.port());
    config.plain = false;
    config.user = "hub";
    config.password = "made up";
    EXPECT_EQ(otp::MailSender{config}.send(message(), {}).sent, Sent::not_now);
    EXPECT_EQ(peer.said().find("AUTH"), std::string::npos);
    EXPECT_EQ(peer.said().find("RCPT"), std::string::npos);
}

TEST(MailText, IsAsciiInShortLinesAndReadsBack)
{
    auto made = message();
    made.subject = "Mã xác thực giao dịch BHXH điện tử của Bảo hiểm xã hội Việt Nam, dài hơn một dòng";
    auto const text = otp::mail_text(made, "khong-tra-loi@bhxh.example", std::chrono::sys_days{std::chrono::year{2026} / 11 / 21} + 20h);
    EXPECT_NE(text.find("Date: Sun, 22 Nov 2026 03:00:00 +0700\r\n"), std::string::npos) << text;
    EXPECT_NE(text.find("Message-ID: <" + made.id + "@bhxh.example>\r\n"), std::string::npos);
    EXPECT_NE(text.find("Subject: =?UTF-8?B?"), std::string::npos);
    std::size_t begin = 0;
    for (auto end = text.find("\r\n"); end != std::string::npos; end = text.find("\r\n", begin = end + 2)) EXPECT_LE(end - begin, 78u);
    for (auto const c : text) EXPECT_TRUE(c == '\r' || c == '\n' || (c >= ' ' && c <= '~'));
}

TEST(SpoolSender, WritesEachMessageWholeUnderItsId)
{
    support::TemporaryDirectory const directory;
    otp::SpoolSender sender{directory.path() / "spool"};
    EXPECT_EQ(sender.send(message(), {}).sent, Sent::taken);
    std::ifstream file{directory.path() / "spool" / (message().id + ".json")};
    auto const body = boost::json::parse(std::string{std::istreambuf_iterator<char>{file}, {}}).as_object();
    EXPECT_EQ(body.at("to"), "an@example.vn");
    EXPECT_EQ(std::string{body.at("text").as_string()}, message().text);
    std::size_t files = 0;
    for ([[maybe_unused]] auto const& entry : std::filesystem::directory_iterator{directory.path() / "spool"}) ++files;
    EXPECT_EQ(files, 1u);
}

TEST(SpoolSender, AFolderThatIsAwayIsWorthAnotherAttempt)
{
    support::TemporaryDirectory const directory;
    otp::SpoolSender sender{directory.path() / "spool"};
    std::filesystem::remove_all(directory.path() / "spool");
    EXPECT_EQ(sender.send(message(), {}).sent, Sent::not_now);
}

TEST(Senders, AConfigurationThatCannotWorkIsSaidAtStart)
{
    otp::Config config;
    EXPECT_EQ(otp::sms_sender(config), nullptr);
    EXPECT_EQ(otp::mail_sender(config), nullptr);
    config.sms.sender = "http";
    EXPECT_THROW(static_cast<void>(otp::sms_sender(config)), std::runtime_error);
    config.sms.url = "file:///etc/passwd";
    EXPECT_THROW(static_cast<void>(otp::sms_sender(config)), std::runtime_error);
    config.sms.url = "https://sms.example/v1";
    EXPECT_NE(otp::sms_sender(config), nullptr);
    config.mail.sender = "smtp";
    config.mail.url = "smtps://mail.example";
    EXPECT_THROW(static_cast<void>(otp::mail_sender(config)), std::runtime_error);
    config.mail.from = "a@b.example";
    EXPECT_NE(otp::mail_sender(config), nullptr);
}

}  // namespace
