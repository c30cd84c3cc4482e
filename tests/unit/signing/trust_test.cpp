#include "signing/trust.hpp"

#include "tests/support/pki.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <thread>

namespace {

using namespace std::chrono_literals;
using signing::Refusal;
using support::Pki;

std::string der(signing::dev::Identity const& identity) { return Pki::key(identity)->certificate_der(); }

void write(std::filesystem::path const& file, std::string_view text)
{
    std::filesystem::create_directories(file.parent_path());
    std::ofstream out{file, std::ios::binary};
    out << text;
}

std::string read(std::filesystem::path const& file)
{
    std::ifstream in{file, std::ios::binary};
    return {std::istreambuf_iterator<char>{in}, {}};
}

class TrustTest : public ::testing::Test {
protected:
    [[nodiscard]] std::shared_ptr<signing::TrustStore const> load(signing::dev::TrustOptions const& options = {})
    {
        return signing::TrustStore::load(pki.write_trust_directory(directory.path(), options), policy);
    }
    Pki const& pki = Pki::shared();
    support::TemporaryDirectory directory;
    signing::Policy policy;
};

TEST_F(TrustTest, CountsWhatItLoaded)
{
    auto const revoked = pki.unit("0101300842");
    signing::dev::TrustOptions options;
    options.revoked = {{revoked.certificate_pem, pki.now}};
    auto const counts = load(options)->counts();
    EXPECT_EQ(counts.anchors, 2u);
    EXPECT_EQ(counts.intermediates, 2u);
    EXPECT_EQ(counts.crls, 4u);
    EXPECT_EQ(counts.revoked, 1u);
}

TEST_F(TrustTest, RemembersAVerdictOnlyForTheTimesItHoldsFor)
{
    auto const trust = load();
    auto request = pki.request("0101300842");
    request.not_after = pki.now + 2h;
    auto const certificate = der(issue(pki.issuing_ca, request));
    ASSERT_TRUE(trust->chain(certificate, pki.now).has_value());
    ASSERT_TRUE(trust->chain(certificate, pki.now + 1h).has_value());
    EXPECT_EQ(trust->counts().hits, 1u);
    auto const expired = trust->chain(certificate, pki.now + 3h);
    ASSERT_FALSE(expired.has_value());
    EXPECT_EQ(expired.error().why, Refusal::certificate_expired);
    auto const early = trust->chain(certificate, pki.now - 48h);
    ASSERT_FALSE(early.has_value());
    EXPECT_EQ(early.error().why, Refusal::certificate_not_yet_valid);
    EXPECT_TRUE(trust->chain(certificate, pki.now).has_value());
}

TEST_F(TrustTest, ForgetsABadVerdictWhenTheCertificateBeginsToHold)
{
    auto const trust = load();
    auto request = pki.request("0101300842");
    request.not_before = pki.now + 60s;
    auto const certificate = der(issue(pki.issuing_ca, request));
    EXPECT_EQ(trust->chain(certificate, pki.now).error().why, Refusal::certificate_not_yet_valid);
    EXPECT_EQ(trust->chain(certificate, pki.now + 59s).error().why, Refusal::certificate_not_yet_valid);
    EXPECT_EQ(trust->counts().hits, 1u);
    EXPECT_TRUE(trust->chain(certificate, pki.now + 60s).has_value());
}

TEST_F(TrustTest, BoundsTheCacheOfGoodAndBadApart)
{
    policy.verdicts_max = 32;  // two of each shard; bad ones: one
    auto const trust = load();
    auto const known = der(pki.unit("0101300842"));
    ASSERT_TRUE(trust->chain(known, pki.now).has_value());
    for (int i = 0; i < 500; ++i) EXPECT_FALSE(trust->chain("garbage " + std::to_string(i), pki.now).has_value());
    EXPECT_LE(trust->counts().cached, 17u);
    auto const before = trust->counts().hits;
    EXPECT_TRUE(trust->chain(known, pki.now).has_value());
    EXPECT_EQ(trust->counts().hits, before + 1);
}

TEST_F(TrustTest, RefusesWithoutAFreshCrlUnlessThePolicySaysOtherwise)
{
    signing::dev::TrustOptions options;
    options.next_update = pki.now + 1h;
    auto const certificate = der(pki.unit("0101300842"));
    auto const trust = load(options);
    auto const fresh = trust->chain(certificate, pki.now);
    ASSERT_TRUE(fresh.has_value());
    EXPECT_EQ((*fresh)->revocation.next_update, pki.now + 1h);
    EXPECT_EQ((*fresh)->valid_until, pki.now + 1h);
    auto const stale = trust->chain(certificate, pki.now + 2h);
    ASSERT_FALSE(stale.has_value());
    EXPECT_EQ(stale.error().why, Refusal::revocation_unknown);

    policy.require_crl = false;
    auto const lenient = load(options)->chain(certificate, pki.now + 2h);
    ASSERT_TRUE(lenient.has_value());
    EXPECT_EQ((*lenient)->revocation.source, "none");
}

TEST_F(TrustTest, AStaleCrlStillKnowsWhatWasRevoked)
{
    auto const unit = pki.unit("0101300842");
    signing::dev::TrustOptions options;
    options.next_update = pki.now - 10min;
    options.revoked = {{unit.certificate_pem, pki.now - 20min}};
    policy.require_crl = false;
    auto const verdict = load(options)->chain(der(unit), pki.now);
    ASSERT_FALSE(verdict.has_value());
    EXPECT_EQ(verdict.error().why, Refusal::certificate_revoked);
}

TEST_F(TrustTest, RefusesEverythingUnderARevokedAuthority)
{
    auto const unit = der(pki.unit("0101300842"));
    pki.write_trust_directory(directory.path());
    write(directory.path() / "crls/root.pem",
          make_crl(pki.root, {{pki.issuing_ca.certificate_pem, pki.now - 1h}}, pki.now - 1h, pki.now + 24h, 2));
    auto const verdict = signing::TrustStore::load(directory.path(), policy)->chain(unit, pki.now);
    ASSERT_FALSE(verdict.has_value());
    EXPECT_EQ(verdict.error().why, Refusal::chain_broken);
}

TEST_F(TrustTest, DoesNotBelieveACrlThatItsIssuerDidNotSign)
{
    pki.write_trust_directory(directory.path());
    auto const file = directory.path() / "crls/issuing-ca.pem";

    // An impostor of the same name.
    auto request = pki.request("");
    request.common_name = "Development Issuing CA (made up)";
    request.organisation = "I-VAN Hub development, made up";
    request.use = Pki::Request::Use::issuing_ca;
    auto const impostor = issue(pki.unknown_root, request);
    write(file, make_crl(impostor, {}, pki.now - 1h, pki.now + 24h, 9));
    try {
        (void)signing::TrustStore::load(directory.path(), policy);
        FAIL() << "a CRL with a wrong signature was believed";
    } catch (std::runtime_error const& error) {
        EXPECT_NE(std::string{error.what()}.find("issuing-ca.pem"), std::string::npos) << error.what();
        EXPECT_NE(std::string{error.what()}.find("signature"), std::string::npos) << error.what();
    }
    write(file, make_crl(pki.unknown_root, {}, pki.now - 1h, pki.now + 24h, 9));
    EXPECT_THROW((void)signing::TrustStore::load(directory.path(), policy), std::runtime_error);
    write(file, "garbage");
    EXPECT_THROW((void)signing::TrustStore::load(directory.path(), policy), std::runtime_error);
}

TEST_F(TrustTest, NamesEveryUnusableFileAtOnce)
{
    pki.write_trust_directory(directory.path());
    write(directory.path() / "anchors/production/broken.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    write(directory.path() / "intermediates/leaf.pem", pki.unit("0101300842").certificate_pem);
    write(directory.path() / "anchors/test/test.toml", "accepted_until = 'soon'\n");
    try {
        (void)signing::TrustStore::load(directory.path(), policy);
        FAIL() << "a broken trust directory was loaded";
    } catch (std::runtime_error const& error) {
        for (auto const* name : {"broken.pem", "leaf.pem", "test.toml"}) {
            EXPECT_NE(std::string{error.what()}.find(name), std::string::npos) << error.what();
        }
    }
    support::TemporaryDirectory const empty;
    EXPECT_THROW((void)signing::TrustStore::load(empty.path(), policy), std::runtime_error);
}

TEST_F(TrustTest, NeverAsksTheSystemsAuthorities)
{
    // OpenSSL's default file points to the unknown root; the chain must stay untrusted all the same.
    write(directory.path() / "system.pem", pki.unknown_root.certificate_pem);
    ::setenv("SSL_CERT_FILE", (directory.path() / "system.pem").c_str(), 1);
    auto const verdict = load()->chain(der(issue(pki.unknown_root, pki.request("0101300842"))), pki.now);
    ::unsetenv("SSL_CERT_FILE");
    ASSERT_FALSE(verdict.has_value());
    EXPECT_EQ(verdict.error().why, Refusal::chain_untrusted);
}

TEST_F(TrustTest, BuildsAPathThroughACertificateOfTheSenderButTrustsItNoFurther)
{
    pki.write_trust_directory(directory.path());
    std::filesystem::remove(directory.path() / "intermediates/issuing-ca.pem");
    std::filesystem::remove(directory.path() / "crls/issuing-ca.pem");
    policy.require_crl = false;
    auto const trust = signing::TrustStore::load(directory.path(), policy);
    auto const unit = der(pki.unit("0101300842"));
    EXPECT_EQ(trust->chain(unit, pki.now).error().why, Refusal::chain_untrusted);
    EXPECT_TRUE(trust->chain(unit, pki.now, {der(pki.issuing_ca)}).has_value());
    auto const stranger = der(issue(pki.unknown_root, pki.request("0101300842")));
    EXPECT_EQ(trust->chain(stranger, pki.now, {der(pki.unknown_root)}).error().why, Refusal::chain_untrusted);
}

TEST_F(TrustTest, RefusesAnIssuerThatIsNoAuthority)
{
    policy.require_crl = false;
    auto const unit = pki.unit("0101300842");
    auto const below = issue(unit, pki.request("0101300842"));
    auto const verdict = load()->chain(der(below), pki.now, {der(unit)});
    ASSERT_FALSE(verdict.has_value());
    EXPECT_TRUE(verdict.error().why == Refusal::chain_broken || verdict.error().why == Refusal::chain_untrusted) << verdict.error().detail;
}

TEST_F(TrustTest, RefusesATamperedCertificate)
{
    auto bytes = der(pki.unit("0101300842"));
    auto const trust = load();
    auto const at = bytes.find("MST:0101300842");
    ASSERT_NE(at, std::string::npos);
    bytes[at + 4] = '9';
    auto const verdict = trust->chain(bytes, pki.now);
    ASSERT_FALSE(verdict.has_value());
    EXPECT_EQ(verdict.error().why, Refusal::chain_untrusted) << verdict.error().detail;
    EXPECT_EQ(trust->chain(der(pki.unit("0101300842")) + "x", pki.now).error().why, Refusal::certificate_malformed);
    EXPECT_EQ(trust->chain("", pki.now).error().why, Refusal::certificate_malformed);
}

TEST_F(TrustTest, AnswersManyThreadsAtOnce)
{
    auto const trust = load();
    std::vector<std::string> units;
    for (int i = 0; i < 8; ++i) units.push_back(der(pki.unit("0101300842")));
    std::vector<int> wrong(4, 0);
    std::vector<std::thread> threads;
    for (std::size_t t = 0; t < wrong.size(); ++t) {
        threads.emplace_back([&, t] {
            for (std::size_t i = 0; i < 200; ++i) {
                wrong[t] += !trust->chain(units[(i + t) % units.size()], pki.now).has_value();
                wrong[t] += trust->chain("garbage " + std::to_string(i % 7), pki.now).has_value();
            }
        });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(wrong, std::vector<int>(4, 0));
    EXPECT_GT(trust->counts().hits, 1000u);
}

TEST(Pki, WritesTheWholeTreeAndKeepsKeysPrivate)
{
    support::TemporaryDirectory const directory;
    signing::dev::PkiOptions options;
    options.providers = {"vnpt"};
    auto const files = signing::dev::write_pki(directory.path(), options);
    for (auto const* name : {"tls/server.pem", "tls/vnpt.key", "receipt/receipt.pem", "units/unit.pem", "units/revoked.key", "ca/issuing-ca.key"}) {
        EXPECT_TRUE(std::ranges::find(files, std::filesystem::path{name}) != files.end()) << name;
    }
    EXPECT_EQ(std::filesystem::status(directory.path() / "units/unit.key").permissions() & std::filesystem::perms::all,
              std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    auto const trust = signing::TrustStore::load(directory.path() / "trust", {});
    auto const verdict = [&](std::string const& name) {
        auto const bytes = signing::certificate_der(read(directory.path() / "units" / (name + ".pem"))).value();
        auto const chained = trust->chain(bytes, options.now);
        return chained ? std::string{"accepted"} : std::string{name_of(chained.error().why)};
    };
    EXPECT_EQ(verdict("unit"), "accepted");
    EXPECT_EQ(verdict("unit-ec"), "accepted");
    EXPECT_EQ(verdict("test-unit"), "accepted");
    EXPECT_EQ(verdict("expired"), "certificate_expired");
    EXPECT_EQ(verdict("not-yet-valid"), "certificate_not_yet_valid");
    EXPECT_EQ(verdict("revoked"), "certificate_revoked");
    EXPECT_EQ(verdict("unknown-ca"), "chain_untrusted");
    EXPECT_EQ(verdict("weak-rsa"), "key_too_small");
    EXPECT_EQ(verdict("wrong-usage"), "certificate_usage");
}

}  // namespace
