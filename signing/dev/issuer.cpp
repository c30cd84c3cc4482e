#include "signing/dev/issuer.hpp"

#include "signing/detail/openssl.hpp"

#include <openssl/conf.h>
#include <openssl/ocsp.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>

#include <algorithm>
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

void set_serial(X509* certificate, std::string const& hex)
{
    BigNumPtr number;
    if (hex.empty()) {
        std::array<unsigned char, 16> bytes{};
        if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) throw_openssl("RAND_bytes");
        bytes[0] = static_cast<unsigned char>((bytes[0] & 0x7f) | 0x40);  // positive, and always of one length
        number.reset(BN_bin2bn(bytes.data(), static_cast<int>(bytes.size()), nullptr));
    } else {
        BIGNUM* read = nullptr;
        if (BN_hex2bn(&read, hex.c_str()) != static_cast<int>(hex.size())) throw std::runtime_error("not a serial number: " + hex);
        number.reset(read);
    }
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

// Names, and what OpenSSL writes for them.
using Extensions = std::vector<Request::Extension>;
constexpr char const* issuers_key = "keyid:always";

Extensions usual_extensions(Request const& request)
{
    using Use = Request::Use;
    std::string const usage = request.digital_signature ? "critical,digitalSignature" : "critical,keyEncipherment";
    Extensions made;
    switch (request.use) {
        case Use::root: made = {{"basicConstraints", "critical,CA:TRUE"}, {"keyUsage", "critical,keyCertSign,cRLSign"}}; break;
        case Use::issuing_ca:
            made = {{"basicConstraints", "critical,CA:TRUE,pathlen:0"}, {"keyUsage", "critical,keyCertSign,cRLSign"}};
            break;
        case Use::sign:
            made = {{"basicConstraints", "CA:FALSE"}, {"keyUsage", request.digital_signature ? usage + ",nonRepudiation" : usage}};
            break;
        case Use::tls_server:
            made = {{"basicConstraints", "critical,CA:FALSE"}, {"keyUsage", usage}, {"extendedKeyUsage", "serverAuth"}};
            break;
        case Use::tls_client:
            made = {{"basicConstraints", "critical,CA:FALSE"}, {"keyUsage", usage}, {"extendedKeyUsage", "clientAuth"}};
            break;
    }
    made.push_back({"subjectKeyIdentifier", "hash"});
    made.push_back({"authorityKeyIdentifier", issuers_key});
    std::string names;
    for (auto const& dns : request.dns_names) names += (names.empty() ? "DNS:" : ",DNS:") + dns;
    for (auto const& ip : request.ip_addresses) names += (names.empty() ? "IP:" : ",IP:") + ip;
    if (!names.empty()) made.push_back({"subjectAltName", names});
    return made;
}

Extensions extensions_of(Request const& request)
{
    auto made = usual_extensions(request);
    auto const named = [&](std::string const& name) { return [&](Request::Extension const& one) { return one.name == name; }; };
    for (auto const& own : request.extensions) std::erase_if(made, named(own.name));
    for (auto const& own : request.extensions) {
        if (!own.value.empty()) made.push_back(own);
    }
    return made;
}

void add_extensions(X509* certificate, X509* issuer, Request const& request)
{
    Owned<CONF, NCONF_free> const nothing{NCONF_new(nullptr)};  // some extensions ask for a configuration, were it empty
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    X509V3_set_nconf(&context, nothing.get());
    for (auto const& [name, value] : extensions_of(request)) {
        // An issuer whose key has no identifier cannot be named by one.
        if (value == issuers_key && X509_get_ext_by_NID(issuer, NID_subject_key_identifier, -1) < 0) continue;
        ExtensionPtr const extension{X509V3_EXT_nconf(nullptr, &context, name.c_str(), value.c_str())};
        if (!extension || X509_add_ext(certificate, extension.get(), -1) != 1) throw_openssl("cannot add an extension: " + name + " = " + value);
    }
}

EVP_MD const* digest_of(Request const& request)
{
    switch (request.digest) {
        case Request::Digest::sha256: return EVP_sha256();
        case Request::Digest::sha384: return EVP_sha384();
        case Request::Digest::sha512: return EVP_sha512();
        case Request::Digest::sha1: return EVP_sha1();
    }
    return EVP_sha256();
}

