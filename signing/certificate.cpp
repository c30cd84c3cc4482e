#include "signing/certificate.hpp"

#include "signing/detail/openssl.hpp"

namespace signing {

std::optional<CertificateFacts> read_certificate(std::string_view pem_or_der)
{
    auto const certificate = detail::parse_certificate(pem_or_der);
    if (!certificate) return std::nullopt;
    return detail::facts_of(certificate.get(), detail::der_of(certificate.get()));
}

}  // namespace signing
