// ivanctl trust late: dossiers accepted under grace whose signer turned out to have been revoked already. They raise the
// alarm late_revocation until an operator has acknowledged each.

#include "gateway/ctl/context.hpp"
#include "gateway/ctl/database.hpp"
#include "gateway/dossier/time.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <memory>

namespace ctl {
namespace {

constexpr std::chrono::seconds call_time{30};

struct Options {
    DatabaseOption database;
    std::string acknowledge, who;
    std::size_t limit = 100;
};

void list(Context& context, Options const& options)
{
    Database database{options.database.url};
    auto const found = need(database.answer(database.grace().late(options.limit, runtime::Deadline::after(call_time))), "reading late revocations");
    boost::json::array rows;
    std::vector<std::vector<std::string>> lines{{"dossier", "case code", "provider", "agency", "filed at", "revoked at", "found at", "evidence"}};
    for (auto const& late : found) {
        auto const filed = dossier::vietnam_time(late.received_at), revoked = dossier::vietnam_time(late.revoked_at), at = dossier::vietnam_time(late.found_at);
        rows.push_back(boost::json::object{{"dossier_id", late.dossier_id}, {"case_code", late.case_code}, {"provider", late.provider}, {"agency", late.agency},
                                           {"received_at", filed}, {"revoked_at", revoked}, {"found_at", at}, {"evidence", late.evidence}});
        lines.push_back({late.dossier_id, late.case_code, late.provider, late.agency, filed, revoked, at, late.evidence});
    }
    auto const text = rows.empty() ? std::string{"no late revocations"} : table(lines);
    context.answer(std::move(rows), text);
}

void acknowledge(Context& context, Options const& options)
{
    Database database{options.database.url};
    auto const done = database.answer(database.grace().acknowledge(options.acknowledge, options.who, std::chrono::system_clock::now(), runtime::Deadline::after(call_time)));
    if (!done && done.error().why != store::Refusal::not_found) need(done, "acknowledging " + options.acknowledge);
    if (!done) context.worsen(Verdict::no);
    context.answer(boost::json::object{{"dossier_id", options.acknowledge}, {"acknowledged", done.has_value()}},
                   options.acknowledge + (done ? "  acknowledged" : "  is no late revocation, or was acknowledged before"));
}

}  // namespace

void add_late(CLI::App& app, Context& context)
{
    auto options = std::make_shared<Options>();
    auto const* const user = std::getenv("USER");
    options->who = user ? user : "";
    auto* const late = app.get_subcommand("trust")->add_subcommand("late", "Dossiers accepted under grace whose signer was revoked already");
    options->database.declare(*late);
    late->add_option("--acknowledge", options->acknowledge, "Dossier id: an operator has seen to it; exit 1 where it is none of them");
    late->add_option("--by", options->who, "Who acknowledges")->capture_default_str();
    late->add_option("--limit", options->limit, "Rows at most")->check(CLI::Range(1, 10'000))->capture_default_str();
    late->callback([&context, options] { options->acknowledge.empty() ? list(context, *options) : acknowledge(context, *options); });
}

}  // namespace ctl
