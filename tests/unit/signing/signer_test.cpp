#include "signing/signer.hpp"

#include "tests/support/pki.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

namespace {

using signing::dev::KeyKind;
using support::Pki;

constexpr std::string_view canonical_receipt = "<PhieuTiepNhan><MaHoSo>00001.G/2025/00108</MaHoSo><Ten>Công ty &amp; Cộng sự</Ten></PhieuTiepNhan>";
constexpr std::string_view form = R"(<?xml version="1.0" encoding="UTF-8"?>
<D02-TS>
  <NoiDung><LaoDong><HoTen>Nguyễn Văn A</HoTen></LaoDong></NoiDung>
  <Cky></Cky>
</D02-TS>
)";

void write(std::filesystem::path const& file, std::string_view text)
{
    std::ofstream out{file, std::ios::binary};
    out << text;
}

bool have_xmlsec1() { return std::system("xmlsec1 --version >/dev/null 2>&1") == 0; }

// What the xmlsec1 command says, given our certificate's authorities and nothing else.
int xmlsec1_says(std::string_view signed_xml, Pki const& pki)
{
    support::TemporaryDirectory const directory;
    auto const at = directory.path();
    write(at / "signed.xml", signed_xml);
    write(at / "root.pem", pki.root.certificate_pem);
    write(at / "ca.pem", pki.issuing_ca.certificate_pem);
    auto const command = "xmlsec1 --verify --trusted-pem " + (at / "root.pem").string() + " --untrusted-pem " + (at / "ca.pem").string() +
                         " --enabled-reference-uris empty,same-doc " + (at / "signed.xml").string() + " >/dev/null 2>&1";
    return std::system(command.c_str());
}

TEST(KeyPair, RefusesAKeyAndACertificateThatDoNotBelongTogether)
{
    auto const& pki = Pki::shared();
    auto const one = pki.unit("0101300842");
    auto const other = pki.unit("0101300842");
    EXPECT_THROW((void)signing::KeyPair::from_pem(one.key_pem, other.certificate_pem), std::runtime_error);
    EXPECT_THROW((void)signing::KeyPair::from_pem("", one.certificate_pem), std::runtime_error);
    EXPECT_THROW((void)signing::KeyPair::from_pem(one.key_pem, "not a certificate"), std::runtime_error);
    EXPECT_THROW((void)signing::KeyPair::load("/nonexistent.key", "/nonexistent.pem"), std::runtime_error);
    EXPECT_EQ(signing::KeyPair::from_pem(one.key_pem, one.certificate_pem)->certificate().tax_code, "0101300842");
}

TEST(SignCanonical, MakesAReceiptThatOtherSoftwareVerifies)
{
    if (!have_xmlsec1()) GTEST_SKIP() << "the xmlsec1 command is not installed";
    auto const& pki = Pki::shared();
    for (auto const kind : {KeyKind::p256, KeyKind::rsa_2048, KeyKind::p384}) {
        auto const key = Pki::key(pki.unit("0101300842", kind));
        auto const signed_xml = signing::sign_canonical(*key, canonical_receipt, "phieu-1");
        EXPECT_EQ(xmlsec1_says(signed_xml, pki), 0) << key->certificate().key << '\n' << signed_xml;
        auto altered = signed_xml;
        altered.replace(altered.find("00001.G"), 7, "00002.G");
        EXPECT_NE(xmlsec1_says(altered, pki), 0);
    }
}

TEST(SignCanonical, LeavesTheSignedTextAsItWas)
{
    auto const key = Pki::key(Pki::shared().unit("0101300842"));
    auto const signed_xml = signing::sign_canonical(*key, canonical_receipt, "phieu-1");
    auto const begin = signed_xml.find("<Signature ");
    auto const end = signed_xml.find("</Signature>");
    ASSERT_NE(begin, std::string::npos);
    ASSERT_NE(end, std::string::npos);
    EXPECT_EQ(signed_xml.substr(0, begin) + signed_xml.substr(end + 12), canonical_receipt);
}

TEST(SignDocument, MakesFormsThatOtherSoftwareVerifies)
{
    if (!have_xmlsec1()) GTEST_SKIP() << "the xmlsec1 command is not installed";
    auto const& pki = Pki::shared();
    for (auto const kind : {KeyKind::p256, KeyKind::rsa_2048}) {
        auto const key = Pki::key(pki.unit("0101300842", kind));
        for (bool const exclusive : {false, true}) {
            signing::SignOptions options;
            options.exclusive = exclusive;
            options.key_value = true;
            options.signing_time = pki.now;
            auto const signed_xml = signing::sign_document(*key, form, options);
            EXPECT_EQ(xmlsec1_says(signed_xml, pki), 0) << signed_xml;
        }
    }
}

TEST(SignDocument, PutsTheSignatureIntoTheHolderAndMakesAMissingOne)
{
    auto const key = Pki::key(Pki::shared().unit("0101300842"));
    auto const in_place = signing::sign_document(*key, form, {});
    EXPECT_NE(in_place.find("<Cky><Signature"), std::string::npos) << in_place;
    signing::SignOptions options;
    options.holder = "CKy_Dvi";
    auto const made = signing::sign_document(*key, "<Hoso><NoiDung/></Hoso>", options);
    EXPECT_NE(made.find("<CKy_Dvi><Signature"), std::string::npos) << made;
}

TEST(SignDocument, RefusesWhatIsNotXml)
{
    auto const key = Pki::key(Pki::shared().unit("0101300842"));
    EXPECT_THROW((void)signing::sign_document(*key, "<a>", {}), std::runtime_error);
    EXPECT_THROW((void)signing::sign_document(*key, "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", {}), std::runtime_error);
}

}  // namespace
