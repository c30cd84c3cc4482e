#pragma once

// OpenSSL's handles in owning aliases, and the few things signing/ asks of it. Private to signing/.
//
// Threads: free functions, any thread. Errors: nothing or a null pointer for bad input; std::runtime_error where
// OpenSSL itself fails us (out of memory, no random numbers).

#include "signing/certificate.hpp"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace signing::detail {

template <auto free_function>
struct Freed {
    template <class T>
    void operator()(T* handle) const noexcept
    {
        free_function(handle);
    }
};
template <class T, auto free_function>
using Owned = std::unique_ptr<T, Freed<free_function>>;

inline void free_stack(STACK_OF(X509) * stack) noexcept { sk_X509_pop_free(stack, X509_free); }
inline void free_openssl_memory(void* memory) noexcept { OPENSSL_free(memory); }

using BioPtr = Owned<BIO, BIO_free_all>;
using X509Ptr = Owned<X509, X509_free>;
using CrlPtr = Owned<X509_CRL, X509_CRL_free>;
using KeyPtr = Owned<EVP_PKEY, EVP_PKEY_free>;
using MdCtxPtr = Owned<EVP_MD_CTX, EVP_MD_CTX_free>;
using PkeyCtxPtr = Owned<EVP_PKEY_CTX, EVP_PKEY_CTX_free>;
using StorePtr = Owned<X509_STORE, X509_STORE_free>;
using StoreCtxPtr = Owned<X509_STORE_CTX, X509_STORE_CTX_free>;
using StackPtr = Owned<STACK_OF(X509), free_stack>;
using ExtensionPtr = Owned<X509_EXTENSION, X509_EXTENSION_free>;
using BigNumPtr = Owned<BIGNUM, BN_free>;
using SignaturePtr = Owned<ECDSA_SIG, ECDSA_SIG_free>;
using RevokedPtr = Owned<X509_REVOKED, X509_REVOKED_free>;
using Asn1IntegerPtr = Owned<ASN1_INTEGER, ASN1_INTEGER_free>;
using Asn1TimePtr = Owned<ASN1_TIME, ASN1_TIME_free>;

// The errors OpenSSL queued on this thread, joined; the queue is empty afterwards.
std::string drain_errors();
[[noreturn]] void throw_openssl(std::string_view what);

[[nodiscard]] BioPtr memory_bio(std::string_view bytes);
[[nodiscard]] std::string bytes_of(BIO* bio);

// Exactly one certificate, as PEM or DER, and nothing behind it; otherwise null.
[[nodiscard]] X509Ptr parse_certificate(std::string_view pem_or_der);
[[nodiscard]] X509Ptr parse_certificate_der(std::string_view der);
// Every certificate of a PEM file, or the one of a DER file; empty where any of it does not parse.
[[nodiscard]] std::vector<X509Ptr> parse_certificates(std::string_view pem_or_der);
// Exactly one SubjectPublicKeyInfo, as PEM or DER: its DER, whatever kind of key it is.
[[nodiscard]] std::optional<std::string> public_key_der(std::string_view pem_or_der);
[[nodiscard]] KeyPtr parse_public_key_der(std::string_view der);  // null where OpenSSL does not know the kind
[[nodiscard]] CrlPtr parse_crl(std::string_view pem_or_der);
[[nodiscard]] KeyPtr parse_private_key(std::string_view pem);  // never asks for a passphrase: an encrypted key is null

[[nodiscard]] std::string der_of(X509* certificate);
[[nodiscard]] std::string pem_of(X509* certificate);
[[nodiscard]] std::string pem_of_private(EVP_PKEY* key);
[[nodiscard]] std::string pem_of(X509_CRL* crl);
[[nodiscard]] std::string der_of_name(X509_NAME const* name);
[[nodiscard]] std::string der_of_public_key(X509* certificate);  // SubjectPublicKeyInfo

[[nodiscard]] std::string text_of(X509_NAME const* name);                  // RFC 2253, UTF-8
[[nodiscard]] std::string attribute_of(X509_NAME const* name, int nid);    // the last one; empty where there is none
[[nodiscard]] Instant instant_of(ASN1_TIME const* time);
[[nodiscard]] std::string serial_hex(ASN1_INTEGER const* serial);
[[nodiscard]] std::string key_name(EVP_PKEY* key);  // "RSA-2048", "EC-P-256", "other"
[[nodiscard]] CertificateFacts facts_of(X509* certificate, std::string_view der);
[[nodiscard]] CertificateFacts facts_of(X509* certificate, Sha256 const& fingerprint);  // where the DER was hashed before

enum class KeyFamily { rsa, ec, other };
struct KeyStrength {
    KeyFamily family = KeyFamily::other;
    int bits = 0;
    std::string curve;  // "P-256", "P-384", or OpenSSL's name of another
};
[[nodiscard]] KeyStrength strength_of(EVP_PKEY* key);

// What a key must be at least: RSA with an odd modulus and an odd exponent from 3 to 256 bits (RFC 8017 §3.1, FIPS 186-5
// §5.1; with 1 everybody can sign), EC with a point that is not infinity (SEC 1 §3.2.2.1). OpenSSL reads the others too.
[[nodiscard]] bool is_sound(EVP_PKEY* key);
[[nodiscard]] bool is_sound(EVP_PKEY* key, KeyStrength const& strength);  // `strength` is strength_of(key)

// Fetched once: looking an algorithm up by name takes read-write locks on every use.
[[nodiscard]] EVP_MD const* sha256_md();

// A signature as XMLDSig wants it: PKCS#1 v1.5 for RSA, r||s (RFC 4050 §3.3, XMLDSig 1.1 §6.4.3) for EC; SHA-256. A thread
// keeps what it made ready of the last few keys, and so the keys, until others take their places.
[[nodiscard]] std::string sign_sha256(EVP_PKEY* key, std::string_view bytes);

}  // namespace signing::detail
