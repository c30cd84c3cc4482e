#pragma once

// SHA-256 and friends over OpenSSL, algorithms fetched once. Threads: free functions, any thread.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace signing {

using Sha256 = std::array<std::uint8_t, 32>;

[[nodiscard]] Sha256 sha256(std::string_view bytes);
[[nodiscard]] std::string hex(Sha256 const& digest);                       // 64 lower-case digits
[[nodiscard]] std::string hex(std::string_view bytes);
[[nodiscard]] std::string bytes_of_hex(std::string_view digits);           // either case; empty where it is not hex
[[nodiscard]] bool equal_constant_time(std::string_view a, std::string_view b);  // false where lengths differ

}  // namespace signing
