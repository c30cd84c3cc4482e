// ivanctl trust: what is trusted, and why a certificate is or is not. Changes to a trust directory: trust_change.cpp.

#include "gateway/ctl/material.hpp"
#include "gateway/ctl/trust_change.hpp"
#include "schemas/base64.hpp"
#include "signing/trust.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace ctl {
namespace {

namespace json = boost::json;
using signing::AnchorPolicy;
using signing::Purpose;

// A file with more than this is no certificate and no chain of them.
constexpr std::size_t leaf_bytes_max = 1u << 20;

std::string day_of(signing::Instant at) { return fmt::format("{:%F}", std::chrono::floor<std::chrono::seconds>(at)); }

std::string_view name_of(AnchorPolicy::Revocation revocation)
{
    switch (revocation) {
        case AnchorPolicy::Revocation::hard: return "hard";
        case AnchorPolicy::Revocation::soft: return "soft";
        case AnchorPolicy::Revocation::none: return "none";
    }
    return "hard";
}

// --- list ---

json::object policy_json(AnchorPolicy const& policy)
{
    json::object made{{"revocation", name_of(policy.revocation)}, {"grace_seconds", policy.grace.count()}};
    if (policy.from) made["from"] = day_of(*policy.from);
    if (policy.until) made["until"] = day_of(*policy.until);
    made["crl_urls"] = json::array(policy.crl_urls.begin(), policy.crl_urls.end());
    return made;
}

std::string note_on(signing::AnchorFacts const& anchor)
{
    auto const& policy = anchor.policy;
    std::string note = fmt::format("revocation {}", name_of(policy.revocation));
    if (policy.grace.count() > 0) note += fmt::format(", {} h of grace", policy.grace.count() / 3600);
    if (policy.from) note += ", from " + day_of(*policy.from);
    if (policy.until) note += ", until " + day_of(*policy.until);
    if (anchor.accepted_until) note += ", accepted until " + day_of(*anchor.accepted_until);
    return note;
}

json::object evidence_json(signing::Revocations::Facts const& facts, signing::Instant now)
{
    auto made = json_of(facts.evidence, now);
    made["file"] = facts.name;
    made["issuer"] = facts.issuer;
    made["kind"] = facts.ocsp ? "ocsp" : facts.delta ? "delta" : "crl";
    made["revoked"] = facts.revoked;
    made["number"] = facts.number;
    made["fresh"] = facts.evidence.next_update >= now;
    return made;
}

void list(Context& context, MaterialOptions const& options)
{
    if (options.trust.size() != 1) throw std::runtime_error("--trust takes one trust directory");
    auto const trust = signing::TrustStore::load(options.trust.front(), {});
    auto const now = instant_of(options.at);
    json::array anchors, intermediates, crls;
    std::vector<std::vector<std::string>> rows{{"what", "subject", "until", "key", ""}};
    for (auto const& anchor : trust->anchors()) {
        auto made = json_of(anchor.certificate);
        made["test"] = anchor.test;
        made["policy"] = policy_json(anchor.policy);
        if (anchor.accepted_until) made["accepted_until"] = day_of(*anchor.accepted_until);
        anchors.push_back(std::move(made));
        rows.push_back({anchor.test ? "test anchor" : "anchor", anchor.certificate.subject, day_of(anchor.certificate.not_after),
                        anchor.certificate.key, note_on(anchor)});
    }
    for (auto const& facts : trust->intermediates()) {
        intermediates.push_back(json_of(facts));
        rows.push_back({"intermediate", facts.subject, day_of(facts.not_after), facts.key, ""});
    }
    for (auto const& facts : trust->revocations()->facts()) {
        crls.push_back(evidence_json(facts, now));
        bool const fresh = facts.evidence.next_update >= now;
        rows.push_back({facts.ocsp ? "OCSP" : facts.delta ? "delta CRL" : "CRL", facts.issuer, day_of(facts.evidence.next_update), "",
                        fmt::format("{} revoked, {} min old{}", facts.revoked, facts.evidence.age(now).count() / 60, fresh ? "" : ", ENDED")});
    }
    context.answer(json::object{{"anchors", std::move(anchors)}, {"intermediates", std::move(intermediates)}, {"crls", std::move(crls)}},
                   table(rows));
}

// --- explain ---

std::map<std::string, Purpose> const purposes{
    {"any", Purpose::any}, {"sign", Purpose::sign}, {"tls-server", Purpose::tls_server}, {"tls-client", Purpose::tls_client}};

struct ExplainOptions {
    MaterialOptions material;
    std::string leaf, purpose = "sign";
};

// The certificate asked about and what stands behind it in its file. Bytes that are no certificate, or too many to be one,
// are the verdict's business, not trouble: whoever sent them gets a refusal.
struct Leaf {
    std::string der;
    std::vector<std::string> more;
    bool too_large = false;
};

// What stands between BEGIN and END, whether OpenSSL can read it or not.
std::vector<std::string> pem_bodies(std::string_view text)
{
    std::vector<std::string> bodies;
    constexpr std::string_view begin = "-----BEGIN ", end = "-----END ", label_end = "CERTIFICATE-----";
    while (true) {
        auto const at = text.find(begin);
        if (at == std::string_view::npos) return bodies;
        auto const body = text.find(label_end, at);
        auto const stop = text.find(end, at);
        if (body == std::string_view::npos || stop == std::string_view::npos || body > stop) return bodies;
        std::string base64{text.substr(body + label_end.size(), stop - body - label_end.size())};
        std::erase_if(base64, [](char c) { return c == '\n' || c == '\r' || c == ' ' || c == '\t'; });
        bodies.push_back(schemas::base64_decode(base64).value_or(std::string{}));
        text.remove_prefix(stop + end.size());
    }
}

Leaf read_leaf(std::string const& file)
{
    auto bytes = read_document(file, leaf_bytes_max);
    if (bytes.size() > leaf_bytes_max) return {.der = {}, .more = {}, .too_large = true};
    if (bytes.find("-----BEGIN ") == std::string::npos) return {.der = std::move(bytes), .more = {}, .too_large = false};
    auto bodies = pem_bodies(bytes);
    Leaf leaf;
    if (bodies.empty()) return leaf;
    leaf.der = std::move(bodies.front());
    leaf.more.assign(std::make_move_iterator(bodies.begin() + 1), std::make_move_iterator(bodies.end()));
    return leaf;
}

// Without any anchor nobody is trusted, and that is a verdict.
Material material_of(MaterialOptions const& options)
{
    if (!options.trust.empty()) return read_material(options, {});
    Material nobody;
    nobody.store = signing::TrustStore::make({}, nobody.policy);
    return nobody;
}

signing::Result<std::shared_ptr<signing::Chained const>> judge(Material const& material, Leaf const& leaf, signing::Instant at, Purpose purpose)
{
    if (leaf.too_large)
        return signing::Failure{.why = signing::Refusal::certificate_malformed, .form = {}, .path = {},
                                .detail = fmt::format("the file is larger than {} bytes: no certificate is", leaf_bytes_max)};
    auto hints = material.hints;
    hints.certificates.insert(hints.certificates.end(), leaf.more.begin(), leaf.more.end());
    return material.store->explain(leaf.der, at, hints, purpose);
}

struct Explained {
    json::object answer;
    std::string text;
};

void add_valid(Explained& explained, signing::Chained const& chained, std::string const& der, signing::Instant at)
{
    json::array path;
    auto const subjects = chained.path();
    auto const certificates = chained.path_of(der);
    for (std::size_t i = 0; i < subjects.size(); ++i) {
        bool const judged = i < chained.path_evidence.size();
        json::value evidence;
        if (judged) evidence = json_of(chained.path_evidence[i], at);
        path.push_back(json::object{{"subject", subjects[i]},
                                    {"sha256", signing::hex(signing::sha256(certificates[i]))},
                                    {"evidence", std::move(evidence)}});
        explained.text += fmt::format("  → {}{}\n", subjects[i], judged ? ", revocation by " + chained.path_evidence[i].source : "");
    }
    auto& answer = explained.answer;
    answer["verdict"] = "valid";
    answer["test"] = chained.test;
    answer["grace"] = chained.grace;
    answer["anchor"] = path.back();
    answer["path"] = std::move(path);
    answer["evidence"] = json_of(chained.revocation, at);
    answer["valid_until"] = text_of(chained.valid_until);
    explained.text += fmt::format("valid{}{}; this verdict holds until {}", chained.test ? " as a test certificate" : "",
                                  chained.grace ? " under grace" : "", text_of(chained.valid_until));
}

void add_refused(Explained& explained, signing::Failure const& failure)
{
    explained.answer["verdict"] = "refused";
    explained.answer["refusal"] = name_of(failure.why);
    explained.answer["reason"] = failure.detail;
    explained.text += fmt::format("refused: {}: {}", name_of(failure.why), failure.detail);
}

void explain(Context& context, ExplainOptions const& options)
{
    auto const leaf = read_leaf(options.leaf);
    auto const material = material_of(options.material);
    auto const at = instant_of(options.material.at);

    Explained explained;
    explained.answer = {{"at", text_of(at)}, {"purpose", options.purpose}, {"revocation", material.revocation_checked ? "checked" : "not checked"}};
    if (auto const facts = signing::read_certificate(leaf.der)) {
        explained.answer["certificate"] = json_of(*facts);
        explained.answer["tax_code"] = facts->tax_code;
        explained.text = fmt::format("{}\n  tax code {}, {}, {} to {}\n", facts->subject, facts->tax_code.empty() ? "(none)" : facts->tax_code,
                                     facts->key, day_of(facts->not_before), day_of(facts->not_after));
    }
    auto const verdict = judge(material, leaf, at, purposes.at(options.purpose));
    if (verdict) {
        add_valid(explained, **verdict, leaf.der, at);
    } else {
        context.worsen(Verdict::no);
        add_refused(explained, verdict.error());
    }
    if (!material.revocation_checked) explained.text += "; revocation was not checked";
    json::array unbelieved;
    for (auto const* list : {&material.refused, &material.store->refused()}) {
        for (auto const& piece : *list) {
            unbelieved.push_back(json::object{{"name", piece.name}, {"why", piece.why}});
            explained.text += fmt::format("\n  not believed: {}: {}", piece.name, piece.why);
        }
    }
    explained.answer["refused_evidence"] = std::move(unbelieved);
    context.answer(explained.answer, explained.text);
}

}  // namespace

void add_trust(CLI::App& app, Context& context)
{
    auto* const trust = app.add_subcommand("trust", "What is trusted, and why a certificate is or is not");
    trust->require_subcommand(1);

    auto const listed = std::make_shared<MaterialOptions>();
    auto* const lists = trust->add_subcommand("list", "Anchors with their policies, intermediates and evidence of a trust directory");
    lists->add_option("--trust", listed->trust, "Trust directory")->required();
    lists->add_option("--at", listed->at, "Time to judge ages at; now where not given");
    lists->callback([&context, listed] { list(context, *listed); });

    auto const explained = std::make_shared<ExplainOptions>();
    auto* const explains = trust->add_subcommand("explain", "The verdict on one certificate, with its path and evidence");
    explains->add_option("certificate", explained->leaf, "PEM or DER, - is standard input; certificates behind it in the file help to build a path")->required();
    add_material_options(*explains, explained->material);
    explains->add_option("--purpose", explained->purpose, "any, sign, tls-server or tls-client")->check(CLI::IsMember(purposes));
    explains->callback([&context, explained] { explain(context, *explained); });

    add_trust_changes(*trust, context);
    add_trust_refresh(*trust, context);
}

}  // namespace ctl
