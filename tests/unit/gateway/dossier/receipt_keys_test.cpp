#include "gateway/dossier/receipt_keys.hpp"

#include "signing/verifier.hpp"
#include "tests/support/pki.hpp"
#include "tests/support/token.hpp"

#include <fmt/chrono.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

namespace {

using namespace dossier;
using namespace std::chrono_literals;
using signing::dev::Identity;
using support::Pki;
using testing::HasSubstr;

constexpr auto day = 24h;

struct ReceiptKeySet : testing::Test {
    Pki const& pki = Pki::shared();
    runtime::Instant const now = pki.now;
    support::TemporaryDirectory directory;
    ReceiptKeysConfig config;

    void SetUp() override { config.directory = directory.path().string(); }

    void write(std::string const& name, std::string const& text) const { std::ofstream{directory.path() / name} << text; }
    // A key whose certificate holds between these two, written as NAME.pem and NAME.key.
    Identity add(std::string const& name, runtime::Instant from, runtime::Instant until, bool with_key = true) const
    {
        auto request = pki.request("0100109106");
        request.not_before = from;
        request.not_after = until;
        auto made = signing::dev::issue(pki.issuing_ca, request);
        write(name + ".pem", made.certificate_pem);
        if (with_key) write(name + ".key", made.key_pem);
        return made;
    }
    static std::string id_of(Identity const& identity) { return key_id_of(*signing::read_certificate(identity.certificate_pem)); }
    static std::string toml_time(runtime::Instant at) { return fmt::format("{:%FT%TZ}", std::chrono::floor<std::chrono::seconds>(at)); }
    std::string complaint() const
    {
        try {
            (void)ReceiptKeys::load(config, now);
        } catch (std::runtime_error const& error) {
            return error.what();
        }
        return "";
    }
    std::string receipt_at(ReceiptKeys const& keys, runtime::Instant at) const
    {
        ReceiptFacts facts;
        facts.dossier_id = "017f22e2-79b0-7cc3-98c4-dc0c0c07398f";
        facts.received_at = at;
        return seal(facts, keys).xml;
    }
    static std::string named_in(std::string const& xml)
    {
        auto const at = xml.find("<MaKhoa>") + 8;
        return xml.substr(at, xml.find("</MaKhoa>") - at);
    }
};

TEST_F(ReceiptKeySet, SignsWithTheKeyInForceWhenTheDossierCameIn)
{
    auto const old_key = add("2026", now - 300 * day, now + 60 * day);
    auto const new_key = add("2027", now + 30 * day, now + 400 * day);
    auto const keys = ReceiptKeys::load(config, now);
    EXPECT_EQ(named_in(receipt_at(*keys, now)), id_of(old_key));
    EXPECT_EQ(named_in(receipt_at(*keys, now + 30 * day - 1ms)), id_of(old_key));
    EXPECT_EQ(named_in(receipt_at(*keys, now + 30 * day)), id_of(new_key)) << "in an overlap the one that came last";
    EXPECT_EQ(named_in(receipt_at(*keys, now + 399 * day)), id_of(new_key));
    EXPECT_THROW((void)receipt_at(*keys, now + 400 * day), signing::KeyTrouble);
    EXPECT_EQ(keys->ends(), now + 400 * day);
    EXPECT_EQ(keys->status_of(*keys->find(id_of(old_key)), now), "current");
    EXPECT_EQ(keys->status_of(*keys->find(id_of(new_key)), now), "next");
    EXPECT_EQ(keys->status_of(*keys->find(id_of(old_key)), now + 31 * day), "past");
}

TEST_F(ReceiptKeySet, RollsOverAtAnHourOfOurOwnWithinTheCertificates)
{
    auto const old_key = add("a", now - 300 * day, now + 60 * day);
    auto const new_key = add("b", now - 1 * day, now + 400 * day);
    write("b.toml", "from = " + toml_time(now + 7 * day) + "\n");
    auto const keys = ReceiptKeys::load(config, now);
    EXPECT_EQ(named_in(receipt_at(*keys, now + 7 * day - 1ms)), id_of(old_key));
    EXPECT_EQ(named_in(receipt_at(*keys, now + 7 * day)), id_of(new_key));
}

TEST_F(ReceiptKeySet, KeepsPastCertificatesWithoutTheirKeys)
{
    auto const past = add("2024", now - 900 * day, now - 200 * day, false);
    auto const current = add("2026", now - 300 * day, now + 60 * day);
    auto const keys = ReceiptKeys::load(config, now);
    ASSERT_EQ(keys->all().size(), 2u);
    auto const* const kept = keys->find(id_of(past));
    ASSERT_NE(kept, nullptr);
    EXPECT_EQ(keys->status_of(*kept, now), "past");
    EXPECT_EQ(signing::certificate_der(kept->certificate_pem), signing::certificate_der(past.certificate_pem));
    EXPECT_EQ(named_in(receipt_at(*keys, now)), id_of(current));
}

TEST_F(ReceiptKeySet, RefusesAGapAndSaysWhere)
{
    add("a", now - 10 * day, now + 10 * day);
    add("b", now + 20 * day, now + 50 * day);
    EXPECT_THAT(complaint(), HasSubstr("no receipt key is in force from"));
    std::filesystem::remove(directory.path() / "a.key");
    EXPECT_THAT(complaint(), HasSubstr("from now to"));
    std::filesystem::remove(directory.path() / "b.key");
    EXPECT_THAT(complaint(), HasSubstr("no receipt key is in force now"));
}

TEST_F(ReceiptKeySet, RefusesDatesOutsideTheCertificateAndTwoThatBeginAtOnce)
{
    add("a", now - 10 * day, now + 10 * day);
    write("a.toml", "until = " + toml_time(now + 11 * day) + "\n");
    EXPECT_THAT(complaint(), HasSubstr("outside its certificate's validity"));
    write("a.toml", "");
    add("b", now - 10 * day, now + 20 * day);
    EXPECT_THAT(complaint(), HasSubstr("begin at one instant"));
}

TEST_F(ReceiptKeySet, NamesEveryFileItCannotUse)
{
    add("a", now - 10 * day, now + 10 * day);
    write("b.pem", "not a certificate");
    write("c.pem", pki.root.certificate_pem);
    write("c.toml", "frm = 2026-01-01\n");
    add("d", now - 9 * day, now + 10 * day);
    write("d.key", "not a key");
    add("e", now - 8 * day, now + 10 * day);
    write("e.toml", "from = 2026-01-01T00:00:00\n");
    auto const said = complaint();
    EXPECT_THAT(said, HasSubstr("b.pem"));
    EXPECT_THAT(said, HasSubstr("frm"));
    EXPECT_THAT(said, HasSubstr("d.key"));
    EXPECT_THAT(said, HasSubstr("e.toml")) << "a time without a zone is nobody's time";
    config.directory += "/nowhere";
    EXPECT_NE(complaint(), "");
}

TEST_F(ReceiptKeySet, ChangesItsStampWithTheFiles)
{
    add("a", now - 10 * day, now + 10 * day);
    auto const before = ReceiptKeys::stamp_of(config);
    EXPECT_EQ(ReceiptKeys::stamp_of(config), before);
    add("b", now - 9 * day, now + 20 * day);
    EXPECT_NE(ReceiptKeys::stamp_of(config), before);
}

TEST_F(ReceiptKeySet, IsOneKeyWhereOneIsGiven)
{
    auto const only = add("only", now - 10 * day, now + 10 * day);
    ReceiptKeysConfig one;
    one.key = "file:" + (directory.path() / "only.key").string();
    one.certificate_file = (directory.path() / "only.pem").string();
    auto const keys = ReceiptKeys::load(one, now);
    EXPECT_EQ(named_in(receipt_at(*keys, now)), id_of(only));
    EXPECT_THROW((void)ReceiptKeys::load(one, now + 11 * day), std::runtime_error) << "an expired key signs nothing";
}

TEST_F(ReceiptKeySet, ReceiptsOfAKeyThatHasLongExpiredStillVerify)
{
    auto const old_key = add("2016", now - 3650 * day, now - 2000 * day);
    auto const keys = ReceiptKeys::load(config, now - 3000 * day);
    auto const xml = receipt_at(*keys, now - 3000 * day);
    // Ten years on: the key is gone, its certificate is not.
    std::filesystem::remove(directory.path() / "2016.key");
    add("2026", now - 300 * day, now + 60 * day);
    auto const today = ReceiptKeys::load(config, now);
    auto const* const kept = today->find(named_in(xml));
    ASSERT_NE(kept, nullptr);
    EXPECT_TRUE(kept->certificate.not_before <= now - 3000 * day && now - 3000 * day <= kept->certificate.not_after);
    signing::initialise();
    auto const document = schemas::Document::parse(xml, schemas::XmlLimits{});
    ASSERT_TRUE(document);
    support::TemporaryDirectory trust;
    signing::Verifier const verifier{signing::TrustStore::load(pki.write_trust_directory(trust.path()), {}), {}};
    signing::XmlOptions options;
    options.pinned_certificate = signing::certificate_der(kept->certificate_pem);
    auto const signer = verifier.verify_xml(*document, options, now - 3000 * day);
    EXPECT_TRUE(signer.has_value()) << signing::name_of(signer.error().why) << ' ' << signer.error().detail;
    EXPECT_EQ(id_of(old_key), named_in(xml));
}

TEST_F(ReceiptKeySet, HoldsAKeyInATokenBesideOneInAFile)
{
    if (!support::Token::present()) GTEST_SKIP() << "softhsm2 is not installed";
    add("file", now - 300 * day, now + 60 * day);
    auto const made = add("token", now - 1 * day, now + 400 * day);
    auto const uri = support::Token::shared().import("roll-over", made.key_pem);
    std::filesystem::remove(directory.path() / "token.key");
    write("token.toml", "key = \"" + uri + "\"\n");
    auto const keys = ReceiptKeys::load(config, now);
    EXPECT_EQ(named_in(receipt_at(*keys, now)), id_of(made));
    support::Token::shared().weather(support::Token::Weather::away);
    EXPECT_THROW((void)receipt_at(*keys, now), signing::KeyTrouble);
    support::Token::shared().weather(support::Token::Weather::fine);
}

}  // namespace
