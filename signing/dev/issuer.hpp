#pragma once

// Makes keys, certificates and CRLs for development and tests: `ivanctl keys`, the load generator's many signers,
// and every kind of bad certificate a test wants. Not for production: the gateway does not link this.
//
// Threads: free functions, any thread. Errors: std::runtime_error.

#include "signing/certificate.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace signing::dev {

enum class KeyKind { rsa_2048, rsa_1024, rsa_4096, p256, p384 };

struct Identity {
    std::string key_pem, certificate_pem;
};

struct Request {
    std::string common_name;
    std::string organisation;
    std::string tax_code;                       // subject UID=MST:<tax_code>; empty: none
    KeyKind key = KeyKind::p256;
    Instant not_before = std::chrono::system_clock::now() - std::chrono::hours{1};
    Instant not_after = std::chrono::system_clock::now() + std::chrono::hours{24 * 365};
    enum class Use { root, issuing_ca, sign, tls_server, tls_client } use = Use::sign;
    std::vector<std::string> dns_names, ip_addresses;  // tls_server
    bool digital_signature = true;              // key usage of a leaf; false makes one that may not sign
};

[[nodiscard]] Identity make_root(Request const& request);
[[nodiscard]] Identity issue(Identity const& issuer, Request const& request);

struct Revoked {
    std::string certificate_pem;
    Instant at;
};
[[nodiscard]] std::string make_crl(Identity const& issuer, std::vector<Revoked> const& revoked, Instant this_update,
                                   Instant next_update, unsigned number);

}  // namespace signing::dev
