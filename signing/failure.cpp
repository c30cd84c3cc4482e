#include "signing/failure.hpp"

namespace signing {

std::string_view name_of(Refusal why) noexcept
{
    using enum Refusal;
    switch (why) {
        case signature_missing: return "signature_missing";
        case signature_repeated: return "signature_repeated";
        case signature_misplaced: return "signature_misplaced";
        case signature_malformed: return "signature_malformed";
        case reference_not_whole: return "reference_not_whole";
        case algorithm_forbidden: return "algorithm_forbidden";
        case algorithm_sha1: return "algorithm_sha1";
        case transform_forbidden: return "transform_forbidden";
        case key_too_small: return "key_too_small";
        case key_info_forbidden: return "key_info_forbidden";
        case digest_mismatch: return "digest_mismatch";
        case value_mismatch: return "value_mismatch";
        case certificate_malformed: return "certificate_malformed";
        case certificate_not_yet_valid: return "certificate_not_yet_valid";
        case certificate_expired: return "certificate_expired";
        case certificate_revoked: return "certificate_revoked";
        case certificate_usage: return "certificate_usage";
        case chain_untrusted: return "chain_untrusted";
        case chain_broken: return "chain_broken";
        case revocation_unknown: return "revocation_unknown";
        case owner_missing: return "owner_missing";
        case owner_mismatch: return "owner_mismatch";
        case test_certificate_ended: return "test_certificate_ended";
        case signing_time_outside: return "signing_time_outside";
        case otp_organisation: return "otp_organisation";
        case otp_mismatch: return "otp_mismatch";
    }
    return "unknown";
}

}  // namespace signing
