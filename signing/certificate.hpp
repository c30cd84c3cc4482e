#pragma once

// What we read from a certificate; OpenSSL's types stay in detail/.

#include "signing/digest.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace signing {

using Instant = std::chrono::system_clock::time_point;

struct CertificateFacts {
    std::string subject;      // RFC 2253, UTF-8
    std::string issuer;
    std::string common_name;
    std::string serial;       // hex, upper case, no separators
    std::string tax_code;     // from subject UID (0.9.2342.19200300.100.1.1) "MST:…"; empty where there is none
    Sha256      fingerprint{};  // SHA-256 of the DER
    Instant     not_before{}, not_after{};
    std::string key;          // "RSA-2048", "EC-P-256"
};

// PEM or DER; nothing where it is not exactly one certificate.
[[nodiscard]] std::optional<CertificateFacts> read_certificate(std::string_view pem_or_der);

// Its DER; nothing where it is not exactly one certificate.
[[nodiscard]] std::optional<std::string> certificate_der(std::string_view pem_or_der);

// The DER (SubjectPublicKeyInfo) of a bare public key; nothing where it is not exactly one. Its kind is not judged here.
[[nodiscard]] std::optional<std::string> public_key_der(std::string_view pem_or_der);

// xs:dateTime, as "2025-01-31T08:00:00+07:00"; without a zone it is Vietnam's time (our own choice: .NET writes so).
[[nodiscard]] std::optional<Instant> read_instant(std::string_view text);

}  // namespace signing
