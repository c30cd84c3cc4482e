#include "signing/detail/openssl.hpp"

#include "signing/detail/der.hpp"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <climits>
#include <ctime>
#include <stdexcept>

namespace signing::detail {
namespace {

// An encrypted key must not make a server wait at a terminal.
int no_passphrase(char*, int, int, void*) { return -1; }

template <class T>
std::string der_bytes(T* object, int (*encode)(T*, unsigned char**))
{
    unsigned char* out = nullptr;
    int const size = encode(object, &out);
    if (size < 0) throw_openssl("cannot encode to DER");
    std::string bytes(reinterpret_cast<char const*>(out), static_cast<std::size_t>(size));
    OPENSSL_free(out);
    return bytes;
}

bool looks_like_pem(std::string_view bytes) { return bytes.find("-----BEGIN ") != std::string_view::npos; }

bool fits_int(std::string_view bytes) { return bytes.size() <= static_cast<std::size_t>(INT_MAX); }

// "MST:0101300842" in a subject UID. Two different tax codes in one subject name nobody.
std::string tax_code_of(X509_NAME const* subject)
{
    constexpr std::string_view prefix = "MST:";
    std::string found;
    for (int at = -1; (at = X509_NAME_get_index_by_NID(subject, NID_userId, at)) >= 0;) {
        ASN1_STRING const* value = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at));
        unsigned char* utf8 = nullptr;
        int const size = ASN1_STRING_to_UTF8(&utf8, value);
        if (size < 0) continue;
        std::string text(reinterpret_cast<char const*>(utf8), static_cast<std::size_t>(size));
        OPENSSL_free(utf8);
        if (!text.starts_with(prefix)) continue;
        text.erase(0, prefix.size());
        if (!found.empty() && found != text) return {};
        found = std::move(text);
    }
    for (char const c : found) {
        if (!((c >= '0' && c <= '9') || c == '-')) return {};
    }
    return found;
}

}  // namespace

std::string drain_errors()
{
    std::string text;
    while (unsigned long const code = ERR_get_error()) {
        std::array<char, 256> line{};
        ERR_error_string_n(code, line.data(), line.size());
        if (text.size() < 1000) text += (text.empty() ? "" : "; ") + std::string{line.data()};
    }
    return text;
}

void throw_openssl(std::string_view what)
{
    auto const errors = drain_errors();
    throw std::runtime_error(errors.empty() ? std::string{what} : fmt::format("{}: {}", what, errors));
}

BioPtr memory_bio(std::string_view bytes)
{
    if (!fits_int(bytes)) throw std::runtime_error("more than 2 GiB");
    BioPtr bio{BIO_new_mem_buf(bytes.empty() ? "" : bytes.data(), static_cast<int>(bytes.size()))};
    if (!bio) throw_openssl("BIO_new_mem_buf");
    return bio;
}

std::string bytes_of(BIO* bio)
{
    char* data = nullptr;
    long const size = BIO_get_mem_data(bio, &data);
    return {data, static_cast<std::size_t>(size)};
}

X509Ptr parse_certificate_der(std::string_view der)
{
    auto const* begin = reinterpret_cast<unsigned char const*>(der.data());
    auto const* at = begin;
    if (der.empty() || !fits_int(der)) return nullptr;
    X509Ptr certificate{d2i_X509(nullptr, &at, static_cast<long>(der.size()))};
    if (!certificate || at != begin + der.size()) {
        ERR_clear_error();
        return nullptr;
    }
    return certificate;
}

std::vector<X509Ptr> parse_certificates(std::string_view pem_or_der)
{
    std::vector<X509Ptr> certificates;
    if (!looks_like_pem(pem_or_der)) {
        if (auto one = parse_certificate_der(pem_or_der)) certificates.push_back(std::move(one));
        return certificates;
    }
    auto const bio = memory_bio(pem_or_der);
    while (X509* next = PEM_read_bio_X509(bio.get(), nullptr, no_passphrase, nullptr)) certificates.emplace_back(next);
    // The end of a PEM file shows as "no start line"; everything else is damage.
    unsigned long const error = ERR_peek_last_error();
    bool const at_end = ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
    ERR_clear_error();
    if (!at_end) certificates.clear();
    return certificates;
}

X509Ptr parse_certificate(std::string_view pem_or_der)
{
    auto certificates = parse_certificates(pem_or_der);
    return certificates.size() == 1 ? std::move(certificates.front()) : nullptr;
}

