#include "signing/detail/value.hpp"

#include "signing/signer.hpp"
#include "tests/support/pki.hpp"

#include <gtest/gtest.h>

#include <openssl/rsa.h>

#include <cstddef>
#include <string>
#include <vector>

namespace {

using signing::detail::verify_value;
using signing::dev::KeyKind;
using support::Pki;

constexpr std::string_view message = "hồ sơ";

struct Keys {
    signing::detail::KeyPtr rsa = key(KeyKind::rsa_2048), p256 = key(KeyKind::p256), p384 = key(KeyKind::p384);

    static signing::detail::KeyPtr key(KeyKind kind) { return signing::detail::parse_private_key(Pki::shared().unit("0101300842", kind).key_pem); }
};
Keys const& keys()
{
    static Keys const all;
    return all;
}

std::string sign_pss(EVP_PKEY* key, char const* digest, char const* mgf_digest, int salt)
{
    signing::detail::MdCtxPtr const context{EVP_MD_CTX_new()};
    EVP_PKEY_CTX* parameters = nullptr;
    EXPECT_EQ(EVP_DigestSignInit_ex(context.get(), &parameters, digest, nullptr, nullptr, key, nullptr), 1);
    EXPECT_EQ(EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING), 1);
    EXPECT_EQ(EVP_PKEY_CTX_set_rsa_mgf1_md_name(parameters, mgf_digest, nullptr), 1);
    EXPECT_EQ(EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, salt), 1);
    std::string value(512, '\0');
    std::size_t size = value.size();
    EXPECT_EQ(EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(value.data()), &size,
                             reinterpret_cast<unsigned char const*>(message.data()), message.size()), 1);
    value.resize(size);
    return value;
}

TEST(SignatureValue, OfRsaAndEcdsaIsTakenFromItsOwnKeyAlone)
{
    auto const rsa = signing::detail::sign_sha256(keys().rsa.get(), message);
    EXPECT_TRUE(verify_value("rsa-sha256", keys().rsa.get(), message, rsa));
    EXPECT_FALSE(verify_value("rsa-sha256", Keys::key(KeyKind::rsa_2048).get(), message, rsa));
    EXPECT_FALSE(verify_value("rsa-sha256", keys().rsa.get(), "hồ sơ khác", rsa));
    for (auto const* name : {"rsa-sha384", "rsa-sha512", "rsa-pss-sha256", "ecdsa-sha256", "hmac-sha256", "rsa", ""}) {
        EXPECT_FALSE(verify_value(name, keys().rsa.get(), message, rsa)) << name;
    }
    for (auto* const key : {keys().p256.get(), keys().p384.get()}) {
        auto const pair = signing::detail::sign_sha256(key, message);
        EXPECT_TRUE(verify_value("ecdsa-sha256", key, message, pair));
        EXPECT_FALSE(verify_value("ecdsa-sha384", key, message, pair));
        EXPECT_FALSE(verify_value("rsa-sha256", key, message, pair));
    }
}

TEST(SignatureValue, OfEcdsaIsExactlyTwiceAsLongAsTheOrderOfTheCurve)
{
    auto const pair = signing::detail::sign_sha256(keys().p256.get(), message);
    ASSERT_EQ(pair.size(), 64u);
    auto const half = pair.substr(0, 32), other = pair.substr(32);
    for (auto const& wrong : {pair.substr(1), pair + '\0', '\0' + pair, '\0' + half + '\0' + other, half, std::string{}, std::string(64, '\0')}) {
        EXPECT_FALSE(verify_value("ecdsa-sha256", keys().p256.get(), message, wrong)) << wrong.size();
    }
}

// One in some 256 numbers is shorter than the order, and one in two begins with a bit that DER must not take for a sign.
TEST(SignatureValue, OfEcdsaIsWholeHoweverShortItsNumbersAre)
{
    for (auto* const key : {keys().p256.get(), keys().p384.get()}) {
        std::size_t short_ones = 0;
        std::size_t const half = key == keys().p256.get() ? 32 : 48;
        for (int n = 0; n < 1500; ++n) {
            auto const text = std::to_string(n);
            auto const pair = signing::detail::sign_sha256(key, text);
            ASSERT_EQ(pair.size(), 2 * half);
            ASSERT_TRUE(verify_value("ecdsa-sha256", key, text, pair)) << n;
            short_ones += pair[0] == '\0' || pair[half] == '\0' ? 1 : 0;
        }
        EXPECT_GT(short_ones, 0u);
    }
}

TEST(SignatureValue, IsTheRightKeysHoweverManySignOnOneThread)
{
    std::vector<signing::detail::KeyPtr> many;
    for (int n = 0; n < 9; ++n) many.push_back(Keys::key(n % 4 == 0 ? KeyKind::rsa_2048 : KeyKind::p256));
    for (std::size_t n = 0; n < 200; ++n) {
        auto* const key = many[n * 5 % many.size()].get();
        auto const* const name = n * 5 % many.size() % 4 == 0 ? "rsa-sha256" : "ecdsa-sha256";
        ASSERT_TRUE(verify_value(name, key, message, signing::detail::sign_sha256(key, message))) << n;
    }
    // A key that is gone and another in its place: what was ready of the first signs for nobody.
    for (int n = 0; n < 12; ++n) {
        auto const key = Keys::key(KeyKind::p256);
        ASSERT_TRUE(verify_value("ecdsa-sha256", key.get(), message, signing::detail::sign_sha256(key.get(), message)));
    }
}

TEST(SignatureValue, OfAnotherCurveIsRefused)
{
    signing::detail::KeyPtr const p521{EVP_EC_gen("P-521")};
    auto const pair = signing::detail::sign_sha256(p521.get(), message);
    EXPECT_FALSE(verify_value("ecdsa-sha256", p521.get(), message, pair));
}

TEST(SignatureValue, OfRsaPssHasASaltAsLongAsTheDigestAndOneDigestThroughout)
{
    auto* const key = keys().rsa.get();
    EXPECT_TRUE(verify_value("rsa-pss-sha256", key, message, sign_pss(key, "SHA256", "SHA256", 32)));
    EXPECT_TRUE(verify_value("rsa-pss-sha384", key, message, sign_pss(key, "SHA384", "SHA384", 48)));
    EXPECT_TRUE(verify_value("rsa-pss-sha512", key, message, sign_pss(key, "SHA512", "SHA512", 64)));
    EXPECT_FALSE(verify_value("rsa-pss-sha256", key, message, sign_pss(key, "SHA256", "SHA256", 20)));
    EXPECT_FALSE(verify_value("rsa-pss-sha256", key, message, sign_pss(key, "SHA256", "SHA256", 0)));
    EXPECT_FALSE(verify_value("rsa-pss-sha256", key, message, sign_pss(key, "SHA256", "SHA1", 32)));
    EXPECT_FALSE(verify_value("rsa-sha256", key, message, sign_pss(key, "SHA256", "SHA256", 32)));
}

TEST(SignatureValue, LeavesNoErrorsBehindForTheNextCaller)
{
    EXPECT_FALSE(verify_value("rsa-sha256", keys().rsa.get(), message, "x"));
    EXPECT_EQ(signing::detail::drain_errors(), "");
}

}  // namespace
