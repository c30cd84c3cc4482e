// ivanctl trust: what is trusted, and why a certificate is or is not.

#include "gateway/ctl/context.hpp"
#include "signing/trust.hpp"
#include "signing/verifier.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <memory>
#include <stdexcept>

namespace ctl {
namespace {

namespace json = boost::json;

struct Options {
    std::string trust, certificate, at;
    std::vector<std::string> intermediates;
    bool no_crl = false;
};

std::string text_of(signing::Instant at) { return fmt::format("{:%FT%TZ}", std::chrono::floor<std::chrono::seconds>(at)); }
std::string day_of(signing::Instant at) { return fmt::format("{:%F}", std::chrono::floor<std::chrono::seconds>(at)); }

json::object json_of(signing::CertificateFacts const& facts)
{
    return {{"subject", facts.subject},
            {"issuer", facts.issuer},
            {"serial", facts.serial},
            {"sha256", signing::hex(facts.fingerprint)},
            {"not_before", text_of(facts.not_before)},
            {"not_after", text_of(facts.not_after)},
            {"key", facts.key}};
}

std::shared_ptr<signing::TrustStore const> load(Options const& options)
{
    signing::Policy policy;
    policy.require_crl = !options.no_crl;
    return signing::TrustStore::load(options.trust, policy);
}

void list(Context& context, Options const& options)
{
    auto const trust = load(options);
    json::array anchors, intermediates, crls;
    std::vector<std::vector<std::string>> rows{{"what", "subject", "until", "key", ""}};
    for (auto const& anchor : trust->anchors()) {
        auto made = json_of(anchor.certificate);
        made["test"] = anchor.test;
        std::string note;
        if (anchor.accepted_until) {
            note = fmt::format("accepted until {}", day_of(*anchor.accepted_until));
            made["accepted_until"] = day_of(*anchor.accepted_until);
        }
        anchors.push_back(std::move(made));
        rows.push_back({anchor.test ? "test anchor" : "anchor", anchor.certificate.subject, day_of(anchor.certificate.not_after),
                        anchor.certificate.key, note});
    }
    for (auto const& facts : trust->intermediates()) {
        intermediates.push_back(json_of(facts));
        rows.push_back({"intermediate", facts.subject, day_of(facts.not_after), facts.key, ""});
    }
    for (auto const& crl : trust->crls()) {
        crls.push_back(json::object{{"issuer", crl.issuer},
                                    {"this_update", text_of(crl.evidence.this_update)},
                                    {"next_update", text_of(crl.evidence.next_update)},
                                    {"revoked", crl.revoked}});
        rows.push_back({"CRL", crl.issuer, day_of(crl.evidence.next_update), "", fmt::format("{} revoked", crl.revoked)});
    }
    context.answer(json::object{{"anchors", std::move(anchors)}, {"intermediates", std::move(intermediates)}, {"crls", std::move(crls)}},
                   table(rows));
}

void explain(Context& context, Options const& options)
{
    auto const trust = load(options);
    auto const at = options.at.empty() ? std::optional{std::chrono::system_clock::now()} : signing::read_instant(options.at);
    if (!at) throw std::runtime_error("--at takes a date and time as 2025-01-31T08:00:00+07:00");
    auto const der = signing::certificate_der(read_file(options.certificate, 1u << 20));
    if (!der) throw std::runtime_error(options.certificate + " is not one certificate");
    std::vector<std::string> hints;
    for (auto const& file : options.intermediates) {
        auto hint = signing::certificate_der(read_file(file, 1u << 20));
        if (!hint) throw std::runtime_error(file + " is not one certificate");
        hints.push_back(std::move(*hint));
    }
    auto const facts = signing::read_certificate(*der).value();
    auto const verdict = trust->chain(*der, *at, hints);
    json::object answer{{"at", text_of(*at)}, {"certificate", json_of(facts)}, {"tax_code", facts.tax_code}};
    std::string text = fmt::format("{}\n  tax code {}, {}, {} to {}\n", facts.subject, facts.tax_code.empty() ? "(none)" : facts.tax_code,
                                   facts.key, day_of(facts.not_before), day_of(facts.not_after));
    if (!verdict) {
        context.worsen(Verdict::no);
        answer["verdict"] = "refused";
        answer["refusal"] = name_of(verdict.error().why);
        answer["reason"] = verdict.error().detail;
        context.answer(answer, text + fmt::format("refused: {}: {}", name_of(verdict.error().why), verdict.error().detail));
        return;
    }
    auto const& chained = **verdict;
    json::array path;
    for (auto const& subject : chained.path) {
        path.emplace_back(subject);
        text += fmt::format("  → {}\n", subject);
    }
    answer["verdict"] = "valid";
    answer["test"] = chained.test;
    answer["path"] = std::move(path);
    answer["valid_until"] = text_of(chained.valid_until);
    json::object evidence{{"source", chained.revocation.source}};
    if (chained.revocation.source != "none") {
        evidence["this_update"] = text_of(chained.revocation.this_update);
        evidence["next_update"] = text_of(chained.revocation.next_update);
    }
    answer["evidence"] = std::move(evidence);
    context.answer(answer, text + fmt::format("valid{}; revocation by {}; this verdict holds until {}",
                                              chained.test ? " as a test certificate" : "", chained.revocation.source,
                                              text_of(chained.valid_until)));
}

}  // namespace

void add_trust(CLI::App& app, Context& context)
{
    auto* const trust = app.add_subcommand("trust", "What is trusted, and why a certificate is or is not");
    trust->require_subcommand(1);
    auto const options = std::make_shared<Options>();

    auto* const lists = trust->add_subcommand("list", "Anchors, intermediates and CRLs of a trust directory");
    lists->add_option("--trust", options->trust, "Trust directory")->required();
    lists->callback([&context, options] { list(context, *options); });

    auto* const explains = trust->add_subcommand("explain", "The verdict on one certificate, with its path and evidence");
    explains->add_option("certificate", options->certificate, "PEM or DER")->required();
    explains->add_option("--trust", options->trust, "Trust directory")->required();
    explains->add_option("--intermediates", options->intermediates, "Further certificates to build a path with");
    explains->add_option("--at", options->at, "Time to judge at; now where not given");
    explains->add_flag("--no-crl", options->no_crl, "Do not ask for a fresh CRL of each issuer");
    explains->callback([&context, options] { explain(context, *options); });
}

}  // namespace ctl
