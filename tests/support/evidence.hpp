#pragma once

// Certificates, CRLs and OCSP responses of every good and bad kind, made in the test: CRLs octet by octet, so that
// what no software would write can be written too.
//
//   auto const root = support::certify(nullptr, {.name = "Root", .extensions = support::authority});
//   auto const leaf = support::certify(&root, {.name = "Leaf"});
//   auto const crl = support::CrlText{root}.revoke(support::serial(leaf), at).der();
//
// Threads: values.

#include "signing/detail/openssl.hpp"
#include "signing/revocation.hpp"

#include <openssl/ocsp.h>

#include <chrono>
#include <ctime>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace support {

using Extensions = std::vector<std::pair<int, std::string>>;  // NID and what openssl.cnf would say

// One "now" for a whole test program, to the second, as certificates have it.
inline signing::Instant const began = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());

inline Extensions const authority{{NID_basic_constraints, "critical,CA:TRUE"}, {NID_key_usage, "critical,keyCertSign,cRLSign"}};

struct Certified {
    signing::detail::X509Ptr certificate;
    signing::detail::KeyPtr key;
    [[nodiscard]] std::string der() const { return signing::detail::der_of(certificate.get()); }
    [[nodiscard]] X509* get() const { return certificate.get(); }
};

struct CertificateText {
    std::string name;
    Extensions extensions = {};
    long serial = 0;                // 0: the next number
    EVP_PKEY* key = nullptr;        // null: a new P-256 key
    X509_NAME const* issuer_name = nullptr;  // null: the issuer's subject
    signing::Instant not_before = began - std::chrono::hours{24 * 30};
    signing::Instant not_after = began + std::chrono::hours{24 * 365};
};

inline void must(bool holds)
{
    if (!holds) signing::detail::throw_openssl("a test's certificate cannot be made");
}

inline signing::detail::Asn1TimePtr asn1_time(signing::Instant at)
{
    return signing::detail::Asn1TimePtr{ASN1_TIME_set(nullptr, std::chrono::system_clock::to_time_t(at))};
}

inline Certified certify(Certified const* issuer, CertificateText const& text)
{
    static long next = 1000;
    Certified made;
    made.certificate.reset(X509_new());
    if (text.key != nullptr) EVP_PKEY_up_ref(text.key);
    made.key.reset(text.key != nullptr ? text.key : EVP_EC_gen("P-256"));
    must(made.certificate != nullptr && made.key != nullptr);
    X509* const certificate = made.get();
    X509_set_version(certificate, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), text.serial != 0 ? text.serial : ++next);
    X509_NAME* const subject = X509_get_subject_name(certificate);
    must(X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, reinterpret_cast<unsigned char const*>(text.name.c_str()), -1, -1, 0) == 1);
    X509* const by = issuer == nullptr ? certificate : issuer->get();
    must(X509_set_issuer_name(certificate, text.issuer_name != nullptr ? text.issuer_name : X509_get_subject_name(by)) == 1);
    X509_set1_notBefore(certificate, asn1_time(text.not_before).get());
    X509_set1_notAfter(certificate, asn1_time(text.not_after).get());
    must(X509_set_pubkey(certificate, made.key.get()) == 1);
    for (auto const& [nid, value] : text.extensions) {
        X509V3_CTX context;
        X509V3_set_ctx_nodb(&context);
        X509V3_set_ctx(&context, by, certificate, nullptr, nullptr, 0);
        signing::detail::ExtensionPtr const extension{X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str())};
        must(extension && X509_add_ext(certificate, extension.get(), -1) == 1);
    }
    must(X509_sign(certificate, issuer == nullptr ? made.key.get() : issuer->key.get(), EVP_sha256()) > 0);
    return made;
}

// DER by hand.
inline std::string tlv(unsigned char tag, std::string_view content)
{
    std::string out(1, static_cast<char>(tag));
    if (content.size() < 0x80) {
        out += static_cast<char>(content.size());
    } else {
        std::string length;
        for (auto size = content.size(); size > 0; size >>= 8) length.insert(length.begin(), static_cast<char>(size & 0xff));
        out += static_cast<char>(0x80 | length.size());
        out += length;
    }
    return out.append(content);
}

