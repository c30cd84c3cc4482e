#include "signing/signer.hpp"

#include "signing/detail/keypair.hpp"
#include "signing/detail/signed_info.hpp"
#include "signing/detail/value.hpp"
#include "signing/detail/xmlsec.hpp"

#include "schemas/base64.hpp"
#include "schemas/tree.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <fstream>
#include <initializer_list>
#include <iterator>
#include <stdexcept>

namespace signing {
namespace {

std::string read_file(std::string const& path)
{
    std::ifstream in{path, std::ios::binary};
    if (!in) throw std::runtime_error("cannot read " + path);
    return {std::istreambuf_iterator<char>{in}, {}};
}

xmlChar const* xml_text(std::string const& text) { return reinterpret_cast<xmlChar const*>(text.c_str()); }

xmlNode* find_or_make(xmlNode* root, std::string const& name)
{
    for (xmlNode* child = root->children; child != nullptr; child = child->next) {
        if (child->type == XML_ELEMENT_NODE && xmlStrEqual(child->name, xml_text(name)) == 1) return child;
    }
    xmlNode* made = xmlNewChild(root, nullptr, xml_text(name), nullptr);
    if (made == nullptr) throw std::bad_alloc{};
    return made;
}

std::string text_of(xmlDoc* doc)
{
    xmlChar* text = nullptr;
    int size = 0;
    xmlDocDumpMemoryEnc(doc, &text, &size, "UTF-8");
    if (text == nullptr) throw std::bad_alloc{};
    std::string bytes(reinterpret_cast<char const*>(text), static_cast<std::size_t>(size));
    xmlFree(text);
    return bytes;
}

void append(std::string& text, std::initializer_list<std::string_view> pieces)
{
    for (auto const piece : pieces) text.append(piece);
}

// r||s for EC, PKCS#1 v1.5 for RSA; SHA-256.
std::string sign_value(KeyPair::Data const& data, std::string_view bytes)
{
    return data.token ? data.token->sign_sha256(bytes) : detail::sign_sha256(data.key.get(), bytes);
}

// One INTEGER of ECDSA-Sig-Value: no more octets than it needs, never negative (X.690 §8.3).
std::string der_integer(std::string_view number)
{
    while (number.size() > 1 && number.front() == '\0') number.remove_prefix(1);
    bool const high = (static_cast<unsigned char>(number.front()) & 0x80u) != 0;
    std::string out{'\x02', static_cast<char>(number.size() + (high ? 1 : 0))};
    if (high) out += '\0';
    return out.append(number);
}

// The certificate is a file, the key is elsewhere: one signature tells whether they belong together.
void refuse_foreign_key(KeyPair::Data const& data)
{
    constexpr std::string_view text = "do this key and this certificate belong together?";
    auto const certificate = detail::parse_certificate_der(data.der);
    auto const* const algorithm = data.strength.family == detail::KeyFamily::rsa ? "rsa-sha256" : "ecdsa-sha256";
    if (!detail::verify_value(algorithm, X509_get0_pubkey(certificate.get()), text, sign_value(data, text)))
        throw std::runtime_error("the private key and the certificate do not belong together");
}

}  // namespace

KeyPair::KeyPair() : data_{std::make_unique<Data>()} {}
KeyPair::~KeyPair() = default;
CertificateFacts const& KeyPair::certificate() const noexcept { return data_->facts; }
std::string const& KeyPair::certificate_der() const noexcept { return data_->der; }

std::shared_ptr<KeyPair> KeyPair::with_certificate(std::string_view certificate_pem)
{
    auto const certificate = detail::parse_certificate(certificate_pem);
    if (!certificate) throw std::runtime_error("the certificate cannot be read: one PEM or DER certificate is wanted");
    std::shared_ptr<KeyPair> pair{new KeyPair};
    auto& data = *pair->data_;
    data.der = detail::der_of(certificate.get());
    data.facts = detail::facts_of(certificate.get(), data.der);
    data.certificate_base64 = schemas::base64_encode(data.der);
    EVP_PKEY* const public_key = X509_get0_pubkey(certificate.get());
    if (public_key == nullptr) throw std::runtime_error("the certificate's key cannot be read");
    data.strength = detail::strength_of(public_key);
    if (data.strength.family == detail::KeyFamily::other) throw std::runtime_error("the certificate's key is neither RSA nor EC");
    return pair;
}

std::shared_ptr<KeyPair const> KeyPair::from_pem(std::string_view key_pem, std::string_view certificate_pem)
{
    auto pair = with_certificate(certificate_pem);
    auto& data = *pair->data_;
    data.key = detail::parse_private_key(key_pem);
    if (!data.key) throw std::runtime_error("the private key cannot be read: an unencrypted PEM key is wanted");
    auto const certificate = detail::parse_certificate_der(data.der);
    if (X509_check_private_key(certificate.get(), data.key.get()) != 1) {
        detail::drain_errors();
        throw std::runtime_error("the private key and the certificate do not belong together");
    }
    return pair;
}

std::shared_ptr<KeyPair const> KeyPair::load(std::string const& key_pem_file, std::string const& certificate_pem_file)
{
    try {
        return from_pem(read_file(key_pem_file), read_file(certificate_pem_file));
    } catch (std::runtime_error const& error) {
        throw std::runtime_error(fmt::format("{}, {}: {}", key_pem_file, certificate_pem_file, error.what()));
    }
}

std::shared_ptr<KeyPair const> KeyPair::open(std::string const& key, std::string const& certificate_pem_file, TokenConfig const& token)
{
    constexpr std::string_view file_scheme = "file:";
    if (!detail::is_token_uri(key)) return load(key.starts_with(file_scheme) ? key.substr(file_scheme.size()) : key, certificate_pem_file);
    try {
        auto pair = with_certificate(read_file(certificate_pem_file));
        auto& data = *pair->data_;
        data.token = std::make_unique<detail::TokenKey>(key, data.strength, token);
        refuse_foreign_key(data);
        return pair;
    } catch (std::runtime_error const& error) {
        throw std::runtime_error(fmt::format("key in a token, {}: {}", certificate_pem_file, error.what()));
    }
}

std::string sign_canonical(KeyPair const& key, std::string_view canonical, std::string_view signature_id, std::string_view holder)
{
    auto const end = canonical.rfind(holder.empty() ? std::string{"</"} : "</" + std::string{holder} + ">");
    if (end == std::string_view::npos) throw std::runtime_error("sign_canonical: the text has no such end tag");
    auto const digest = sha256(canonical);

    auto const signed_info = detail::canonical_signed_info(key.data().strength.family == detail::KeyFamily::rsa, digest);
    auto const value = schemas::base64_encode(sign_value(key.data(), signed_info));

    auto const& certificate = key.data().certificate_base64;
    std::string text;
    text.reserve(canonical.size() + signature_id.size() + signed_info.size() + value.size() + certificate.size() + 256);
    append(text, {canonical.substr(0, end), R"(<Signature xmlns="http://www.w3.org/2000/09/xmldsig#" Id=")", signature_id, R"("><SignedInfo>)",
                  detail::bare(signed_info), "<SignatureValue>", value, "</SignatureValue><KeyInfo><X509Data><X509Certificate>",
                  certificate, "</X509Certificate></X509Data></KeyInfo></Signature>", canonical.substr(end)});
    return text;
}

std::string sign_text(KeyPair const& key, std::string_view text)
{
    auto value = sign_value(key.data(), text);
    if (key.data().strength.family == detail::KeyFamily::rsa) return value;
    auto const half = value.size() / 2;
    auto const numbers = der_integer(std::string_view{value}.substr(0, half)) + der_integer(std::string_view{value}.substr(half));
    std::string der{'\x30'};
    if (numbers.size() >= 0x80) der += '\x81';  // P-521: two octets of length are never needed
    der += static_cast<char>(numbers.size());
    return der + numbers;
}

bool verify_text(std::string_view certificate, std::string_view text, std::string_view signature)
{
    auto const read = detail::parse_certificate(certificate);
    if (!read) return false;
    EVP_PKEY* const key = X509_get0_pubkey(read.get());
    std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> const context{EVP_MD_CTX_new(), EVP_MD_CTX_free};
    bool const good = key != nullptr && context && EVP_DigestVerifyInit(context.get(), nullptr, detail::sha256_md(), nullptr, key) == 1 &&
                      EVP_DigestVerify(context.get(), reinterpret_cast<unsigned char const*>(signature.data()), signature.size(),
                                       reinterpret_cast<unsigned char const*>(text.data()), text.size()) == 1;
    detail::drain_errors();
    return good;
}

std::string sign_document(KeyPair const& key, std::string_view xml, SignOptions const& options)
{
    if (!key.data().key) throw std::runtime_error("a key in a token signs receipts alone");
    detail::start();
    auto document = schemas::Document::parse(xml, schemas::XmlLimits{});
    if (!document) throw std::runtime_error("the document cannot be read: " + document.error().detail);
    xmlDoc* const doc = schemas::tree_of(*document);
    xmlNode* const root = xmlDocGetRootElement(doc);
    detail::sign(options.holder.empty() ? root : find_or_make(root, options.holder), key, options);
    return text_of(doc);
}

}  // namespace signing