void sign(X509* certificate, EVP_PKEY* key, Request const& request)
{
    MdCtxPtr const context{EVP_MD_CTX_new()};
    EVP_PKEY_CTX* options = nullptr;  // owned by the context
    if (!context || EVP_DigestSignInit(context.get(), &options, digest_of(request), nullptr, key) != 1 ||
        (request.pss && (EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING) != 1 ||
                         EVP_PKEY_CTX_set_rsa_pss_saltlen(options, RSA_PSS_SALTLEN_DIGEST) != 1)) ||
        X509_sign_ctx(certificate, context.get()) <= 0) {
        throw_openssl("cannot sign a certificate");
    }
}

Identity make(Request const& request, X509* issuer, EVP_PKEY* issuer_key)
{
    auto const key = request.key_pem.empty() ? make_key(request.key) : parse_private_key(request.key_pem);
    if (!key) throw std::runtime_error("the key to make a certificate for cannot be read");
    X509Ptr const certificate{X509_new()};
    bool const v3 = request.version == Request::Version::v3;
    if (!certificate || X509_set_version(certificate.get(), v3 ? X509_VERSION_3 : X509_VERSION_1) != 1) throw_openssl("X509_new");
    set_serial(certificate.get(), request.serial_hex);
    X509_NAME* subject = X509_get_subject_name(certificate.get());
    bool const named = !request.common_name.empty() || !request.organisation.empty() || !request.tax_code.empty();
    if (named) add_name(subject, "C", "VN");
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
    if (v3) add_extensions(certificate.get(), signer, request);
    sign(certificate.get(), issuer_key == nullptr ? key.get() : issuer_key, request);
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

namespace {

using OcspBasicPtr = Owned<OCSP_BASICRESP, OCSP_BASICRESP_free>;
using OcspResponsePtr = Owned<OCSP_RESPONSE, OCSP_RESPONSE_free>;
using OcspIdPtr = Owned<OCSP_CERTID, OCSP_CERTID_free>;
using GeneralizedTimePtr = Owned<ASN1_GENERALIZEDTIME, ASN1_GENERALIZEDTIME_free>;

GeneralizedTimePtr generalized(Instant instant)
{
    GeneralizedTimePtr time{ASN1_GENERALIZEDTIME_set(nullptr, std::chrono::system_clock::to_time_t(instant))};
    if (!time) throw_openssl("ASN1_GENERALIZEDTIME_set");
    return time;
}

int status_of(OcspAnswer::Status status)
{
    switch (status) {
        case OcspAnswer::Status::good: return V_OCSP_CERTSTATUS_GOOD;
        case OcspAnswer::Status::revoked: return V_OCSP_CERTSTATUS_REVOKED;
        case OcspAnswer::Status::unknown: return V_OCSP_CERTSTATUS_UNKNOWN;
    }
    return V_OCSP_CERTSTATUS_UNKNOWN;
}

}  // namespace

std::string make_ocsp_response(Identity const& signer, Identity const& issuer, std::vector<OcspAnswer> const& answers, Instant this_update,
                               Instant next_update)
{
    auto const by = open(signer);
    auto const ca = parse_certificate(issuer.certificate_pem);
    OcspBasicPtr const basic{OCSP_BASICRESP_new()};
    if (!basic || !ca) throw_openssl("OCSP_BASICRESP_new");
    auto const from = generalized(this_update), until = generalized(next_update);
    for (auto const& answer : answers) {
        auto const certificate = parse_certificate(answer.certificate_pem);
        OcspIdPtr const id{certificate ? OCSP_cert_to_id(EVP_sha1(), certificate.get(), ca.get()) : nullptr};
        bool const revoked = answer.status == OcspAnswer::Status::revoked;
        auto const at = generalized(answer.revoked_at);
        if (!id || OCSP_basic_add1_status(basic.get(), id.get(), status_of(answer.status), revoked ? OCSP_REVOKED_STATUS_NOSTATUS : 0,
                                          revoked ? at.get() : nullptr, from.get(), until.get()) == nullptr) {
            throw_openssl("cannot add an OCSP answer");
        }
    }
    if (OCSP_basic_sign(basic.get(), by.certificate.get(), by.key.get(), sha256_md(), nullptr, 0) != 1) throw_openssl("cannot sign an OCSP response");
    OcspResponsePtr const response{OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic.get())};
    unsigned char* out = nullptr;
    int const size = response ? i2d_OCSP_RESPONSE(response.get(), &out) : -1;
    if (size < 0) throw_openssl("cannot encode an OCSP response");
    Owned<unsigned char, free_openssl_memory> const owned{out};
    return {reinterpret_cast<char const*>(out), static_cast<std::size_t>(size)};
}

}  // namespace signing::dev
