#include "gateway/dossier/receipt_reader.hpp"

#include "gateway/dossier/receipt.hpp"
#include "tests/support/pki.hpp"

#include <gtest/gtest.h>

namespace {

using namespace std::chrono_literals;

std::string a_receipt(std::optional<std::uint64_t> log_index = std::nullopt)
{
    dossier::ReceiptFacts facts;
    facts.dossier_id = "017f22e2-79b0-7cc3-98c4-dc0c0c07398f";
    facts.case_code = "00007.G/2026/00108";
    facts.provider_code = "THAISON";
    facts.received_at = std::chrono::sys_days{2026y / 11 / 21} + 2h + 5min + 7s + 123ms;
    facts.unit_name = "Công ty <!--A--> & <MaHoSo>B</MaHoSo>";
    facts.content_sha256 = std::string(64, 'a');
    facts.log_index = log_index;
    facts.forms = {{"D02-TS", "1040", "D02-TS.xml", std::string(64, 'b'), 99}};
    return dossier::seal(facts, *support::Pki::key(support::Pki::shared().unit("0100109106"))).xml;
}

std::string with(std::string text, std::string const& from, std::string const& to)
{
    auto const at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return text.replace(at, from.size(), to);
}

TEST(ReceiptReader, ReadsWhatAReceiptSaysOfItself)
{
    auto const words = dossier::read_receipt(a_receipt());
    ASSERT_TRUE(words);
    EXPECT_EQ(words->layout, "2");
    EXPECT_EQ(words->key_id.size(), 64u);
    EXPECT_EQ(words->case_code, "00007.G/2026/00108");
    EXPECT_EQ(words->dossier_id, "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
    EXPECT_EQ(words->content_sha256, std::string(64, 'a')) << "the envelope's, not a form's";
    EXPECT_EQ(words->received_at, std::chrono::sys_days{2026y / 11 / 21} + 2h + 5min + 7s + 123ms);
}

TEST(ReceiptReader, ReadsWhoFiledAndTheDossiersPlaceInTheLog)
{
    EXPECT_EQ(dossier::read_receipt(a_receipt())->provider, "THAISON");
    EXPECT_EQ(dossier::read_receipt(a_receipt())->log_index, std::nullopt);
    EXPECT_EQ(dossier::read_receipt(a_receipt(0))->log_index, 0u);
    EXPECT_EQ(dossier::read_receipt(a_receipt(123456789012))->log_index, 123456789012u);
    for (auto const* other : {"<ViTriNhatKy>", "<ViTriNhatKy>-", "<ViTriNhatKy>7 ", "<ViTriNhatKy>99999999999999999999", "<ViTriNhatKy>1</ViTriNhatKy><ViTriNhatKy>"})
        EXPECT_EQ(dossier::read_receipt(with(a_receipt(7), "<ViTriNhatKy>7", other))->log_index, std::nullopt) << other;
}

TEST(ReceiptReader, ReadsTheFirstLayoutThatNamedNoKey)
{
    auto xml = with(a_receipt(), "<PhienBan>2<", "<PhienBan>1<");
    auto const from = xml.find("<MaKhoa>");
    xml.erase(from, xml.find("</MaKhoa>") + 9 - from);
    ASSERT_TRUE(dossier::read_receipt(xml));
    EXPECT_EQ(dossier::read_receipt(xml)->key_id, "");
}

TEST(ReceiptReader, ReadsNothingThatAParserWouldReadOtherwise)
{
    auto const good = a_receipt();
    for (auto const& bad :
         {with(good, "<MaHoSo>", "<!--<MaHoSo>x</MaHoSo>--><MaHoSo>"), with(good, "00007.G", "00007<!---->.G"), "<!DOCTYPE PhieuTiepNhan>" + good,
          with(good, "00007.G", "<![CDATA[00007]]>.G"), with(good, "<PhienBan>", "<?x <MaHoSo>1</MaHoSo>?><PhienBan>"),
          with(good, "<PhienBan>", "<MaHoSo>1</MaHoSo><PhienBan>"), with(good, "00007.G", "<b>00007</b>.G"), with(good, "+07:00", ""),
          with(good, "<MaKhoa>", "<MaKhoaKhac>"), std::string{}, std::string{"<PhieuTiepNhan>"}, "<a>" + good + "</a>", good.substr(0, good.size() / 4)})
        EXPECT_FALSE(dossier::read_receipt(bad)) << bad.substr(0, 200);
}

}  // namespace
