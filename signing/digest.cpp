#include "signing/digest.hpp"

#include "signing/detail/openssl.hpp"

#include <openssl/crypto.h>

namespace signing {
namespace {

std::string hex_of(unsigned char const* bytes, std::size_t size)
{
    static constexpr char digits[] = "0123456789abcdef";
    std::string text(size * 2, '0');
    for (std::size_t i = 0; i < size; ++i) {
        text[2 * i] = digits[bytes[i] >> 4];
        text[2 * i + 1] = digits[bytes[i] & 15];
    }
    return text;
}

}  // namespace

Sha256 sha256(std::string_view bytes)
{
    // One context per thread: making one costs more than hashing a certificate.
    thread_local detail::MdCtxPtr const context{EVP_MD_CTX_new()};
    Sha256 digest{};
    if (!context || EVP_DigestInit_ex2(context.get(), detail::sha256_md(), nullptr) != 1 ||
        EVP_DigestUpdate(context.get(), bytes.data(), bytes.size()) != 1 ||
        EVP_DigestFinal_ex(context.get(), digest.data(), nullptr) != 1) {
        detail::throw_openssl("SHA-256");
    }
    return digest;
}

std::string hex(Sha256 const& digest) { return hex_of(digest.data(), digest.size()); }

std::string hex(std::string_view bytes)
{
    return hex_of(reinterpret_cast<unsigned char const*>(bytes.data()), bytes.size());
}

std::string bytes_of_hex(std::string_view digits)
{
    auto const digit = [](char c) {
        return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
    };
    std::string out;
    if (digits.size() % 2 != 0) return out;
    out.reserve(digits.size() / 2);
    for (std::size_t i = 0; i < digits.size(); i += 2) {
        if (digit(digits[i]) < 0 || digit(digits[i + 1]) < 0) return {};
        out += static_cast<char>(digit(digits[i]) * 16 + digit(digits[i + 1]));
    }
    return out;
}

bool equal_constant_time(std::string_view a, std::string_view b)
{
    return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace signing
