#include "gateway/dossier/tree_head.hpp"

#include "tests/support/pki.hpp"

#include <gtest/gtest.h>

#include <fstream>

namespace {

using namespace dossier;
using namespace std::chrono_literals;
using support::Pki;

struct SignedTexts : testing::Test {
    Pki const& pki = Pki::shared();
    signing::dev::Identity const identity = pki.unit("0100109106");
    std::shared_ptr<signing::KeyPair const> const pair = Pki::key(identity);
    std::string const key_id = key_id_of(*signing::read_certificate(identity.certificate_pem));
    support::TemporaryDirectory directory;
    std::shared_ptr<ReceiptKeys const> keys;

    void SetUp() override
    {
        std::ofstream{directory.path() / "one.pem"} << identity.certificate_pem;
        std::ofstream{directory.path() / "one.key"} << identity.key_pem;
        ReceiptKeysConfig config;
        config.directory = directory.path().string();
        keys = ReceiptKeys::load(config, pki.now);
    }
    [[nodiscard]] ledger::Statement statement(runtime::Instant at) const
    {
        ledger::Statement made;
        made.log = "ivan-hub";
        made.provider = "THAISON";
        made.day = runtime::vietnam_day(at);
        made.root = ledger::empty_root();
        made.at = std::chrono::floor<std::chrono::milliseconds>(at);
        return made;
    }
};

TEST_F(SignedTexts, AStatementSaysTheSameUnderTheKeyInForceAndUnderThatKeyByItself)
{
    auto by_set = statement(pki.now), by_key = statement(pki.now);
    auto const one = sign_statement(by_set, *keys), other = sign_statement(by_key, *pair);
    EXPECT_EQ(one.text, other.text);
    EXPECT_EQ(by_set, by_key);
    EXPECT_EQ(one.key_id, key_id);
    EXPECT_EQ(other.key_id, key_id);
    auto const read = ledger::read_statement(other.text);
    ASSERT_TRUE(read.has_value()) << read.error().detail;
    EXPECT_EQ(signing::hex(read->key_id), key_id) << "the key is named in the text that it signs";
    for (auto const& made : {one, other}) {
        EXPECT_TRUE(signing::verify_text(identity.certificate_pem, made.text, made.signature));
        EXPECT_FALSE(signing::verify_text(identity.certificate_pem, made.text + " ", made.signature));
    }
}

TEST_F(SignedTexts, AKeyOutOfForceSignsOnlyWhereItIsGivenByItself)
{
    auto const late = keys->ends() + 24h;
    auto made = statement(late);
    EXPECT_THROW((void)sign_statement(made, *keys), signing::KeyTrouble);
    auto const signed_text = sign_statement(made, *pair);
    EXPECT_TRUE(signing::verify_text(identity.certificate_pem, signed_text.text, signed_text.signature));
}

TEST_F(SignedTexts, AHeadNamesTheKeyThatSignsIt)
{
    auto const made = sign_head({"ivan-hub", 0, ledger::empty_root(), std::chrono::floor<std::chrono::milliseconds>(pki.now), {}}, *keys);
    EXPECT_EQ(made.key_id, key_id);
    auto const read = ledger::read_head(made.text);
    ASSERT_TRUE(read.has_value()) << read.error().detail;
    EXPECT_EQ(signing::hex(read->key_id), key_id);
    EXPECT_TRUE(signing::verify_text(identity.certificate_pem, made.text, made.signature));
}

TEST_F(SignedTexts, WhatCannotBeWrittenIsNotSigned)
{
    auto made = statement(pki.now);
    made.from = 2;  // beyond the size
    EXPECT_THROW((void)sign_statement(made, *pair), std::runtime_error);
}

}  // namespace
