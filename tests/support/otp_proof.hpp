#pragma once

// Evidence as a one-time password leaves it, for tests that begin behind it.

#include "signing/digest.hpp"
#include "signing/otp.hpp"

#include <chrono>
#include <string>
#include <string_view>

namespace support {

// That this person gave the right code for these bytes.
inline signing::OtpProof proof_for(std::string_view person, std::string_view body, signing::Instant at)
{
    signing::OtpKey const key{std::string(32, 'k')};
    signing::OtpChallenge challenge;
    challenge.id = std::string(32, '1');
    challenge.person = person;
    challenge.content_sha256 = signing::hex(signing::sha256(body));
    challenge.made_at = at;
    challenge.expires_at = at + std::chrono::minutes{4};
    auto const code = key.draw(challenge, 6);
    return key.check(challenge, code, challenge.content_sha256, at).value();
}

}  // namespace support
