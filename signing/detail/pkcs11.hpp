#pragma once

// A private key that never leaves its token: PKCS#11 (v2.40) through p11-kit's URI parser and module loader, no OpenSSL
// engine. Private to signing/. The only file that sees p11-kit is pkcs11.cpp.
//
// Threads: sign_sha256() may run anywhere; each session belongs to one thread of this object's own, so that a module that
//          hangs holds that thread and not the caller, who waits sign_timeout at most.
// Errors:  KeyTrouble while the token is away, busy or hangs; std::runtime_error from the constructor for a bad URI.
// Trusts:  the module named in the URI runs inside our process: it is as much ours as any library.
// Recovers by itself: a failed signature drops its session and tries once more on a new one; a token that is away is asked
//          again after retry_interval. Not after a refused PIN: three more tries would lock the token, so a person must look
//          and the key be opened anew.

#include "signing/detail/openssl.hpp"
#include "signing/signer.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace signing::detail {

[[nodiscard]] bool is_token_uri(std::string_view key);

class TokenKey {
public:
    // Opens the first session now, so that a wrong URI or PIN is heard of at once. Throws std::runtime_error.
    TokenKey(std::string const& uri, KeyStrength const& strength, TokenConfig const& config);
    ~TokenKey();  // what still waits gets KeyTrouble; a thread that hangs in the module is left behind

    // As XMLDSig wants it: r||s for EC (XMLDSig 1.1 §6.4.3), PKCS#1 v1.5 for RSA.
    [[nodiscard]] std::string sign_sha256(std::string_view bytes);

private:
    struct Desk;
    std::shared_ptr<Desk> desk_;  // shared with the threads, one of which may outlive us
};

}  // namespace signing::detail
