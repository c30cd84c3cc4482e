#pragma once

// A certificate of the small kept authority in tests/fuzz/evidence.

#include "signing/detail/openssl.hpp"
#include "tests/fuzz/must.hpp"

#include <fstream>
#include <iterator>
#include <string>

namespace fuzz {

inline signing::detail::X509Ptr kept(char const* file)
{
    std::ifstream in{std::string{IVAN_SOURCE_DIR "/tests/fuzz/evidence/"} + file, std::ios::binary};
    auto certificate = signing::detail::parse_certificate_der(std::string{std::istreambuf_iterator<char>{in}, {}});
    must(certificate != nullptr);
    return certificate;
}

}  // namespace fuzz
