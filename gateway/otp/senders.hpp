#pragma once

// The senders there are, behind one interface.

#include "gateway/otp/config.hpp"
#include "gateway/otp/sender.hpp"

#include <filesystem>
#include <memory>

namespace otp {

// For development: one JSON file a message, written whole and then renamed into place. Threads: any.
class SpoolSender final : public Sender {
public:
    explicit SpoolSender(std::filesystem::path directory);  // makes it; throws std::runtime_error where it cannot
    Outcome send(Message const& message, std::stop_token stop) override;

private:
    std::filesystem::path directory_;
};

// An SMS aggregator: POST {"to", "from", "text", "client_ref"} with Idempotency-Key and Authorization: Bearer, the shape
// that most of them take (our own choice: none is named by a source). 2xx taken; 408, 425, 429, 5xx and no answer: again.
class SmsSender final : public Sender {
public:
    explicit SmsSender(SmsConfig config) : config_{std::move(config)} {}
    Outcome send(Message const& message, std::stop_token stop) override;

private:
    SmsConfig config_;
};

// A mail server by SMTP with STARTTLS or TLS and AUTH. 4yz replies and no answer: again; 5yz: refused (RFC 5321 §4.2.1).
class MailSender final : public Sender {
public:
    explicit MailSender(MailConfig config) : config_{std::move(config)} {}
    Outcome send(Message const& message, std::stop_token stop) override;

private:
    MailConfig config_;
};

// RFC 5322 text of a message: ASCII alone, lines of at most 76 (RFC 2045 §6.8, RFC 2047 §2).
[[nodiscard]] std::string mail_text(Message const& message, std::string_view from, runtime::Instant at);

// Null where the channel is off. Throws std::runtime_error for a configuration that cannot work.
[[nodiscard]] std::unique_ptr<Sender> sms_sender(Config const& config);
[[nodiscard]] std::unique_ptr<Sender> mail_sender(Config const& config);

}  // namespace otp
