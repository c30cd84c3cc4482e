#include "loadtest/receipt_check.hpp"

#include "gateway/dossier/receipt.hpp"
#include "loadtest/corpus.hpp"
#include "schemas/envelope.hpp"
#include "signing/digest.hpp"
#include "tests/support/pki.hpp"

#include <gtest/gtest.h>

namespace
{

struct ReceiptCheck : testing::Test {
    support::Pki const& pki = support::Pki::shared();
    std::shared_ptr<signing::KeyPair const> key = support::Pki::key(pki.unit("0101300842"));
    std::string body, receipt;
    std::string const case_code = "00007.G/2026/00108", dossier_id = "01a20046-e227-7d49-93d7-cf361300c9a6";

    void SetUp() override
    {
        signing::initialise();
        loadtest::Corpus corpus{{}};
        body = corpus.dossier("600", {corpus.form("D02-TS", 2), corpus.form("D01-TS", 1)}, *key);
        dossier::ReceiptFacts facts;
        facts.case_code = case_code;
        facts.dossier_id = dossier_id;
        facts.unit_name = "Công ty <A & B>";
        facts.content_sha256 = signing::hex(signing::sha256(body));
        facts.content_bytes = body.size();
        auto const envelope = schemas::read_envelope(body, schemas::EnvelopeLimits{});
        ASSERT_TRUE(envelope);
        for (auto const& form : envelope->forms())
            facts.forms.push_back({form.code(), form.version(), form.file_name(),
                                   signing::hex(signing::sha256(form.bytes())), form.bytes().size()});
        receipt = dossier::seal(facts, *key).xml;
    }
    [[nodiscard]] std::string trouble(std::string const& xml, std::string const& bytes) const
    {
        return loadtest::receipt_trouble(xml, bytes, case_code, dossier_id, "");
    }
    [[nodiscard]] std::string altered(std::string const& from, std::string const& to) const
    {
        auto xml = receipt;
        auto const at = xml.find(from);
        EXPECT_NE(at, std::string::npos) << from;
        return xml.replace(at, from.size(), to);
    }
};

TEST_F(ReceiptCheck, FindsNothingWrongWithATrueReceipt) { EXPECT_EQ(trouble(receipt, body), ""); }

TEST_F(ReceiptCheck, FindsBytesThatAreNotThoseReceived)
{
    auto other = body;
    other += "\n";
    EXPECT_NE(trouble(receipt, other), "");
}

TEST_F(ReceiptCheck, FindsAnAlteredText)
{
    EXPECT_NE(trouble(altered("Công ty", "Công Ty"), body).find("not what was signed"), std::string::npos);
    EXPECT_NE(trouble(altered("00007.G", "00008.G"), body), "");
    EXPECT_NE(trouble(altered("D02-TS</MaToKhai>", "D03-TS</MaToKhai>"), body), "");
}

TEST_F(ReceiptCheck, FindsASignatureThatDoesNotHold)
{
    auto const at = receipt.find("<SignatureValue>") + 20;
    auto xml = receipt;
    xml[at] = xml[at] == 'A' ? 'B' : 'A';
    EXPECT_NE(trouble(xml, body).find("does not hold"), std::string::npos);
}

TEST_F(ReceiptCheck, FindsAReceiptOfAnotherKey)
{
    auto const other = pki.unit("0101300842");
    EXPECT_NE(loadtest::receipt_trouble(receipt, body, case_code, dossier_id, other.certificate_pem), "");
}

TEST_F(ReceiptCheck, FindsAReceiptThatNamesAnotherKeyThanTheOneThatSigned)
{
    auto facts = dossier::ReceiptFacts{};
    facts.case_code = case_code;
    facts.dossier_id = dossier_id;
    facts.content_sha256 = signing::hex(signing::sha256(body));
    auto const envelope = schemas::read_envelope(body, schemas::EnvelopeLimits{});
    ASSERT_TRUE(envelope);
    for (auto const& form : envelope->forms())
        facts.forms.push_back({form.code(), form.version(), form.file_name(), signing::hex(signing::sha256(form.bytes())), form.bytes().size()});
    auto const text = dossier::canonical_receipt(facts, std::string(64, '0'));
    EXPECT_EQ(trouble(signing::sign_canonical(*key, text, "sig-1"), body), "receipt names another key");
}

TEST_F(ReceiptCheck, BearsRubbish)
{
    for (std::string const& xml : {std::string{}, std::string{"<"}, std::string{"<MaHoSo>"}, std::string(1000, '<'),
                                   receipt.substr(0, receipt.size() / 2)})
        EXPECT_NE(trouble(xml, body), "");
}

} // namespace
