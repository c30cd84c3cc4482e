#include "signing/dev/issuer.hpp"

#include "signing/detail/openssl.hpp"

#include <openssl/rand.h>
#include <openssl/rsa.h>

#include <array>
#include <ctime>
#include <stdexcept>

namespace signing::dev {
namespace {

using namespace signing::detail;

KeyPtr make_key(KeyKind kind)
{
    KeyPtr key;
    switch (kind) {
        case KeyKind::rsa_1024: key.reset(EVP_RSA_gen(1024)); break;
        case KeyKind::rsa_2048: key.reset(EVP_RSA_gen(2048)); break;
        case KeyKind::rsa_4096: key.reset(EVP_RSA_gen(4096)); break;
        case KeyKind::p256: key.reset(EVP_EC_gen("P-256")); break;
        case KeyKind::p384: key.reset(EVP_EC_gen("P-384")); break;
    }
    if (!key) throw_openssl("cannot make a key");
    return key;
}

Asn1TimePtr time_of(Instant instant)
{
    Asn1TimePtr time{ASN1_TIME_set(nullptr, std::chrono::system_clock::to_time_t(instant))};
    if (!time) throw_openssl("ASN1_TIME_set");
    return time;
}

void set_random_serial(X509* certificate)
{
    std::array<unsigned char, 16> bytes{};
    if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) throw_openssl("RAND_bytes");
    bytes[0] = static_cast<unsigned char>((bytes[0] & 0x7f) | 0x40);  // positive, and always of one length
    BigNumPtr const number{BN_bin2bn(bytes.data(), static_cast<int>(bytes.size()), nullptr)};
    if (!number || BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) == nullptr) {
        throw_openssl("cannot set the serial number");
    }
}

void add_name(X509_NAME* name, char const* attribute, std::string const& value)
{
    if (value.empty()) return;
    if (X509_NAME_add_entry_by_txt(name, attribute, MBSTRING_UTF8, reinterpret_cast<unsigned char const*>(value.data()),
                                   static_cast<int>(value.size()), -1, 0) != 1) {
        throw_openssl("cannot set a name attribute");
    }
}

void add_extension(X509* certificate, X509* issuer, int nid, std::string const& value)
{
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    ExtensionPtr const extension{X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str())};
    if (!extension || X509_add_ext(certificate, extension.get(), -1) != 1) throw_openssl("cannot add an extension: " + value);
}

void add_extensions(X509* certificate, X509* issuer, Request const& request)
{
    using Use = Request::Use;
    auto const add = [&](int nid, std::string const& value) { add_extension(certificate, issuer, nid, value); };
    std::string usage = request.digital_signature ? "critical,digitalSignature" : "critical,keyEncipherment";
    switch (request.use) {
        case Use::root:
            add(NID_basic_constraints, "critical,CA:TRUE");
            add(NID_key_usage, "critical,keyCertSign,cRLSign");
            break;
        case Use::issuing_ca:
            add(NID_basic_constraints, "critical,CA:TRUE,pathlen:0");
            add(NID_key_usage, "critical,keyCertSign,cRLSign");
            break;
        case Use::sign:
            add(NID_basic_constraints, "CA:FALSE");
            add(NID_key_usage, request.digital_signature ? usage + ",nonRepudiation" : usage);
            break;
        case Use::tls_server:
            add(NID_basic_constraints, "critical,CA:FALSE");
            add(NID_key_usage, usage);
            add(NID_ext_key_usage, "serverAuth");
            break;
        case Use::tls_client:
            add(NID_basic_constraints, "critical,CA:FALSE");
            add(NID_key_usage, usage);
            add(NID_ext_key_usage, "clientAuth");
            break;
    }
    add(NID_subject_key_identifier, "hash");
    add(NID_authority_key_identifier, "keyid:always");
    std::string names;
    for (auto const& dns : request.dns_names) names += (names.empty() ? "DNS:" : ",DNS:") + dns;
    for (auto const& ip : request.ip_addresses) names += (names.empty() ? "IP:" : ",IP:") + ip;
    if (!names.empty()) add(NID_subject_alt_name, names);
}

