#pragma once

// What both engines ask beside the cryptography: the place, the signer's certificate among several, whose it is, and when it
// was used. Private to signing/.
//
// Threads: free functions. Errors: a Failure for what is refused.

#include "signing/certificate.hpp"
#include "signing/failure.hpp"
#include "signing/policy.hpp"
#include "signing/verifier.hpp"

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace signing::detail {

// A form none of our tables knows still has to be signed, as all known ones are; the validator then names the
// unknown form. REQUIRES: both texts outlive the place.
[[nodiscard]] Place place_of(std::string const& form_code, std::string const& root);
[[nodiscard]] std::string path_of(Place const& place);

// Several certificates: the signer's is the one that is no authority. Where that does not decide, the first is meant,
// and the signature value has the last word.
[[nodiscard]] std::size_t index_of_leaf(std::vector<std::string> const& certificates);

[[nodiscard]] Failure no(Refusal why, std::string const& path, std::string detail);
[[nodiscard]] std::optional<Failure> check_owner(CertificateFacts const& certificate, std::string_view tax_code, std::string const& path, BranchRule rule);

// The signer's claim: it is not signed (it stands in the Signature) and never the filing time.
[[nodiscard]] std::optional<Failure> check_signing_time(std::optional<Instant> signing_time, CertificateFacts const& certificate,
                                                        std::string const& path, Instant at, std::chrono::seconds skew);

// Twelve digits are a person's number; an organisation's tax code has ten, or ten and three.
[[nodiscard]] bool is_person(std::string_view tax_code);

// The policy for all, and what this provider may do beside it.
[[nodiscard]] Policy with(Policy policy, Allowance const& allowance);

}  // namespace signing::detail
