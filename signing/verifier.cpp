#include "signing/verifier.hpp"

#include "signing/detail/node.hpp"
#include "signing/detail/openssl.hpp"
#include "signing/detail/own_check.hpp"
#include "signing/detail/profile.hpp"
#include "signing/detail/swept.hpp"
#include "signing/detail/vouch.hpp"
#include "signing/detail/xmlsec.hpp"

#include "schemas/tree.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace signing {
namespace {

using namespace detail;

Failure at_node(Failure failure, std::string const& path)
{
    if (failure.path.empty()) failure.path = path;
    return failure;
}

std::optional<Failure> check_cryptography(schemas::Document const& document, SignatureShape const& shape, EVP_PKEY* key, std::string const& path)
{
    bool const rsa = detail::strength_of(key).family == detail::KeyFamily::rsa;
    if (rsa != shape.rsa) return no(Refusal::value_mismatch, path, "the signature method is not for the certificate's key");
    auto checked = document.swept() ? detail::check_swept(document, shape, key)
                   : shape.pss      ? detail::check_alone(shape, key)
                                    : detail::check(shape.node, key, shape.sha1);
    switch (checked.outcome) {
        case Outcome::valid: return std::nullopt;
        case Outcome::digest_mismatch: return no(Refusal::digest_mismatch, path, std::move(checked.detail));
        case Outcome::value_mismatch: return no(Refusal::value_mismatch, path, std::move(checked.detail));
        case Outcome::unusable: return no(Refusal::signature_malformed, path, std::move(checked.detail));
    }
    return no(Refusal::signature_malformed, path, "unreachable");
}

// Takes the signer's certificate out of the shape; what is left of its certificates are hints.
std::string take_leaf(SignatureShape& shape)
{
    auto const leaf = index_of_leaf(shape.certificates);
    auto der = std::exchange(shape.certificates[leaf], {});
    shape.certificates.erase(shape.certificates.begin() + static_cast<std::ptrdiff_t>(leaf));
    return der;
}

ChainHints hints_with(ChainHints hints, SignatureShape& shape)
{
    std::ranges::move(shape.certificates, std::back_inserter(hints.certificates));
    std::ranges::move(shape.ocsp, std::back_inserter(hints.ocsp));
    return hints;
}

// A key that nobody vouches for but the caller: its size and kind still have to do.
Result<std::shared_ptr<Chained const>> pinned(XmlOptions const& options, Policy const& policy)
{
    auto made = std::make_shared<Chained>();
    detail::KeyPtr key;
    if (options.pinned_certificate) {
        auto const certificate = detail::parse_certificate_der(*options.pinned_certificate);
        if (!certificate) return Failure{Refusal::certificate_malformed, {}, {}, "the pinned certificate cannot be read"};
        key.reset(X509_get_pubkey(certificate.get()));
        made->facts = detail::facts_of(certificate.get(), *options.pinned_certificate);
    } else {
        key = detail::parse_public_key_der(*options.pinned_key);
        made->facts.key = key ? detail::key_name(key.get()) : "unreadable";
        made->facts.not_after = Instant::max();  // a key alone has no dates that a signing time could lie outside of
        made->facts.not_before = Instant::min();
    }
    detail::drain_errors();
    if (!key) return Failure{Refusal::algorithm_forbidden, {}, {}, "the pinned key cannot be read, or is of a kind we do not know"};
    if (!detail::is_sound(key.get())) return Failure{Refusal::algorithm_forbidden, {}, {}, "the pinned key is no key"};
    auto const strength = detail::strength_of(key.get());
    bool const strong = strength.family == detail::KeyFamily::rsa  ? strength.bits >= static_cast<int>(policy.rsa_bits_min)
                        : strength.family == detail::KeyFamily::ec ? strength.curve == "P-256" || strength.curve == "P-384"
                                                                   : false;
    if (!strong) return Failure{Refusal::key_too_small, {}, {}, "the pinned key is " + made->facts.key};
    made->revocation.source = "none";
    made->key = std::shared_ptr<void>{key.release(), [](void* owned) { EVP_PKEY_free(static_cast<EVP_PKEY*>(owned)); }};
    return std::shared_ptr<Chained const>{std::move(made)};
}

// `der` is the certificate's; empty where there is none.
Signer signer_of(SignatureShape& shape, Chained const& chained, std::string der)
{
    auto revocation = chained.revocation;
    revocation.grace = chained.grace;
    return {.form = {},
            .certificate = chained.facts,
            .test = chained.test,
            .signature_algorithm = std::move(shape.signature_algorithm),
            .digest_algorithm = std::move(shape.digest_algorithm),
            .canonicalisation = std::move(shape.canonicalisation),
            .signing_time = shape.signing_time,
            .revocation = std::move(revocation),
            .reference = std::move(shape.reference),
            .signed_path = shape.target == nullptr ? "/" : detail::path_of(shape.target),
            .path_der = chained.path_of(std::move(der))};
}

std::vector<FileFacts> files_of(schemas::Envelope const& envelope)
{
    std::vector<FileFacts> files;
    files.reserve(envelope.forms().size());
    for (auto const& form : envelope.forms()) files.push_back({sha256(form.bytes()), form.size()});
    return files;
}

}  // namespace

