#pragma once

// Everything that a dossier's later life takes from its examination, as text, one fact a line: for comparing engines. Two agree
// where their accounts are equal.
//
// Threads: free function. Errors: none.

#include "schemas/validator.hpp"
#include "signing/verifier.hpp"

#include <string>
#include <string_view>

namespace signing {

[[nodiscard]] std::string account_of(Verified const& verified, schemas::Valid const& valid);
[[nodiscard]] std::string account_of(Personal const& personal, schemas::Valid const& valid);  // before anybody vouches for it

// The first line in which two accounts differ, of both; empty where they do not.
struct Disagreement {
    std::string_view first, second;
};
[[nodiscard]] Disagreement difference(std::string_view first, std::string_view second);

}  // namespace signing
