#pragma once

// The SignedInfo of our own seals, in the form that is signed. Private to signing/.
//
// Inclusive C14N of SignedInfo as a document subset: the namespace in scope is rendered on its apex element (Canonical XML 1.0
// §2.3). In the document the element inherits it, so there it is `bare`.

#include "signing/digest.hpp"

#include "schemas/base64.hpp"

#include <string>
#include <string_view>

namespace signing::detail {

inline constexpr std::string_view seal_c14n_uri = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315";
inline constexpr std::string_view signed_info_apex = R"(<SignedInfo xmlns="http://www.w3.org/2000/09/xmldsig#">)";

[[nodiscard]] inline std::string canonical_signed_info(bool rsa, Sha256 const& digest)
{
    std::string text;
    text.reserve(1024);
    for (std::string_view const piece :
         {signed_info_apex, std::string_view{R"(<CanonicalizationMethod Algorithm=")"}, seal_c14n_uri,
          std::string_view{R"("></CanonicalizationMethod><SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#)"},
          std::string_view{rsa ? "rsa-sha256" : "ecdsa-sha256"},
          std::string_view{
              R"("></SignatureMethod><Reference URI=""><Transforms><Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"></Transform>)"
              R"(<Transform Algorithm=")"},
          seal_c14n_uri,
          std::string_view{R"("></Transform></Transforms><DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"></DigestMethod><DigestValue>)"}})
        text += piece;
    text += schemas::base64_encode({reinterpret_cast<char const*>(digest.data()), digest.size()});
    return text += "</DigestValue></Reference></SignedInfo>";
}

[[nodiscard]] inline std::string_view bare(std::string_view signed_info) { return signed_info.substr(signed_info_apex.size()); }

}  // namespace signing::detail
