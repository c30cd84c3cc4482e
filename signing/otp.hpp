#pragma once

// One-time passwords for individuals (QĐ 352/QĐ-BHXH art. 17, NĐ 166/2016/NĐ-CP art. 3.4): making a code, keeping only
// its keyed hash, and judging a try. Pure: storage, limits and sending are the gateway's (gateway/otp/).
// Code: HOTP (RFC 4226) by liboath over a secret drawn for this one challenge. Length, life and tries are our own
// choice: no source fixes them (domain facts §6); about 4 minutes of life is a third party's description.
//
// Threads: free functions, anywhere. Errors: bad input is an answer, not an exception.

#include "signing/certificate.hpp"
#include "signing/digest.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace signing {

enum class OtpChannel { sms, email };
[[nodiscard]] std::string_view name_of(OtpChannel channel) noexcept;  // "sms", "email"
[[nodiscard]] std::optional<OtpChannel> otp_channel_from(std::string_view name) noexcept;

// What is kept of a challenge; the code itself is nowhere.
struct OtpChallenge {
    std::string id;              // 32 hex digits, random
    std::string person;          // 12 digits
    std::string content_sha256;  // 64 hex digits: the envelope this code is for
    OtpChannel  channel = OtpChannel::sms;
    Sha256      code_hash{};     // HMAC-SHA-256(server key, id ‖ person ‖ content_sha256 ‖ code)
    Instant     made_at{}, expires_at{};
};

// Evidence: this person gave the right code, in time, for this content. Only OtpKey::check makes it.
class OtpProof {
public:
    [[nodiscard]] std::string const& challenge_id() const noexcept { return challenge_id_; }
    [[nodiscard]] std::string const& person() const noexcept { return person_; }
    [[nodiscard]] std::string const& content_sha256() const noexcept { return content_sha256_; }
    [[nodiscard]] OtpChannel channel() const noexcept { return channel_; }
    [[nodiscard]] Instant at() const noexcept { return at_; }

private:
    friend class OtpKey;
    OtpProof() = default;
    std::string challenge_id_, person_, content_sha256_;
    OtpChannel channel_ = OtpChannel::sms;
    Instant at_{};
};

// The server's key for hashes of codes and of contacts. Threads: immutable.
class OtpKey {
public:
    // At least 32 bytes, kept secret and kept safe: without it no stored contact can be read; throws std::runtime_error for fewer.
    explicit OtpKey(std::string secret);

    // A fresh code of `digits` (6 to 8), from the operating system's random source; fills challenge.code_hash.
    [[nodiscard]] std::string draw(OtpChallenge& challenge, unsigned digits) const;

    // Constant time in the code. Nothing: wrong code, other content or expired.
    [[nodiscard]] std::optional<OtpProof> check(OtpChallenge const& challenge, std::string_view code,
                                                std::string_view content_sha256, Instant at) const;

    // A keyed hash for look-ups, as of a phone number: same input, same 64 hex digits; no way back without the key.
    [[nodiscard]] std::string blind(std::string_view purpose, std::string_view value) const;

    // Encrypted and authenticated (AES-256-GCM) for one purpose: an address that is needed again only for sending.
    [[nodiscard]] std::string seal(std::string_view purpose, std::string_view value) const;
    // Nothing: altered, of another purpose, or sealed with another key.
    [[nodiscard]] std::optional<std::string> open(std::string_view purpose, std::string_view sealed) const;

private:
    std::string secret_;
};

[[nodiscard]] std::string random_id();  // 32 hex digits, from the operating system's random source

// RFC 4226 and RFC 6238, for `ivanctl otp check` and the vectors. `secret` in bytes; algorithm "sha1" "sha256" "sha512";
// 6 to 8 digits; `start` is the RFC's T0. Nothing: out of these bounds.
[[nodiscard]] std::optional<std::string> hotp(std::string_view secret, std::uint64_t counter, unsigned digits);
// Times in whole seconds: RFC 6238's own last case lies in 2603, where an Instant cannot follow.
[[nodiscard]] std::optional<std::string> totp(std::string_view secret, std::chrono::sys_seconds at, std::chrono::seconds step,
                                              unsigned digits, std::string_view algorithm, std::chrono::sys_seconds start = {});

}  // namespace signing
