#pragma once

// OCRA, the challenge-response codes of RFC 6287, over HMAC: liboath does not have them. Our own challenges are bound to a
// hash by other means (otp.hpp); this is for tools and the vectors of the RFC.
//
// Threads: free functions, anywhere. Errors: nothing where the suite or its inputs are not what the RFC says.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace signing {

// What a suite may ask for; what it does not ask for is not looked at.
struct OcraInputs {
    std::string   question;                     // as its format says: decimal digits (N), text (A) or hexadecimal digits (H)
    std::optional<std::uint64_t> counter;       // C
    std::optional<std::string> pin_hash;        // P: the digest's bytes
    std::optional<std::string> session;         // S: bytes
    std::optional<std::uint64_t> time;          // T: whole steps since the epoch
};

// What RFC 6287 §6 says of one suite, as "OCRA-1:HOTP-SHA512-8:QA10-T1M".
struct OcraSuite {
    std::string   digest;        // "SHA1", "SHA256", "SHA512"
    unsigned      digits = 6;    // 0: no truncation, the code is the MAC in hexadecimal digits
    bool          counter = false;
    char          question = 'N';
    std::string   pin;           // digest of P, or empty
    std::size_t   session_bytes = 0;
    std::uint64_t time_step_s = 0;
};
[[nodiscard]] std::optional<OcraSuite> read_ocra_suite(std::string_view suite);

[[nodiscard]] std::optional<std::string> ocra(std::string_view suite, std::string_view secret, OcraInputs const& inputs);

}  // namespace signing
