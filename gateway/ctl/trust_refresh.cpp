// ivanctl trust refresh: fetches revocation evidence into a trust directory, where a gateway that fetches nothing itself
// (revocation.enabled = false), or whose network does not reach the CAs, reads it. What the gateway would fetch itself is
// fetched by the same code (gateway/revocation/fetch.hpp), and nothing is kept that does not verify or is older than what
// is there.
//
// Threads: one. Errors: std::runtime_error, which main() prints (exit 2); an address that gave nothing is exit 1.

#include "gateway/ctl/call.hpp"
#include "gateway/ctl/trust_change.hpp"
#include "gateway/revocation/fetch.hpp"
#include "signing/hindsight.hpp"
#include "signing/trust.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
#include <utility>

namespace ctl {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using signing::Hindsight;

constexpr std::size_t certificate_bytes_max = 1u << 20;

struct Options {
    std::string trust;
    std::vector<std::string> certificates;
};

// What came of one address.
struct Asked {
    std::string kind, url;
    std::string of;       // whom the answer is about: the certificate's subject; empty for a list
    std::string trouble;  // empty: fetched, verified, kept
    std::string says;     // an OCSP response: good or revoked
};

struct Refresh {
    fs::path directory;
    std::shared_ptr<signing::TrustStore const> store;  // as loaded, shared with nobody
    std::vector<std::string> authorities = store->authorities();
    std::vector<Asked> results = {};

