#pragma once

// What a KeyPair holds, for signing/ alone.

#include "signing/detail/openssl.hpp"
#include "signing/detail/pkcs11.hpp"
#include "signing/signer.hpp"

namespace signing {

struct KeyPair::Data {
    detail::KeyPtr   key;                      // null where the key is in a token
    std::unique_ptr<detail::TokenKey> token;   // null where it is in memory
    detail::KeyStrength strength;              // of the certificate's key, which is the same
    CertificateFacts facts;
    std::string      der;
    std::string      certificate_base64;
};

}  // namespace signing
