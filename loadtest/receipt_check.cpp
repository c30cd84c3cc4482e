#include "loadtest/receipt_check.hpp"

#include "loadtest/free_by.hpp"
#include "schemas/base64.hpp"
#include "schemas/envelope.hpp"
#include "signing/digest.hpp"

#include <fmt/format.h>
#include <openssl/bn.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <memory>
#include <optional>

namespace loadtest
{

namespace
{

using Certificate = std::unique_ptr<X509, FreeBy<X509_free>>;
using Context = std::unique_ptr<EVP_MD_CTX, FreeBy<EVP_MD_CTX_free>>;

std::string_view between(std::string_view text, std::string_view open, std::string_view close)
{
    auto const from = text.find(open);
    if (from == std::string_view::npos) return {};
    auto const to = text.find(close, from + open.size());
    if (to == std::string_view::npos) return {};
    return text.substr(from + open.size(), to - from - open.size());
}

std::string leaf(std::string_view text, std::string const& name)
{
    return std::string{between(text, "<" + name + ">", "</" + name + ">")};
}

Certificate certificate_of(std::string_view pem, std::string_view receipt_xml)
{
    if (!pem.empty()) {
        std::unique_ptr<BIO, FreeBy<BIO_free_all>> const bio{BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()))};
        return Certificate{PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)};
    }
    auto const der = schemas::base64_decode(between(receipt_xml, "<X509Certificate>", "</X509Certificate>"));
    if (!der) return nullptr;
    auto const* bytes = reinterpret_cast<unsigned char const*>(der->data());
    return Certificate{d2i_X509(nullptr, &bytes, static_cast<long>(der->size()))};
}

// The name of a receipt key: SHA-256 of its certificate.
std::string fingerprint_of(X509* certificate)
{
    unsigned char* out = nullptr;
    auto const size = i2d_X509(certificate, &out);
    if (size < 0) return {};
    std::string const der{reinterpret_cast<char*>(out), static_cast<std::size_t>(size)};
    OPENSSL_free(out);
    return signing::hex(signing::sha256(der));
}

// XMLDSig 1.1 §6.4.3: r and s side by side; OpenSSL wants them in DER.
std::string der_of(std::string_view raw)
{
    auto const half = static_cast<int>(raw.size() / 2);
    auto const* bytes = reinterpret_cast<unsigned char const*>(raw.data());
    std::unique_ptr<ECDSA_SIG, FreeBy<ECDSA_SIG_free>> const pair{ECDSA_SIG_new()};
    ECDSA_SIG_set0(pair.get(), BN_bin2bn(bytes, half, nullptr), BN_bin2bn(bytes + half, half, nullptr));
    unsigned char* out = nullptr;
    auto const size = i2d_ECDSA_SIG(pair.get(), &out);
    std::string der{reinterpret_cast<char*>(out), static_cast<std::size_t>(size)};
    OPENSSL_free(out);
    return der;
}

bool signature_holds(X509* certificate, std::string_view signed_text, std::string signature)
{
    auto* const key = X509_get0_pubkey(certificate);
    if (key == nullptr || signature.size() < 2) return false;
    if (EVP_PKEY_get_base_id(key) == EVP_PKEY_EC) signature = der_of(signature);
    Context const context{EVP_MD_CTX_new()};
    return EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key) == 1 &&
           EVP_DigestVerify(context.get(), reinterpret_cast<unsigned char const*>(signature.data()), signature.size(),
                            reinterpret_cast<unsigned char const*>(signed_text.data()), signed_text.size()) == 1;
}

std::string signature_trouble(std::string_view xml, std::string_view certificate_pem)
{
    auto const at = xml.find("<Signature ");
    auto const end = xml.find("</Signature>");
    if (at == std::string_view::npos || end == std::string_view::npos) return "receipt has no signature";
    auto const digest = signing::sha256(std::string{xml.substr(0, at)} + std::string{xml.substr(end + 12)});
    auto const said = schemas::base64_decode(between(xml, "<DigestValue>", "</DigestValue>"));
    if (!said || *said != std::string_view{reinterpret_cast<char const*>(digest.data()), digest.size()})
        return "receipt's text is not what was signed";
    // Canonical XML 1.0 §2.3: the namespace in scope is rendered on the apex of the subset.
    auto const inner = between(xml, "<SignedInfo>", "</SignedInfo>");
    auto const signed_info =
        fmt::format(R"(<SignedInfo xmlns="http://www.w3.org/2000/09/xmldsig#">{}</SignedInfo>)", inner);
    auto const value = schemas::base64_decode(between(xml, "<SignatureValue>", "</SignatureValue>"));
    auto const certificate = certificate_of(certificate_pem, xml);
    if (!certificate) return "receipt's certificate cannot be read";
    // Receipts of the first layout did not name their key.
    if (leaf(xml, "PhienBan") != "1" && leaf(xml, "MaKhoa") != fingerprint_of(certificate.get())) return "receipt names another key";
    if (!value || !signature_holds(certificate.get(), signed_info, *value)) return "receipt's signature does not hold";
    return {};
}

std::string forms_trouble(ReceiptWords const& words, std::string const& bytes)
{
    auto const envelope = schemas::read_envelope(bytes, schemas::EnvelopeLimits{});
    if (!envelope) return "the stored envelope cannot be read";
    auto const& forms = envelope->forms();
    if (forms.size() != words.forms.size())
        return fmt::format("receipt names {} forms, the envelope holds {}", words.forms.size(), forms.size());
    for (std::size_t n = 0; n < forms.size(); ++n) {
        if (words.forms[n].code != forms[n].code())
            return "receipt names form " + words.forms[n].code + " for " + forms[n].code();
        if (words.forms[n].sha256 != signing::hex(signing::sha256(forms[n].bytes())))
            return "receipt's hash of " + forms[n].label() + " is wrong";
    }
    return {};
}

} // namespace

ReceiptWords read_receipt(std::string_view xml)
{
    ReceiptWords words;
    words.case_code = leaf(xml, "MaHoSo");
    words.dossier_id = leaf(xml, "MaGiaoDich");
    auto const filing = between(xml, "<ThongTinHoSo>", "</ThongTinHoSo>");
    words.content_sha256 = leaf(filing.substr(0, filing.find("<ToKhais>")), "SHA256");
    auto forms = between(filing, "<ToKhais>", "</ToKhais>");
    for (;;) {
        auto const form = between(forms, "<ToKhai>", "</ToKhai>");
        if (form.empty()) return words;
        words.forms.push_back({leaf(form, "MaToKhai"), leaf(form, "SHA256")});
        forms.remove_prefix(forms.find("</ToKhai>") + 9);
    }
}

std::string receipt_trouble(std::string_view receipt_xml, std::string const& envelope, std::string_view case_code,
                            std::string_view dossier_id, std::string_view certificate_pem)
{
    auto const words = read_receipt(receipt_xml);
    if (words.case_code != case_code) return "receipt says " + words.case_code;
    if (words.dossier_id != dossier_id) return "receipt says dossier " + words.dossier_id;
    if (words.content_sha256 != signing::hex(signing::sha256(envelope)))
        return "receipt's hash of the envelope is wrong";
    if (auto trouble = forms_trouble(words, envelope); !trouble.empty()) return trouble;
    return signature_trouble(receipt_xml, certificate_pem);
}

} // namespace loadtest
