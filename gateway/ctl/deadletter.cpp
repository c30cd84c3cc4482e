#include "gateway/ctl/context.hpp"
#include "gateway/ctl/database.hpp"
#include "gateway/dossier/time.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

namespace ctl {
namespace {

constexpr std::chrono::seconds call_time{30};

struct Options {
    DatabaseOption database;
    std::string id;
    bool all = false;
    std::size_t limit = 100;
};

std::vector<store::DeadLetter> letters(Database& database, std::size_t limit)
{
    return need(database.answer(database.queue().dead_letters(limit, runtime::Deadline::after(call_time))), "reading dead letters");
}

boost::json::object as_json(store::DeadLetter const& letter)
{
    return {{"dossier_id", letter.dossier_id}, {"case_code", letter.case_code}, {"provider", letter.provider},
            {"unit_code", letter.unit_code}, {"agency", letter.agency}, {"http_status", letter.http_status},
            {"reason", letter.reason}, {"attempts", letter.attempts}, {"died_at", dossier::vietnam_time(letter.died_at)}};
}

void list(Context& context, Options const& options)
{
    Database database{options.database.url};
    boost::json::array rows;
    std::vector<std::vector<std::string>> lines{{"dossier", "case code", "provider", "agency", "unit", "HTTP", "tries", "died at", "reason"}};
    for (auto const& l : letters(database, options.limit)) {
        rows.push_back(as_json(l));
        lines.push_back({l.dossier_id, l.case_code, l.provider, l.agency, l.unit_code, std::to_string(l.http_status), std::to_string(l.attempts),
                         dossier::vietnam_time(l.died_at), l.reason});
    }
    auto const text = rows.empty() ? std::string{"no dead letters"} : table(lines);
    context.answer(std::move(rows), text);
}

void show(Context& context, Options const& options)
{
    Database database{options.database.url};
    auto const all = letters(database, 100'000);
    auto const found = std::find_if(all.begin(), all.end(), [&](auto const& l) { return l.dossier_id == options.id || l.case_code == options.id; });
    if (found == all.end()) {
        context.worsen(Verdict::no);
        context.answer(boost::json::object{{"found", false}}, "no such dead letter");
        return;
    }
    auto const object = as_json(*found);
    std::vector<std::vector<std::string>> lines;
    for (auto const& [name, value] : object)
        lines.push_back({std::string{name}, value.is_string() ? std::string{value.get_string()} : boost::json::serialize(value)});
    context.answer(object, table(lines));
}

void replay(Context& context, Options const& options)
{
    Database database{options.database.url};
    std::vector<std::string> ids{options.id};
    if (options.all) {
        ids.clear();
        for (auto const& letter : letters(database, 100'000)) ids.push_back(letter.dossier_id);
    }
    boost::json::array replayed;
    std::string text;
    for (auto const& id : ids) {
        auto const result = database.answer(database.queue().replay(id, runtime::Deadline::after(call_time)));
        if (!result && result.error().why != store::Refusal::not_found) need(result, "replaying " + id);
        context.worsen(result ? Verdict::yes : Verdict::no);
        text += fmt::format("{}  {}\n", id, result ? "back in the queue" : "is no dead letter");
        replayed.push_back(boost::json::object{{"dossier_id", id}, {"replayed", result.has_value()}});
    }
    context.answer(std::move(replayed), text.empty() ? "no dead letters" : text);
}

}  // namespace

void add_deadletter(CLI::App& app, Context& context)
{
    auto options = std::make_shared<Options>();
    auto* group = app.add_subcommand("deadletter", "What the backend refused and a person must look at");
    group->require_subcommand(1);

    auto* all = group->add_subcommand("list", "The oldest first");
    options->database.declare(*all);
    all->add_option("--limit", options->limit, "Rows at most")->check(CLI::Range(1, 100'000))->capture_default_str();
    all->callback([&context, options] { list(context, *options); });

    auto* one = group->add_subcommand("show", "One of them; exit 1 where there is none");
    one->add_option("id", options->id, "Dossier id or case code")->required();
    options->database.declare(*one);
    one->callback([&context, options] { show(context, *options); });

    auto* again = group->add_subcommand("replay", "Puts it back into the queue, in its unit's order");
    auto* id = again->add_option("id", options->id, "Dossier id");
    auto* every = again->add_flag("--all", options->all, "All of them");
    every->excludes(id);
    options->database.declare(*again);
    again->callback([&context, options] {
        if (options->id.empty() && !options->all) throw CLI::RequiredError("a dossier id or --all");
        replay(context, *options);
    });
}

}  // namespace ctl
