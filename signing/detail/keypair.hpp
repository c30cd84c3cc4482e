#pragma once

// What a KeyPair holds, for signing/ alone.

#include "signing/detail/openssl.hpp"
#include "signing/signer.hpp"

namespace signing {

struct KeyPair::Data {
    detail::KeyPtr   key;
    CertificateFacts facts;
    std::string      der;
    std::string      certificate_base64;
};

}  // namespace signing
