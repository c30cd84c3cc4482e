#pragma once

// A verifier that trusts the one authority of the forms signed by other people's software (tests/vectors/foreign).

#include "signing/verifier.hpp"

namespace fuzz {

inline signing::Verifier const& foreign_verifier()
{
    static signing::Verifier const made{signing::TrustStore::load(IVAN_SOURCE_DIR "/tests/vectors/foreign/trust", {}), {}};
    return made;
}

}  // namespace fuzz
