#include "loadtest/bench/crypto.hpp"

#include "signing/digest.hpp"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include <array>
#include <stdexcept>

namespace bench
{

namespace
{

unsigned char const* octets(std::string const& s) { return reinterpret_cast<unsigned char const*>(s.data()); }
unsigned char* octets(std::string& s) { return reinterpret_cast<unsigned char*>(s.data()); }
void must(bool holds)
{
    if (!holds) throw std::runtime_error("the floor's own signature cannot be made or does not hold");
}

} // namespace

struct BareSignature::Data {
    EVP_PKEY* key = nullptr;
    EVP_PKEY_CTX* verifying = nullptr;
    EVP_PKEY_CTX* signing = nullptr;
    std::string text = std::string(400, 'x'); // as long as a SignedInfo
    std::string digest, signature;
    mutable std::string room;
    bool p256 = false;

    ~Data()
    {
        EVP_PKEY_CTX_free(verifying);
        EVP_PKEY_CTX_free(signing);
        EVP_PKEY_free(key);
    }
};

BareSignature::BareSignature(Kind kind) : data_{std::make_unique<Data>()}
{
    auto& d = *data_;
    d.p256 = kind == Kind::p256;
    d.key = d.p256 ? EVP_EC_gen("P-256") : EVP_RSA_gen(2048);
    must(d.key != nullptr);
    auto const digest = signing::sha256(d.text);
    d.digest.assign(digest.begin(), digest.end());
    auto const prepare = [&](int (*init)(EVP_PKEY_CTX*)) {
        auto* const context = EVP_PKEY_CTX_new(d.key, nullptr);
        must(context != nullptr && init(context) == 1);
        must(d.p256 || EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1);
        must(EVP_PKEY_CTX_set_signature_md(context, EVP_sha256()) == 1);
        return context;
    };
    d.signing = prepare(EVP_PKEY_sign_init);
    d.verifying = prepare(EVP_PKEY_verify_init);
    std::size_t size = 0;
    must(EVP_PKEY_sign(d.signing, nullptr, &size, octets(d.digest), d.digest.size()) == 1);
    d.signature.resize(size);
    must(EVP_PKEY_sign(d.signing, octets(d.signature), &size, octets(d.digest), d.digest.size()) == 1);
    d.signature.resize(size);
    d.room.resize(size + 16);
    verify();
}

BareSignature::~BareSignature() = default;

void BareSignature::verify() const
{
    auto const& d = *data_;
    must(EVP_PKEY_verify(d.verifying, octets(d.signature), d.signature.size(), octets(d.digest), d.digest.size()) == 1);
}

void BareSignature::sign() const
{
    auto const& d = *data_;
    std::size_t size = d.room.size();
    must(EVP_PKEY_sign(d.signing, octets(d.room), &size, octets(d.digest), d.digest.size()) == 1);
}

void* BareSignature::key() const noexcept { return data_->key; }
std::string const& BareSignature::text() const { return data_->text; }
std::string const& BareSignature::signature() const { return data_->signature; }

std::string BareSignature::xml_value() const
{
    if (!data_->p256) return data_->signature;
    auto const* at = octets(data_->signature);
    auto* const pair = d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(data_->signature.size()));
    must(pair != nullptr);
    std::string value(64, '\0');
    BN_bn2binpad(ECDSA_SIG_get0_r(pair), octets(value), 32);
    BN_bn2binpad(ECDSA_SIG_get0_s(pair), octets(value) + 32, 32);
    ECDSA_SIG_free(pair);
    return value;
}

} // namespace bench
