#pragma once

// One-time passwords of individuals (QĐ 352 art. 17), asked for by their provider or the portal. One JSON object each:
//
//   POST /v1/otp/challenges               {person, content_sha256[, channel]}  → 201 {challenge_id, expires_at, resend_after, digits}
//   POST /v1/otp/contacts                 {person, channel, address}           → 201 {contact_id, expires_at, resend_after, digits}
//   POST /v1/otp/contacts/{id}/confirm    {code[, old_code]}                   → 200 {contact_id, confirmed}
//
//   person          12 digits: the personal number
//   content_sha256  of the envelope that will be sent, 64 hexadecimal digits
//   channel         sms | email; a challenge without it goes where the person has a contact, sms first
//   old_code        the code that went to the contact in force, where there was one: it must approve
//
// Threads: any core; no state. Errors: every outcome is a Reply, and none tells whether a person is registered.

#include "gateway/fault/fault.hpp"
#include "gateway/intake/reply.hpp"
#include "gateway/intake/request.hpp"
#include "gateway/otp/desk.hpp"
#include "gateway/runtime/task.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace intake {

inline constexpr std::size_t otp_bytes_max = 4u << 10;

struct OtpConfirmation {
    std::string code, old_code;
};

// Strict and bounded: an unknown, missing or malformed member is json_malformed. Pure.
[[nodiscard]] fault::Result<otp::Asking> parse_otp_challenge(std::string_view body);
[[nodiscard]] fault::Result<otp::Asking> parse_otp_contact(std::string_view body);
[[nodiscard]] fault::Result<OtpConfirmation> parse_otp_confirmation(std::string_view body);

// The header fields OTP-Challenge and OTP-Code of a dossier. Nothing: neither is there. parameter_invalid: one alone, or
// not of their format; such a request costs no try.
[[nodiscard]] fault::Result<std::optional<otp::Password>> read_password(Request const& request);

class OtpCalls {
public:
    explicit OtpCalls(otp::Desk* desk) : desk_{desk} {}  // outlives this; null: one-time passwords are off
    [[nodiscard]] runtime::Task<Reply> challenge(Request request);
    [[nodiscard]] runtime::Task<Reply> contact(Request request);
    [[nodiscard]] runtime::Task<Reply> confirm(Request request);

private:
    otp::Desk* desk_;
};

}  // namespace intake
