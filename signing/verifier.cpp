#include "signing/verifier.hpp"

#include "signing/detail/openssl.hpp"
#include "signing/detail/profile.hpp"
#include "signing/detail/xmlsec.hpp"

#include "schemas/tree.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <utility>

namespace signing {
namespace {

using detail::Outcome;
using detail::SignatureShape;

// A form none of our tables knows still has to be signed, as all known ones are; the validator then names the
// unknown form. Order of the walk: nothing unsigned reaches the schemas.
Place place_of(schemas::Form const& form, std::string const& root)
{
    if (auto const place = signature_place(form.code())) return *place;
    return {.form = form.code(), .root = root, .holder = "Cky"};
}

// Several certificates: the signer's is the one that is no authority. Where that does not decide, the first is meant,
// and the signature value has the last word.
std::size_t index_of_leaf(std::vector<std::string> const& certificates)
{
    if (certificates.size() == 1) return 0;
    for (std::size_t i = 0; i < certificates.size(); ++i) {
        auto const certificate = detail::parse_certificate_der(certificates[i]);
        if (certificate && X509_check_ca(certificate.get()) == 0) return i;
    }
    return 0;
}

Failure at_node(Failure failure, Place const& place)
{
    if (failure.path.empty()) failure.path = fmt::format("/{}/{}/Signature", place.root, place.holder);
    return failure;
}

Failure no(Refusal why, Place const& place, std::string detail)
{
    return at_node({.why = why, .form = {}, .path = {}, .detail = std::move(detail)}, place);
}

std::optional<Failure> check_owner(CertificateFacts const& certificate, std::string_view tax_code, Place const& place, BranchRule rule)
{
    if (tax_code.empty()) return std::nullopt;
    if (certificate.tax_code.empty()) return no(Refusal::owner_missing, place, "the subject has no UID=MST:");
    if (owner_matches(certificate.tax_code, tax_code, rule)) return std::nullopt;
    return no(Refusal::owner_mismatch, place, "the certificate's tax code is not the unit's");
}

// The signer's claim: it is not signed (it stands in the Signature) and never the filing time.
std::optional<Failure> check_signing_time(SignatureShape const& shape, CertificateFacts const& certificate, Place const& place, Instant at,
                                          std::chrono::seconds skew)
{
    if (!shape.signing_time) return std::nullopt;
    auto const time = *shape.signing_time;
    if (time > at + skew) return no(Refusal::signing_time_outside, place, "SigningTime is in the future");
    if (time < certificate.not_before || time > certificate.not_after) {
        return no(Refusal::signing_time_outside, place, "SigningTime is outside the certificate's validity");
    }
    return std::nullopt;
}

std::optional<Failure> check_cryptography(SignatureShape const& shape, EVP_PKEY* key, Place const& place)
{
    bool const rsa = detail::strength_of(key).family == detail::KeyFamily::rsa;
    if (rsa != shape.rsa) return no(Refusal::value_mismatch, place, "the signature method is not for the certificate's key");
    auto checked = detail::check(shape.node, key, shape.sha1);
    switch (checked.outcome) {
        case Outcome::valid: return std::nullopt;
        case Outcome::digest_mismatch: return no(Refusal::digest_mismatch, place, std::move(checked.detail));
        case Outcome::value_mismatch: return no(Refusal::value_mismatch, place, std::move(checked.detail));
        case Outcome::unusable: return no(Refusal::signature_malformed, place, std::move(checked.detail));
    }
    return no(Refusal::signature_malformed, place, "unreachable");
}

}  // namespace

void initialise() { detail::start(); }

Verifier::Verifier(std::shared_ptr<TrustStore const> trust, Policy policy) : trust_{std::move(trust)}, policy_{policy} { initialise(); }

Result<Signer> Verifier::verify_document(schemas::Document const& document, Place const& place, std::string_view tax_code, Instant at) const
{
    auto shape = detail::read_signature(schemas::tree_of(document), place, policy_, at);
    if (!shape) return at_node(shape.error(), place);

    auto const leaf = index_of_leaf(shape->certificates);
    auto const der = std::exchange(shape->certificates[leaf], {});
    shape->certificates.erase(shape->certificates.begin() + static_cast<std::ptrdiff_t>(leaf));
    auto chained = trust_->chain(der, at, shape->certificates);
    if (!chained) return at_node(chained.error(), place);
    auto const& signer = **chained;

    auto* const key = static_cast<EVP_PKEY*>(signer.key.get());
    if (auto failure = check_cryptography(*shape, key, place)) return std::move(*failure);
    if (auto failure = check_owner(signer.facts, tax_code, place, policy_.branch_rule)) return std::move(*failure);
    if (auto failure = check_signing_time(*shape, signer.facts, place, at, policy_.signing_time_skew)) return std::move(*failure);

    return Signer{.form = {},
                  .certificate = signer.facts,
                  .test = signer.test,
                  .signature_algorithm = std::move(shape->signature_algorithm),
                  .digest_algorithm = std::move(shape->digest_algorithm),
                  .canonicalisation = std::move(shape->canonicalisation),
                  .signing_time = shape->signing_time,
                  .revocation = signer.revocation,
                  .reference = {},
                  .path_der = signer.path_der};
}

Result<Verified> Verifier::verify(schemas::Envelope envelope, Instant at, Allowance const& allowance) const
{
    static_cast<void>(allowance);
    std::vector<Signer> signers;
    bool paper_required = false;
    auto const& tax_code = envelope.unit().tax_code;
    auto const examine = [&](schemas::Document const& document, Place const& place, std::string const& label) -> std::optional<Failure> {
        // A unit without a tax code cannot be told from any other: better missing than unasked.
        if (tax_code.empty()) return Failure{Refusal::owner_mismatch, label, "/Hoso/NoiDung", "the envelope names no tax code"};
        auto signer = verify_document(document, place, tax_code, at);
        if (!signer) {
            auto failure = signer.error();
            failure.form = label;
            return failure;
        }
        signer->form = label;
        paper_required = paper_required || signer->test;
        signers.push_back(std::move(*signer));
        return std::nullopt;
    };

    for (auto const& form : envelope.forms()) {
        if (form.xml() == nullptr) continue;  // An attachment: the envelope's signature covers its bytes.
        auto const root = form.xml()->root_name();
        if (auto failure = examine(*form.xml(), place_of(form, root), form.label())) return std::move(*failure);
    }
    if (auto failure = examine(envelope.xml(), *signature_place(""), {})) return std::move(*failure);
    return Verified{std::move(envelope), std::move(signers), paper_required, at};
}

}  // namespace signing
