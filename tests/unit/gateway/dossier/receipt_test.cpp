#include "gateway/dossier/receipt.hpp"
#include "gateway/runtime/net.hpp"
#include "tests/support/pki.hpp"
#include "tests/support/receipt_facts.hpp"

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <libxml/c14n.h>
#include <libxml/parser.h>

namespace {

using namespace dossier;
using namespace std::chrono_literals;
using testing::HasSubstr;

std::string const key_id(64, 'd');

ReceiptFacts facts()
{
    auto out = support::receipt_facts();
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
    auto const xml = canonical_receipt(facts(), key_id);
    EXPECT_EQ(canonicalised(xml), xml);
    ReceiptFacts const empty;
    EXPECT_EQ(canonicalised(canonical_receipt(empty, "")), canonical_receipt(empty, ""));
}

TEST(Receipt, SaysWhatACourtWouldAsk)
{
    auto const xml = canonical_receipt(facts(), key_id);
    for (auto const* part :
         {"<PhieuTiepNhan>", "<MaHoSo>00007.G/2026/00108</MaHoSo>", "<MaGiaoDich>017f22e2-79b0-7cc3-98c4-dc0c0c07398f</MaGiaoDich>",
          "<ThoiDiemTiepNhan>2026-11-21T09:05:07.123+07:00</ThoiDiemTiepNhan>", "<MaIVAN>THAISON</MaIVAN>", "<MaSoBHXH>TA0001A</MaSoBHXH>",
          "<MaSoThue>0101300842</MaSoThue>", "<CoQuanQuanLy>00108</CoQuanQuanLy>", "<MaThuTuc>600</MaThuTuc>", "<TenFile>cv.pdf</TenFile>",
          "<SoChungThu>01AB</SoChungThu>", "<ThuatToanKy>rsa-sha256</ThuatToanKy>", "<Nguon>crl:CA</Nguon>", "<PhamVi>BHXHDienTu</PhamVi>",
          "<ChungThuThuNghiem>true</ChungThuThuNghiem>", "<CanNopHoSoGiay>true</CanNopHoSoGiay>"})
        EXPECT_THAT(xml, HasSubstr(part));
    for (char const digit : {'a', 'b', 'c'}) EXPECT_THAT(xml, HasSubstr("<SHA256>" + std::string(64, digit) + "</SHA256>"));
    EXPECT_EQ(canonical_receipt(facts(), key_id), xml) << "the same facts give the same bytes";
}

TEST(Receipt, CannotBeGivenElementsByANameInside)
{
    auto hostile = facts();
    hostile.unit_name = "</TenDoiTuong><CanNopHoSoGiay>false</CanNopHoSoGiay><TenDoiTuong>]]>&#60;<!--";
    auto const xml = canonical_receipt(hostile, key_id);
    EXPECT_EQ(canonicalised(xml), xml);
    EXPECT_EQ(xml.find("<CanNopHoSoGiay>"), xml.rfind("<CanNopHoSoGiay>"));
    EXPECT_EQ(xml.find("<!--"), std::string::npos);
}

TEST(Receipt, IsSealedOverItsTextAndAnswersInJson)
{
    auto const& pki = support::Pki::shared();
    auto const key = support::Pki::key(pki.unit("0100109106"));
    auto const receipt = seal(facts(), *key);
    auto const text = canonical_receipt(facts(), key_id_of(key->certificate()));
    EXPECT_TRUE(receipt.xml.starts_with(text.substr(0, text.size() - std::string_view{"</PhieuTiepNhan>"}.size())));
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

TEST(Receipt, NamesTheKeyThatSignsIt)
{
    auto const key = support::Pki::key(support::Pki::shared().unit("0100109106"));
    auto const receipt = seal(facts(), *key);
    auto const id = key_id_of(key->certificate());
    ASSERT_EQ(id.size(), 64u);
    EXPECT_EQ(id, signing::hex(signing::sha256(key->certificate_der())));
    EXPECT_THAT(receipt.xml, HasSubstr("<MaKhoa>" + id + "</MaKhoa>"));
}

TEST(Receipt, SaysHowOldTheRevocationEvidenceWasWhenTheDossierCameIn)
{
    auto made = facts();
    made.signers[0].revocation = {"crl:CA", made.received_at - 26h, made.received_at - 2h, true};
    auto const xml = canonical_receipt(made, key_id);
    EXPECT_THAT(xml, HasSubstr("<KiemTraThuHoi><Nguon>crl:CA</Nguon><CapNhatLuc>2026-11-20T07:05:07.123+07:00</CapNhatLuc>"
                               "<CapNhatTiepTheo>2026-11-21T07:05:07.123+07:00</CapNhatTiepTheo><TuoiBangChung>93600</TuoiBangChung>"
                               "<ChoKiemTraLai>true</ChoKiemTraLai></KiemTraThuHoi>"));
    EXPECT_THAT(xml, HasSubstr("<KiemTraThuHoi><Nguon>none</Nguon><ChoKiemTraLai>false</ChoKiemTraLai></KiemTraThuHoi>"))
        << "no evidence has no age";
    EXPECT_EQ(canonicalised(xml), xml);
}

TEST(Receipt, SaysHowTheSenderWasKnown)
{
    EXPECT_THAT(canonical_receipt(facts(), key_id), HasSubstr("<XacThuc><PhuongThuc>ChuKySo</PhuongThuc></XacThuc>"));
    auto person = facts();
    person.signers.clear();
    person.one_time_password = {signing::OtpChannel::sms, "00112233445566778899aabbccddeeff", person.received_at - 40s};
    auto const xml = canonical_receipt(person, key_id);
    EXPECT_THAT(xml, HasSubstr("<XacThuc><PhuongThuc>OTP</PhuongThuc><KenhGui>SMS</KenhGui><MaYeuCau>00112233445566778899aabbccddeeff</MaYeuCau>"
                               "<ThoiDiemXacThuc>2026-11-21T09:04:27.123+07:00</ThoiDiemXacThuc></XacThuc><ChuKys></ChuKys>"));
    EXPECT_EQ(canonicalised(xml), xml);
    auto const key = support::Pki::key(support::Pki::shared().unit("0100109106"));
    EXPECT_EQ(boost::json::parse(seal(person, *key).json).at("authentication"), "otp");
    EXPECT_EQ(boost::json::parse(seal(facts(), *key).json).at("authentication"), "signature");
}

TEST(Receipt, HasTheSameBytesForTheSameFactsAndKey)
{
    // RSA's PKCS#1 v1.5 is deterministic, so here even the signature is; an ECDSA value differs each time, and the journal keeps it.
    auto const key = support::Pki::key(support::Pki::shared().unit("0100109106", signing::dev::KeyKind::rsa_2048));
    EXPECT_EQ(seal(facts(), *key).xml, seal(facts(), *key).xml);
    EXPECT_EQ(seal(facts(), *key).json, seal(facts(), *key).json);
}

}  // namespace
