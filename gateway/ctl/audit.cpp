// ivanctl audit verify: the provable log against the database's rows.

#include "gateway/ctl/audit.hpp"
#include "gateway/ctl/context.hpp"
#include "gateway/ctl/database.hpp"
#include "gateway/ctl/log_file.hpp"
#include "gateway/store/log_audit.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <map>
#include <memory>

namespace ctl {
namespace {

namespace json = boost::json;

struct Options {
    DatabaseOption database;
    std::uint64_t from_index = 0;
    std::vector<std::string> certificates, heads;
    store::AuditReceipts receipts = store::AuditReceipts::all;
    unsigned threads = 0;
};

json::object json_of(store::AuditFinding const& finding)
{
    return {{"what", finding.what},
            {"index", finding.index ? json::value(*finding.index) : json::value(nullptr)},
            {"dossier_id", finding.dossier_id},
            {"case_code", finding.case_code},
            {"detail", finding.detail}};
}

std::string text_of(store::AuditFinding const& finding)
{
    return fmt::format("  {}{}{}: {}\n", finding.what, finding.index ? fmt::format(", leaf {}", *finding.index) : "",
                       finding.dossier_id.empty() ? (finding.case_code.empty() ? "" : ", " + finding.case_code)
                                                  : fmt::format(", dossier {} {}", finding.dossier_id, finding.case_code),
                       finding.detail);
}

void verify(Context& context, Options const& options)
{
    store::AuditOptions audit;
    audit.from_index = options.from_index;
    audit.receipts = options.receipts;
    audit.threads = options.threads;
    for (auto const& file : options.certificates) audit.certificates.push_back(read_file(file));
    for (auto const& file : options.heads) {
        auto kept = read_head_file(file);
        audit.heads.push_back({file, std::move(kept.text), std::move(kept.signature)});
    }
    auto const begun = std::chrono::steady_clock::now();
    auto const seconds = [&] { return std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count(); };
    auto shown = begun;
    audit.progress = [&](std::uint64_t rows) {
        auto const now = std::chrono::steady_clock::now();
        if (now - shown < std::chrono::seconds{1}) return;
        shown = now;
        std::fprintf(stderr, "\r%llu rows, %.0f a second ", static_cast<unsigned long long>(rows), static_cast<double>(rows) / seconds());
    };
    auto const report = store::audit_log(options.database.url, audit);
    auto const took = seconds();
    auto const rows = report.dossiers + report.refusals;
    auto const rate = static_cast<double>(rows) / std::max(took, 1e-9);

    json::array findings;
    if (shown != begun) std::fputc('\n', stderr);
    std::string text = fmt::format("{} leaves in {} commits, {} nodes, {} heads, {} kept heads and {} statements ({} not verified for want of a certificate)\n"
                                   "{} dossiers and {} refusals, {} from before the log\n"
                                   "{} receipts verified, {} not for want of a certificate\n"
                                   "{} rows, {:.1f} s, {:.0f} rows a second, {} findings\n",
                                   report.leaves, report.groups, report.nodes, report.heads, report.heads_kept, report.statements, report.heads_unverified, report.dossiers,
                                   report.refusals, report.before_the_log, report.receipts_verified, report.receipts_unverified, rows, took, rate,
                                   report.findings.size() + report.findings_left_out);
    for (auto const& finding : report.findings) {
        findings.push_back(json_of(finding));
        text += text_of(finding);
    }
    if (report.findings_left_out > 0) text += fmt::format("  and {} more\n", report.findings_left_out);
    text += report.clean() ? "The log and the rows agree." : "THE LOG AND THE ROWS DISAGREE.";
    if (!report.clean()) context.worsen(Verdict::no);
    context.answer(json::object{{"clean", report.clean()},
                                {"size", report.size},
                                {"leaves", report.leaves},
                                {"commits", report.groups},
                                {"nodes", report.nodes},
                                {"heads", report.heads},
                                {"heads_kept", report.heads_kept},
                                {"heads_unverified", report.heads_unverified},
                                {"statements", report.statements},
                                {"receipts_verified", report.receipts_verified},
                                {"receipts_unverified", report.receipts_unverified},
                                {"rows", rows},
                                {"dossiers", report.dossiers},
                                {"refusals", report.refusals},
                                {"before_the_log", report.before_the_log},
                                {"seconds", took},
                                {"rows_per_second", rate},
                                {"findings", std::move(findings)},
                                {"findings_left_out", report.findings_left_out}},
                   text);
}

}  // namespace

void add_audit(CLI::App& app, Context& context)
{
    auto* audit = app.add_subcommand("audit", "The provable log, checked and accounted for");
    audit->require_subcommand(1);
    auto options = std::make_shared<Options>();
    auto* command = audit->add_subcommand("verify", "Computes the whole log anew from the database and says which row is not as it was logged");
    options->database.declare(*command);
    command->add_option("--from-index", options->from_index, "Check rows from this leaf on (its whole commit); 33 octets of memory for each");
    command->add_option("--certificate", options->certificates, "PEM of a receipt key's certificate, to verify what it signed: heads, statements, receipts; may be repeated")
        ->check(CLI::ExistingFile);
    command->add_option("--head", options->heads, "A head kept outside of the database (the answer of GET /v1/log/head), to compare the log with; may be repeated")
        ->check(CLI::ExistingFile);
    std::map<std::string, store::AuditReceipts> const receipts{
        {"all", store::AuditReceipts::all}, {"sample", store::AuditReceipts::sample}, {"none", store::AuditReceipts::none}};
    command->add_option("--receipts", options->receipts,
                        fmt::format("Verify receipts' signatures: all (the default), sample (one in {}, another each time), or none, and compare no columns with them", store::audit_sample_of))
        ->transform(CLI::CheckedTransformer(receipts));
    command->add_option("--threads", options->threads, "That compute beside the one that reads; one for each processor where not given")->check(CLI::Range(1u, 64u));
    command->callback([&context, options] { verify(context, *options); });
    add_statement(*audit, context);
    add_statement_checks(*audit, context);
}

}  // namespace ctl
