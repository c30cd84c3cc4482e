#include "gateway/fault/fault.hpp"

namespace fault {
namespace {

FaultCode code_of(signing::Refusal why)
{
    using enum signing::Refusal;
    switch (why) {  // No default: a new refusal must not compile until it has a row.
        case signature_missing: return FaultCode::signature_missing;
        case signature_repeated: return FaultCode::signature_repeated;
        case signature_misplaced: return FaultCode::signature_misplaced;
        case signature_malformed: return FaultCode::signature_malformed;
        case reference_not_whole: return FaultCode::signature_reference;
        case algorithm_forbidden:
        case transform_forbidden: return FaultCode::signature_algorithm;
        case algorithm_sha1: return FaultCode::signature_sha1;
        case key_too_small:
        case key_info_forbidden: return FaultCode::signature_key;
        case digest_mismatch: return FaultCode::content_altered;
        case value_mismatch: return FaultCode::signature_invalid;
        case certificate_malformed: return FaultCode::certificate_malformed;
        case certificate_usage: return FaultCode::certificate_usage;
        case certificate_not_yet_valid:
        case certificate_expired: return FaultCode::certificate_expired;
        case certificate_revoked: return FaultCode::certificate_revoked;
        case chain_untrusted:
        case chain_broken: return FaultCode::certificate_untrusted;
        case revocation_unknown: return FaultCode::revocation_unknown;
        case owner_missing:
        case owner_mismatch: return FaultCode::signer_mismatch;
        case test_certificate_ended: return FaultCode::test_certificate_ended;
        case signing_time_outside: return FaultCode::signing_time_invalid;
        case otp_organisation: return FaultCode::otp_organisation;
        case otp_mismatch: return FaultCode::otp_wrong;
    }
    __builtin_unreachable();
}

}  // namespace

// Where the signature stands is content, not an inner detail: the provider reads it as one finding.
Fault fault_of(signing::Failure const& failure)
{
    auto const code = code_of(failure.why);
    auto const& row = row_of(code);
    Fault fault{code, failure.detail, {}, {}, failure.wanted};
    if (!failure.form.empty() || !failure.path.empty())
        fault.findings.push_back({failure.form, failure.path, 0, std::string{row.id}, std::string{row.vi}, std::string{row.en}});
    return fault;
}

}  // namespace fault
