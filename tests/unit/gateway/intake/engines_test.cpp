// Two engines, one verdict: what the sweep accepts, the tree accepts, with the same account of the dossier; and the sweep
// takes what vendors write.

#include "gateway/intake/examine.hpp"

#include "loadtest/bad_cases.hpp"
#include "signing/account.hpp"
#include "tests/support/odd_dossiers.hpp"
#include "tests/support/personal.hpp"
#include "tests/support/submitting.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <memory>
#include <optional>
#include <string>

namespace {

using intake::Engine;
using intake::examine;
using intake::Lane;
using intake::StageTimer;
using support::Office;

struct Engines {
    intake::Criteria sweep = *Office::shared().criteria();
    intake::Criteria tree = *Office::shared().criteria();
    providers::Admitted sender = support::admitted_provider({"00040"});
    loadtest::Corpus corpus{Office::shared().corpus_config(11)};

    Engines()
    {
        sweep.engine = Engine::sweep;
        tree.engine = Engine::tree;
    }
    fault::Result<intake::Examined> look(intake::Criteria const& criteria, std::string body, Lane lane = Lane::dossiers) const
    {
        return examine(criteria, sender, lane, std::move(body), Office::shared().pki.now, StageTimer{nullptr});
    }
    // With a code that was drawn for these very bytes.
    fault::Result<intake::Examined> look_personal(intake::Criteria const& criteria, std::string const& body) const
    {
        auto const now = Office::shared().pki.now;
        auto read = intake::read_personal(criteria, std::make_shared<std::string const>(body), now, StageTimer{nullptr});
        if (!read) return read.error();
        return examine_personal(criteria, sender, Lane::dossiers, std::move(*read), support::proof_for(support::individual, body, now), now, StageTimer{nullptr});
    }
    // Asks both; says who accepted it.
    std::optional<Engine> agree(std::string const& body, std::string const& what) const
    {
        return same(look(sweep, body), look(tree, body), body, what);
    }
    std::optional<Engine> agree_personal(std::string const& body, std::string const& what) const
    {
        return same(look_personal(sweep, body), look_personal(tree, body), body, what);
    }
    static std::optional<Engine> same(fault::Result<intake::Examined> const& one, fault::Result<intake::Examined> const& other, std::string const& body,
                                      std::string const& what)
    {
        EXPECT_EQ(one.has_value(), other.has_value()) << what << "\n" << body;
        if (one.has_value() != other.has_value()) return std::nullopt;
        if (!one) {
            EXPECT_EQ(one.error().code, other.error().code) << what;
            EXPECT_EQ(one.error().findings.size(), other.error().findings.size()) << what;
            return std::nullopt;
        }
        EXPECT_EQ(signing::account_of(one->verified, one->valid), signing::account_of(other->verified, other->valid)) << what << "\n" << body;
        return one->engine;
    }
};

// How a load test repeats a dossier with bytes of its own (loadtest/source.hpp).
TEST(Engines, BothTakeBlanksBehindTheRootElement)
{
    Engines engines;
    auto const body = engines.corpus.dossier("600", {engines.corpus.form("D02-TS", 2)}, *Office::shared().unit_key);
    for (auto const* blanks : {"\n", "\n\t", "\n \t \t\t"}) EXPECT_EQ(engines.agree(body + blanks, blanks), Engine::sweep);
}

TEST(Engines, TheSweepTakesEveryFormWePublishAndSaysWhatTheTreeSays)
{
    Engines engines;
    for (auto const& code : loadtest::Corpus::form_codes())
        for (unsigned const people : {1u, 2u, 40u}) {
            auto const body = engines.corpus.dossier(loadtest::Corpus::procedure_for(code), {engines.corpus.form(code, people)}, *Office::shared().unit_key);
            EXPECT_EQ(engines.agree(body, code), Engine::sweep) << code << " with " << people;
        }
}

TEST(Engines, TheSweepTakesSeveralFormsAnAttachmentAndLargeOnes)
{
    Engines engines;
    auto& corpus = engines.corpus;
    EXPECT_EQ(engines.agree(corpus.dossier("600", {corpus.form("D02-TS", 3), corpus.form("TK1-TS", 3), corpus.attachment()}, *Office::shared().unit_key), "three"),
              Engine::sweep);
    EXPECT_EQ(engines.agree(corpus.dossier("600", {corpus.form("D02-TS", 3000)}, *Office::shared().unit_key), "large"), Engine::sweep);
}

TEST(Engines, TheSweepTakesEveryWayOfSigningThatVendorsUse)
{
    Engines engines;
    auto const& pki = Office::shared().pki;
    auto const key = support::Pki::key(pki.unit("0101300842", support::Pki::KeyKind::rsa_2048));  // as units' certificates are
    auto const sign = [&](auto const& set) {
        signing::SignOptions options;
        set(options);
        return engines.corpus.dossier("600", {engines.corpus.form("D02-TS", 2)}, *key, options);
    };
    EXPECT_EQ(engines.agree(sign([](auto& o) { o.exclusive = true; }), "exclusive"), Engine::sweep);
    EXPECT_EQ(engines.agree(sign([](auto& o) { o.digest = "sha384"; }), "SHA-384"), Engine::sweep);
    EXPECT_EQ(engines.agree(sign([](auto& o) { o.digest = "sha512"; }), "SHA-512"), Engine::sweep);
    EXPECT_EQ(engines.agree(sign([](auto& o) { o.signing_time = Office::shared().pki.now; }), "signing time"), Engine::sweep);
    EXPECT_EQ(engines.agree(sign([](auto& o) { o.key_value = true; }), "key value"), Engine::sweep);
    EXPECT_EQ(engines.agree(sign([](auto& o) { o.signature_id.clear(); }), "no id"), Engine::sweep);
    EXPECT_EQ(engines.agree(sign([](auto& o) { o.more_certificates_pem = {Office::shared().pki.issuing_ca.certificate_pem}; }), "intermediate"), Engine::sweep);
}

TEST(Engines, TheSweepTakesWhatPersonsFileWithAOneTimePassword)
{
    Engines engines;
    loadtest::Corpus corpus{support::individual_config(Office::shared().corpus_config(11))};
    EXPECT_EQ(engines.agree_personal(corpus.unsigned_envelope("607", {corpus.form("TK1-TS", 1)}), "one form"), Engine::sweep);
    EXPECT_EQ(engines.agree_personal(corpus.unsigned_envelope("607", {corpus.form("TK1-TS", 1), corpus.attachment()}), "an attachment"), Engine::sweep);

    auto const with = [&](std::string const& from, std::string const& to) {
        auto form = corpus.form("TK1-TS", 1);
        form.xml_or_bytes.replace(form.xml_or_bytes.find(from), from.size(), to);
        return corpus.unsigned_envelope("607", {form});
    };
    // The tree's to judge, whatever it says.
    EXPECT_NE(engines.agree_personal(with("</NoiDung>", "</NoiDung><!-- by hand -->"), "a comment"), Engine::sweep);
    EXPECT_NE(engines.agree_personal(with("<NoiDung", "<NoiDung xmlns:a=\"urn:a\""), "a namespace"), Engine::sweep);
    auto const forms = std::vector{loadtest::Corpus::signed_form(corpus.form("TK1-TS", 1), *Office::shared().unit_key, {})};
    EXPECT_NE(engines.agree_personal(corpus.unsigned_envelope("607", forms), "a signature"), Engine::sweep);
    // Refused alike.
    EXPECT_EQ(engines.agree_personal(corpus.unsigned_envelope("600", {corpus.form("D02-TS", 1)}), "an employer's procedure"), std::nullopt);
    EXPECT_EQ(engines.agree_personal(engines.corpus.unsigned_envelope("607", {engines.corpus.form("TK1-TS", 1)}), "an organisation"), std::nullopt);
    EXPECT_EQ(engines.agree_personal(with("</NoiDung>", "<Khac/></NoiDung>"), "an unknown element"), std::nullopt);
}

TEST(Engines, NoOddDossierOfAPersonTellsThemApart)
{
    Engines engines;
    loadtest::Corpus corpus{support::individual_config(Office::shared().corpus_config(11))};
    support::OddDossiers odd{corpus, *Office::shared().unit_key};
    std::size_t swept = 0, read_as_trees = 0, refused = 0;
    for (std::uint64_t seed = 0; seed < 3000 && !::testing::Test::HasFailure(); ++seed) {
        support::Choices choices{seed};
        auto const engine = engines.agree_personal(odd.make_unsigned(choices), "seed " + std::to_string(seed));
        ++(engine == Engine::sweep ? swept : engine == Engine::tree ? read_as_trees : refused);
    }
    EXPECT_GT(swept, 100u);
    EXPECT_GT(read_as_trees, 5u);
    EXPECT_GT(refused, 300u);
    std::printf("swept %zu, left to the tree and accepted %zu, refused %zu\n", swept, read_as_trees, refused);
}

// A bound of swept trees: beyond it the tree's way refuses, so the sweep must not accept.
TEST(Engines, ManyNamespacesAndLongBlanksAreLeftToTheTree)
{
    Engines engines;
    auto const with = [&](std::string const& from, std::string const& to) {
        auto form = engines.corpus.form("D02-TS", 400);
        for (auto at = form.xml_or_bytes.find(from); at != std::string::npos; at = form.xml_or_bytes.find(from, at + to.size()))
            form.xml_or_bytes.replace(at, from.size(), to);
        return engines.corpus.dossier("600", {form}, *Office::shared().unit_key);
    };
    EXPECT_NE(engines.agree(with("<LaoDong>", "<LaoDong xmlns:a=\"urn:a\">"), "a namespace in each row"), Engine::sweep);
    EXPECT_NE(engines.agree(with("<NoiDung>", "<NoiDung>" + std::string(2u << 20, ' ')), "two megabytes of blanks"), Engine::sweep);
}

TEST(Engines, WhatIsBadIsRefusedAlikeByBoth)
{
    Engines engines;
    loadtest::BadCaseKeys keys;
    keys.good = Office::shared().unit_key;
    keys.unknown_ca = Office::shared().stranger_key;
    auto const cases = loadtest::bad_cases(engines.corpus, keys);
    ASSERT_GT(cases.size(), 20u);
    for (auto const& bad : cases) static_cast<void>(engines.agree(bad.bytes, bad.name));
}

TEST(Engines, NoOddDossierTellsThemApart)
{
    Engines engines;
    support::OddDossiers odd{engines.corpus, *Office::shared().unit_key};
    std::size_t swept = 0, read_as_trees = 0, refused = 0;
    for (std::uint64_t seed = 0; seed < 3000 && !::testing::Test::HasFailure(); ++seed) {
        support::Choices choices{seed};
        auto const body = odd.make(choices);
        if (!body) continue;
        auto const engine = engines.agree(*body, "seed " + std::to_string(seed));
        ++(engine == Engine::sweep ? swept : engine == Engine::tree ? read_as_trees : refused);
    }
    // Each kind must be there, or nothing was compared.
    EXPECT_GT(swept, 300u);
    EXPECT_GT(read_as_trees, 50u);
    EXPECT_GT(refused, 300u);
    RecordProperty("swept", static_cast<int>(swept));
    std::printf("swept %zu, left to the tree and accepted %zu, refused %zu\n", swept, read_as_trees, refused);
}

}  // namespace
