#pragma once

// Signing XML: our own receipts (fast, on text we write in canonical form), and dossiers for tools and tests
// (xmlsec1, any policy, also the forbidden ones, so that tests can make bad input).

#include "signing/certificate.hpp"

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace signing {

// The key cannot sign now, as its token is away, busy or refuses. What it says never holds a PIN.
class KeyTrouble : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

// How a key in a PKCS#11 token is used.
struct TokenConfig {
    std::chrono::milliseconds sign_timeout{3000};    // one signature, waiting included; then KeyTrouble
    std::chrono::milliseconds retry_interval{250};   // a token that is away is asked again no sooner
    std::size_t sessions = 2;                        // each with a thread of its own
    std::size_t waiting_max = 256;                   // signatures waiting for a session; beyond: KeyTrouble
};

// A private key with its certificate. Threads: immutable after load; sign functions may run anywhere.
class KeyPair {
public:
    // `key` says where the private key is:
    //   a path, or file:PATH      PEM, not encrypted
    //   pkcs11:…                  RFC 7512: token= and object= or id=, with ?module-path= and pin-source=file:PATH. A PIN in
    //                             the text itself (pin-value) is refused: it would end in configuration and logs.
    // Throws std::runtime_error where it cannot be used or does not belong to the certificate.
    [[nodiscard]] static std::shared_ptr<KeyPair const> open(std::string const& key, std::string const& certificate_pem_file,
                                                             TokenConfig const& token = {});
    // PEM files; throws std::runtime_error where they cannot be read or do not belong together.
    [[nodiscard]] static std::shared_ptr<KeyPair const> load(std::string const& key_pem_file, std::string const& certificate_pem_file);
    [[nodiscard]] static std::shared_ptr<KeyPair const> from_pem(std::string_view key_pem, std::string_view certificate_pem);
    ~KeyPair();
    [[nodiscard]] CertificateFacts const& certificate() const noexcept;
    [[nodiscard]] std::string const& certificate_der() const noexcept;
    struct Data;
    [[nodiscard]] Data const& data() const noexcept { return *data_; }

private:
    KeyPair();
    [[nodiscard]] static std::shared_ptr<KeyPair> with_certificate(std::string_view certificate_pem);
    std::unique_ptr<Data> data_;
};

// Enveloped signature appended as the last child of the root. REQUIRES: `canonical` is the document in inclusive
// Canonical XML 1.0 without comments (as Receipt writes it: UTF-8, no declaration, no empty-element tags, no
// namespaces). P-256 and RSA keys; SHA-256. Source: XMLDSig 1.1 §3, C14N 1.0. With a `holder` the signature becomes the
// last child of the last element of that name. Throws KeyTrouble where a token cannot sign now.
[[nodiscard]] std::string sign_canonical(KeyPair const& key, std::string_view canonical, std::string_view signature_id,
                                         std::string_view holder = {});

// A signature over bytes as they are, for anybody's tools (openssl dgst -sha256 -verify): the DER of ECDSA-Sig-Value (RFC 3279
// §2.2.3) for an EC key, PKCS#1 v1.5 for RSA; SHA-256. Throws KeyTrouble where a token cannot sign now.
[[nodiscard]] std::string sign_text(KeyPair const& key, std::string_view text);
// By the key of a certificate in PEM or DER. False for anything wrong; never throws for bad input.
[[nodiscard]] bool verify_text(std::string_view certificate, std::string_view text, std::string_view signature);

struct SignOptions {
    std::string holder = "Cky";              // child of the root that receives the signature (made where missing)
    bool exclusive = false;                  // canonicalisation: exclusive, or
    bool c14n11 = false;                     // Canonical XML 1.1; else 1.0 inclusive
    std::string digest = "sha256";           // sha1 sha256 sha384 sha512
    bool pss = false;                        // RSA-PSS in place of PKCS#1 v1.5; not with sha1
    std::vector<std::string> ocsp_der;       // KeyInfo carries these OCSP responses
    std::optional<Instant> signing_time;     // Object/SignatureProperties/SignatureProperty/SigningTime
    bool key_value = false;                  // KeyInfo/KeyValue beside the certificate, as vendors do
    std::string signature_id = "sigid";      // Signature/@Id; empty: none
    std::string reference_uri;               // "" covers the document; "#x" the element whose Id, ID or id is x
    std::vector<std::string> more_certificates_pem;  // KeyInfo carries these too, behind the signer's own
};

// Signs any well-formed document with xmlsec1, with a key from a file. Throws std::runtime_error where it cannot.
[[nodiscard]] std::string sign_document(KeyPair const& key, std::string_view xml, SignOptions const& options);

}  // namespace signing
