#include "signing/detail/hmac.hpp"

#include <openssl/evp.h>

#include <array>
#include <stdexcept>

namespace signing::detail {

std::string hmac(char const* digest, std::string_view key, std::string_view message)
{
    std::array<unsigned char, EVP_MAX_MD_SIZE> mac{};
    std::size_t size = 0;
    auto const bytes = [](std::string_view text) { return reinterpret_cast<unsigned char const*>(text.data()); };
    if (!EVP_Q_mac(nullptr, "HMAC", nullptr, digest, nullptr, key.data(), key.size(), bytes(message), message.size(), mac.data(),
                   mac.size(), &size))
        throw std::runtime_error(std::string{"HMAC-"} + digest);
    return {mac.begin(), mac.begin() + static_cast<std::ptrdiff_t>(size)};
}

std::string big_endian(std::uint64_t number)
{
    std::string bytes;
    for (int shift = 56; shift >= 0; shift -= 8) bytes += static_cast<char>(number >> shift & 0xff);
    return bytes;
}

std::uint32_t truncated(std::string_view mac) noexcept
{
    auto const byte = [&](std::size_t i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(mac[i])); };
    auto const offset = byte(mac.size() - 1) & 0xf;
    return (byte(offset) & 0x7f) << 24 | byte(offset + 1) << 16 | byte(offset + 2) << 8 | byte(offset + 3);
}

}  // namespace signing::detail