// Content octets of a small positive INTEGER.
inline std::string number(unsigned long value)
{
    std::string out;
    do out.insert(out.begin(), static_cast<char>(value & 0xff));
    while ((value >>= 8) != 0);
    if (static_cast<unsigned char>(out.front()) >= 0x80) out.insert(out.begin(), '\0');
    return out;
}

inline std::string serial(Certified const& one) { return number(static_cast<unsigned long>(ASN1_INTEGER_get(X509_get0_serialNumber(one.get())))); }

inline std::string der_time(signing::Instant at)
{
    std::time_t const seconds = std::chrono::system_clock::to_time_t(at);
    std::tm parts{};
    gmtime_r(&seconds, &parts);
    char text[32];
    bool const short_year = parts.tm_year >= 50 && parts.tm_year < 150;
    auto const size = std::strftime(text, sizeof text, short_year ? "%y%m%d%H%M%SZ" : "%Y%m%d%H%M%SZ", &parts);
    return tlv(short_year ? 0x17 : 0x18, {text, size});
}

// oid: content octets.
inline std::string extension(std::string_view oid, std::string_view value, bool critical = false)
{
    return tlv(0x30, tlv(0x06, oid) + (critical ? tlv(0x01, "\xff") : std::string{}) + tlv(0x04, value));
}
inline constexpr std::string_view oid_number{"\x55\x1d\x14"}, oid_reason{"\x55\x1d\x15"}, oid_invalidity{"\x55\x1d\x18"},
    oid_base{"\x55\x1d\x1b"}, oid_point{"\x55\x1d\x1c"}, oid_issuer{"\x55\x1d\x1d"}, oid_ours{"\x2a\x03\x04"};

inline std::string reason(int code) { return extension(oid_reason, tlv(0x0a, std::string(1, static_cast<char>(code)))); }
inline std::string name_der(Certified const& one) { return signing::detail::der_of_name(X509_get_subject_name(one.get())); }
// GeneralNames content: a directory name, a URI.
inline std::string directory_name(Certified const& one) { return tlv(0xa4, name_der(one)); }
inline std::string uri(std::string_view text) { return tlv(0x86, text); }
// IssuingDistributionPoint: fullName, then the flags.
inline std::string point_name(std::string_view general_names) { return tlv(0xa0, tlv(0xa0, general_names)); }
inline std::string only_user() { return tlv(0x81, "\xff"); }
inline std::string only_ca() { return tlv(0x82, "\xff"); }
inline std::string some_reasons(std::string_view bit_string) { return tlv(0x83, bit_string); }
inline std::string indirect() { return tlv(0x84, "\xff"); }
inline std::string only_attributes() { return tlv(0x85, "\xff"); }

// A CRL as it will stand in the DER; every part may be replaced by a wrong one.
struct CrlText {
    explicit CrlText(Certified const& by) : signer{by.key.get()}, issuer{name_der(by)} {}

    EVP_PKEY* signer;
    std::string issuer;
    std::string version = tlv(0x02, "\x01");
    signing::Instant from = began - std::chrono::hours{1};
    std::optional<signing::Instant> until = from + std::chrono::hours{25};
    std::string entries, extensions;
    std::optional<unsigned long> number_ = 1, base_;
    EVP_MD const* md = EVP_sha256();
    std::string algorithm;  // empty: ecdsa-with-SHA256

    CrlText& revoke(std::string_view serial_octets, signing::Instant at, std::string_view entry_extensions = {})
    {
        entries += tlv(0x30, tlv(0x02, serial_octets) + der_time(at) + (entry_extensions.empty() ? std::string{} : tlv(0x30, entry_extensions)));
        return *this;
    }
    CrlText& with(std::string_view more)
    {
        extensions += more;
        return *this;
    }
    CrlText& point(std::string_view content) { return with(extension(oid_point, tlv(0x30, content), true)); }
    CrlText& number(std::optional<unsigned long> value)
    {
        number_ = value;
        return *this;
    }
    CrlText& base(unsigned long value)
    {
        base_ = value;
        return *this;
    }
    CrlText& dated(signing::Instant first, std::optional<signing::Instant> last)
    {
        from = first;
        until = last;
        return *this;
    }

