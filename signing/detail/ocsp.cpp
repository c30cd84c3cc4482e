#include "signing/detail/ocsp.hpp"

#include "signing/detail/authority.hpp"

#include <openssl/err.h>

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>

namespace signing::detail {
namespace {

using ResponsePtr = Owned<OCSP_RESPONSE, OCSP_RESPONSE_free>;
using UsagesPtr = Owned<EXTENDED_KEY_USAGE, EXTENDED_KEY_USAGE_free>;

bool equal(ASN1_OCTET_STRING const* text, unsigned char const* bytes, unsigned size)
{
    return ASN1_STRING_length(text) == static_cast<int>(size) && std::memcmp(ASN1_STRING_get0_data(text), bytes, size) == 0;
}

bool is_key_hash(ASN1_OCTET_STRING const* hash, X509* certificate, EVP_MD const* md)
{
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    auto const* const key = X509_get0_pubkey_bitstr(certificate);
    return key != nullptr &&
           EVP_Digest(ASN1_STRING_get0_data(key), static_cast<std::size_t>(ASN1_STRING_length(key)), digest.data(), &size, md, nullptr) == 1 &&
           equal(hash, digest.data(), size);
}

// RFC 6960 §4.1.1: hashes of the issuer's name and key. SHA-1 names here, it does not vouch: RFC 5019 §2.1.1 demands it.
bool speaks_of(OCSP_CERTID const* id, X509* issuer)
{
    ASN1_OCTET_STRING* name = nullptr;
    ASN1_OCTET_STRING* key = nullptr;
    ASN1_OBJECT* algorithm = nullptr;
    if (OCSP_id_get0_info(&name, &algorithm, &key, nullptr, const_cast<OCSP_CERTID*>(id)) != 1) return false;
    int const nid = OBJ_obj2nid(algorithm);
    EVP_MD const* const md = nid == NID_sha1 ? EVP_sha1() : nid == NID_sha256 ? sha256_md() : nullptr;
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    return md != nullptr && X509_NAME_digest(X509_get_subject_name(issuer), md, digest.data(), &size) == 1 &&
           equal(name, digest.data(), size) && is_key_hash(key, issuer, md);
}

// RFC 6960 §4.2.2.3: by name or by the SHA-1 of its key.
bool is_responder(OCSP_BASICRESP const* basic, X509* certificate)
{
    ASN1_OCTET_STRING const* key = nullptr;
    X509_NAME const* name = nullptr;
    if (OCSP_resp_get0_id(basic, &key, &name) != 1) return false;
    return name != nullptr ? same_name(name, X509_get_subject_name(certificate)) : is_key_hash(key, certificate, EVP_sha1());
}

Instant instant(ASN1_GENERALIZEDTIME const* time, char const* what)
{
    std::tm parts{};
    if (time == nullptr || ASN1_STRING_type(time) != V_ASN1_GENERALIZEDTIME || ASN1_TIME_to_tm(time, &parts) != 1) {
        throw std::runtime_error(fmt::format("{} is no time", what));
    }
    return instant_of(time);
}

void refuse_critical(X509_EXTENSION* extension)
{
    if (X509_EXTENSION_get_critical(extension) == 1 && OBJ_obj2nid(X509_EXTENSION_get_object(extension)) != NID_id_pkix_OCSP_Nonce) {
        throw std::runtime_error("a critical extension we do not know (RFC 6960 §4.4)");
    }
}

OcspAnswer answer_of(OCSP_SINGLERESP* single, EvidenceRules const& rules)
{
    for (int i = 0; i < OCSP_SINGLERESP_get_ext_count(single); ++i) refuse_critical(OCSP_SINGLERESP_get_ext(single, i));
    OcspAnswer answer;
    int reason = 0;
    ASN1_GENERALIZEDTIME* revoked = nullptr;
    ASN1_GENERALIZEDTIME* from = nullptr;
    ASN1_GENERALIZEDTIME* until = nullptr;
    switch (OCSP_single_get0_status(single, &reason, &revoked, &from, &until)) {
        case V_OCSP_CERTSTATUS_GOOD: answer.status = OcspAnswer::Status::good; break;
        case V_OCSP_CERTSTATUS_REVOKED:
            answer.status = OcspAnswer::Status::revoked;
            answer.revoked_at = instant(revoked, "revocationTime");
            break;
        case V_OCSP_CERTSTATUS_UNKNOWN: break;
        default: throw std::runtime_error("a certificate status that does not exist");
    }
    answer.this_update = instant(from, "thisUpdate");
    answer.next_update = until == nullptr ? answer.this_update + rules.ocsp_life : instant(until, "nextUpdate");
    if (answer.next_update < answer.this_update) throw std::runtime_error("nextUpdate before thisUpdate");
    return answer;
}

// RFC 6960 §4.2.2.2: issued by the very CA, for this purpose, named explicitly.
std::string delegate_refused(X509* certificate, X509* issuer, Instant produced, EvidenceRules const& rules)
{
    if (!signed_by(certificate, issuer)) return "the responder's certificate was not issued by the certificate's issuer";
    X509_ALGOR const* algorithm = nullptr;
    X509_get0_signature(nullptr, &algorithm, certificate);
    if (auto why = algorithm_forbidden(algorithm, X509_get0_pubkey(issuer), rules); !why.empty()) return "the responder's certificate is " + why;
    X509_check_purpose(certificate, -1, 0);  // reads the extensions into flags
    auto const flags = X509_get_extension_flags(certificate);
    if ((flags & (EXFLAG_INVALID | EXFLAG_CRITICAL)) != 0) return "the responder's certificate has extensions we cannot honour";
    if ((flags & EXFLAG_XKUSAGE) == 0 || (X509_get_extended_key_usage(certificate) & XKU_OCSP_SIGN) == 0) {
        return "the responder's certificate is not for OCSP signing";
    }
    if ((X509_get_key_usage(certificate) & (KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION)) == 0) return "the responder's key usage forbids signing";
    if (!valid_at(certificate, produced)) return "the responder's certificate was not valid when it answered";
    return {};
}

struct Verified {
    X509Ptr responder;
    bool delegated = false;
    std::string why = "signed by nobody who may answer for the certificate's issuer";
};

bool signature_holds(OCSP_BASICRESP* basic, X509* signer, EvidenceRules const& rules, std::string& why)
{
    EVP_PKEY* const key = X509_get0_pubkey(signer);
    if (key == nullptr) return false;
    auto const* const algorithm = OCSP_resp_get0_tbs_sigalg(basic);
    if (auto forbidden = algorithm_forbidden(algorithm, key, rules); !forbidden.empty()) {
        why = std::move(forbidden);
        return false;
    }
    bool const verified = ASN1_item_verify(ASN1_ITEM_rptr(OCSP_RESPDATA), algorithm, OCSP_resp_get0_signature(basic),
                                           OCSP_resp_get0_respdata(basic), key) == 1;
    ERR_clear_error();
    if (!verified) why = "its signature does not verify";
    return verified;
}

Verified verify(OCSP_BASICRESP* basic, X509* issuer, EvidenceRules const& rules)
{
    Verified verified;
    if (is_responder(basic, issuer) && signature_holds(basic, issuer, rules, verified.why)) {
        verified.responder = share(issuer);
        return verified;
    }
    auto const produced = instant(OCSP_resp_get0_produced_at(basic), "producedAt");
    auto const* const sent = OCSP_resp_get0_certs(basic);
    for (int i = 0; i < sk_X509_num(sent); ++i) {
        X509* const candidate = sk_X509_value(sent, i);
        if (!is_responder(basic, candidate) || same_key(candidate, issuer)) continue;
        if (auto refused = delegate_refused(candidate, issuer, produced, rules); !refused.empty()) {
            verified.why = std::move(refused);
            continue;
        }
        if (!signature_holds(basic, candidate, rules, verified.why)) continue;
        verified.responder = share(candidate);
        verified.delegated = true;
        return verified;
    }
    return verified;
}

Ocsp make(Verified verified, X509* issuer, std::vector<OcspAnswer> answers)
{
    Ocsp made;
    made.issuer = share(issuer);
    made.issuer_name = text_of(X509_get_subject_name(issuer));
    made.source = "ocsp:" + attribute_of(X509_get_subject_name(verified.responder.get()), NID_commonName);
    made.delegated = verified.delegated;
    made.nocheck = X509_get_ext_by_NID(verified.responder.get(), NID_id_pkix_OCSP_noCheck, -1) >= 0;
    made.answers = std::move(answers);
    // An answer does not outlive the certificate of who gave it.
    auto const end = instant_of(X509_get0_notAfter(verified.responder.get()));
    if (made.delegated) {
        for (auto& answer : made.answers) answer.next_update = std::min(answer.next_update, end);
    }
    std::ranges::stable_sort(made.answers, {}, &OcspAnswer::serial);
    made.responder = std::move(verified.responder);
    return made;
}

}  // namespace

BasicPtr read_response(std::string_view der, EvidenceRules const& rules)
{
    if (der.size() > rules.ocsp_bytes_max) throw std::runtime_error(fmt::format("more than {} octets", rules.ocsp_bytes_max));
    auto const* begin = reinterpret_cast<unsigned char const*>(der.data());
    auto const* at = begin;
    ResponsePtr const response{d2i_OCSP_RESPONSE(nullptr, &at, static_cast<long>(der.size()))};
    ERR_clear_error();
    if (!response || at != begin + der.size()) throw std::runtime_error("not one DER OCSP response");
    int const status = OCSP_response_status(response.get());
    if (status != OCSP_RESPONSE_STATUS_SUCCESSFUL) {
        throw std::runtime_error(fmt::format("the responder answered: {}", OCSP_response_status_str(status)));
    }
    BasicPtr basic{OCSP_response_get1_basic(response.get())};
    ERR_clear_error();
    if (!basic) throw std::runtime_error("not a basic OCSP response");
    if (static_cast<std::size_t>(OCSP_resp_count(basic.get())) > rules.ocsp_answers_max) throw std::runtime_error("more answers than we take");
    if (static_cast<std::size_t>(std::max(0, sk_X509_num(OCSP_resp_get0_certs(basic.get())))) > rules.ocsp_certificates_max) {
        throw std::runtime_error("more certificates than we take");
    }
    for (int i = 0; i < OCSP_BASICRESP_get_ext_count(basic.get()); ++i) refuse_critical(OCSP_BASICRESP_get_ext(basic.get(), i));
    return basic;
}

std::vector<OcspAnswer> answers_of(OCSP_BASICRESP* basic, X509* issuer, EvidenceRules const& rules)
{
    std::vector<OcspAnswer> answers;
    for (int i = 0; i < OCSP_resp_count(basic); ++i) {
        auto* const single = OCSP_resp_get0(basic, i);
        auto const* const id = OCSP_SINGLERESP_get0_id(single);
        if (issuer != nullptr && !speaks_of(id, issuer)) continue;
        ASN1_INTEGER* number = nullptr;
        OCSP_id_get0_info(nullptr, nullptr, nullptr, &number, const_cast<OCSP_CERTID*>(id));
        auto const serial = number == nullptr ? std::nullopt : serial_of(number);
        if (!serial) continue;  // of no certificate we take
        auto answer = answer_of(single, rules);
        answer.serial = *serial;
        answers.push_back(answer);
    }
    return answers;
}

std::vector<Ocsp> load_ocsp(std::string_view der, std::span<X509Ptr const> authorities, EvidenceRules const& rules)
{
    auto const basic = read_response(der, rules);
    std::vector<Ocsp> made;
    std::string why = "speaks of no certificate of our authorities";
    for (auto const& authority : authorities) {
        // Several certificates of one name and key are one issuer.
        auto const known = [&](Ocsp const& one) {
            return same_key(one.issuer.get(), authority.get()) &&
                   same_name(X509_get_subject_name(one.issuer.get()), X509_get_subject_name(authority.get()));
        };
        if (std::ranges::any_of(made, known)) continue;
        auto answers = answers_of(basic.get(), authority.get(), rules);
        if (answers.empty()) continue;
        auto verified = verify(basic.get(), authority.get(), rules);
        if (verified.responder) {
            made.push_back(make(std::move(verified), authority.get(), std::move(answers)));
        } else {
            why = std::move(verified.why);
        }
    }
    ERR_clear_error();
    if (made.empty()) throw std::runtime_error(why);
    return made;
}

}  // namespace signing::detail
