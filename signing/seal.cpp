#include "signing/seal.hpp"

#include "signing/detail/keypair.hpp"
#include "signing/detail/signed_info.hpp"
#include "signing/detail/value.hpp"
#include "signing/digest_pieces.hpp"

#include "schemas/base64.hpp"

#include <stdexcept>
#include <string>

namespace signing {
namespace {

constexpr std::string_view before_id = R"(<Signature xmlns="http://www.w3.org/2000/09/xmldsig#" Id=")", after_id = R"("><SignedInfo>)";
constexpr std::string_view before_value = "<SignatureValue>", after_value = "</SignatureValue><KeyInfo><X509Data><X509Certificate>";
constexpr std::string_view last = "</X509Certificate></X509Data></KeyInfo></Signature>";

// Takes `piece` from the front; false where something else stands there.
bool take(std::string_view& text, std::string_view piece)
{
    if (!text.starts_with(piece)) return false;
    text.remove_prefix(piece.size());
    return true;
}

}  // namespace

struct Seal::Data {
    detail::X509Ptr read;
    EVP_PKEY* key = nullptr;  // the certificate's
    bool rsa = false;
    CertificateFacts facts;
    std::string base64;
};

Seal::Seal(std::string_view certificate) : data_{std::make_unique<Data>()}
{
    data_->read = detail::parse_certificate(certificate);
    data_->key = data_->read ? X509_get0_pubkey(data_->read.get()) : nullptr;
    if (data_->key == nullptr) throw std::runtime_error("the certificate cannot be read: one PEM or DER certificate is wanted");
    auto const der = detail::der_of(data_->read.get());
    data_->facts = detail::facts_of(data_->read.get(), der);
    data_->base64 = schemas::base64_encode(der);
    data_->rsa = detail::strength_of(data_->key).family == detail::KeyFamily::rsa;
}
Seal::~Seal() = default;
Seal::Seal(Seal&&) noexcept = default;
Seal& Seal::operator=(Seal&&) noexcept = default;

CertificateFacts const& Seal::certificate() const noexcept { return data_->facts; }

bool Seal::check(std::string_view sealed, std::string_view signature_id) const
{
    auto const begin = sealed.find(before_id);  // in text it would be escaped
    if (begin == std::string_view::npos) return false;
    auto rest = sealed.substr(begin);
    if (!take(rest, before_id) || !take(rest, signature_id) || !take(rest, after_id)) return false;
    auto const end = rest.find(last);
    if (end == std::string_view::npos) return false;
    auto const tail = rest.substr(end + last.size());
    if (tail.rfind("</") != 0) return false;  // the root's end tag alone

    Sha256Pieces digest;
    digest.add(sealed.substr(0, begin));
    digest.add(tail);
    auto const signed_info = detail::canonical_signed_info(data_->rsa, digest.finish());
    if (!take(rest, detail::bare(signed_info)) || !take(rest, before_value)) return false;
    auto const value_end = rest.find('<');
    if (value_end == std::string_view::npos) return false;
    auto const text = rest.substr(0, value_end);
    auto const value = schemas::base64_decode(text);
    if (!value || schemas::base64_encode(*value) != text) return false;
    rest.remove_prefix(value_end);
    if (!take(rest, after_value) || !take(rest, data_->base64) || !take(rest, last)) return false;
    return detail::verify_value(data_->rsa ? "rsa-sha256" : "ecdsa-sha256", data_->key, signed_info, *value);
}

}  // namespace signing
