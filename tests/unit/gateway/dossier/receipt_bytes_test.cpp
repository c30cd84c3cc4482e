// A receipt stands for ten years and is the same bytes on every repeat, so how it is written may change and what is written
// may not: these bytes are stored beside the test.

#include "gateway/dossier/case_code.hpp"
#include "gateway/dossier/receipt.hpp"
#include "gateway/dossier/time.hpp"
#include "schemas/base64.hpp"
#include "signing/digest.hpp"
#include "tests/support/pki.hpp"
#include "tests/support/receipt_facts.hpp"

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace dossier;
using namespace std::chrono_literals;

// Every character of ASCII, and some beyond.
std::string every_character()
{
    std::string text;
    for (int c = 0; c < 0x80; ++c) text += static_cast<char>(c);
    return text + "Đơn vị \u2028 \U0001F600";
}

signing::Signer signer(std::string form, runtime::Instant at)
{
    signing::Signer made;
    made.form = std::move(form);
    made.certificate.subject = "CN=Công ty \"A\" & B <C>,UID=MST:0101300842";
    made.certificate.issuer = "CN=CA,O=Tổ chức,C=VN";
    made.certificate.tax_code = "0101300842";
    made.certificate.serial = "01ABCDEF";
    made.certificate.fingerprint = signing::sha256("a certificate");
    made.certificate.not_before = at - 24h * 365;
    made.certificate.not_after = at + 24h * 365 + 999us;
    made.certificate.key = "RSA-2048";
    made.signature_algorithm = "rsa-sha256";
    made.digest_algorithm = "sha256";
    made.canonicalisation = "c14n";
    made.signing_time = at - 1min;
    made.revocation = {"crl:CA", at - 1h, at + 1h, false};
    return made;
}

ReceiptFacts facts()
{
    auto out = support::receipt_facts();
    out.unit_name = every_character();
    out.forms[1].file_name = every_character();
    out.forms[1].bytes = 18'446'744'073'709'551'615u;
    out.signers.push_back(signer("D02-TS", out.received_at));
    out.signers.push_back(signer("", out.received_at));
    auto& last = out.signers.back();
    last.test = true;
    last.signing_time.reset();
    last.revocation = {"none", {}, {}, true};
    out.signers.push_back(signer("TK1-TS", out.received_at));
    out.signers.back().revocation = {"ocsp:R", out.received_at + 3s, {}, false};
    return out;
}

ReceiptFacts person()
{
    auto out = facts();
    out.tax_code = "001085012345";
    out.signers.clear();
    out.forms.clear();
    out.paper_required = false;
    out.one_time_password = {signing::OtpChannel::email, "00112233445566778899aabbccddeeff", out.received_at - 40s};
    return out;
}

void replace(std::string& text, std::string_view old, std::string_view by)
{
    auto const at = text.find(old);
    ASSERT_NE(at, std::string::npos) << old;
    text.replace(at, old.size(), by);
}

// What differs from key to key and from signature to signature is cut out.
std::string without_key(std::string xml, ReceiptFacts const& one, signing::KeyPair const& key)
{
    auto const id = key_id_of(key.certificate());
    auto const digest = signing::sha256(canonical_receipt(one, id));
    replace(xml, schemas::base64_encode({reinterpret_cast<char const*>(digest.data()), digest.size()}), "DIGEST");
    replace(xml, id, "KEY");
    replace(xml, schemas::base64_encode(key.certificate_der()), "CERTIFICATE");
    std::string_view const tag = "<SignatureValue>";
    auto const begin = xml.find(tag) + tag.size();
    return xml.replace(begin, xml.find("</SignatureValue>") - begin, "VALUE");
}

