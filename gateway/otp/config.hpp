#pragma once

// Every bound of one-time passwords, with its reason. Length, life and tries are our own choice: no source fixes them;
// about 4 minutes is what users of the agency's look-up page describe.

#include "gateway/runtime/config_field.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <tuple>

namespace otp {

using std::chrono::milliseconds, std::chrono::seconds;

struct DeskConfig {
    std::string key_file;             // empty: one-time passwords are off
    std::uint32_t digits = 6;
    seconds life{240};
    seconds resend{60};               // between two codes for one person and one content
    std::uint32_t tries_max = 5;      // per challenge: 5 of a million
    std::uint32_t person_burst = 5;   // challenges of one person, then one more each interval
    seconds person_interval{600};
    std::uint32_t person_tries_burst = 10;  // wrong codes of one person, over all challenges
    seconds person_tries_interval{900};
    std::uint32_t provider_burst = 600;     // challenges of one provider
    milliseconds provider_interval{100};
    seconds contact_life{600};        // a code for a new phone or mailbox: people look for their mail
    std::uint32_t contact_burst = 3;  // registrations of one person, and of one address
    seconds contact_interval{3600};
    seconds keep{86'400};             // what ended unused is forgotten after so long
    std::uint32_t sweep_rows_max = 1000;
};

struct OutboxConfig {
    std::uint32_t waiting_max = 2000;  // messages waiting or under way; beyond: 503
    std::uint32_t workers = 4;
    std::uint32_t attempts_max = 4;
    milliseconds backoff_first{1000};
    milliseconds backoff_max{20'000};
    std::uint32_t failed_in_a_row_max = 5;  // then an alarm
    milliseconds stop_timeout{2000};   // attempts under way when the gateway stops: a message taken but not heard of is sent twice
};

struct SmsConfig {
    std::string sender = "off";       // off, spool or http
    std::string url;                  // of the aggregator: one JSON POST a message
    std::string bearer_key;
    std::string ca_file;
    std::string from = "BHXH";        // brand name the recipient sees
    milliseconds timeout{10'000};
};

struct MailConfig {
    std::string sender = "off";       // off, spool or smtp
    std::string url;                  // smtp://host:587 (STARTTLS is demanded) or smtps://host:465
    std::string user, password;
    std::string ca_file;
    std::string from;                 // no-reply@…
    bool plain = false;               // no TLS: for a relay on the same machine, and for tests
    milliseconds timeout{20'000};
};

struct Config {
    DeskConfig desk;
    OutboxConfig outbox;
    SmsConfig sms;
    MailConfig mail;
    std::string spool_directory;
};

namespace detail {
using runtime::Field, runtime::FlagField, runtime::TextField;
}

inline constexpr std::tuple desk_fields{
    detail::TextField{"otp.key_file", &DeskConfig::key_file, "A file of 32 bytes or more, secret and kept safe: keyed hashes of codes, sealed addresses. Empty: no one-time passwords."},
    detail::Field{"otp.digits", &DeskConfig::digits, 6u, 8u, "Digits of a code."},
    detail::Field{"otp.life", &DeskConfig::life, seconds{30}, seconds{900}, "How long a code for a dossier lives."},
    detail::Field{"otp.resend", &DeskConfig::resend, seconds{1}, seconds{900}, "Between two codes for one person and one content."},
    detail::Field{"otp.tries_max", &DeskConfig::tries_max, 1u, 10u, "Wrong codes for one challenge."},
    detail::Field{"otp.person_burst", &DeskConfig::person_burst, 1u, 100u, "Challenges of one person at once, over all gateways."},
    detail::Field{"otp.person_interval", &DeskConfig::person_interval, seconds{1}, seconds{86'400}, "After so long one more."},
    detail::Field{"otp.person_tries_burst", &DeskConfig::person_tries_burst, 1u, 100u, "Wrong codes of one person, over all challenges."},
    detail::Field{"otp.person_tries_interval", &DeskConfig::person_tries_interval, seconds{1}, seconds{86'400}, "After so long one more."},
    detail::Field{"otp.provider_burst", &DeskConfig::provider_burst, 1u, 1'000'000u, "Challenges of one provider at once, over all gateways."},
    detail::Field{"otp.provider_interval", &DeskConfig::provider_interval, milliseconds{1}, milliseconds{60'000}, "After so long one more."},
    detail::Field{"otp.contact_life", &DeskConfig::contact_life, seconds{30}, seconds{3600}, "How long the codes for a new phone or mailbox live."},
    detail::Field{"otp.contact_burst", &DeskConfig::contact_burst, 1u, 100u, "Registrations of one person, and of one address, at once."},
    detail::Field{"otp.contact_interval", &DeskConfig::contact_interval, seconds{1}, seconds{864'000}, "After so long one more."},
    detail::Field{"otp.keep", &DeskConfig::keep, seconds{3600}, seconds{8'640'000}, "What ended unused is forgotten after so long."},
    detail::Field{"otp.sweep_rows_max", &DeskConfig::sweep_rows_max, 1u, 100'000u, "Rows forgotten in one statement."},
};

inline constexpr std::tuple outbox_fields{
    detail::Field{"otp.waiting_max", &OutboxConfig::waiting_max, 1u, 1'000'000u, "Messages waiting or under way; beyond: 503."},
    detail::Field{"otp.workers", &OutboxConfig::workers, 1u, 64u, "Messages under way at once."},
    detail::Field{"otp.attempts_max", &OutboxConfig::attempts_max, 1u, 20u, "Attempts at one message, while its code lives."},
    detail::Field{"otp.backoff_first", &OutboxConfig::backoff_first, milliseconds{1}, milliseconds{60'000}, "Before the second attempt; doubled each time."},
    detail::Field{"otp.backoff_max", &OutboxConfig::backoff_max, milliseconds{1}, milliseconds{600'000}, "No wait is longer."},
    detail::Field{"otp.stop_timeout", &OutboxConfig::stop_timeout, milliseconds{0}, milliseconds{60'000}, "When the gateway stops, attempts under way may end by themselves for so long; then they are broken off."},
    detail::Field{"otp.failed_in_a_row_max", &OutboxConfig::failed_in_a_row_max, 1u, 10'000u, "Messages lost one after the other that raise an alarm."},
};

inline constexpr std::tuple sms_fields{
    detail::TextField{"otp.sms_sender", &SmsConfig::sender, "off, spool (a folder, for development) or http (an aggregator)."},
    detail::TextField{"otp.sms_url", &SmsConfig::url, "The aggregator's address; one JSON POST a message."},
    detail::TextField{"otp.sms_bearer_key", &SmsConfig::bearer_key, "Sent as Authorization: Bearer. Secret: never printed."},
    detail::TextField{"otp.sms_ca_file", &SmsConfig::ca_file, "PEM: anchors for https; empty: the system's."},
    detail::TextField{"otp.sms_from", &SmsConfig::from, "Brand name the recipient sees."},
    detail::Field{"otp.sms_timeout", &SmsConfig::timeout, milliseconds{100}, milliseconds{120'000}, "One attempt, connecting included."},
};

inline constexpr std::tuple mail_fields{
    detail::TextField{"otp.email_sender", &MailConfig::sender, "off, spool (a folder, for development) or smtp."},
    detail::TextField{"otp.smtp_url", &MailConfig::url, "smtp://host:587 (STARTTLS is demanded) or smtps://host:465."},
    detail::TextField{"otp.smtp_user", &MailConfig::user, "Name for AUTH; empty: none."},
    detail::TextField{"otp.smtp_password", &MailConfig::password, "Its password. Secret: never printed."},
    detail::TextField{"otp.smtp_ca_file", &MailConfig::ca_file, "PEM: anchors of the mail server; empty: the system's."},
    detail::TextField{"otp.smtp_from", &MailConfig::from, "Sender address of the messages."},
    detail::FlagField{"otp.smtp_plain", &MailConfig::plain, "No TLS: only for a relay on the same machine."},
    detail::Field{"otp.smtp_timeout", &MailConfig::timeout, milliseconds{100}, milliseconds{120'000}, "One attempt, connecting included."},
};

inline constexpr std::tuple spool_fields{
    detail::TextField{"otp.spool_directory", &Config::spool_directory, "Where the sender spool writes one file a message."},
};

}  // namespace otp
