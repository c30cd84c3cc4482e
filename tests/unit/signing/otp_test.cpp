// One-time passwords: what is drawn, what is kept, what a try is worth.

#include "signing/ocra.hpp"
#include "signing/otp.hpp"

#include <gtest/gtest.h>

#include <array>
#include <set>
#include <stdexcept>
#include <string>

namespace {

using namespace std::chrono_literals;
using signing::OtpChallenge;
using signing::OtpKey;

OtpKey const& key()
{
    static OtpKey const made{std::string(32, 'k')};
    return made;
}

signing::Instant const noon = std::chrono::sys_days{std::chrono::year{2026} / 11 / 22} + 12h;

OtpChallenge challenge()
{
    OtpChallenge made;
    made.id = std::string(32, '1');
    made.person = "001090000001";
    made.content_sha256 = std::string(64, 'a');
    made.channel = signing::OtpChannel::email;
    made.made_at = noon;
    made.expires_at = noon + 4min;
    return made;
}

TEST(Otp, ARightCodeInTimeForItsContentIsAProofOfThatPerson)
{
    auto one = challenge();
    auto const code = key().draw(one, 6);
    auto const proof = key().check(one, code, one.content_sha256, noon + 1min);
    ASSERT_TRUE(proof);
    EXPECT_EQ(proof->person(), one.person);
    EXPECT_EQ(proof->challenge_id(), one.id);
    EXPECT_EQ(proof->content_sha256(), one.content_sha256);
    EXPECT_EQ(proof->channel(), signing::OtpChannel::email);
    EXPECT_EQ(proof->at(), noon + 1min);
}

TEST(Otp, ACodeIsWorthNothingForOtherContentAnotherPersonAnotherChallengeOrAnotherKey)
{
    auto one = challenge();
    auto const code = key().draw(one, 6);
    EXPECT_FALSE(key().check(one, code, std::string(64, 'b'), noon + 1min));
    auto other = one;
    other.content_sha256 = std::string(64, 'b');
    EXPECT_FALSE(key().check(other, code, other.content_sha256, noon + 1min));
    other = one;
    other.person = "001090000002";
    EXPECT_FALSE(key().check(other, code, one.content_sha256, noon + 1min));
    other = one;
    other.id = std::string(32, '2');
    EXPECT_FALSE(key().check(other, code, one.content_sha256, noon + 1min));
    EXPECT_FALSE(OtpKey{std::string(32, 'q')}.check(one, code, one.content_sha256, noon + 1min));
}

TEST(Otp, ACodeLivesFromTheMomentItIsMadeUntilJustBeforeItsEnd)
{
    auto one = challenge();
    auto const code = key().draw(one, 6);
    EXPECT_TRUE(key().check(one, code, one.content_sha256, noon));
    EXPECT_TRUE(key().check(one, code, one.content_sha256, noon + 4min - 1ns));
    EXPECT_FALSE(key().check(one, code, one.content_sha256, noon + 4min));
    EXPECT_FALSE(key().check(one, code, one.content_sha256, noon - 1ns));
}

TEST(Otp, NearMissesAreWrong)
{
    auto one = challenge();
    auto const code = key().draw(one, 6);
    for (auto const& wrong : {code + " ", " " + code, code.substr(1), "0" + code, code + std::string(1, '\0'), std::string{}, std::string(1000, '1')})
        EXPECT_FALSE(key().check(one, wrong, one.content_sha256, noon + 1min)) << wrong;
    for (std::size_t i = 0; i < code.size(); ++i) {
        auto wrong = code;
        wrong[i] = wrong[i] == '9' ? '0' : static_cast<char>(wrong[i] + 1);
        EXPECT_FALSE(key().check(one, wrong, one.content_sha256, noon + 1min)) << wrong;
    }
}

TEST(Otp, CodesHaveTheirLengthAndEveryDigitIsAsLikelyAsAnyOther)
{
    std::array<int, 10> seen{};
    std::set<std::string> codes;
    constexpr int draws = 2000;
    for (int i = 0; i < draws; ++i) {
        auto one = challenge();
        auto const code = key().draw(one, 8);
        ASSERT_EQ(code.size(), 8u);
        codes.insert(code);
        for (auto const digit : code) ++seen.at(static_cast<std::size_t>(digit - '0'));
    }
    EXPECT_GT(codes.size(), draws - 5u);
    // 1600 expected of each; 6 standard deviations are 228: wrong once in half a thousand million runs.
    for (auto const count : seen) EXPECT_NEAR(count, draws * 8 / 10, 228);
    auto one = challenge();
    EXPECT_EQ(key().draw(one, 6).size(), 6u);
    EXPECT_THROW(static_cast<void>(key().draw(one, 5)), std::runtime_error);
    EXPECT_THROW(static_cast<void>(key().draw(one, 9)), std::runtime_error);
}

TEST(Otp, WhatIsKeptDoesNotHoldTheCodeAndTheSameCodeIsKeptDifferentlyEachTime)
{
    auto one = challenge();
    auto const code = key().draw(one, 6);
    std::string const kept{one.code_hash.begin(), one.code_hash.end()};
    EXPECT_EQ(kept.find(code), std::string::npos);
    auto other = challenge();
    other.id = std::string(32, '2');
    static_cast<void>(key().draw(other, 6));
    EXPECT_NE(one.code_hash, other.code_hash);
}

TEST(Otp, AShortKeyIsNoKey)
{
    EXPECT_THROW(OtpKey{std::string(31, 'k')}, std::runtime_error);
    EXPECT_NO_THROW(OtpKey{std::string(32, 'k')});
}

TEST(Otp, ABlindedValueIsTheSameForTheSameKeyPurposeAndValueOnly)
{
    auto const blind = key().blind("person", "001090000001");
    EXPECT_EQ(blind.size(), 64u);
    EXPECT_EQ(blind, key().blind("person", "001090000001"));
    EXPECT_NE(blind, key().blind("person", "001090000002"));
    EXPECT_NE(blind, key().blind("address", "001090000001"));
    EXPECT_NE(key().blind("ab", "c"), key().blind("a", "bc"));
    EXPECT_NE(blind, OtpKey{std::string(32, 'q')}.blind("person", "001090000001"));
}

TEST(Otp, ASealedAddressOpensForItsPurposeAndKeyAndOnlyWhole)
{
    auto const sealed = key().seal("person 1", "+84901234567");
    EXPECT_EQ(sealed.find("84901234567"), std::string::npos);
    EXPECT_EQ(key().open("person 1", sealed), "+84901234567");
    EXPECT_NE(sealed, key().seal("person 1", "+84901234567"));
    EXPECT_FALSE(key().open("person 2", sealed));
    EXPECT_FALSE(OtpKey{std::string(32, 'q')}.open("person 1", sealed));
    for (std::size_t i = 0; i < sealed.size(); ++i) {
        auto altered = sealed;
        altered[i] = static_cast<char>(altered[i] ^ 1);
        EXPECT_FALSE(key().open("person 1", altered)) << i;
        EXPECT_FALSE(key().open("person 1", std::string_view{sealed}.substr(0, i))) << i;
    }
    EXPECT_EQ(key().open("empty", key().seal("empty", "")), "");
}

TEST(Otp, HotpAndTotpKnowTheirBounds)
{
    std::string const secret = "12345678901234567890";
    EXPECT_EQ(signing::hotp(secret, 0, 6), "755224");  // RFC 4226 appendix D
    EXPECT_FALSE(signing::hotp(secret, 0, 5));
    EXPECT_FALSE(signing::hotp(secret, 0, 9));
    std::chrono::sys_seconds const at{59s};
    EXPECT_EQ(signing::totp(secret, at, 30s, 8, "sha1"), "94287082");  // RFC 6238 appendix B
    EXPECT_EQ(signing::totp(secret, at + 100s, 30s, 8, "sha1", std::chrono::sys_seconds{100s}), "94287082");
    EXPECT_EQ(signing::totp(secret, std::chrono::sys_seconds{20'000'000'000s}, 30s, 8, "sha1"), "65353130");  // in the year 2603
    EXPECT_FALSE(signing::totp(secret, at, 30s, 8, "md5"));
    EXPECT_FALSE(signing::totp(secret, at, 0s, 8, "sha1"));
    EXPECT_FALSE(signing::totp(secret, at, 30s, 8, "sha1", at + 1s));
}

TEST(Ocra, ASuiteIsReadAsTheRfcWritesItOrNotAtAll)
{
    auto const suite = signing::read_ocra_suite("OCRA-1:HOTP-SHA512-8:C-QA10-PSHA1-S064-T1M");
    ASSERT_TRUE(suite);
    EXPECT_TRUE(suite->counter);
    EXPECT_EQ(suite->digits, 8u);
    EXPECT_EQ(suite->session_bytes, 64u);
    EXPECT_EQ(suite->time_step_s, 60u);
    for (auto const* const bad : {"", "OCRA-1", "OCRA-2:HOTP-SHA1-6:QN08", "OCRA-1:HOTP-MD5-6:QN08", "OCRA-1:HOTP-SHA1-3:QN08",
                                  "OCRA-1:HOTP-SHA1-11:QN08", "OCRA-1:HOTP-SHA1-6:", "OCRA-1:HOTP-SHA1-6:C", "OCRA-1:HOTP-SHA1-6:QX08",
                                  "OCRA-1:HOTP-SHA1-6:QN03", "OCRA-1:HOTP-SHA1-6:QN08-T1M-PSHA1", "OCRA-1:HOTP-SHA1-6:QN08-T0M",
                                  "OCRA-1:HOTP-SHA1-6:QN08-PSHA1-PSHA1", "OCRA-1:HOTP-SHA1-6:QN08-PMD5", "OCRA-1:HOTP-SHA1-6:QN08-T49H",
                                  "OCRA-1:HOTP-SHA1-6:QN08-", "OCRA-1:HOTP-SHA1-6:QN08:"})
        EXPECT_FALSE(signing::read_ocra_suite(bad)) << bad;
}

TEST(Ocra, MissingOrMalformedInputsGiveNoCode)
{
    std::string const secret = "12345678901234567890";
    signing::OcraInputs inputs;
    inputs.question = "00000000";
    EXPECT_EQ(signing::ocra("OCRA-1:HOTP-SHA1-6:QN08", secret, inputs), "237653");  // RFC 6287 appendix C.1
    EXPECT_FALSE(signing::ocra("OCRA-1:HOTP-SHA1-6:C-QN08", secret, inputs));
    EXPECT_FALSE(signing::ocra("OCRA-1:HOTP-SHA1-6:QN08-PSHA1", secret, inputs));
    EXPECT_FALSE(signing::ocra("OCRA-1:HOTP-SHA1-6:QN08-T1M", secret, inputs));
    inputs.question = "0000000x";
    EXPECT_FALSE(signing::ocra("OCRA-1:HOTP-SHA1-6:QN08", secret, inputs));
    EXPECT_FALSE(signing::ocra("OCRA-1:HOTP-SHA1-6:QH08", secret, inputs));
    inputs.question = std::string(129, 'a');
    EXPECT_FALSE(signing::ocra("OCRA-1:HOTP-SHA1-6:QA08", secret, inputs));
}

}  // namespace
