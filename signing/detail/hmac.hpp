#pragma once

// HMAC and the truncation of RFC 4226 §5.3, for one-time passwords. Threads: free functions, anywhere.

#include <cstdint>
#include <string>
#include <string_view>

namespace signing::detail {

// `digest` is "SHA1", "SHA256" or "SHA512". Throws std::runtime_error where OpenSSL does not have it.
[[nodiscard]] std::string hmac(char const* digest, std::string_view key, std::string_view message);
[[nodiscard]] std::string big_endian(std::uint64_t number);             // 8 bytes
[[nodiscard]] std::uint32_t truncated(std::string_view mac) noexcept;   // 31 bits; REQUIRES: at least 20 bytes

}  // namespace signing::detail
