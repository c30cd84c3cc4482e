#include "signing/detail/vouch.hpp"

#include "signing/detail/openssl.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace signing::detail {

Place place_of(std::string const& form_code, std::string const& root)
{
    if (auto const place = signature_place(form_code)) return *place;
    return {.form = form_code, .root = root, .holder = "Cky"};
}

std::string path_of(Place const& place) { return fmt::format("/{}/{}/Signature", place.root, place.holder); }

namespace {

// Parsing a certificate takes as long as six RSA verifications, and a signer sends the same ones with every dossier: so the
// calling thread remembers the answers it gave last, by the SHA-256 of the certificate.
bool is_leaf(std::string_view der)
{
    struct Place {
        Sha256 id{};
        bool leaf = false;
    };
    thread_local std::array<Place, 256> places;
    auto const id = sha256(der);
    auto& place = places[id.front()];
    if (place.id == id) return place.leaf;
    auto const certificate = parse_certificate_der(der);
    place = {id, certificate && X509_check_ca(certificate.get()) == 0};
    return place.leaf;
}

}  // namespace

std::size_t index_of_leaf(std::vector<std::string> const& certificates)
{
    if (certificates.size() == 1) return 0;
    for (std::size_t i = 0; i < certificates.size(); ++i)
        if (is_leaf(certificates[i])) return i;
    return 0;
}

Failure no(Refusal why, std::string const& path, std::string detail)
{
    return {.why = why, .form = {}, .path = path, .detail = std::move(detail)};
}

std::optional<Failure> check_owner(CertificateFacts const& certificate, std::string_view tax_code, std::string const& path, BranchRule rule)
{
    if (tax_code.empty()) return std::nullopt;
    if (certificate.tax_code.empty()) return no(Refusal::owner_missing, path, "the subject has no UID=MST:");
    if (owner_matches(certificate.tax_code, tax_code, rule)) return std::nullopt;
    return no(Refusal::owner_mismatch, path, "the certificate's tax code is not the unit's");
}

std::optional<Failure> check_signing_time(std::optional<Instant> signing_time, CertificateFacts const& certificate, std::string const& path, Instant at,
                                          std::chrono::seconds skew)
{
    if (!signing_time) return std::nullopt;
    auto const time = *signing_time;
    if (time > at + skew) return no(Refusal::signing_time_outside, path, "SigningTime is in the future");
    if (time < certificate.not_before || time > certificate.not_after) {
        return no(Refusal::signing_time_outside, path, "SigningTime is outside the certificate's validity");
    }
    return std::nullopt;
}

bool is_person(std::string_view tax_code)
{
    return tax_code.size() == 12 && std::ranges::all_of(tax_code, [](char c) { return c >= '0' && c <= '9'; });
}

Policy with(Policy policy, Allowance const& allowance)
{
    if (allowance.sha1_until) policy.sha1_until = std::max(policy.sha1_until.value_or(*allowance.sha1_until), *allowance.sha1_until);
    return policy;
}

}  // namespace signing::detail
