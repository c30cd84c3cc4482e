#pragma once

// One way out for a message: an SMS aggregator, a mail server, a folder.
//
// Threads: send() is called by several workers at once, and may block until its timeout, or until shortly after `stop` is
//          requested: about a second.
// Errors: values; a peer's misbehaviour never throws.

#include "gateway/runtime/clock.hpp"
#include "signing/otp.hpp"

#include <stop_token>
#include <string>

namespace otp {

struct Message {
    std::string id;  // the same on every attempt, so that an aggregator can send once
    signing::OtpChannel channel = signing::OtpChannel::sms;
    std::string to, subject, text;  // UTF-8; SMS has no subject
    runtime::Instant expires_at{};  // not worth sending from then on
};

enum class Sent { taken, not_now, refused };  // not_now: worth another attempt

struct Outcome {
    Sent        sent = Sent::not_now;
    std::string detail;  // for our log: never the address or the text
};

class Sender {
public:
    virtual ~Sender() = default;
    virtual Outcome send(Message const& message, std::stop_token stop) = 0;
};

}  // namespace otp
