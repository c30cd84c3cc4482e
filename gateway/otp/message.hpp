#pragma once

// What the messages say: the code, what it is for and how long it lives; nothing about the person. Pure.

#include "gateway/otp/sender.hpp"

#include <chrono>
#include <string>
#include <string_view>

namespace otp {

// SMS without accents: with them a message holds 70 characters instead of 160 (GSM 03.38), and would be split.
[[nodiscard]] Message dossier_message(signing::OtpChannel channel, std::string_view code, std::chrono::seconds life,
                                      std::string_view content_sha256);
[[nodiscard]] Message contact_message(signing::OtpChannel channel, std::string_view code, std::chrono::seconds life);
[[nodiscard]] Message approval_message(signing::OtpChannel channel, std::string_view code, std::chrono::seconds life);

}  // namespace otp
