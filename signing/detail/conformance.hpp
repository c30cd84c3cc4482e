#pragma once

// What RFC 5280 §4 asks of a certificate beyond what OpenSSL's path validation looks at: one table of rules, each with its
// clause and the purposes it is held to. Private to signing/.
//
// `any` judges as §6 (path validation) does; `sign` also asks what §4 asks of an issuing CA where it bears on safety:
// RFC 5280 is a mandatory standard for Vietnam's licensed CAs (TT 39/2017/TT-BTTTT), so a certificate that breaks it is
// none of theirs. The TLS purposes ask for the whole profile, names and key identifiers included.
//
// Threads: free functions, any thread. Errors: a text naming the clause; never throws for bad input.

#include "signing/detail/openssl.hpp"
#include "signing/trust.hpp"

#include <optional>
#include <string>

namespace signing::detail {

// Its part in a path. An anchor that is itself the certificate asked about is an anchor.
enum class Role { subject, authority, anchor };

// The first rule that the certificate breaks; nothing where it keeps them all.
[[nodiscard]] std::optional<std::string> nonconformity(X509* certificate, Role role, Purpose purpose);

// Does an excluded name of `authority` (name constraints) fall under a wildcard name of `certificate`? OpenSSL compares a
// wildcard as if it were a name of its own (RFC 5280 §4.2.1.10 knows none).
[[nodiscard]] bool wildcard_covers_excluded(X509* certificate, X509* authority);

}  // namespace signing::detail
