#include "signing/policy.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>

namespace signing {

std::vector<Algorithm> const& digest_algorithms()
{
    static std::vector<Algorithm> const list{
        {"http://www.w3.org/2001/04/xmlenc#sha256", "sha256"},
        {"http://www.w3.org/2001/04/xmldsig-more#sha384", "sha384"},
        {"http://www.w3.org/2001/04/xmlenc#sha512", "sha512"},
    };
    return list;
}

// RSA by PKCS#1 v1.5 and by PSS. RSA-PSS with parameters (RFC 9231 §2.3.9, "#rsa-pss") is read as one of those here where its
// parameters are the same, and refused otherwise.
std::vector<Algorithm> const& signature_algorithms()
{
    static std::vector<Algorithm> const list{
        {"http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", "rsa-sha256"},
        {"http://www.w3.org/2001/04/xmldsig-more#rsa-sha384", "rsa-sha384"},
        {"http://www.w3.org/2001/04/xmldsig-more#rsa-sha512", "rsa-sha512"},
        {"http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1", "rsa-pss-sha256"},
        {"http://www.w3.org/2007/05/xmldsig-more#sha384-rsa-MGF1", "rsa-pss-sha384"},
        {"http://www.w3.org/2007/05/xmldsig-more#sha512-rsa-MGF1", "rsa-pss-sha512"},
        {"http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256", "ecdsa-sha256"},
        {"http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384", "ecdsa-sha384"},
        {"http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512", "ecdsa-sha512"},
    };
    return list;
}

// None with comments: a Reference to "" or "#id" leaves comments out whatever the method says (XMLDSig 1.1
// §4.4.3.3), so a "#WithComments" promises what it does not keep.
std::vector<Algorithm> const& canonicalisations()
{
    static std::vector<Algorithm> const list{
        {"http://www.w3.org/TR/2001/REC-xml-c14n-20010315", "c14n"},
        {"http://www.w3.org/2006/12/xml-c14n11", "c14n11"},
        {"http://www.w3.org/2001/10/xml-exc-c14n#", "exc-c14n"},
    };
    return list;
}

Algorithm const* find_algorithm(std::vector<Algorithm> const& list, std::string_view uri)
{
    auto const found = std::ranges::find(list, uri, &Algorithm::uri);
    return found == list.end() ? nullptr : &*found;
}

std::chrono::sys_days day_in_vietnam(Instant at) { return std::chrono::floor<std::chrono::days>(at + std::chrono::hours{7}); }

bool sha1_allowed(Policy const& policy, Instant at) { return policy.sha1_until && day_in_vietnam(at) <= *policy.sha1_until; }

namespace {

std::string digits_of(std::string_view code)
{
    std::string digits;
    std::ranges::copy_if(code, std::back_inserter(digits), [](char c) { return c >= '0' && c <= '9'; });
    return digits;
}

}  // namespace

bool owner_matches(std::string_view certificate_tax_code, std::string_view unit_tax_code, BranchRule rule)
{
    auto const owner = digits_of(certificate_tax_code);
    auto const unit = digits_of(unit_tax_code);
    if (owner.size() < 10 || unit.size() < 10) return false;
    if (owner == unit) return true;
    switch (rule) {
        case BranchRule::exact: return false;
        case BranchRule::parent_may_sign: return owner.size() == 10 && unit.size() == 13 && unit.starts_with(owner);
    }
    return false;
}

// Source of the places: a vendor's public code, one table of all forms. Both spellings of the sickness and maternity
// forms are listed, since procedures name them without the M and their root carries it.
std::vector<Place> const& signature_places()
{
    static std::vector<Place> const places{
        {"", "Hoso", "CKy_Dvi"},
        {"TK1-TS", "TK1-TS", "Cky"},
        {"TK3-TS", "TK3-TS", "Cky"},
        {"D01-TS", "D01-TS", "Cky"},
        {"D02-TS", "D02-TS", "Cky"},
        {"D03-TS", "D03-TS", "Cky"},
        {"D05-TS", "D05-TS", "Cky"},
        {"M01B-HSB", "M01B-HSB", "Cky"},
        {"01B-HSB", "M01B-HSB", "Cky"},
        {"M05A-HSB", "M05A-HSB", "Cky"},
        {"05A-HSB", "M05A-HSB", "Cky"},
        {"04_DK-IVAN", "Hoso", "CKy_Dvi"},
        {"05_SD-IVAN", "Hoso", "CKy_Dvi"},
        {"06_NG-IVAN", "Hoso", "CKy_Dvi"},
    };
    return places;
}

std::optional<Place> signature_place(std::string_view form)
{
    auto const& places = signature_places();
    auto const found = std::ranges::find(places, form, &Place::form);
    if (found == places.end()) return std::nullopt;
    return *found;
}

std::string describe(Policy const& policy)
{
    std::string text;
    auto const line = [&](std::string_view name, std::string_view value) { text += fmt::format("{} = {}\n", name, value); };
    auto const list = [&](std::string_view name, std::vector<Algorithm> const& algorithms) {
        for (auto const& one : algorithms) line(name, fmt::format("{} {}", one.name, one.uri));
    };
    list("digest", digest_algorithms());
    list("signature", signature_algorithms());
    list("canonicalisation", canonicalisations());
    line("transforms", "enveloped-signature, then at most one canonicalisation");
    line("rsa_bits_min", fmt::format("{}", policy.rsa_bits_min));
    line("curves", "P-256 P-384");
    line("sha1_until", policy.sha1_until ? fmt::format("{:%F}", Instant{*policy.sha1_until}) : "never");
    line("branch_rule", policy.branch_rule == BranchRule::exact ? "exact" : "parent_may_sign");
    line("signing_time_skew_seconds", fmt::format("{}", policy.signing_time_skew.count()));
    line("require_crl", policy.require_crl ? "yes" : "no");
    line("verdicts_max", fmt::format("{}", policy.verdicts_max));
    line("certificates_max", fmt::format("{}", policy.certificates_max));
    line("ocsp_max", fmt::format("{}", policy.ocsp_max));
    line("ocsp_bytes_max", fmt::format("{}", policy.ocsp_bytes_max));
    for (auto const& place : signature_places()) {
        line("place", fmt::format("{} {}/{}", place.form.empty() ? "(envelope)" : place.form, place.root, place.holder));
    }
    return text;
}

}  // namespace signing
