#include "signing/signer.hpp"

#include "schemas/base64.hpp"
#include "tests/support/pki.hpp"
#include "tests/support/token.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <thread>

namespace {

using namespace std::chrono_literals;
using signing::dev::KeyKind;
using support::Pki;
using support::Token;

constexpr std::string_view canonical = "<PhieuTiepNhan><MaHoSo>00001.G/2025/00108</MaHoSo></PhieuTiepNhan>";

struct TokenKeys : testing::Test {
    Pki const& pki = Pki::shared();
    support::TemporaryDirectory directory;
    signing::TokenConfig config{2000ms, 50ms, 2, 64};

    void SetUp() override
    {
        if (!Token::present()) GTEST_SKIP() << "softhsm2 is not installed";
        Token::shared().weather(Token::Weather::fine);
        Token::shared().write_pin("7531");
    }
    void TearDown() override
    {
        if (Token::present()) Token::shared().weather(Token::Weather::fine);
    }
    std::string certificate_file(std::string const& pem, std::string const& name = "receipt.pem") const
    {
        std::ofstream{directory.path() / name} << pem;
        return (directory.path() / name).string();
    }
    // A key of its own for each test: the token lives as long as the program.
    struct Made {
        std::string uri, certificate;
    };
    Made make(KeyKind kind = KeyKind::p256) const
    {
        static unsigned made = 0;
        auto const identity = pki.unit("0101300842", kind);
        auto const label = "key" + std::to_string(++made);
        return {Token::shared().import(label, identity.key_pem), certificate_file(identity.certificate_pem)};
    }
    static std::string complaint(std::string const& uri, std::string const& certificate, signing::TokenConfig const& config = {})
    {
        try {
            (void)signing::KeyPair::open(uri, certificate, config);
        } catch (std::runtime_error const& error) {
            return error.what();
        }
        return "";
    }
    static bool signs(signing::KeyPair const& key)
    {
        try {
            return !signing::sign_canonical(key, canonical, "sig-1").empty();
        } catch (signing::KeyTrouble const&) {
            return false;
        }
    }
    // Each try waits for a session, sign_timeout at most.
    static bool comes_back(signing::KeyPair const& key)
    {
        for (int i = 0; i < 100; ++i)
            if (signs(key)) return true;
        return false;
    }
};

bool have_xmlsec1() { return std::system("xmlsec1 --version >/dev/null 2>&1") == 0; }

TEST_F(TokenKeys, SignReceiptsThatOtherSoftwareVerifies)
{
    if (!have_xmlsec1()) GTEST_SKIP() << "the xmlsec1 command is not installed";
    std::ofstream{directory.path() / "root.pem"} << pki.root.certificate_pem;
    std::ofstream{directory.path() / "ca.pem"} << pki.issuing_ca.certificate_pem;
    for (auto const kind : {KeyKind::p256, KeyKind::p384, KeyKind::rsa_2048}) {
        auto const made = make(kind);
        auto const key = signing::KeyPair::open(made.uri, made.certificate, config);
        auto const at = directory.path();
        std::ofstream{at / "signed.xml"} << signing::sign_canonical(*key, canonical, "sig-1");
        auto const command = "xmlsec1 --verify --trusted-pem " + (at / "root.pem").string() + " --untrusted-pem " + (at / "ca.pem").string() +
                             " --enabled-reference-uris empty,same-doc " + (at / "signed.xml").string() + " >/dev/null 2>&1";
        EXPECT_EQ(std::system(command.c_str()), 0) << key->certificate().key;
    }
}

TEST_F(TokenKeys, AreRefusedWithACertificateOfAnotherKey)
{
    auto const made = make();
    auto const other = certificate_file(pki.unit("0101300842").certificate_pem, "other.pem");
    EXPECT_NE(complaint(made.uri, other, config).find("do not belong together"), std::string::npos);
}

TEST_F(TokenKeys, AreRefusedForAUriThatIsNotOneKeyOfOneToken)
{
    auto const made = make();
    auto const& token = Token::shared();
    EXPECT_NE(complaint("pkcs11:token=ivan;object=key1", made.certificate).find("module-path"), std::string::npos);
    EXPECT_NE(complaint("pkcs11:token=ivan?module-path=/nowhere.so", made.certificate).find("object= or id="), std::string::npos);
    EXPECT_NE(complaint("pkcs11:token=ivan;object=a?module-path=/nowhere.so", made.certificate).find("cannot be loaded"), std::string::npos);
    EXPECT_NE(complaint("pkcs11:%", made.certificate).find("cannot be read"), std::string::npos);
    EXPECT_NE(complaint(token.uri("another", "key1"), made.certificate).find("no token is there"), std::string::npos);
    EXPECT_NE(complaint(token.uri("ivan", "nobody"), made.certificate).find("is not in it"), std::string::npos);
}

TEST_F(TokenKeys, NeverSayThePin)
{
    auto const made = make();
    auto const said = complaint("pkcs11:token=ivan;object=key1?module-path=/x.so&pin-value=7531864209", made.certificate);
    EXPECT_NE(said.find("holds a PIN"), std::string::npos) << said;
    EXPECT_EQ(said.find("7531864209"), std::string::npos) << said;
    Token::shared().write_pin("99999");
    auto const refused = complaint(made.uri, made.certificate, config);
    EXPECT_FALSE(refused.empty());
    EXPECT_EQ(refused.find("99999"), std::string::npos) << refused;
}

TEST_F(TokenKeys, AreNotOpenedWithAPinFileThatEverybodyReads)
{
    auto const made = make();
    Token::shared().write_pin("7531", std::filesystem::perms::owner_read | std::filesystem::perms::others_read);
    EXPECT_NE(complaint(made.uri, made.certificate, config).find("open to everybody"), std::string::npos);
    std::filesystem::remove(Token::shared().pin_file());
    EXPECT_NE(complaint(made.uri, made.certificate, config).find("cannot be read"), std::string::npos);
}

TEST_F(TokenKeys, SayTroubleWhileTheTokenIsAwayAndSignWhenItIsBack)
{
    auto const made = make();
    config.retry_interval = 0ms;
    auto const key = signing::KeyPair::open(made.uri, made.certificate, config);
    EXPECT_TRUE(signs(*key));
    Token::shared().weather(Token::Weather::away);
    for (int i = 0; i < 5; ++i) EXPECT_FALSE(signs(*key));
    Token::shared().weather(Token::Weather::fine);
    EXPECT_TRUE(comes_back(*key));
}

TEST_F(TokenKeys, AskATokenThatIsAwayNoSoonerThanTheInterval)
{
    auto const made = make();
    config.retry_interval = 1h;
    config.sessions = 1;
    auto const key = signing::KeyPair::open(made.uri, made.certificate, config);
    Token::shared().weather(Token::Weather::away);
    EXPECT_FALSE(signs(*key));
    Token::shared().weather(Token::Weather::fine);
    auto const before = Token::shared().sessions_opened();
    for (int i = 0; i < 20; ++i) EXPECT_FALSE(signs(*key));
    EXPECT_EQ(Token::shared().sessions_opened(), before);
}

TEST_F(TokenKeys, ReplaceASessionThatWasLostWithoutAnybodyNoticing)
{
    auto const made = make();
    config.sessions = 1;
    auto const key = signing::KeyPair::open(made.uri, made.certificate, config);
    auto const before = Token::shared().sessions_opened();
    Token::shared().weather(Token::Weather::sessions_lost_once);
    EXPECT_TRUE(signs(*key));
    EXPECT_EQ(Token::shared().sessions_opened(), before + 1);
}

TEST_F(TokenKeys, DoNotTryARefusedPinAgain)
{
    auto const made = make();
    config.sessions = 1;
    config.retry_interval = 0ms;
    auto const key = signing::KeyPair::open(made.uri, made.certificate, config);
    Token::shared().write_pin("99999");
    Token::shared().weather(Token::Weather::sessions_lost_once);
    auto const before = Token::shared().log_ins();
    for (int i = 0; i < 10; ++i) EXPECT_FALSE(signs(*key));
    EXPECT_EQ(Token::shared().log_ins(), before + 1) << "a few more would lock the token";
}

TEST_F(TokenKeys, LeaveAModuleThatHangsAfterTheTimeOut)
{
    auto const made = make();
    config.sign_timeout = 100ms;
    config.waiting_max = 3;
    auto key = signing::KeyPair::open(made.uri, made.certificate, config);
    Token::shared().weather(Token::Weather::hangs);
    for (int i = 0; i < 4; ++i) EXPECT_FALSE(signs(*key)) << "two hold the sessions, two wait, none comes back";
    Token::shared().weather(Token::Weather::fine);
    EXPECT_TRUE(comes_back(*key));
}

TEST_F(TokenKeys, RefuseASignatureBeyondTheBoundOfThoseThatWait)
{
    auto const made = make();
    config.sign_timeout = 200ms;
    config.waiting_max = 1;
    config.sessions = 1;
    auto const key = signing::KeyPair::open(made.uri, made.certificate, config);
    Token::shared().weather(Token::Weather::hangs);
    std::vector<std::jthread> threads;
    for (int t = 0; t < 3; ++t)
        threads.emplace_back([&](std::stop_token const& stop) {
            while (!stop.stop_requested()) signs(*key);
        });
    bool refused = false;
    for (int i = 0; i < 200 && !refused; ++i) {
        try {
            (void)signing::sign_canonical(*key, canonical, "sig-1");
            FAIL() << "signed by a module that hangs";
        } catch (signing::KeyTrouble const& trouble) {
            refused = std::string{trouble.what()}.find("too many") != std::string::npos;
        }
    }
    EXPECT_TRUE(refused);
    threads.clear();
    Token::shared().weather(Token::Weather::fine);
    EXPECT_TRUE(comes_back(*key));
}

TEST_F(TokenKeys, SignForSeveralThreadsAtOnce)
{
    auto const made = make();
    auto const key = signing::KeyPair::open(made.uri, made.certificate, config);
    std::atomic<unsigned> good{0};
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([&] {
            for (int i = 0; i < 25; ++i)
                if (signs(*key)) ++good;
        });
    threads.clear();
    EXPECT_EQ(good, 100u);
}

TEST_F(TokenKeys, SignReceiptsAlone)
{
    auto const made = make();
    auto const key = signing::KeyPair::open(made.uri, made.certificate, config);
    EXPECT_THROW((void)signing::sign_document(*key, "<Hoso/>", {}), std::runtime_error);
}

TEST(KeyPair, IsOpenedFromAFileByPathOrByUri)
{
    support::TemporaryDirectory const directory;
    auto const identity = Pki::shared().unit("0101300842");
    auto const key = (directory.path() / "receipt.key").string();
    auto const certificate = (directory.path() / "receipt.pem").string();
    std::ofstream{key} << identity.key_pem;
    std::ofstream{certificate} << identity.certificate_pem;
    EXPECT_EQ(signing::KeyPair::open(key, certificate)->certificate().tax_code, "0101300842");
    EXPECT_EQ(signing::KeyPair::open("file:" + key, certificate)->certificate().tax_code, "0101300842");
    EXPECT_THROW((void)signing::KeyPair::open("file:/nonexistent", certificate), std::runtime_error);
}

}  // namespace
