#include "signing/detail/value.hpp"

#include <openssl/rsa.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace signing::detail {
namespace {

enum class Scheme { rsa_pkcs1, rsa_pss, ecdsa };

struct Known {
    std::string_view name;
    Scheme scheme;
    std::string_view digest;
};

// SHA-1 stands here for its dated switch: whether it may be used is decided before (policy.hpp).
constexpr std::array known_algorithms{
    Known{"rsa-sha256", Scheme::rsa_pkcs1, "sha256"},     Known{"rsa-sha1", Scheme::rsa_pkcs1, "sha1"},
    Known{"rsa-sha384", Scheme::rsa_pkcs1, "sha384"},     Known{"rsa-sha512", Scheme::rsa_pkcs1, "sha512"},
    Known{"rsa-pss-sha256", Scheme::rsa_pss, "sha256"},   Known{"rsa-pss-sha384", Scheme::rsa_pss, "sha384"},
    Known{"rsa-pss-sha512", Scheme::rsa_pss, "sha512"},   Known{"ecdsa-sha1", Scheme::ecdsa, "sha1"},
    Known{"ecdsa-sha256", Scheme::ecdsa, "sha256"},       Known{"ecdsa-sha384", Scheme::ecdsa, "sha384"},
    Known{"ecdsa-sha512", Scheme::ecdsa, "sha512"},
};

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

// A key made ready for one algorithm. The context holds the key, so that no other can come to stand where it stood.
struct Ready {
    EVP_PKEY*   key = nullptr;
    std::size_t algorithm = 0;
    PkeyCtxPtr  context;
    std::size_t half = 0;  // ECDSA: bytes of r, and of s
};

// Keys that signed lately: an organisation files several forms in a dossier, and several dossiers in a day. A context is some
// 2 KB with what it holds of its key.
constexpr std::size_t ready_max = 64;

bool use_pss(EVP_PKEY_CTX* context, EVP_MD const* digest)
{
    return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 && EVP_PKEY_CTX_set_rsa_mgf1_md(context, digest) == 1 &&
           EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) == 1;
}

// Fills `ready`; false where the key is not for the algorithm.
bool prepare(Ready& ready, EVP_PKEY* key, std::size_t algorithm)
{
    auto const& known = known_algorithms[algorithm];
    auto const strength = strength_of(key);
    bool const rsa = known.scheme != Scheme::ecdsa;
    if (strength.family != (rsa ? KeyFamily::rsa : KeyFamily::ec)) return false;
    if (!rsa && strength.curve != "P-256" && strength.curve != "P-384") return false;
    auto const* const digest = digest_named(known.digest);
    PkeyCtxPtr context{EVP_PKEY_CTX_new(key, nullptr)};
    if (!context || EVP_PKEY_verify_init(context.get()) != 1) return false;
    if (known.scheme == Scheme::rsa_pkcs1 && EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_PADDING) != 1) return false;
    if (EVP_PKEY_CTX_set_signature_md(context.get(), digest) != 1) return false;
    if (known.scheme == Scheme::rsa_pss && !use_pss(context.get(), digest)) return false;
    ready = {.key = key, .algorithm = algorithm, .context = std::move(context), .half = rsa ? 0 : static_cast<std::size_t>(strength.bits + 7) / 8};
    return true;
}

// The calling thread's place for a key and an algorithm: one of a fixed number, found by the key's address.
Ready& place_of(EVP_PKEY* key, std::size_t algorithm)
{
    thread_local std::array<Ready, ready_max> places;
    auto const address = reinterpret_cast<std::uintptr_t>(key) >> 4;
    return places[(address ^ (address >> 6) ^ (address >> 12) ^ algorithm) % ready_max];
}

struct Digest {
    std::array<unsigned char, EVP_MAX_MD_SIZE> bytes;
    unsigned size = 0;
};

bool digest(EVP_MD const* md, std::string_view bytes, Digest& made)
{
    thread_local MdCtxPtr const context{EVP_MD_CTX_new()};
    return md != nullptr && context && EVP_DigestInit_ex2(context.get(), md, nullptr) == 1 &&
           EVP_DigestUpdate(context.get(), bytes.data(), bytes.size()) == 1 &&
           EVP_DigestFinal_ex(context.get(), made.bytes.data(), &made.size) == 1;
}

bool verify_with(Ready const& ready, std::string_view bytes, std::string_view value)
{
    auto const& known = known_algorithms[ready.algorithm];
    Digest made;
    if (!digest(digest_named(known.digest), bytes, made)) return false;
    // Only 1 is yes: 0 is a wrong value and less than 0 an error.
    if (known.scheme != Scheme::ecdsa) return EVP_PKEY_verify(ready.context.get(), data_of(value), value.size(), made.bytes.data(), made.size) == 1;
    auto const der = der_of_pair(value, ready.half);
    return der && EVP_PKEY_verify(ready.context.get(), der->data(), der->size(), made.bytes.data(), made.size) == 1;
}

}  // namespace

EVP_MD const* digest_named(std::string_view name)
{
    struct Fetched {
        std::string_view name;
        EVP_MD const* md;
    };
    static std::array const fetched{Fetched{"sha256", EVP_MD_fetch(nullptr, "SHA256", nullptr)}, Fetched{"sha1", EVP_MD_fetch(nullptr, "SHA1", nullptr)},
                                    Fetched{"sha384", EVP_MD_fetch(nullptr, "SHA384", nullptr)}, Fetched{"sha512", EVP_MD_fetch(nullptr, "SHA512", nullptr)}};
    for (auto const& one : fetched)
        if (one.name == name) return one.md;
    return nullptr;
}

bool verify_value(std::string_view algorithm, EVP_PKEY* key, std::string_view bytes, std::string_view value)
{
    auto const index = index_of(algorithm);
    if (!index || key == nullptr || value.empty()) return false;
    auto& ready = place_of(key, *index);
    bool const met = ready.key == key && ready.algorithm == *index;
    bool const verified = (met || prepare(ready, key, *index)) && verify_with(ready, bytes, value);
    if (verified) return true;
    ready = {};  // whatever a refusal left in it is not used again
    drain_errors();
    return false;
}

}  // namespace signing::detail