void initialise() { detail::start(); }

Verifier::Verifier(std::shared_ptr<TrustStore const> trust, Policy policy, ChainHints hints)
    : trust_{std::move(trust)}, policy_{policy}, hints_{std::move(hints)}
{
    initialise();
}

Result<Signer> Verifier::verify_document(schemas::Document const& document, Place const& place, std::string_view tax_code, Instant at) const
{
    return examine(document, place, tax_code, at, policy_);
}

Result<Signer> Verifier::examine(schemas::Document const& document, Place const& place, std::string_view tax_code, Instant at,
                                 Policy const& policy) const
{
    auto const path = path_of(place);
    auto shape = detail::read_signature(schemas::skeleton_of(document), place, policy, at);
    if (!shape) return at_node(shape.error(), path);

    auto der = take_leaf(*shape);
    auto chained = trust_->chain(der, at, hints_with(hints_, *shape));
    if (!chained) return at_node(chained.error(), path);
    auto const& signer = **chained;

    if (auto failure = check_cryptography(document, *shape, static_cast<EVP_PKEY*>(signer.key.get()), path)) return std::move(*failure);
    if (auto failure = check_owner(signer.facts, tax_code, path, policy.branch_rule)) return std::move(*failure);
    if (auto failure = check_signing_time(shape->signing_time, signer.facts, path, at, policy.signing_time_skew)) return std::move(*failure);
    return signer_of(*shape, signer, std::move(der));
}

Result<Signer> Verifier::verify_xml(schemas::Document const& document, XmlOptions const& options, Instant at) const
{
    bool const known = options.pinned_certificate || options.pinned_key;
    detail::XmlRules const rules{.id_attribute = options.id_attribute, .pinned = known};
    auto shape = detail::read_xml_signature(schemas::tree_of(document), rules, policy_, at);
    if (!shape) return shape.error();
    auto const path = detail::path_of(shape->node);
    auto der = known ? options.pinned_certificate.value_or(std::string{}) : take_leaf(*shape);
    auto chained = known ? pinned(options, policy_) : trust_->chain(der, at, hints_with(hints_, *shape));
    if (!chained) return at_node(chained.error(), path);
    auto const& signer = **chained;

    if (auto failure = check_cryptography(document, *shape, static_cast<EVP_PKEY*>(signer.key.get()), path)) return std::move(*failure);
    if (auto failure = check_signing_time(shape->signing_time, signer.facts, path, at, policy_.signing_time_skew)) return std::move(*failure);
    return signer_of(*shape, signer, std::move(der));
}

Result<Verified> Verifier::verify(schemas::Envelope envelope, Instant at, Allowance const& allowance) const
{
    auto const policy = with(policy_, allowance);
    std::vector<Signer> signers;
    bool paper_required = false;
    auto const& tax_code = envelope.unit().tax_code;
    auto const judge = [&](schemas::Document const& document, Place const& place, std::string const& label) -> std::optional<Failure> {
        // A unit without a tax code cannot be told from any other: better missing than unasked.
        if (tax_code.empty()) return Failure{Refusal::owner_mismatch, label, "/Hoso/NoiDung", "the envelope names no tax code"};
        auto signer = examine(document, place, tax_code, at, policy);
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
        if (!form.is_xml()) continue;  // An attachment: the envelope's signature covers its bytes.
        auto const root = form.xml()->root_name();
        if (auto failure = judge(*form.xml(), place_of(form.code(), root), form.label())) return std::move(*failure);
    }
    if (auto failure = judge(envelope.xml(), *signature_place(""), {})) return std::move(*failure);
    auto files = files_of(envelope);
    return Verified{std::move(envelope), std::move(signers), std::move(files), paper_required, at};
}

Personal personal_of(schemas::Envelope envelope)
{
    auto files = files_of(envelope);
    return {std::move(envelope), std::move(files)};
}

Result<Verified> Verifier::accept(Personal personal, OtpProof proof, Instant at) const
{
    auto& [envelope, files] = personal;
    auto const& tax_code = envelope.unit().tax_code;
    auto const refused = [](Refusal why, std::string detail) { return Failure{why, {}, "/Hoso/NoiDung/ThongTinDonVi/MaSoThue", std::move(detail)}; };
    if (!is_person(tax_code)) return refused(Refusal::otp_organisation, "an organisation signs");
    if (tax_code != proof.person()) return refused(Refusal::otp_mismatch, "the one-time password is another person's");
    if (!equal_constant_time(hex(sha256(envelope.bytes())), proof.content_sha256())) {
        return refused(Refusal::otp_mismatch, "the one-time password was drawn for other content");
    }
    Verified verified{std::move(envelope), {}, std::move(files), false, at};
    verified.otp_ = std::move(proof);
    return verified;
}

}  // namespace signing
