#pragma once

// What `signing` says when it says no.

#include "schemas/failure.hpp"

#include <boost/assert/source_location.hpp>
#include <boost/system/result.hpp>

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace signing {

enum class Refusal {
    signature_missing,          // the designated place holds no Signature
    signature_repeated,         // more than one Signature in the document
    signature_misplaced,        // a Signature elsewhere than the designated place
    signature_malformed,        // not the shape of XMLDSig 1.1, or ids repeated, or comments inside values
    reference_not_whole,        // not exactly one Reference, or it does not cover the whole document
    algorithm_forbidden,        // digest, signature or canonicalisation not in the policy (MD5, HMAC, DSA, …)
    algorithm_sha1,             // SHA-1 outside its dated switch
    transform_forbidden,        // XPath, XSLT, base64, … or a transform missing
    key_too_small,              // RSA under 2048 bits, a curve not in the policy
    key_info_forbidden,         // no certificate, or RetrievalMethod and its like
    digest_mismatch,            // the document was altered
    value_mismatch,             // the signature value does not verify with the certificate's key
    certificate_malformed,
    certificate_not_yet_valid,
    certificate_expired,
    certificate_revoked,
    certificate_usage,          // key usage or basic constraints forbid signing
    chain_untrusted,            // does not chain to our anchors
    chain_broken,               // a chain exists, but a certificate of it is expired, revoked or not a CA
    revocation_unknown,         // no fresh CRL, and the anchor's policy is hard fail
    owner_missing,              // the certificate names no tax code (UID=MST:…)
    owner_mismatch,             // the certificate's tax code is not the unit's
    test_certificate_ended,     // a test certificate after its dated end
    signing_time_outside,       // SigningTime outside the certificate's validity or the skew bound
    otp_organisation,           // a one-time password in place of an organisation's signature
    otp_mismatch,               // the one-time password is another person's, or was drawn for other content
};

struct Failure {
    Refusal     why;
    std::string form;    // label of the form whose signature failed; empty: the envelope
    std::string path;    // XPath of the place
    std::string detail;  // for our log
    std::vector<std::string> wanted = {};  // revocation_unknown: EvidenceWanted::id() of what was lacking, for who waits for it
};

template <class T>
using Result = boost::system::result<T, Failure>;

[[nodiscard]] std::string_view name_of(Refusal why) noexcept;

[[noreturn]] inline void throw_exception_from_error(Failure const& failure, boost::source_location const&)
{
    throw std::logic_error("signing::Result::value() on a failure: " + failure.detail);
}

}  // namespace signing
