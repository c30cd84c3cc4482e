#include "signing/detail/value.hpp"

#include <openssl/rsa.h>

#include <array>
#include <cstddef>
#include <optional>
#include <vector>

namespace signing::detail {
namespace {

enum class Scheme { rsa_pkcs1, rsa_pss, ecdsa };

struct Known {
    std::string_view name;
    Scheme scheme;
    char const* digest;
};

// SHA-1 stands here for its dated switch: whether it may be used is decided before (policy.hpp).
constexpr std::array known_algorithms{
    Known{"rsa-sha1", Scheme::rsa_pkcs1, "SHA1"},         Known{"rsa-sha256", Scheme::rsa_pkcs1, "SHA256"},
    Known{"rsa-sha384", Scheme::rsa_pkcs1, "SHA384"},     Known{"rsa-sha512", Scheme::rsa_pkcs1, "SHA512"},
    Known{"rsa-pss-sha256", Scheme::rsa_pss, "SHA256"},   Known{"rsa-pss-sha384", Scheme::rsa_pss, "SHA384"},
    Known{"rsa-pss-sha512", Scheme::rsa_pss, "SHA512"},   Known{"ecdsa-sha1", Scheme::ecdsa, "SHA1"},
    Known{"ecdsa-sha256", Scheme::ecdsa, "SHA256"},       Known{"ecdsa-sha384", Scheme::ecdsa, "SHA384"},
    Known{"ecdsa-sha512", Scheme::ecdsa, "SHA512"},
};

// Fetched once for the process: looking an algorithm up by name takes locks on every use.
EVP_MD const* digest_of(std::size_t index)
{
    static std::array<EVP_MD const*, known_algorithms.size()> const fetched = [] {
        std::array<EVP_MD const*, known_algorithms.size()> all{};
        for (std::size_t i = 0; i < all.size(); ++i) all[i] = EVP_MD_fetch(nullptr, known_algorithms[i].digest, nullptr);
        return all;
    }();
    return fetched[index];
}

std::optional<std::size_t> index_of(std::string_view algorithm)
{
    for (std::size_t i = 0; i < known_algorithms.size(); ++i)
        if (known_algorithms[i].name == algorithm) return i;
    return std::nullopt;
}

unsigned char const* data_of(std::string_view bytes) { return reinterpret_cast<unsigned char const*>(bytes.data()); }

// r‖s as DER, which is what OpenSSL reads. Nothing where the length is not exactly twice that of the curve's order.
std::optional<std::vector<unsigned char>> der_of_pair(std::string_view value, std::size_t half)
{
    if (value.size() != 2 * half) return std::nullopt;
    SignaturePtr const pair{ECDSA_SIG_new()};
    BigNumPtr r{BN_bin2bn(data_of(value), static_cast<int>(half), nullptr)};
    BigNumPtr s{BN_bin2bn(data_of(value) + half, static_cast<int>(half), nullptr)};
    if (!pair || !r || !s || ECDSA_SIG_set0(pair.get(), r.get(), s.get()) != 1) throw_openssl("ECDSA_SIG");
    static_cast<void>(r.release());
    static_cast<void>(s.release());
    int const size = i2d_ECDSA_SIG(pair.get(), nullptr);
    if (size <= 0) throw_openssl("i2d_ECDSA_SIG");
    std::vector<unsigned char> der(static_cast<std::size_t>(size));
    auto* out = der.data();
    if (i2d_ECDSA_SIG(pair.get(), &out) != size) throw_openssl("i2d_ECDSA_SIG");
    return der;
}

bool use_pss(EVP_PKEY_CTX* context, EVP_MD const* digest)
{
    return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 && EVP_PKEY_CTX_set_rsa_mgf1_md(context, digest) == 1 &&
           EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) == 1;
}

bool verify(Scheme scheme, EVP_MD const* digest, EVP_PKEY* key, std::string_view bytes, unsigned char const* value, std::size_t size)
{
    MdCtxPtr const context{EVP_MD_CTX_new()};
    EVP_PKEY_CTX* parameters = nullptr;  // the context's own
    if (!context || EVP_DigestVerifyInit(context.get(), &parameters, digest, nullptr, key) != 1) return false;
    if (scheme == Scheme::rsa_pss && !use_pss(parameters, digest)) return false;
    // Only 1 is yes: 0 is a wrong value and less than 0 an error.
    return EVP_DigestVerify(context.get(), value, size, data_of(bytes), bytes.size()) == 1;
}

bool verify_for(std::size_t index, EVP_PKEY* key, std::string_view bytes, std::string_view value)
{
    auto const& known = known_algorithms[index];
    auto const strength = strength_of(key);
    bool const rsa = known.scheme != Scheme::ecdsa;
    if (strength.family != (rsa ? KeyFamily::rsa : KeyFamily::ec)) return false;
    if (rsa) return verify(known.scheme, digest_of(index), key, bytes, data_of(value), value.size());

    if (strength.curve != "P-256" && strength.curve != "P-384") return false;
    auto const der = der_of_pair(value, static_cast<std::size_t>(strength.bits + 7) / 8);
    return der && verify(known.scheme, digest_of(index), key, bytes, der->data(), der->size());
}

}  // namespace

bool verify_value(std::string_view algorithm, EVP_PKEY* key, std::string_view bytes, std::string_view value)
{
    auto const index = index_of(algorithm);
    if (!index || key == nullptr || value.empty()) return false;
    bool const verified = verify_for(*index, key, bytes, value);
    if (!verified) drain_errors();
    return verified;
}

}  // namespace signing::detail