namespace {

// What stands between BEGIN PUBLIC KEY and END; the bytes themselves where they are no PEM.
std::string key_bytes(std::string_view pem_or_der)
{
    if (!looks_like_pem(pem_or_der)) return std::string{pem_or_der};
    unsigned char* bytes = nullptr;
    long size = 0;
    int const read = PEM_bytes_read_bio(&bytes, &size, nullptr, PEM_STRING_PUBLIC, memory_bio(pem_or_der).get(), no_passphrase, nullptr);
    Owned<unsigned char, free_openssl_memory> const owner{bytes};
    return read == 1 ? std::string(reinterpret_cast<char const*>(bytes), static_cast<std::size_t>(size)) : std::string{};
}

}  // namespace

std::optional<std::string> public_key_der(std::string_view pem_or_der)
{
    auto der = key_bytes(pem_or_der);
    auto const* begin = reinterpret_cast<unsigned char const*>(der.data());
    auto const* at = begin;
    if (der.empty() || !fits_int(der)) return std::nullopt;
    Owned<X509_PUBKEY, X509_PUBKEY_free> const key{d2i_X509_PUBKEY(nullptr, &at, static_cast<long>(der.size()))};
    ERR_clear_error();
    if (!key || at != begin + der.size()) return std::nullopt;
    return der;
}

KeyPtr parse_public_key_der(std::string_view der)
{
    auto const* at = reinterpret_cast<unsigned char const*>(der.data());
    KeyPtr key{fits_int(der) ? d2i_PUBKEY(nullptr, &at, static_cast<long>(der.size())) : nullptr};
    ERR_clear_error();
    return key;
}

CrlPtr parse_crl(std::string_view pem_or_der)
{
    CrlPtr crl;
    if (looks_like_pem(pem_or_der)) {
        crl.reset(PEM_read_bio_X509_CRL(memory_bio(pem_or_der).get(), nullptr, no_passphrase, nullptr));
    } else if (fits_int(pem_or_der)) {
        auto const* begin = reinterpret_cast<unsigned char const*>(pem_or_der.data());
        auto const* at = begin;
        crl.reset(d2i_X509_CRL(nullptr, &at, static_cast<long>(pem_or_der.size())));
        if (crl && at != begin + pem_or_der.size()) crl.reset();
    }
    ERR_clear_error();
    return crl;
}

KeyPtr parse_private_key(std::string_view pem)
{
    KeyPtr key{PEM_read_bio_PrivateKey(memory_bio(pem).get(), nullptr, no_passphrase, nullptr)};
    ERR_clear_error();
    return key;
}

std::string der_of(X509* certificate)
{
    return der_bytes<X509>(certificate, [](X509* c, unsigned char** out) { return i2d_X509(c, out); });
}

std::string der_of_name(X509_NAME const* name)
{
    unsigned char const* der = nullptr;
    std::size_t size = 0;
    if (X509_NAME_get0_der(name, &der, &size) != 1) throw_openssl("X509_NAME_get0_der");
    return {reinterpret_cast<char const*>(der), size};
}

std::string der_of_public_key(X509* certificate)
{
    return der_bytes<X509_PUBKEY>(X509_get_X509_PUBKEY(certificate),
                                  [](X509_PUBKEY* k, unsigned char** out) { return i2d_X509_PUBKEY(k, out); });
}

std::string pem_of(X509* certificate)
{
    BioPtr const bio{BIO_new(BIO_s_mem())};
    if (!bio || PEM_write_bio_X509(bio.get(), certificate) != 1) throw_openssl("PEM_write_bio_X509");
    return bytes_of(bio.get());
}

std::string pem_of_private(EVP_PKEY* key)
{
    BioPtr const bio{BIO_new(BIO_s_mem())};
    if (!bio || PEM_write_bio_PKCS8PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr) != 1) {
        throw_openssl("PEM_write_bio_PKCS8PrivateKey");
    }
    return bytes_of(bio.get());
}

std::string pem_of(X509_CRL* crl)
{
    BioPtr const bio{BIO_new(BIO_s_mem())};
    if (!bio || PEM_write_bio_X509_CRL(bio.get(), crl) != 1) throw_openssl("PEM_write_bio_X509_CRL");
    return bytes_of(bio.get());
}

std::string text_of(X509_NAME const* name)
{
    BioPtr const bio{BIO_new(BIO_s_mem())};
    // Without ESC_MSB, so that Vietnamese names stay readable UTF-8.
    constexpr unsigned long flags = XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB;
    if (!bio || X509_NAME_print_ex(bio.get(), name, 0, flags) < 0) throw_openssl("X509_NAME_print_ex");
    return bytes_of(bio.get());
}

