#include "signing/detail/authority.hpp"

#include <openssl/err.h>
#include <openssl/rsa.h>

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace signing::detail {
namespace {

using PssPtr = Owned<RSA_PSS_PARAMS, RSA_PSS_PARAMS_free>;
using AlgorithmPtr = Owned<X509_ALGOR, X509_ALGOR_free>;

struct Method {
    int digest = NID_undef, key = NID_undef;
    int salt = 0;  // RSA-PSS alone
};

int nid_of(X509_ALGOR const* algorithm)
{
    ASN1_OBJECT const* oid = nullptr;
    X509_ALGOR_get0(&oid, nullptr, nullptr, algorithm);
    return OBJ_obj2nid(oid);
}

// An X509_ALGOR's parameters, where they are a SEQUENCE.
std::string_view parameters_of(X509_ALGOR const* algorithm)
{
    int type = V_ASN1_UNDEF;
    void const* value = nullptr;
    X509_ALGOR_get0(nullptr, &type, &value, algorithm);
    if (type != V_ASN1_SEQUENCE) return {};
    auto const* const text = static_cast<ASN1_STRING const*>(value);
    return {reinterpret_cast<char const*>(ASN1_STRING_get0_data(text)), static_cast<std::size_t>(ASN1_STRING_length(text))};
}

template <class Pointer, class Decode>
Pointer decoded(std::string_view der, Decode decode)
{
    auto const* at = reinterpret_cast<unsigned char const*>(der.data());
    Pointer object{der.empty() ? nullptr : decode(nullptr, &at, static_cast<long>(der.size()))};
    ERR_clear_error();
    return object;
}

// RFC 4055 §3.1. The same digest in the mask, as RFC 8017 §9.1 recommends and everybody does.
std::optional<Method> pss_method(X509_ALGOR const* algorithm)
{
    auto const parameters = decoded<PssPtr>(parameters_of(algorithm), d2i_RSA_PSS_PARAMS);
    if (!parameters) return std::nullopt;
    Method method{.digest = NID_sha1, .key = NID_rsassaPss, .salt = 20};
    if (parameters->hashAlgorithm != nullptr) method.digest = nid_of(parameters->hashAlgorithm);
    int mask = NID_sha1;
    if (parameters->maskGenAlgorithm != nullptr) {
        if (nid_of(parameters->maskGenAlgorithm) != NID_mgf1) return std::nullopt;
        auto const digest = decoded<AlgorithmPtr>(parameters_of(parameters->maskGenAlgorithm), d2i_X509_ALGOR);
        mask = digest ? nid_of(digest.get()) : NID_undef;
    }
    if (parameters->saltLength != nullptr) method.salt = static_cast<int>(ASN1_INTEGER_get(parameters->saltLength));
    bool const trailer = parameters->trailerField == nullptr || ASN1_INTEGER_get(parameters->trailerField) == 1;
    if (mask != method.digest || method.salt < 0 || method.salt > 64 || !trailer) return std::nullopt;
    return method;
}

std::optional<Method> method_of(X509_ALGOR const* algorithm)
{
    int const nid = nid_of(algorithm);
    if (nid == NID_rsassaPss) return pss_method(algorithm);
    Method method;
    if (OBJ_find_sigid_algs(nid, &method.digest, &method.key) != 1) return std::nullopt;
    return method;
}

// Fetched once: looking an algorithm up by name takes read-write locks on every use.
EVP_MD const* digest_of(int nid)
{
    static EVP_MD const* const sha384 = EVP_MD_fetch(nullptr, "SHA384", nullptr);
    static EVP_MD const* const sha512 = EVP_MD_fetch(nullptr, "SHA512", nullptr);
    switch (nid) {
        case NID_sha1: return EVP_sha1();
        case NID_sha256: return sha256_md();
        case NID_sha384: return sha384;
        case NID_sha512: return sha512;
        default: return nullptr;
    }
}

constexpr int rsa_bits_min = 2048;      // SP 800-131A; the same as for documents (policy.hpp)
constexpr int rsa_bits_min_sha1 = 1024;  // what there was when SHA-1 was

}  // namespace

bool same_name(X509_NAME const* a, X509_NAME const* b) { return X509_NAME_cmp(a, b) == 0; }

bool same_key(X509* a, X509* b)
{
    if (a == b) return true;
    auto const* const left = X509_get0_pubkey_bitstr(a);
    auto const* const right = X509_get0_pubkey_bitstr(b);
    if (left == nullptr || right == nullptr || ASN1_STRING_cmp(left, right) != 0) return false;
    X509_ALGOR* left_algorithm = nullptr;
    X509_ALGOR* right_algorithm = nullptr;
    return X509_PUBKEY_get0_param(nullptr, nullptr, nullptr, &left_algorithm, X509_get_X509_PUBKEY(a)) == 1 &&
           X509_PUBKEY_get0_param(nullptr, nullptr, nullptr, &right_algorithm, X509_get_X509_PUBKEY(b)) == 1 &&
           X509_ALGOR_cmp(left_algorithm, right_algorithm) == 0;
}

bool signed_by(X509* certificate, X509* issuer)
{
    if (!same_name(X509_get_issuer_name(certificate), X509_get_subject_name(issuer))) return false;
    EVP_PKEY* const key = X509_get0_pubkey(issuer);
    bool const verified = key != nullptr && X509_verify(certificate, key) == 1;
    ERR_clear_error();
    return verified;
}

bool valid_at(X509* certificate, Instant at)
{
    return instant_of(X509_get0_notBefore(certificate)) <= at && at <= instant_of(X509_get0_notAfter(certificate));
}

bool related(X509* signer, X509* issuer, std::span<X509Ptr const> authorities)
{
    if (signed_by(signer, issuer) || signed_by(issuer, signer)) return true;
    if (!same_name(X509_get_issuer_name(signer), X509_get_issuer_name(issuer))) return false;
    return std::ranges::any_of(authorities, [&](X509Ptr const& parent) {
        return same_name(X509_get_subject_name(parent.get()), X509_get_issuer_name(issuer)) && signed_by(issuer, parent.get()) &&
               signed_by(signer, parent.get());
    });
}

std::string algorithm_forbidden(X509_ALGOR const* algorithm, EVP_PKEY* key, EvidenceRules const& rules)
{
    auto const method = method_of(algorithm);
    if (!method) return "signed with an algorithm we do not know";
    bool const sha1 = method->digest == NID_sha1 && rules.sha1;
    if (!sha1 && (method->digest == NID_sha1 || digest_of(method->digest) == nullptr)) {
        auto const* const name = method->digest == NID_undef ? nullptr : OBJ_nid2sn(method->digest);
        return fmt::format("signed with {}, which is not allowed", name == nullptr ? "an unknown algorithm" : name);
    }
    auto const strength = strength_of(key);
    switch (strength.family) {
        case KeyFamily::rsa:
            if (method->key != NID_rsaEncryption && method->key != NID_rsassaPss) break;
            if (strength.bits < (rules.sha1 ? rsa_bits_min_sha1 : rsa_bits_min)) return fmt::format("signed with an RSA key of {} bits", strength.bits);
            return {};
        case KeyFamily::ec:
            if (method->key != NID_X9_62_id_ecPublicKey) break;
            if (strength.curve != "P-256" && strength.curve != "P-384" && strength.curve != "secp521r1") {
                return "signed with a key on the curve " + strength.curve;
            }
            return {};
        case KeyFamily::other: break;
    }
    return "signed with an algorithm that is not of its key";
}

bool verifies(X509_ALGOR const* algorithm, EVP_PKEY* key, std::string_view bytes, std::string_view signature)
{
    auto const method = method_of(algorithm);
    EVP_MD const* const digest = method ? digest_of(method->digest) : nullptr;
    if (digest == nullptr) return false;  // without a digest OpenSSL would choose one
    MdCtxPtr const context{EVP_MD_CTX_new()};
    EVP_PKEY_CTX* parameters = nullptr;  // owned by the context
    bool ready = context && EVP_DigestVerifyInit(context.get(), &parameters, digest, nullptr, key) == 1;
    if (ready && method->key == NID_rsassaPss) {
        ready = EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING) == 1 &&
                EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, method->salt) == 1;
    }
    bool const verified = ready && EVP_DigestVerify(context.get(), reinterpret_cast<unsigned char const*>(signature.data()), signature.size(),
                                                    reinterpret_cast<unsigned char const*>(bytes.data()), bytes.size()) == 1;
    ERR_clear_error();
    return verified;
}

}  // namespace signing::detail
