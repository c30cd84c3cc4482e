#include "gateway/otp/room.hpp"

#include <fstream>
#include <iterator>
#include <stdexcept>

namespace otp {

signing::OtpKey read_key(std::string const& file)
{
    constexpr std::size_t bytes_max = 4096;
    std::ifstream in{file, std::ios::binary};
    std::string secret{std::istreambuf_iterator<char>{in}, {}};
    if (!in && !in.eof()) throw std::runtime_error("cannot be read: " + file);
    while (!secret.empty() && (secret.back() == '\n' || secret.back() == '\r')) secret.pop_back();
    if (secret.size() > bytes_max) throw std::runtime_error("more than 4096 bytes: " + file);
    return signing::OtpKey{std::move(secret)};
}

}  // namespace otp
