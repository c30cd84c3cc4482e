#include "gateway/dossier/receipt.hpp"
#include "gateway/runtime/net.hpp"
#include "tests/support/pki.hpp"

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <libxml/c14n.h>
#include <libxml/parser.h>

namespace {

using namespace dossier;
using namespace std::chrono_literals;
using testing::HasSubstr;

ReceiptFacts facts()
{
    ReceiptFacts out;
    out.dossier_id = "017f22e2-79b0-7cc3-98c4-dc0c0c07398f";
    out.case_code = "00007.G/2026/00108";
    out.received_at = std::chrono::sys_days{2026y / 11 / 21} + 2h + 5min + 7s + 123ms;
    out.provider_code = "THAISON";
    out.provider_name = "Tổng công ty <Thái Sơn> & Co";
    out.unit_name = "Công ty \"A\" 'B' > C\r\nTNHH\t\x01";
    out.unit_code = "TA0001A";
    out.tax_code = "0101300842";
    out.agency = "00108";
    out.procedure = "600";
    out.procedure_name = "Báo tăng, báo giảm";
    out.period = "11/2026";
    out.content_sha256 = std::string(64, 'a');
    out.content_bytes = 12345;
    out.forms = {{"D02-TS", "1040", "D02-TS.xml", std::string(64, 'b'), 99}, {"CT-DK", "", "cv.pdf", std::string(64, 'c'), 5}};
    signing::Signer signer;
    signer.form = "D02-TS";
    signer.certificate.subject = "CN=Đơn vị,UID=MST:0101300842";
    signer.certificate.tax_code = "0101300842";
    signer.certificate.serial = "01AB";
    signer.signature_algorithm = "rsa-sha256";
    signer.digest_algorithm = "sha256";
    signer.canonicalisation = "c14n";
    signer.signing_time = out.received_at - 1min;
    signer.revocation = {"crl:CA", out.received_at - 1h, out.received_at + 1h};
    out.signers.push_back(signer);
    signer.form.clear();
    signer.test = true;
    signer.signing_time.reset();
    signer.revocation = {"none", {}, {}};
    out.signers.push_back(signer);
    out.paper_required = true;
    return out;
}

std::string canonicalised(std::string const& xml)
{
    std::unique_ptr<xmlDoc, void (*)(xmlDoc*)> const document{
        xmlReadMemory(xml.data(), static_cast<int>(xml.size()), nullptr, "UTF-8", XML_PARSE_NONET), xmlFreeDoc};
    if (!document) return "not well-formed";
    xmlChar* text = nullptr;
    auto const size = xmlC14NDocDumpMemory(document.get(), nullptr, XML_C14N_1_0, nullptr, 0, &text);
    std::string out = size < 0 ? "cannot canonicalise" : std::string{reinterpret_cast<char*>(text), static_cast<std::size_t>(size)};
    xmlFree(text);
    return out;
}

TEST(Receipt, IsWrittenInCanonicalFormWhateverTheNamesHold)
{
    auto const xml = canonical_receipt(facts());
    EXPECT_EQ(canonicalised(xml), xml);
    ReceiptFacts const empty;
    EXPECT_EQ(canonicalised(canonical_receipt(empty)), canonical_receipt(empty));
}

TEST(Receipt, SaysWhatACourtWouldAsk)
{
    auto const xml = canonical_receipt(facts());
    for (auto const* part :
         {"<PhieuTiepNhan>", "<MaHoSo>00007.G/2026/00108</MaHoSo>", "<MaGiaoDich>017f22e2-79b0-7cc3-98c4-dc0c0c07398f</MaGiaoDich>",
          "<ThoiDiemTiepNhan>2026-11-21T09:05:07.123+07:00</ThoiDiemTiepNhan>", "<MaIVAN>THAISON</MaIVAN>", "<MaSoBHXH>TA0001A</MaSoBHXH>",
          "<MaSoThue>0101300842</MaSoThue>", "<CoQuanQuanLy>00108</CoQuanQuanLy>", "<MaThuTuc>600</MaThuTuc>", "<TenFile>cv.pdf</TenFile>",
          "<SoChungThu>01AB</SoChungThu>", "<ThuatToanKy>rsa-sha256</ThuatToanKy>", "<Nguon>crl:CA</Nguon>", "<PhamVi>BHXHDienTu</PhamVi>",
          "<ChungThuThuNghiem>true</ChungThuThuNghiem>", "<CanNopHoSoGiay>true</CanNopHoSoGiay>"})
        EXPECT_THAT(xml, HasSubstr(part));
    for (char const digit : {'a', 'b', 'c'}) EXPECT_THAT(xml, HasSubstr("<SHA256>" + std::string(64, digit) + "</SHA256>"));
    EXPECT_EQ(canonical_receipt(facts()), xml) << "the same facts give the same bytes";
}

TEST(Receipt, CannotBeGivenElementsByANameInside)
{
    auto hostile = facts();
    hostile.unit_name = "</TenDoiTuong><CanNopHoSoGiay>false</CanNopHoSoGiay><TenDoiTuong>]]>&#60;<!--";
    auto const xml = canonical_receipt(hostile);
    EXPECT_EQ(canonicalised(xml), xml);
    EXPECT_EQ(xml.find("<CanNopHoSoGiay>"), xml.rfind("<CanNopHoSoGiay>"));
    EXPECT_EQ(xml.find("<!--"), std::string::npos);
}

TEST(Receipt, IsSealedOverItsTextAndAnswersInJson)
{
    auto const& pki = support::Pki::shared();
    auto const key = support::Pki::key(pki.unit("0100109106"));
    auto const receipt = seal(facts(), *key);
    EXPECT_TRUE(receipt.xml.starts_with(canonical_receipt(facts()).substr(0, 500)));
    EXPECT_THAT(receipt.xml, HasSubstr("<SignatureValue>"));
    auto const json = boost::json::parse(receipt.json).as_object();
    EXPECT_EQ(json.at("case_code"), "00007.G/2026/00108");
    EXPECT_EQ(json.at("received_at"), "2026-11-21T09:05:07.123+07:00");
    EXPECT_EQ(json.at("receipt_url"), "/v1/dossiers/017f22e2-79b0-7cc3-98c4-dc0c0c07398f/receipt");
    EXPECT_EQ(json.at("forms").as_array().size(), 2u);
    EXPECT_EQ(json.at("forms").as_array()[0].at("code"), "D02-TS");
    EXPECT_TRUE(json.at("paper_required").as_bool());
    EXPECT_TRUE(json.at("log").is_null());
    for (auto const* name : {"dossier_id", "content_sha256", "agency", "procedure", "unit_code", "tax_code"}) EXPECT_TRUE(json.contains(name)) << name;
}

}  // namespace
