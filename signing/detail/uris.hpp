#pragma once

// Names of XML Signature that more than one reader compares. The algorithms that are taken, with their dates, are policy.cpp's.
// XMLDSig 1.1 §6, RFC 9231 §2, Exclusive C14N 1.0 §3.
//
// Threads: constants.

#include <string_view>

namespace signing::detail {

inline constexpr std::string_view dsig_ns = "http://www.w3.org/2000/09/xmldsig#";
inline constexpr std::string_view dsig11_ns = "http://www.w3.org/2009/xmldsig11#";
inline constexpr std::string_view exclusive_ns = "http://www.w3.org/2001/10/xml-exc-c14n#";

inline constexpr std::string_view enveloped_uri = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";
// Known so that who still uses SHA-1 is told so.
inline constexpr std::string_view sha1_uri = "http://www.w3.org/2000/09/xmldsig#sha1";
inline constexpr std::string_view rsa_sha1_uri = "http://www.w3.org/2000/09/xmldsig#rsa-sha1";
inline constexpr std::string_view ecdsa_sha1_uri = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha1";

}  // namespace signing::detail
