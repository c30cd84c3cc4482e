#include "signing/verifier.hpp"

#include "signing/detail/openssl.hpp"
#include "signing/detail/value.hpp"
#include "signing/detail/vouch.hpp"
#include "signing/witness.hpp"

#include "schemas/one_sweep.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace signing {
namespace {

using namespace detail;

// What the signatures ask for, the envelope's last; empty where every digest was the one asked for.
std::vector<Preparation> other_preparations(Witness const& witness, std::vector<Preparation> const& taken)
{
    std::vector<Preparation> wanted;
    for (auto const& form : witness.forms()) wanted.push_back(form ? form->wanted : Preparation{});
    wanted.push_back(witness.dossier().wanted);
    std::vector<Preparation> had = taken;
    had.resize(wanted.size());
    return wanted == had ? std::vector<Preparation>{} : wanted;
}

bool stands_where(Attested const& attested, Place const& place) { return attested.root == place.root && attested.holder == place.holder; }

}  // namespace

std::optional<Signer> Verifier::vouch(Attested const& attested, Place const& place, std::string_view tax_code, Instant at, Policy const& policy) const
{
    if (!stands_where(attested, place) || !equal_constant_time(attested.digest, attested.digest_value)) return std::nullopt;

    auto const leaf = index_of_leaf(attested.certificates);
    auto hints = hints_;
    for (std::size_t i = 0; i < attested.certificates.size(); ++i)
        if (i != leaf) hints.certificates.push_back(attested.certificates[i]);
    auto const chained = trust_->chain(attested.certificates[leaf], at, hints);
    if (!chained) return std::nullopt;
    auto const& signer = **chained;

    auto* const key = static_cast<EVP_PKEY*>(signer.key.get());
    static std::string const nowhere;
    if (!verify_value(attested.signature_algorithm, key, attested.signed_info, attested.value)) return std::nullopt;
    if (check_owner(signer.facts, tax_code, nowhere, policy.branch_rule)) return std::nullopt;
    if (check_signing_time(attested.signing_time, signer.facts, nowhere, at, policy.signing_time_skew)) return std::nullopt;

    auto revocation = signer.revocation;
    revocation.grace = signer.grace;
    return Signer{.form = {},
                  .certificate = signer.facts,
                  .test = signer.test,
                  .signature_algorithm = attested.signature_algorithm,
                  .digest_algorithm = attested.digest_algorithm,
                  .canonicalisation = attested.canonicalisation,
                  .signing_time = attested.signing_time,
                  .revocation = std::move(revocation),
                  .reference = attested.reference,
                  .signed_path = attested.reference.empty() ? "/" : "/" + attested.root,
                  .path_der = signer.path_of(attested.certificates[leaf])};
}

std::optional<Verifier::Swept> Verifier::sweep(std::shared_ptr<std::string const> bytes, schemas::EnvelopeLimits const& limits,
                                               schemas::Validator const& validator, Instant at, Allowance const& allowance) const
{
    thread_local Witness witness;
    auto const policy = with(policy_, allowance);
    auto const day = day_in_vietnam(at);

    // The usual preparation first; where a signature asks for another, a second sweep with that.
    std::vector<Preparation> preparations;
    witness.begin(policy, at);
    auto swept = schemas::sweep_dossier(bytes, limits, validator, day, witness);
    if (!swept || !witness.plain()) return std::nullopt;
    if (preparations = other_preparations(witness, {}); !preparations.empty()) {
        witness.begin(policy, at, preparations);
        swept = schemas::sweep_dossier(std::move(bytes), limits, validator, day, witness);
        if (!swept || !witness.plain() || !other_preparations(witness, preparations).empty()) return std::nullopt;
    }

    auto& envelope = swept->envelope;
    auto const& tax_code = envelope.unit().tax_code;
    if (tax_code.empty()) return std::nullopt;
    std::vector<Signer> signers;
    signers.reserve(envelope.forms().size() + 1);
    bool paper_required = false;
    auto const judge = [&](Attested const& attested, Place const& place, std::string const& label) {
        auto signer = vouch(attested, place, tax_code, at, policy);
        if (!signer) return false;
        signer->form = label;
        paper_required = paper_required || signer->test;
        signers.push_back(std::move(*signer));
        return true;
    };
    for (std::size_t i = 0; i < envelope.forms().size(); ++i) {
        auto const& form = envelope.forms()[i];
        auto const& attested = witness.forms().at(i);
        if (form.is_xml() != attested.has_value()) return std::nullopt;
        if (attested && !judge(*attested, place_of(form.code(), attested->root), form.label())) return std::nullopt;
    }
    if (!judge(witness.dossier(), *signature_place(""), {})) return std::nullopt;
    return Swept{Verified{std::move(envelope), std::move(signers), witness.files(), paper_required, at}, std::move(swept->valid)};
}

}  // namespace signing
