#pragma once

// Test cases of one-time passwords as JSON, and what we compute for them: `ivanctl otp check --case`, tests/vectors.
//
//   {"id": "…", "type": "HOTP", "secret_hex": "…", "counter": 0, "digits": 6, "algorithm": "SHA1", "expected": "755224"}
//   type HOTP: counter · TOTP: time (seconds since 1970, or RFC 3339), period, t0 · OCRA: suite, question, and what the
//   suite asks for of counter, pin or pin_sha1 pin_sha256 pin_sha512 (hex), session or session_hex, timestamp_step_hex or time.
//   The secret stands as secret_hex, secret_ascii or secret_base32; members we do not know are passed over.
//
// Threads: free functions, anywhere. Errors: std::runtime_error says what is missing or wrong in the case.

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace otp {

struct Vector {
    std::string type;      // "hotp", "totp", "ocra"
    std::string secret;    // bytes
    unsigned digits = 6;
    std::string algorithm = "sha1";
    std::uint64_t counter = 0;                 // HOTP
    std::chrono::sys_seconds at{}, start{};    // TOTP
    std::chrono::seconds step{30};
    std::string suite, question;               // OCRA
    std::optional<std::uint64_t> ocra_counter, time_step;
    std::optional<std::string> pin, pin_hash, session;
};

[[nodiscard]] std::string code_of(Vector const& vector);  // throws where no code can be made of it

struct Case {
    std::string id, expected;  // expected empty: the case asks for none
    Vector vector;
};
[[nodiscard]] Case read_case(boost::json::object const& object);
// One case, a list of them, or an object with "cases".
[[nodiscard]] std::vector<boost::json::object> cases_of(std::string_view json);

[[nodiscard]] std::optional<std::string> bytes_of_base32(std::string_view text);  // RFC 4648 §6, padding and case as they come
// Seconds since 1970, or a date and time as 2025-01-31T08:00:00+07:00.
[[nodiscard]] std::optional<std::chrono::sys_seconds> read_time(std::string_view text);

}  // namespace otp
