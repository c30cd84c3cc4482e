// ivanctl audit verify-statement: is this a statement the hub signed, and does its list say what was signed for? With a head that
// somebody kept, also whether both are of one log. ivanctl audit reconcile: what we filed beside what the hub says.
// Both work offline. Exit: 0 yes, 1 no, 2 trouble.

#include "gateway/ctl/audit.hpp"
#include "gateway/ctl/log_file.hpp"
#include "gateway/ctl/statement_file.hpp"
#include "gateway/dossier/time.hpp"

#include <fmt/format.h>

#include <memory>
#include <optional>
#include <stdexcept>
#include <unordered_map>
#include <utility>

namespace ctl {
namespace {

namespace json = boost::json;

constexpr std::size_t mine_max = 5'000'000;  // keys of a list of ours
constexpr std::size_t named_max = 1000;      // of each kind, in the answer

struct Options {
    std::string file, head, consistency, mine;
    CertificatesOption certificates;
};

void check_head(StatementFile& file, std::vector<KnownCertificate> const& known, Options const& options)
{
    auto const kept = read_head_file(options.head);
    auto const& head = kept.head;
    auto const& said = *file.statement;
    if (auto trouble = trouble_of_signature(known, head.key_id, kept.text, kept.signature, head.at); !trouble.empty()) file.findings.push_back("the head: " + trouble);
    auto trouble = trouble_of_trees("the statement", {said.log, said.size, said.root, said.at, said.key_id}, head, options.consistency);
    if (!trouble.empty()) file.findings.push_back(std::move(trouble));
}

json::array strings(std::vector<std::string> const& all)
{
    json::array out;
    for (auto const& one : all) out.emplace_back(one);
    return out;
}

json::object json_of(StatementFile const& file)
{
    json::object out{{"verdict", file.sound() ? "valid" : "refused"}, {"findings", strings(file.findings)}};
    if (!file.statement) return out;
    auto const& said = *file.statement;
    out["provider"] = said.provider;
    out["day"] = dossier::vietnam_date(said.day);
    out["state"] = said.closed ? "closed" : "provisional";
    out["size"] = said.size;
    out["root"] = signing::hex(said.root);
    out["accepted"] = said.accepted;
    out["refused"] = said.refused_count();
    return out;
}

std::string text_of(StatementFile const& file)
{
    std::string text = file.sound() ? "valid\n" : "NOT VALID\n";
    if (auto const& said = file.statement)
        text += fmt::format("  {}, {}, {}: {} accepted, {} refused; {} leaves\n", said->provider, dossier::vietnam_date(said->day),
                            said->closed ? "closed" : "provisional", said->accepted, said->refused_count(), said->size);
    for (auto const& finding : file.findings) text += "  " + finding + "\n";
    text.pop_back();
    return text;
}

void verify(Context& context, Options const& options)
{
    auto const known = options.certificates.read();
    auto file = check_statement(options.file);
    if (file.statement) {
        auto trouble = trouble_of_signature(known, file.statement->key_id, file.text, file.signature, file.statement->at);
        if (!trouble.empty()) file.findings.push_back(std::move(trouble));
        if (!options.head.empty()) check_head(file, known, options);
    }
    if (!file.sound()) context.worsen(Verdict::no);
    context.answer(json_of(file), text_of(file));
}

// Our own list: a line for each dossier, its idempotency key and, where we have it, the SHA-256 of its bytes.
struct Mine {
    std::string content_sha256;
    bool accepted = false;
    std::string refused;  // with this code, last
};

std::unordered_map<std::string, Mine> read_mine(std::string const& file)
{
    std::ifstream in{file};
    if (!in) throw std::runtime_error("cannot read " + file);
    std::unordered_map<std::string, Mine> mine;
    for (std::string line; std::getline(in, line);) {
        if (line.ends_with('\r')) line.pop_back();
        auto const blank = line.find_first_of(" \t,;");
        if (line.empty()) continue;
        if (mine.size() >= mine_max) throw std::runtime_error(fmt::format("{}: more than {} lines", file, mine_max));
        auto content = blank == std::string::npos ? std::string{} : line.substr(line.find_last_of(" \t,;") + 1);
        std::transform(content.begin(), content.end(), content.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
        mine[line.substr(0, blank)] = {std::move(content), false, ""};
    }
    return mine;
}

struct Named {
    std::uint64_t count = 0;
    std::vector<std::string> first;
    void add(std::string one)
    {
        ++count;
        if (first.size() < named_max) first.push_back(std::move(one));
    }
};

void reconcile(Context& context, Options const& options)
{
    auto mine = read_mine(options.mine);
    Named extra, differs, missing, refused;
    std::uint64_t agreed = 0;
    auto const see = [&](ledger::StatementLine const& line) {
        auto const found = mine.find(line.idempotency_key);
        if (auto const* no = std::get_if<ledger::Refused>(&line.entry)) {
            if (found != mine.end()) found->second.refused = no->fault_id;
            return;
        }
        auto const& yes = std::get<ledger::Accepted>(line.entry);
        if (found == mine.end()) return extra.add(line.idempotency_key + " " + yes.case_code);
        found->second.accepted = true;
        auto const& content = found->second.content_sha256;
        if (!content.empty() && content != signing::hex(yes.content_sha256)) return differs.add(line.idempotency_key + " " + yes.case_code);
        ++agreed;
    };
    auto const file = check_statement(options.file, see);
    if (!file.sound()) {
        context.worsen(Verdict::trouble);
        return context.answer(json_of(file), text_of(file));
    }
    for (auto const& [key, one] : mine) {
        if (one.accepted) continue;
        if (one.refused.empty()) missing.add(key);
        else refused.add(key + " " + one.refused);
    }
    for (auto* kind : {&extra, &differs, &missing, &refused}) std::sort(kind->first.begin(), kind->first.end());
    bool const agrees = extra.count + differs.count + missing.count == 0;
    if (!agrees) context.worsen(Verdict::no);

    auto text = fmt::format("{} agree\n", agreed);
    auto const tell = [&](Named const& kind, std::string_view words) {
        text += fmt::format("{} {}\n", kind.count, words);
        for (auto const& one : kind.first) text += "  " + one + "\n";
        if (kind.count > kind.first.size()) text += "  …\n";
    };
    tell(refused, "of mine were refused and not accepted since");
    tell(missing, "of mine are not in the statement: ask for each by its key, then send it again under the same key");
    tell(extra, "accepted that are not in my list");
    tell(differs, "accepted with other bytes than mine");
    text.pop_back();
    auto const json_kind = [](Named const& kind) { return json::object{{"count", kind.count}, {"first", strings(kind.first)}}; };
    context.answer(json::object{{"agrees", agrees},
                                {"agreed", agreed},
                                {"refused", json_kind(refused)},
                                {"missing", json_kind(missing)},
                                {"extra", json_kind(extra)},
                                {"differs", json_kind(differs)}},
                   text);
}

}  // namespace

void add_statement_checks(CLI::App& audit, Context& context)
{
    auto options = std::make_shared<Options>();
    auto* command = audit.add_subcommand("verify-statement", "Says whether a statement was signed by the hub and lists what it was signed for");
    command->add_option("file", options->file, "The statement with its list, as `audit statement --out` writes it")->required()->check(CLI::ExistingFile);
    options->certificates.declare(*command);
    command->add_option("--head", options->head, "A head that we kept (the answer of GET /v1/log/head): are both of one log?")->check(CLI::ExistingFile);
    command->add_option("--consistency", options->consistency, "The answer of GET /v1/log/consistency between the two sizes, where they differ")
        ->check(CLI::ExistingFile);
    command->callback([&context, options] { verify(context, *options); });

    auto* beside = audit.add_subcommand("reconcile", "What we filed on a day beside what the hub's statement lists");
    beside->add_option("file", options->file, "The statement with its list")->required()->check(CLI::ExistingFile);
    beside->add_option("--mine", options->mine, "Our list: one line each, the idempotency key and, where known, the content's SHA-256")
        ->required()
        ->check(CLI::ExistingFile);
    beside->callback([&context, options] { reconcile(context, *options); });
}

}  // namespace ctl
