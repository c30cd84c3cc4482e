#pragma once

// Algorithms, transforms, key sizes and the one designated signature place per form: one table, with dates.

#include "signing/certificate.hpp"

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace signing {

enum class BranchRule {
    exact,           // the certificate's tax code is the unit's, to the digit
    parent_may_sign  // the parent's certificate (10 digits) may sign for its branch (10-3) too
};

struct Policy {
    std::size_t rsa_bits_min = 2048;
    std::optional<std::chrono::sys_days> sha1_until;       // last day SHA-1 is taken; nothing: never
    BranchRule  branch_rule = BranchRule::parent_may_sign;  // no source fixes it (domain facts §5.5)
    std::chrono::seconds signing_time_skew = std::chrono::minutes{10};  // SigningTime may run ahead of our clock by so much
    bool        require_crl = true;                        // a certificate without a fresh CRL of its issuer is refused
    std::size_t verdicts_max = 100'000;                    // certificate verdicts cached; a tenth as many bad ones beside them
    std::size_t certificates_max = 8;                      // in one KeyInfo: the signer's, and intermediates as a hint
    std::size_t ocsp_max = 4;                              // OCSP responses in one Signature, as a hint
    std::size_t ocsp_bytes_max = 16u << 10;                // of each: one with its responder's certificates is some 2 KB
};

struct Algorithm {
    std::string_view uri, name;
};
// Allow-lists (XMLDSig 1.1 §6; RFC 9231). Anything else is refused.
[[nodiscard]] std::vector<Algorithm> const& digest_algorithms();
[[nodiscard]] std::vector<Algorithm> const& signature_algorithms();
[[nodiscard]] std::vector<Algorithm> const& canonicalisations();

// Nothing where the list does not hold the URI. SHA-1 stands in none of the lists: see sha1_until.
[[nodiscard]] Algorithm const* find_algorithm(std::vector<Algorithm> const& list, std::string_view uri);

// Does `day` (in Vietnam, UTC+7) still take SHA-1?
[[nodiscard]] bool sha1_allowed(Policy const& policy, Instant at);
// The day of an instant in Vietnam.
[[nodiscard]] std::chrono::sys_days day_in_vietnam(Instant at);

// Does a certificate for `certificate_tax_code` speak for the unit `unit_tax_code`? Both as NNNNNNNNNN, 10-3 digits
// with or without the hyphen, or a person's 12 digits.
[[nodiscard]] bool owner_matches(std::string_view certificate_tax_code, std::string_view unit_tax_code, BranchRule rule);

// Where the signature of a form stands: root element and the child of the root that holds it. Envelope: form "".
struct Place {
    std::string_view form, root, holder;
};
[[nodiscard]] std::optional<Place> signature_place(std::string_view form);
[[nodiscard]] std::vector<Place> const& signature_places();

// The whole policy as text, one rule a line: a change of it shows as a diff of a stored snapshot.
[[nodiscard]] std::string describe(Policy const& policy);

}  // namespace signing
