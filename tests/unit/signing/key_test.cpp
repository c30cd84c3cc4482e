// Public keys that OpenSSL reads although nobody can have made them, and a key pinned without any certificate.

#include "signing/certificate.hpp"
#include "signing/detail/openssl.hpp"
#include "signing/verifier.hpp"

#include "schemas/base64.hpp"
#include "tests/support/pki.hpp"

#include <gtest/gtest.h>

#include <string>

namespace {

namespace detail = signing::detail;
using signing::Refusal;
using support::Pki;

std::string der(char tag, std::string const& content)
{
    std::string made{tag};
    auto const size = content.size();
    if (size >= 0x100) made += {'\x82', static_cast<char>(size >> 8)};
    else if (size >= 0x80) made += '\x81';
    return made + static_cast<char>(size & 0xff) + content;
}

// SubjectPublicKeyInfo of an RSA key: the modulus is 2048 bits of the same octet.
std::string rsa_key(char octet, std::string const& exponent)
{
    std::string const algorithm{"\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00", 15};
    auto const numbers = der('\x30', der('\x02', std::string(1, '\0') + std::string(256, octet)) + der('\x02', exponent));
    return der('\x30', algorithm + der('\x03', std::string(1, '\0') + numbers));
}

bool sound(std::string const& key)
{
    auto const read = detail::parse_public_key_der(key);
    return read && detail::is_sound(read.get());
}

TEST(PublicKey, OfRsaHasAnOddModulusAndAnOddExponentFromThree)
{
    std::string const usual{"\x01\x00\x01", 3};
    EXPECT_TRUE(sound(rsa_key('\xc1', usual)));
    EXPECT_TRUE(sound(rsa_key('\xc1', "\x03")));
    EXPECT_FALSE(sound(rsa_key('\xc1', "\x01"))) << "with the exponent 1 every text is its own signature";
    EXPECT_FALSE(sound(rsa_key('\xc1', "\x02")));
    EXPECT_FALSE(sound(rsa_key('\xc1', std::string(1, '\0'))));
    EXPECT_FALSE(sound(rsa_key('\xc1', std::string(1, '\0') + std::string(33, '\xc1')))) << "an exponent of 264 bits";
    EXPECT_FALSE(sound(rsa_key('\xc2', usual)));
}

TEST(PublicKey, OfAnEllipticCurveIsNotInfinity)
{
    std::string const p256{"\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07", 21};
    EXPECT_FALSE(sound(der('\x30', p256 + der('\x03', std::string(2, '\0')))));
    auto const good = detail::parse_certificate_der(Pki::der(Pki::shared().unit("0101300842")));
    EXPECT_TRUE(detail::is_sound(X509_get0_pubkey(good.get())));
}

class PinnedKey : public ::testing::Test {
protected:
    [[nodiscard]] signing::Result<signing::Signer> verify(std::string key) const
    {
        auto const document = schemas::Document::parse(signed_xml, schemas::XmlLimits{});
        signing::XmlOptions options;
        options.pinned_key = std::move(key);
        return signing::Verifier{nullptr, {}}.verify_xml(*document, options, Pki::shared().now);
    }
    std::shared_ptr<signing::KeyPair const> pair = Pki::key(Pki::shared().unit("0101300842"));
    std::string signed_xml = [this] {
        signing::SignOptions options;
        options.holder = "";
        return sign_document(*pair, "<Note><Text>Xin ch\xc3\xa0o</Text></Note>", options);
    }();
    std::string key_of_pair = detail::der_of_public_key(detail::parse_certificate_der(pair->certificate_der()).get());
};

TEST_F(PinnedKey, NeedsNoCertificate)
{
    auto const signer = verify(key_of_pair);
    ASSERT_TRUE(signer.has_value()) << signer.error().detail;
    EXPECT_TRUE(signer->path_der.empty());
    EXPECT_EQ(signer->certificate.subject, "");
    EXPECT_EQ(signer->certificate.key, signing::read_certificate(pair->certificate_der())->key);
}

TEST_F(PinnedKey, IsTheOnlyOne)
{
    auto const other = Pki::key(Pki::shared().unit("0100109106"));
    auto const refused = verify(detail::der_of_public_key(detail::parse_certificate_der(other->certificate_der()).get()));
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().why, Refusal::value_mismatch);
}

TEST_F(PinnedKey, MustBeAKeyThatCanBe)
{
    auto const refused = verify(rsa_key('\xc1', "\x01"));
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().why, Refusal::algorithm_forbidden);
    auto const nothing = verify("\x30\x03\x02\x01\x01");
    ASSERT_FALSE(nothing.has_value());
    EXPECT_EQ(nothing.error().why, Refusal::algorithm_forbidden);
}

TEST_F(PinnedKey, IsReadFromPemAndDerAndNothingElse)
{
    auto const pem = "-----BEGIN PUBLIC KEY-----\n" + schemas::base64_encode(key_of_pair) + "\n-----END PUBLIC KEY-----\n";
    EXPECT_EQ(signing::public_key_der(key_of_pair), key_of_pair);
    EXPECT_EQ(signing::public_key_der(pem), key_of_pair);
    EXPECT_FALSE(signing::public_key_der(key_of_pair + '\0').has_value());
    EXPECT_FALSE(signing::public_key_der(pair->certificate_der()).has_value());
    EXPECT_FALSE(signing::public_key_der("").has_value());
    EXPECT_FALSE(signing::public_key_der("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n").has_value());
}

}  // namespace