Identity make(Request const& request, X509* issuer, EVP_PKEY* issuer_key)
{
    auto const key = make_key(request.key);
    X509Ptr const certificate{X509_new()};
    if (!certificate || X509_set_version(certificate.get(), X509_VERSION_3) != 1) throw_openssl("X509_new");
    set_random_serial(certificate.get());
    X509_NAME* subject = X509_get_subject_name(certificate.get());
    add_name(subject, "C", "VN");
    add_name(subject, "O", request.organisation);
    add_name(subject, "CN", request.common_name);
    if (!request.tax_code.empty()) add_name(subject, "UID", "MST:" + request.tax_code);
    X509* const signer = issuer == nullptr ? certificate.get() : issuer;
    if (X509_set_issuer_name(certificate.get(), X509_get_subject_name(signer)) != 1 ||
        X509_set1_notBefore(certificate.get(), time_of(request.not_before).get()) != 1 ||
        X509_set1_notAfter(certificate.get(), time_of(request.not_after).get()) != 1 ||
        X509_set_pubkey(certificate.get(), key.get()) != 1) {
        throw_openssl("cannot fill a certificate");
    }
    add_extensions(certificate.get(), signer, request);
    if (X509_sign(certificate.get(), issuer_key == nullptr ? key.get() : issuer_key, sha256_md()) <= 0) {
        throw_openssl("cannot sign a certificate");
    }
    return {pem_of_private(key.get()), pem_of(certificate.get())};
}

struct Issuer {
    X509Ptr certificate;
    KeyPtr key;
};

Issuer open(Identity const& identity)
{
    Issuer issuer{parse_certificate(identity.certificate_pem), parse_private_key(identity.key_pem)};
    if (!issuer.certificate || !issuer.key) throw std::runtime_error("the issuer's key or certificate cannot be read");
    if (X509_check_private_key(issuer.certificate.get(), issuer.key.get()) != 1) {
        throw_openssl("the issuer's key and certificate do not belong together");
    }
    return issuer;
}

}  // namespace

Identity make_root(Request const& request)
{
    Request root = request;
    root.use = Request::Use::root;
    return make(root, nullptr, nullptr);
}

Identity issue(Identity const& issuer, Request const& request)
{
    auto const by = open(issuer);
    return make(request, by.certificate.get(), by.key.get());
}

std::string make_crl(Identity const& issuer, std::vector<Revoked> const& revoked, Instant this_update, Instant next_update,
                     unsigned number)
{
    auto const by = open(issuer);
    CrlPtr const crl{X509_CRL_new()};
    if (!crl || X509_CRL_set_version(crl.get(), X509_CRL_VERSION_2) != 1 ||
        X509_CRL_set_issuer_name(crl.get(), X509_get_subject_name(by.certificate.get())) != 1 ||
        X509_CRL_set1_lastUpdate(crl.get(), time_of(this_update).get()) != 1 ||
        X509_CRL_set1_nextUpdate(crl.get(), time_of(next_update).get()) != 1) {
        throw_openssl("cannot fill a CRL");
    }
    for (auto const& one : revoked) {
        auto const certificate = parse_certificate(one.certificate_pem);
        RevokedPtr entry{X509_REVOKED_new()};
        if (!certificate || !entry || X509_REVOKED_set_serialNumber(entry.get(), X509_get_serialNumber(certificate.get())) != 1 ||
            X509_REVOKED_set_revocationDate(entry.get(), time_of(one.at).get()) != 1 ||
            X509_CRL_add0_revoked(crl.get(), entry.get()) != 1) {
            throw_openssl("cannot add a revoked certificate");
        }
        entry.release();  // The CRL owns it now.
    }
    X509_CRL_sort(crl.get());

    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, by.certificate.get(), nullptr, nullptr, crl.get(), 0);
    ExtensionPtr const authority{X509V3_EXT_conf_nid(nullptr, &context, NID_authority_key_identifier, "keyid:always")};
    Asn1IntegerPtr const crl_number{ASN1_INTEGER_new()};
    if (!authority || X509_CRL_add_ext(crl.get(), authority.get(), -1) != 1 || !crl_number ||
        ASN1_INTEGER_set_uint64(crl_number.get(), number) != 1 ||
        X509_CRL_add1_ext_i2d(crl.get(), NID_crl_number, crl_number.get(), 0, 0) != 1 ||
        X509_CRL_sign(crl.get(), by.key.get(), sha256_md()) <= 0) {
        throw_openssl("cannot sign a CRL");
    }
    return pem_of(crl.get());
}

}  // namespace signing::dev