    void lists(std::vector<std::string> const& certificates);
    void responses(std::vector<std::string> const& certificates);

private:
    [[nodiscard]] Asked list(std::string const& url) const;
    [[nodiscard]] Asked response(std::string const& url, signing::EvidenceWanted const& wanted) const;
    void keep(std::string const& folder, std::string const& name, std::string const& bytes) const { write_whole(directory / folder / name, bytes); }
};

std::string short_hash(std::string_view text) { return signing::hex(signing::sha256(text)).substr(0, 16); }

// Nothing: the job's address gave nothing, and `asked` says why.
std::optional<std::string> bytes_from(revocation::Job job, Asked& asked)
{
    net::io_context context;
    revocation::RevocationConfig const config;
    auto fetched = finish(context, revocation::fetch(context, config, std::move(job), {}));
    if (fetched.outcome == revocation::Outcome::fetched) return std::move(fetched.bytes);
    asked.trouble = fetched.trouble.empty() ? "nothing came" : std::move(fetched.trouble);
    return std::nullopt;
}

Asked Refresh::list(std::string const& url) const
{
    Asked asked{.kind = "crl", .url = url, .of = {}, .trouble = {}, .says = {}};
    revocation::Job job;
    job.kind = revocation::Kind::crl;
    job.key = "crl:" + url;
    job.url = url;
    auto const bytes = bytes_from(std::move(job), asked);
    if (!bytes) return asked;
    auto const name = "fetched-" + short_hash(url) + ".crl";
    auto const made = signing::Revocations::make(authorities, {{name, *bytes}}, {}, store->revocations());
    if (!made.refused.empty()) {
        asked.trouble = made.refused.front().why;
        return asked;
    }
    keep("crls", name, *bytes);
    for (auto const& facts : made.revocations->facts()) {
        auto const end = facts.evidence.next_update;
        // Kept all the same: it still knows who was revoked, and serves an anchor's grace.
        if (end < std::chrono::system_clock::now()) asked.trouble = fmt::format("fetched, but it ended at {:%FT%TZ}", std::chrono::floor<std::chrono::seconds>(end));
    }
    return asked;
}

Asked Refresh::response(std::string const& url, signing::EvidenceWanted const& wanted) const
{
    auto const facts = signing::read_certificate(wanted.certificate);
    Asked asked{.kind = "ocsp", .url = url, .of = facts ? facts->subject : std::string{}, .trouble = {}, .says = {}};
    revocation::Job job;
    job.kind = revocation::Kind::ocsp;
    job.key = revocation::Schedule::key_of(wanted);
    job.url = url;
    job.certificate = wanted.certificate;
    job.issuer = wanted.issuer;
    auto const name = "fetched-" + short_hash(job.key) + ".der";
    auto const bytes = bytes_from(std::move(job), asked);
    if (!bytes) return asked;
    auto const made = signing::Revocations::make(authorities, {}, {{name, *bytes}}, store->revocations());
    auto const now = std::chrono::system_clock::now();
    auto const found = signing::look_back(*made.revocations, {wanted.certificate, wanted.issuer}, now, now);
    if (!made.refused.empty()) {
        asked.trouble = made.refused.front().why;
    } else if (found.word == Hindsight::Word::unknown) {
        asked.trouble = "it answered without saying whether the certificate is revoked" + (found.detail.empty() ? "" : ": " + found.detail);
    } else {
        keep("ocsp", name, *bytes);
        asked.says = found.word == Hindsight::Word::good ? "good" : "revoked";
    }
    return asked;
}

void Refresh::lists(std::vector<std::string> const& certificates)
{
    std::set<std::string> urls;
    for (auto const& anchor : store->anchors()) urls.insert(anchor.policy.crl_urls.begin(), anchor.policy.crl_urls.end());
    for (auto const& der : certificates) {
        auto const sources = signing::evidence_sources(der, der);
        urls.insert(sources.crl_urls.begin(), sources.crl_urls.end());
        urls.insert(sources.delta_urls.begin(), sources.delta_urls.end());
    }
    for (auto const& url : urls) results.push_back(list(url));
}

void Refresh::responses(std::vector<std::string> const& certificates)
{
    std::set<std::string> seen;
    for (auto const& der : certificates) {
        auto const facts = signing::read_certificate(der);
        // An anchor's own certificate is judged by nobody.
        if (!facts || facts->subject == facts->issuer || !seen.insert(der).second) continue;
        auto const named = signing::evidence_sources(der, {});
        if (named.ocsp_urls.empty()) continue;
        auto const issuer = signing::issuer_among(authorities, der);
        if (!issuer) {
            results.push_back({.kind = "ocsp", .url = named.ocsp_urls.front(), .of = facts->subject,
                             .trouble = "not asked: its issuer is not in the trust directory", .says = {}});
            continue;
        }
        auto const wanted = signing::evidence_sources(der, *issuer);
        for (auto const& url : wanted.ocsp_urls) {
            results.push_back(response(url, wanted));
            if (results.back().trouble.empty()) break;  // one answer is enough; the other addresses are for when this one is away
        }
    }
}

std::vector<std::string> certificates_in(std::vector<std::string> const& files)
{
    std::vector<std::string> certificates;
    for (auto const& file : files) {
        auto der = signing::certificate_der(read_file(file, certificate_bytes_max));
        if (!der) throw std::runtime_error(file + " is not one certificate");
        certificates.push_back(std::move(*der));
    }
    return certificates;
}

void refresh(Context& context, Options const& options)
{
    Refresh work{.directory = options.trust, .store = signing::TrustStore::load(options.trust, {})};
    auto certificates = work.authorities;
    for (auto& der : certificates_in(options.certificates)) certificates.push_back(std::move(der));
    work.lists(certificates);
    work.responses(certificates);

    json::array answers;
    std::vector<std::vector<std::string>> rows{{"kind", "address", "of", "result"}};
    for (auto const& one : work.results) {
        bool const fetched = one.trouble.empty();
        if (!fetched) context.worsen(Verdict::no);
        answers.push_back(json::object{{"kind", one.kind}, {"url", one.url}, {"of", one.of}, {"fetched", fetched}, {"says", one.says}, {"trouble", one.trouble}});
        rows.push_back({one.kind, one.url, one.of, !fetched ? one.trouble : one.says.empty() ? "fetched" : "fetched: " + one.says});
    }
    context.answer(answers, work.results.empty() ? "no certificate names an address of a CRL or of an OCSP responder; --certificate adds others" : table(rows));
}

constexpr char const* about =
    "CRLs (and delta CRLs), into crls/: from crl_urls of the anchors' NAME.toml and from the cRLDistributionPoints and\n"
    "freshestCRL of every anchor, intermediate and --certificate. OCSP responses, into ocsp/: of every intermediate and\n"
    "--certificate whose authorityInfoAccess names a responder and whose issuer is in the directory; its addresses are\n"
    "asked in turn until one answers.\n"
    "Over http:// alone. Only what verifies, is not older than what is there and, from OCSP, says whether the certificate\n"
    "is revoked is kept. A running gateway reads it on SIGHUP, and within server.reload_interval.\n"
    "Exit status: 0 every address gave evidence, or there is none; 1 some gave nothing; 2 trouble.";

}  // namespace

void add_trust_refresh(CLI::App& trust, Context& context)
{
    auto const options = std::make_shared<Options>();
    auto* const refreshes = trust.add_subcommand("refresh", "Fetches CRLs and OCSP responses that certificates name into a trust directory");
    refreshes->footer(about);
    refreshes->add_option("--trust", options->trust, "Trust directory")->required();
    refreshes->add_option("--certificate", options->certificates, "Further certificates to fetch evidence for, as a signer's (repeat it)");
    refreshes->callback([&context, options] { refresh(context, *options); });
}

}  // namespace ctl