    [[nodiscard]] std::string tbs(std::string const& with_algorithm) const
    {
        auto all = extensions;
        if (number_) all += extension(oid_number, tlv(0x02, support::number(*number_)));
        if (base_) all += extension(oid_base, tlv(0x02, support::number(*base_)), true);
        return tlv(0x30, version + with_algorithm + issuer + der_time(from) + (until ? der_time(*until) : std::string{}) +
                             (entries.empty() ? std::string{} : tlv(0x30, entries)) + (all.empty() ? std::string{} : tlv(0xa0, tlv(0x30, all))));
    }
    [[nodiscard]] std::string der() const
    {
        auto const named = algorithm.empty() ? tlv(0x30, tlv(0x06, "\x2a\x86\x48\xce\x3d\x04\x03\x02")) : algorithm;
        auto const text = tbs(named);
        signing::detail::MdCtxPtr const context{EVP_MD_CTX_new()};
        auto const* const data = reinterpret_cast<unsigned char const*>(text.data());
        std::size_t size = 0;
        must(EVP_DigestSignInit(context.get(), nullptr, md, nullptr, signer) == 1 &&
             EVP_DigestSign(context.get(), nullptr, &size, data, text.size()) == 1);
        std::string signature(size, '\0');
        must(EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size, data, text.size()) == 1);
        signature.resize(size);
        return tlv(0x30, text + named + tlv(0x03, std::string(1, '\0') + signature));
    }
};

// An OCSP response of one answer or more.
struct OcspText {
    Certified const* issuer;
    Certified const* responder;  // signs; its certificate goes along unless it is the issuer
    EVP_MD const* id_md = EVP_sha1();
    EVP_MD const* md = EVP_sha256();
    unsigned long flags = 0;
    struct Answer {
        X509* certificate;
        int status = V_OCSP_CERTSTATUS_GOOD;
        signing::Instant from;
        std::optional<signing::Instant> until;
        signing::Instant revoked = {};
    };
    std::vector<Answer> answers;

    [[nodiscard]] std::string der(int status = OCSP_RESPONSE_STATUS_SUCCESSFUL) const
    {
        signing::detail::Owned<OCSP_BASICRESP, OCSP_BASICRESP_free> const basic{OCSP_BASICRESP_new()};
        for (auto const& one : answers) {
            signing::detail::Owned<OCSP_CERTID, OCSP_CERTID_free> const id{
                OCSP_cert_id_new(id_md, X509_get_subject_name(issuer->get()), X509_get0_pubkey_bitstr(issuer->get()), X509_get0_serialNumber(one.certificate))};
            auto const from = generalized(one.from);
            auto const until = one.until ? generalized(*one.until) : nullptr;
            must(OCSP_basic_add1_status(basic.get(), id.get(), one.status, OCSP_REVOKED_STATUS_NOSTATUS, generalized(one.revoked).get(), from.get(),
                                        until.get()) != nullptr);
        }
        auto const extra = responder == issuer ? flags | OCSP_NOCERTS : flags;
        must(OCSP_basic_sign(basic.get(), responder->get(), responder->key.get(), md, nullptr, extra) == 1);
        signing::detail::Owned<OCSP_RESPONSE, OCSP_RESPONSE_free> const response{OCSP_response_create(status, basic.get())};
        unsigned char* out = nullptr;
        int const size = i2d_OCSP_RESPONSE(response.get(), &out);
        must(size > 0);
        std::string bytes(reinterpret_cast<char const*>(out), static_cast<std::size_t>(size));
        OPENSSL_free(out);
        return bytes;
    }

private:
    static signing::detail::Asn1TimePtr generalized(signing::Instant at)
    {
        return signing::detail::Asn1TimePtr{ASN1_GENERALIZEDTIME_set(nullptr, std::chrono::system_clock::to_time_t(at))};
    }
};

}  // namespace support