std::string everything()
{
    std::string all;
    auto const line = [&](std::string_view name, std::string const& text) { all.append("== ").append(name).append("\n").append(text).append("\n"); };
    using Kind = signing::dev::KeyKind;
    for (auto const& [name, one] : {std::pair{"unit", facts()}, std::pair{"person", person()}, std::pair{"nothing", ReceiptFacts{}}}) {
        line(std::string{name} + ", text", canonical_receipt(one, std::string(64, 'd')));
        line(std::string{name} + ", forms", forms_json(one));
        for (auto const kind : {Kind::p256, Kind::rsa_2048}) {
            auto const key = support::Pki::key(support::Pki::shared().unit("0100109106", kind));
            auto const receipt = seal(one, *key);
            line(std::string{name} + (kind == Kind::p256 ? ", EC" : ", RSA"), without_key(receipt.xml, one, *key));
            line(std::string{name} + ", answer", receipt.json);
        }
    }
    CaseCodeTemplate const odd{.pattern = "{agency:3}-{number}-{number:18}/{year:7}{yymmdd}-{agency_id}x", .from = {}};
    for (auto const& form : {CaseCodeTemplate{}, CaseCodeTemplate{.pattern = "{agency_id}-{yymmdd}-{number:04}", .from = {}}, odd}) {
        for (auto const day : {2026y / 11 / 21, 2000y / 1 / 1, 1999y / 12 / 31}) {
            for (std::uint64_t const number : {std::uint64_t{1}, std::uint64_t{99999}, std::uint64_t{123456789012}, ~std::uint64_t{0}}) {
                line(form.pattern, format_case_code(form, "00108", std::chrono::sys_days{day}, number) + " of " +
                                       counter_of(form, "00108", std::chrono::sys_days{day}));
            }
        }
    }
    return all;
}

TEST(ReceiptBytes, AreThoseThatAreStored)
{
    std::ifstream in{std::string{IVAN_SOURCE_DIR} + "/tests/unit/gateway/dossier/receipt.snapshot", std::ios::binary};
    std::string const stored{std::istreambuf_iterator<char>{in}, {}};
    auto const now = everything();
    if (now != stored) std::ofstream{std::string{IVAN_BINARY_DIR} + "/receipt.snapshot", std::ios::binary} << now;
    // A change here changes what every receipt from now on says, and needs another layout version (receipt.cpp).
    EXPECT_TRUE(now == stored) << "differs: " << IVAN_BINARY_DIR << "/receipt.snapshot";
}

TEST(ReceiptBytes, OfTheAnswerAreWhatAJsonLibraryWrites)
{
    auto made = facts();
    std::string every_byte;
    for (int c = 0; c < 256; ++c) every_byte += static_cast<char>(c);
    made.forms = {{every_byte, "\"", "\\", "", 0}, {"x", every_byte + every_byte, "\b\f\n\r\t\x1f", "/", 7}};
    boost::json::array expected;
    for (auto const& form : made.forms)
        expected.push_back(boost::json::object{
            {"code", form.code}, {"version", form.version}, {"file_name", form.file_name}, {"bytes", form.bytes}, {"sha256", form.sha256}});
    EXPECT_EQ(forms_json(made), boost::json::serialize(expected));
}

// Calendar arithmetic of our own against the library's, over centuries.
TEST(ReceiptBytes, OfTimesAreTheCalendars)
{
    for (auto at = runtime::Instant{std::chrono::sys_days{1700y / 1 / 1}}; at < std::chrono::sys_days{2199y / 1 / 1}; at += 24h * 13 + 5h + 17min + 3s + 7ms) {
        auto const local = std::chrono::floor<std::chrono::milliseconds>(at + 7h);
        auto const day = std::chrono::floor<std::chrono::days>(local);
        std::chrono::year_month_day const date{day};
        std::chrono::hh_mm_ss const clock{local - day};
        std::array<char, 64> expected{};
        std::snprintf(expected.data(), expected.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%03d+07:00", static_cast<int>(date.year()),
                      static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), static_cast<int>(clock.hours().count()),
                      static_cast<int>(clock.minutes().count()), static_cast<int>(clock.seconds().count()), static_cast<int>(clock.subseconds().count()));
        ASSERT_EQ(vietnam_time(at), expected.data());
    }
    EXPECT_EQ(vietnam_date(std::chrono::sys_days{-5y / 1 / 2}), "-005-01-02");
    EXPECT_EQ(vietnam_date(std::chrono::sys_days{12345y / 11 / 30}), "12345-11-30");
}

}  // namespace