std::string attribute_of(X509_NAME const* name, int nid)
{
    std::string text;
    for (int at = -1; (at = X509_NAME_get_index_by_NID(name, nid, at)) >= 0;) {
        unsigned char* utf8 = nullptr;
        int const size = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
        if (size < 0) continue;
        text.assign(reinterpret_cast<char const*>(utf8), static_cast<std::size_t>(size));
        OPENSSL_free(utf8);
    }
    return text;
}

Instant instant_of(ASN1_TIME const* time)
{
    std::tm parts{};
    if (time == nullptr || ASN1_TIME_to_tm(time, &parts) != 1) return {};
    using namespace std::chrono;
    auto const day = sys_days{year{parts.tm_year + 1900} / (parts.tm_mon + 1) / parts.tm_mday};
    // "99991231235959Z", no well-defined end (RFC 5280 §4.1.2.5), is past what nanoseconds since 1970 can count.
    constexpr auto last = sys_days{year{2200} / 1 / 1};
    constexpr auto first = sys_days{year{1700} / 1 / 1};
    if (day >= last) return last;
    if (day <= first) return first;
    return day + hours{parts.tm_hour} + minutes{parts.tm_min} + seconds{parts.tm_sec};
}

std::string serial_hex(ASN1_INTEGER const* serial)
{
    BigNumPtr const number{ASN1_INTEGER_to_BN(serial, nullptr)};
    if (!number) throw_openssl("ASN1_INTEGER_to_BN");
    Owned<char, free_openssl_memory> const text{BN_bn2hex(number.get())};
    if (!text) throw_openssl("BN_bn2hex");
    return text.get();
}

std::string key_name(EVP_PKEY* key)
{
    auto const strength = strength_of(key);
    switch (strength.family) {
        case KeyFamily::rsa: return fmt::format("RSA-{}", strength.bits);
        case KeyFamily::ec: return "EC-" + strength.curve;
        case KeyFamily::other: break;
    }
    return "other";
}

CertificateFacts facts_of(X509* certificate, std::string_view der) { return facts_of(certificate, sha256(der)); }

CertificateFacts facts_of(X509* certificate, Sha256 const& fingerprint)
{
    CertificateFacts facts;
    X509_NAME const* subject = X509_get_subject_name(certificate);
    facts.subject = text_of(subject);
    facts.issuer = text_of(X509_get_issuer_name(certificate));
    facts.common_name = attribute_of(subject, NID_commonName);
    facts.serial = serial_hex(X509_get0_serialNumber(certificate));
    facts.tax_code = tax_code_of(subject);
    facts.fingerprint = fingerprint;
    facts.not_before = instant_of(X509_get0_notBefore(certificate));
    facts.not_after = instant_of(X509_get0_notAfter(certificate));
    EVP_PKEY* key = X509_get0_pubkey(certificate);
    facts.key = key == nullptr ? "unreadable" : key_name(key);
    ERR_clear_error();
    return facts;
}

KeyStrength strength_of(EVP_PKEY* key)
{
    KeyStrength strength;
    strength.bits = EVP_PKEY_get_bits(key);
    if (EVP_PKEY_is_a(key, "RSA") == 1 || EVP_PKEY_is_a(key, "RSA-PSS") == 1) {
        strength.family = KeyFamily::rsa;
    } else if (EVP_PKEY_is_a(key, "EC") == 1) {
        strength.family = KeyFamily::ec;
        std::array<char, 80> group{};
        std::size_t size = 0;
        if (EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, group.data(), group.size(), &size) == 1) {
            std::string_view const name{group.data(), size};
            int const nid = OBJ_txt2nid(group.data());
            strength.curve = nid == NID_X9_62_prime256v1 ? "P-256" : nid == NID_secp384r1 ? "P-384" : std::string{name};
        }
    }
    return strength;
}

namespace {

// A number of a key; null where there is none or it has more than `octets_max`. OpenSSL fills all the room it is given, and
// slowly, so it is given no more than a sound number takes.
BigNumPtr number_of(EVP_PKEY* key, char const* name, std::size_t octets_max)
{
    std::vector<unsigned char> octets(octets_max);
    std::array parameters{OSSL_PARAM_construct_BN(name, octets.data(), octets.size()), OSSL_PARAM_construct_end()};
    bool const read = EVP_PKEY_get_params(key, parameters.data()) == 1 && OSSL_PARAM_modified(parameters.data()) == 1;
    ERR_clear_error();
    return BigNumPtr{read ? BN_native2bn(octets.data(), static_cast<int>(octets.size()), nullptr) : nullptr};
}

}  // namespace

