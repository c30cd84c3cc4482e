// ivanctl verify: says who signed a dossier, a single form or (--profile xmldsig) any XML document, and whether we believe
// it. The same verifier as the gateway's. Exit, part of the contract: 0 valid, 1 refused, 2 usage or trouble.

#include "gateway/ctl/context.hpp"
#include "gateway/ctl/material.hpp"
#include "gateway/fault/fault.hpp"
#include "schemas/envelope.hpp"
#include "signing/verifier.hpp"

#include <fmt/format.h>

#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>

namespace ctl {
namespace {

namespace json = boost::json;

struct Options {
    MaterialOptions material;
    std::string file, profile = "dossier", tax_code, pinned, id_attribute;
    bool exact_owner = false;
};

// What a verdict is made of, and what is said with every one.
struct Judging {
    Context& context;
    Options const& options;
    Material material;
    signing::Instant at;

    [[nodiscard]] signing::Verifier verifier() const { return {material.store, material.policy, material.hints}; }
    [[nodiscard]] json::object head(std::string_view verdict) const
    {
        json::array unused;
        for (auto const& piece : material.refused) unused.push_back(json::object{{"name", piece.name}, {"reason", piece.why}});
        return {{"verdict", verdict},
                {"profile", options.profile},
                {"at", text_of(at)},
                {"revocation", material.revocation_checked ? "checked" : "not checked"},
                {"evidence_refused", std::move(unused)}};
    }
};

json::object json_of(signing::Signer const& signer, signing::Instant at)
{
    bool const certified = !signer.path_der.empty();  // otherwise a bare key was pinned
    auto made = certified ? ctl::json_of(signer.certificate) : json::object{{"key", signer.certificate.key}};
    made["form"] = signer.form;
    made["tax_code"] = signer.certificate.tax_code;
    made["test"] = signer.test;
    made["signature_algorithm"] = signer.signature_algorithm;
    made["digest_algorithm"] = signer.digest_algorithm;
    made["canonicalisation"] = signer.canonicalisation;
    made["reference"] = signer.reference;
    made["signed"] = signer.signed_path;
    made["signing_time"] = signer.signing_time ? json::value(text_of(*signer.signing_time)) : json::value();
    made["evidence"] = ctl::json_of(signer.revocation, at);
    json::array path;
    for (auto const& der : signer.path_der) {
        if (auto const facts = signing::read_certificate(der)) path.emplace_back(facts->subject);
    }
    made["path"] = std::move(path);
    return made;
}

// The same code that the gateway's problem answers carry, with both sentences.
template <class Failure>
void refused(Judging const& judging, Failure const& failure, std::string const& form, std::string const& path, std::string const& reason)
{
    auto const& row = row_of(fault::fault_of(failure).code);
    auto answer = judging.head("refused");
    answer["refusal"] = name_of(failure.why);
    answer["code"] = row.id;
    answer["form"] = form;
    answer["path"] = path;
    answer["reason"] = reason;
    answer["message_vi"] = row.vi;
    answer["message_en"] = row.en;
    judging.context.worsen(Verdict::no);
    judging.context.answer(answer, fmt::format("refused: {} {}{}{} {}\n  {}\n  {}", row.id, name_of(failure.why), form.empty() ? "" : " in ", form,
                                               path, reason, row.vi));
}
void refused(Judging const& judging, signing::Failure const& no) { refused(judging, no, no.form, no.path, no.detail); }
void refused(Judging const& judging, schemas::Failure const& no)
{
    auto const first = no.findings.empty() ? schemas::Finding{} : no.findings.front();
    refused(judging, no, first.form, first.path, first.message_en.empty() ? no.detail : first.message_en);
}

// The last signer is the one of the whole: the envelope's, or the only one.
void valid(Judging const& judging, std::vector<signing::Signer> const& signers, bool paper_required)
{
    json::array list, references;
    std::vector<std::vector<std::string>> rows{{"document", "signer", "tax code", "algorithm", "signed", "revocation"}};
    for (auto const& signer : signers) {
        list.push_back(json_of(signer, judging.at));
        references.push_back(json::object{{"form", signer.form}, {"uri", signer.reference}, {"path", signer.signed_path}});
        rows.push_back({signer.form.empty() ? "(document)" : signer.form, signer.certificate.common_name, signer.certificate.tax_code,
                        signer.signature_algorithm + ", " + signer.canonicalisation, signer.signed_path, signer.revocation.source});
    }
    auto const& last = signers.back();
    auto answer = judging.head("valid");
    answer["paper_required"] = paper_required;
    answer["signer"] = list.back();
    answer["algorithms"] = json::object{
        {"signature", last.signature_algorithm}, {"digest", last.digest_algorithm}, {"canonicalisation", last.canonicalisation}};
    answer["references"] = std::move(references);
    answer["evidence"] = ctl::json_of(last.revocation, judging.at);
    answer["signers"] = std::move(list);
    judging.context.answer(answer, "valid" + std::string{paper_required ? ", but paper is required: a test certificate signed" : ""} + "\n" +
                                       table(rows) + (judging.material.revocation_checked ? "" : "revocation was not checked\n"));
}

void verify_form(Judging const& judging, schemas::Document const& document)
{
    auto const root = document.root_name();
    signing::Place place{.form = root, .root = root, .holder = "Cky"};
    for (auto const& known : signing::signature_places()) {
        if (known.root == root) place = known;
    }
    auto signer = judging.verifier().verify_document(document, place, judging.options.tax_code, judging.at);
    if (!signer) return refused(judging, signer.error());
    signer->form = root;
    valid(judging, {*signer}, signer->test);
}

void verify_dossier(Judging const& judging, std::string bytes)
{
    auto const document = schemas::Document::parse(bytes, schemas::XmlLimits{});
    if (!document) return refused(judging, document.error());
    if (document->root_name() != "Hoso") return verify_form(judging, *document);

    auto envelope = schemas::read_envelope(std::move(bytes), schemas::EnvelopeLimits{});
    if (!envelope) return refused(judging, envelope.error());
    auto const& expected = judging.options.tax_code;
    auto const unit = envelope->unit().tax_code;
    if (!expected.empty() && !signing::owner_matches(expected, unit, judging.material.policy.branch_rule)) {
        return refused(judging, signing::Failure{signing::Refusal::owner_mismatch, {}, "/Hoso/NoiDung", "the unit is " + unit});
    }
    auto const verified = judging.verifier().verify(std::move(*envelope), judging.at);
    if (!verified) return refused(judging, verified.error());
    valid(judging, verified->signers(), verified->paper_required());
}

void verify_xml(Judging const& judging, std::string const& bytes)
{
    auto const& options = judging.options;
    auto const document = schemas::Document::parse(bytes, schemas::XmlLimits{});
    if (!document) return refused(judging, document.error());
    auto pinned = options.pinned.empty() ? Pinned{} : read_pinned(options.pinned);
    signing::XmlOptions const rules{
        .id_attribute = options.id_attribute, .pinned_certificate = std::move(pinned.certificate), .pinned_key = std::move(pinned.key)};
    auto const signer = judging.verifier().verify_xml(*document, rules, judging.at);
    if (!signer) return refused(judging, signer.error());
    auto const& owner = signer->certificate.tax_code;
    if (!options.tax_code.empty() && !signing::owner_matches(owner, options.tax_code, judging.material.policy.branch_rule)) {
        auto const why = owner.empty() ? signing::Refusal::owner_missing : signing::Refusal::owner_mismatch;
        return refused(judging, signing::Failure{why, {}, signer->signed_path, "the signer speaks for '" + owner + "'"});
    }
    valid(judging, {*signer}, signer->test);
}

void verify(Context& context, Options const& options)
{
    bool const any = options.profile == "xmldsig";
    if (!any && (!options.pinned.empty() || !options.id_attribute.empty())) {
        throw std::runtime_error("--pinned and --id-attribute belong to --profile xmldsig");
    }
    signing::Policy policy;
    if (options.exact_owner) policy.branch_rule = signing::BranchRule::exact;
    Judging judging{context, options, {}, instant_of(options.material.at)};
    judging.material.policy = policy;
    // A pinned key is believed as it is: then there is nothing to be trusted, and nothing to be revoked.
    if (options.pinned.empty()) judging.material = read_material(options.material, policy);
    auto bytes = read_document(options.file, schemas::XmlLimits{}.bytes_max);
    if (any) verify_xml(judging, bytes);
    else verify_dossier(judging, std::move(bytes));
}

}  // namespace

void add_verify(CLI::App& app, Context& context)
{
    auto const options = std::make_shared<Options>();
    auto* const command = app.add_subcommand("verify", "Says who signed a dossier, a form or any XML document, and whether we believe it");
    command->add_option("file", options->file, "Dossier (BHXHDienTu.xml), signed form or other XML document; - is standard input")->required();
    command->add_option("--profile", options->profile, "dossier: our forms in their places; xmldsig: any document with one signature")
        ->check(CLI::IsMember({"dossier", "xmldsig"}));
    add_material_options(*command, options->material);
    command->add_option("--pinned", options->pinned, "This certificate's key, or this public key, and no other; no path, dates or revocation are asked");
    command->add_option("--id-attribute", options->id_attribute, "Another attribute that is an ID, beside Id, ID and id");
    command->add_option("--expect-tax-code", options->tax_code, "The signer must speak for this tax code");
    command->add_flag("--exact-owner", options->exact_owner, "The parent may not sign for its branch");
    command->callback([&context, options] { verify(context, *options); });
}

}  // namespace ctl
