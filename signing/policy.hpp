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
    std::size_t verdicts_max = 100'000;                    // certificate verdicts cached
};

struct Algorithm {
    std::string_view uri, name;
};
// Allow-lists (XMLDSig 1.1 §6; RFC 9231). Anything else is refused.
[[nodiscard]] std::vector<Algorithm> const& digest_algorithms();
[[nodiscard]] std::vector<Algorithm> const& signature_algorithms();
[[nodiscard]] std::vector<Algorithm> const& canonicalisations();

// Where the signature of a form stands: root element and the child of the root that holds it. Envelope: form "".
struct Place {
    std::string_view form, root, holder;
};
[[nodiscard]] std::optional<Place> signature_place(std::string_view form);

}  // namespace signing
