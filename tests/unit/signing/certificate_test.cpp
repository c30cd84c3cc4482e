#include "signing/certificate.hpp"

#include "tests/support/pki.hpp"

#include <gtest/gtest.h>

namespace {

using namespace std::chrono_literals;
using support::Pki;

TEST(Certificate, SaysWhatIsInIt)
{
    auto const& pki = Pki::shared();
    auto request = pki.request("0101300842-001", signing::dev::KeyKind::rsa_2048);
    request.common_name = "CÔNG TY CỔ PHẦN ĐƯỜNG SẮT";
    auto const identity = issue(pki.issuing_ca, request);
    auto const facts = signing::read_certificate(identity.certificate_pem);
    ASSERT_TRUE(facts.has_value());
    EXPECT_EQ(facts->common_name, "CÔNG TY CỔ PHẦN ĐƯỜNG SẮT");
    EXPECT_EQ(facts->tax_code, "0101300842-001");
    EXPECT_EQ(facts->key, "RSA-2048");
    EXPECT_EQ(facts->not_before, request.not_before);
    EXPECT_EQ(facts->not_after, request.not_after);
    EXPECT_EQ(facts->serial.size(), 32u);
    EXPECT_NE(facts->subject.find("UID=MST:0101300842-001"), std::string::npos) << facts->subject;
    EXPECT_NE(facts->subject.find("CÔNG TY CỔ PHẦN ĐƯỜNG SẮT"), std::string::npos) << facts->subject;
    EXPECT_NE(facts->issuer.find("Development Issuing CA"), std::string::npos);

    auto const der = signing::certificate_der(identity.certificate_pem);
    ASSERT_TRUE(der.has_value());
    EXPECT_EQ(signing::sha256(*der), facts->fingerprint);
    EXPECT_EQ(signing::read_certificate(*der)->serial, facts->serial);
}

TEST(Certificate, NamesTheKeyKinds)
{
    auto const& pki = Pki::shared();
    using enum signing::dev::KeyKind;
    EXPECT_EQ(signing::read_certificate(pki.unit("", p256).certificate_pem)->key, "EC-P-256");
    EXPECT_EQ(signing::read_certificate(pki.unit("", p384).certificate_pem)->key, "EC-P-384");
    EXPECT_EQ(signing::read_certificate(pki.unit("", rsa_1024).certificate_pem)->key, "RSA-1024");
}

TEST(Certificate, RefusesWhatIsNotExactlyOne)
{
    auto const pem = Pki::shared().unit("0101300842").certificate_pem;
    EXPECT_FALSE(signing::read_certificate("").has_value());
    EXPECT_FALSE(signing::read_certificate("garbage").has_value());
    EXPECT_FALSE(signing::read_certificate(pem + pem).has_value());
    EXPECT_FALSE(signing::read_certificate(pem.substr(0, pem.size() / 2)).has_value());
    auto const der = signing::certificate_der(pem).value();
    EXPECT_FALSE(signing::read_certificate(der + std::string(1, '\0')).has_value());
    for (std::size_t size = 0; size < der.size(); size += 7) EXPECT_FALSE(signing::read_certificate(der.substr(0, size)).has_value());
}

TEST(Certificate, TakesATaxCodeOfDigitsOnly)
{
    auto const& pki = Pki::shared();
    EXPECT_EQ(signing::read_certificate(pki.unit("01013\n00842").certificate_pem)->tax_code, "");
    EXPECT_EQ(signing::read_certificate(pki.unit("0101300842 ").certificate_pem)->tax_code, "");
    EXPECT_EQ(signing::read_certificate(pki.unit("").certificate_pem)->tax_code, "");
}

TEST(ReadInstant, ReadsXsDateTime)
{
    signing::Instant const noon = std::chrono::sys_days{std::chrono::year{2025} / 1 / 31} + 12h;
    EXPECT_EQ(signing::read_instant("2025-01-31T12:00:00Z"), noon);
    EXPECT_EQ(signing::read_instant("2025-01-31T19:00:00+07:00"), noon);
    EXPECT_EQ(signing::read_instant("2025-01-31T19:00:00"), noon);  // no zone: Vietnam
    EXPECT_EQ(signing::read_instant(" 2025-01-31T07:00:00.123-05:00 "), noon);
    for (auto const* bad : {"", " ", "2025-01-31", "2025-02-30T00:00:00Z", "2025-01-31T24:00:00Z", "2025-01-31T12:00:00z", "2025-01-31 12:00:00",
                            "31/01/2025 12:00:00", "2025-01-31T12:00:00.Z", "2025-01-31T12:00:00+7", "2025-01-31T12:00:00Z ?", "9999-01-01T00:00:00Z",
                            "-025-01-31T12:00:00Z", "2025-01-31T12:00:00+15:00", "2025-01-31T12:00"}) {
        EXPECT_FALSE(signing::read_instant(bad).has_value()) << bad;
    }
}

}  // namespace
