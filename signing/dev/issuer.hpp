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

    // Extensions as OpenSSL's x509v3_config(5) writes them, in place of ours of the same name; an empty value leaves it out:
    //   {"extendedKeyUsage", "OCSPSigning"}  {"noCheck", "ignored"}  {"basicConstraints", "CA:TRUE"}
    //   {"crlDistributionPoints", "URI:http://a/ca.crl"}  {"authorityInfoAccess", "OCSP;URI:http://a/ocsp"}
    //   {"nameConstraints", "critical,permitted;DNS:example.vn"}  {"1.2.3.4", "critical,DER:0500"}
    struct Extension {
        std::string name, value;
    };
    std::vector<Extension> extensions;
    std::string serial_hex;                     // "-7F", "00"; empty: random
    std::string key_pem;                        // of an earlier Identity, for a certificate renewed; empty: a new key
    bool pss = false;                           // signed with RSA-PSS where the issuer's key is RSA
    enum class Digest { sha256, sha384, sha512, sha1 } digest = Digest::sha256;
    enum class Version { v1, v3 } version = Version::v3;  // v1: without any extension
};

[[nodiscard]] Identity make_root(Request const& request);
[[nodiscard]] Identity issue(Identity const& issuer, Request const& request);

struct Revoked {
    std::string certificate_pem;
    Instant at;
};
[[nodiscard]] std::string make_crl(Identity const& issuer, std::vector<Revoked> const& revoked, Instant this_update,
                                   Instant next_update, unsigned number);

// A DER OCSP response about certificates of `issuer`, signed by `signer`: the issuer, or one it gave OCSPSigning to.
struct OcspAnswer {
    std::string certificate_pem;
    enum class Status { good, revoked, unknown } status = Status::good;
    Instant revoked_at{};
};
[[nodiscard]] std::string make_ocsp_response(Identity const& signer, Identity const& issuer, std::vector<OcspAnswer> const& answers,
                                             Instant this_update, Instant next_update);

}  // namespace signing::dev