bool is_sound(EVP_PKEY* key) { return is_sound(key, strength_of(key)); }

bool is_sound(EVP_PKEY* key, KeyStrength const& strength)
{
    switch (strength.family) {
        case KeyFamily::rsa: {
            auto const modulus = number_of(key, OSSL_PKEY_PARAM_RSA_N, static_cast<std::size_t>(strength.bits + 7) / 8);
            auto const exponent = number_of(key, OSSL_PKEY_PARAM_RSA_E, 256 / 8);
            return modulus && exponent && BN_is_odd(modulus.get()) && BN_is_odd(exponent.get()) && BN_num_bits(exponent.get()) >= 2;
        }
        case KeyFamily::ec: {
            std::size_t size = 0;  // infinity is one octet
            bool const read = EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, nullptr, 0, &size) == 1;
            ERR_clear_error();
            return read && size > 1;
        }
        case KeyFamily::other: break;
    }
    return true;
}

EVP_MD const* sha256_md()
{
    static EVP_MD const* const md = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    return md;
}

namespace {

// A key made ready to sign; telling OpenSSL all of it anew costs more than everything else but the signature itself. The
// context holds the key, so that no other can come to stand where it stood.
struct ReadyToSign {
    EVP_PKEY*   key = nullptr;
    PkeyCtxPtr  context;
    std::size_t half = 0;  // EC: bytes of r, and of s
    std::size_t size_max = 0;
};

ReadyToSign prepare(EVP_PKEY* key)
{
    auto const strength = strength_of(key);
    ReadyToSign ready{.key = key, .context = PkeyCtxPtr{EVP_PKEY_CTX_new(key, nullptr)}, .half = 0, .size_max = 0};
    bool good = ready.context && EVP_PKEY_sign_init(ready.context.get()) == 1;
    if (strength.family == KeyFamily::rsa) good = good && EVP_PKEY_CTX_set_rsa_padding(ready.context.get(), RSA_PKCS1_PADDING) == 1;
    if (!good || EVP_PKEY_CTX_set_signature_md(ready.context.get(), sha256_md()) != 1) throw_openssl("cannot start a signature");
    if (strength.family == KeyFamily::ec) ready.half = static_cast<std::size_t>(strength.bits + 7) / 8;
    ready.size_max = static_cast<std::size_t>(std::max(EVP_PKEY_get_size(key), 0));
    return ready;
}

// The calling thread's place for a key: the receipt key in force, the one after it, and whatever else signs here.
ReadyToSign& ready_to_sign(EVP_PKEY* key)
{
    thread_local std::array<ReadyToSign, 4> places;
    thread_local std::size_t next = 0;
    for (auto& place : places)
        if (place.key == key) return place;
    auto& place = places[next++ % places.size()];
    place = {};
    place = prepare(key);
    return place;
}

// ECDSA-Sig-Value (RFC 3279 §2.2.3), as OpenSSL writes it, as r||s.
std::string pair_of_der(std::string_view der, std::size_t half)
{
    DerReader outer{der};
    auto pair = outer.inside(DerTag::sequence, "ECDSA-Sig-Value");
    std::string raw(2 * half, '\0');
    for (std::size_t const end : {half, 2 * half}) {
        auto number = pair.next(DerTag::integer, "r or s").content;
        while (number.size() > half && number.front() == '\0') number.remove_prefix(1);
        if (number.size() > half) throw std::runtime_error("r or s is longer than the curve's order");
        std::copy(number.begin(), number.end(), raw.begin() + static_cast<std::ptrdiff_t>(end - number.size()));
    }
    return raw;
}

}  // namespace

std::string sign_sha256(EVP_PKEY* key, std::string_view bytes)
{
    auto const digest = sha256(bytes);
    auto& ready = ready_to_sign(key);
    std::string signature(ready.size_max, '\0');
    auto size = signature.size();
    if (EVP_PKEY_sign(ready.context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size, digest.data(), digest.size()) != 1) {
        ready = {};  // whatever a failure left in it is not used again
        throw_openssl("cannot sign");
    }
    signature.resize(size);
    return ready.half == 0 ? signature : pair_of_der(signature, ready.half);
}

}  // namespace signing::detail
