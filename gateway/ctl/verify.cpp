// ivanctl verify: says who signed a dossier or a single form, and whether we believe it. The same verifier as the
// gateway's. Exit: 0 valid, 1 refused, 2 trouble.

#include "gateway/ctl/context.hpp"
#include "schemas/envelope.hpp"
#include "signing/verifier.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <memory>
#include <optional>
#include <sstream>
#include <stdexcept>

namespace ctl {
namespace {

namespace json = boost::json;

struct Options {
    std::string file, trust, at, tax_code;
    bool no_crl = false, exact_owner = false;
};

std::string text_of(signing::Instant at) { return fmt::format("{:%FT%TZ}", std::chrono::floor<std::chrono::seconds>(at)); }

json::object json_of(signing::Signer const& signer)
{
    json::object made{{"form", signer.form},
                      {"subject", signer.certificate.subject},
                      {"issuer", signer.certificate.issuer},
                      {"serial", signer.certificate.serial},
                      {"tax_code", signer.certificate.tax_code},
                      {"sha256", signing::hex(signer.certificate.fingerprint)},
                      {"not_before", text_of(signer.certificate.not_before)},
                      {"not_after", text_of(signer.certificate.not_after)},
                      {"key", signer.certificate.key},
                      {"test", signer.test},
                      {"signature_algorithm", signer.signature_algorithm},
                      {"digest_algorithm", signer.digest_algorithm},
                      {"canonicalisation", signer.canonicalisation},
                      {"signing_time", signer.signing_time ? json::value{text_of(*signer.signing_time)} : json::value{}}};
    json::object evidence{{"source", signer.revocation.source}};
    if (signer.revocation.source != "none") {
        evidence["this_update"] = text_of(signer.revocation.this_update);
        evidence["next_update"] = text_of(signer.revocation.next_update);
    }
    made["evidence"] = std::move(evidence);
    return made;
}

void refused(Context& context, std::string_view code, std::string const& form, std::string const& path, std::string const& reason)
{
    context.worsen(Verdict::no);
    context.answer(json::object{{"verdict", "refused"}, {"refusal", code}, {"form", form}, {"path", path}, {"reason", reason}},
                   fmt::format("refused: {}{}{} {}\n  {}", code, form.empty() ? "" : " in ", form, path, reason));
}

void valid(Context& context, std::vector<signing::Signer> const& signers, bool paper_required, signing::Instant at)
{
    json::array list;
    std::vector<std::vector<std::string>> rows{{"document", "signer", "tax code", "algorithm", "revocation"}};
    for (auto const& signer : signers) {
        list.push_back(json_of(signer));
        rows.push_back({signer.form.empty() ? "(envelope)" : signer.form, signer.certificate.common_name, signer.certificate.tax_code,
                        signer.signature_algorithm + ", " + signer.canonicalisation, signer.revocation.source});
    }
    context.answer(json::object{{"verdict", "valid"}, {"at", text_of(at)}, {"paper_required", paper_required}, {"signers", std::move(list)}},
                   "valid" + std::string{paper_required ? ", but paper is required: a test certificate signed" : ""} + "\n" + table(rows));
}

signing::Instant instant_of(std::string const& text)
{
    if (text.empty()) return std::chrono::system_clock::now();
    if (auto const at = signing::read_instant(text)) return *at;
    throw std::runtime_error("--at takes a date and time as 2025-01-31T08:00:00+07:00");
}

void verify_form(Context& context, signing::Verifier const& verifier, schemas::Document const& document, Options const& options,
                 signing::Instant at)
{
    auto const root = document.root_name();
    signing::Place place{.form = root, .root = root, .holder = "Cky"};
    for (auto const& known : signing::signature_places()) {
        if (known.root == root) place = known;
    }
    auto signer = verifier.verify_document(document, place, options.tax_code, at);
    if (!signer) {
        auto const& no = signer.error();
        return refused(context, name_of(no.why), no.form, no.path, no.detail);
    }
    signer->form = root;
    valid(context, {*signer}, signer->test, at);
}

void verify(Context& context, Options const& options)
{
    signing::Policy policy;
    policy.require_crl = !options.no_crl;
    if (options.exact_owner) policy.branch_rule = signing::BranchRule::exact;
    auto const at = instant_of(options.at);
    signing::Verifier const verifier{signing::TrustStore::load(options.trust, policy), policy};

    auto bytes = read_file(options.file);
    auto const document = schemas::Document::parse(bytes, schemas::XmlLimits{});
    if (!document) return refused(context, name_of(document.error().why), {}, {}, document.error().detail);
    if (document->root_name() != "Hoso") return verify_form(context, verifier, *document, options, at);

    auto envelope = schemas::read_envelope(std::move(bytes), schemas::EnvelopeLimits{});
    if (!envelope) {
        auto const& no = envelope.error();
        auto const first = no.findings.empty() ? schemas::Finding{} : no.findings.front();
        return refused(context, name_of(no.why), first.form, first.path, first.message_en.empty() ? no.detail : first.message_en);
    }
    auto const unit_tax_code = envelope->unit().tax_code;
    if (!options.tax_code.empty() && !signing::owner_matches(options.tax_code, unit_tax_code, policy.branch_rule)) {
        return refused(context, name_of(signing::Refusal::owner_mismatch), {}, "/Hoso/NoiDung", "the unit is " + unit_tax_code);
    }
    auto const verified = verifier.verify(std::move(*envelope), at);
    if (!verified) {
        auto const& no = verified.error();
        return refused(context, name_of(no.why), no.form, no.path, no.detail);
    }
    valid(context, verified->signers(), verified->paper_required(), at);
}

}  // namespace

void add_verify(CLI::App& app, Context& context)
{
    auto const options = std::make_shared<Options>();
    auto* const command = app.add_subcommand("verify", "Says who signed a dossier or a form, and whether we believe it");
    command->add_option("file", options->file, "Dossier (BHXHDienTu.xml) or a signed form")->required();
    command->add_option("--trust", options->trust, "Trust directory")->required();
    command->add_option("--at", options->at, "Time to judge at, as 2025-01-31T08:00:00+07:00; now where not given");
    command->add_option("--expect-tax-code", options->tax_code, "The signer must speak for this tax code");
    command->add_flag("--no-crl", options->no_crl, "Do not ask for a fresh CRL of each issuer");
    command->add_flag("--exact-owner", options->exact_owner, "The parent may not sign for its branch");
    command->callback([&context, options] { verify(context, *options); });
}

}  // namespace ctl
