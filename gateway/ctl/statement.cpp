// ivanctl audit statement: a provider's day, from the hub's database (with --provider) or from the hub itself (as that provider).

#include "gateway/ctl/audit.hpp"
#include "gateway/ctl/call.hpp"
#include "gateway/ctl/database.hpp"
#include "gateway/ctl/peer.hpp"
#include "gateway/ctl/statement_file.hpp"
#include "gateway/dossier/time.hpp"
#include "gateway/dossier/tree_head.hpp"
#include "gateway/store/statement.hpp"
#include "schemas/base64.hpp"
#include "signing/signer.hpp"

#include <fmt/format.h>

#include <memory>
#include <stdexcept>
#include <utility>

namespace ctl {
namespace {

namespace json = boost::json;

struct Options {
    std::string provider, day, out, log = "ivan-hub", key, certificate;
    DatabaseOption database;
    Peer peer;
};

std::chrono::sys_days day_of(std::string const& text)
{
    auto const day = dossier::parse_date(text);
    if (!day) throw std::runtime_error("--day is YYYY-MM-DD, not " + text);
    return *day;
}

store::StatementSigner signer_of(Options const& options)
{
    if (options.key.empty() && options.certificate.empty()) return {};
    return [pair = signing::KeyPair::open(options.key, options.certificate)](ledger::Statement statement) {
        auto made = dossier::sign_statement(statement, *pair);
        return store::SignedStatement{std::move(statement), std::move(made.text), std::move(made.signature)};
    };
}

// What came is compared with what was signed, so that a page that is lost is not taken for a day with less.
class FromHub {
public:
    FromHub(Options const& options, StatementWriter& out) : options_{options}, out_{out}, client_{io_, options.peer.client()} {}

    store::SignedStatement read()
    {
        auto const head = ask("/v1/log/statement?day=" + options_.day);
        store::SignedStatement made;
        made.text = head.at("text").as_string();
        made.signature = schemas::base64_decode(std::string_view{head.at("signature").as_string()}).value_or("");
        auto statement = ledger::read_statement(made.text);
        if (!statement) throw std::runtime_error("the hub's statement cannot be read: " + statement.error().detail);
        made.statement = std::move(*statement);
        out_.begin(made.text, made.signature);
        if (!options_.out.empty()) read_list(made.statement);
        return made;
    }

private:
    void read_list(ledger::Statement const& statement)
    {
        ledger::StatementTally tally;
        std::string after;
        do {
            auto const page = ask(fmt::format("/v1/log/statement/entries?day={}&size={}&after={}", options_.day, statement.size, percent_encoded(after)));
            for (auto const& text : page.at("lines").as_array()) {
                auto const line = ledger::read_line(std::string_view{text.as_string()}, statement.provider);
                if (!line) throw std::runtime_error("the hub's list cannot be read: " + line.error().detail);
                auto const written = std::string{text.as_string()} + "\n";
                tally.add(*line, written);
                out_.line(written);
            }
            auto const& next = page.at("next");
            after = next.is_null() ? "" : std::string{next.as_string()};
        } while (!after.empty());
        auto counted = statement;
        tally.finish(counted);
        if (counted != statement) throw std::runtime_error("the hub's list is not the one it signed for; ask again, and keep both");
    }

    json::object ask(std::string target)
    {
        runtime::HttpRequest request{"GET", std::move(target), options_.peer.headers(), ""};
        auto const answer = finish(io_, client_.send(std::move(request), runtime::Deadline::after(options_.peer.timeout()), true));
        if (!answer) throw std::runtime_error(fmt::format("{}: {}", options_.peer.url, answer.error().message()));
        if (answer->status != 200) throw std::runtime_error(fmt::format("HTTP {}\n{}", answer->status, plain(answer->body)));
        return json::parse(answer->body).as_object();
    }

    Options const& options_;
    StatementWriter& out_;
    net::io_context io_{1};
    runtime::HttpClient client_;
};

store::SignedStatement from_database(Options const& options, StatementWriter& out)
{
    store::StatementAsked asked{options.log, options.provider, day_of(options.day), std::chrono::system_clock::now()};
    auto const begin = [&](store::SignedStatement const& made) { out.begin(made.text, made.signature); };
    auto const line = [&](std::string_view text) { out.line(text); };
    return store::read_statement(options.database.url, asked, signer_of(options), begin, options.out.empty() ? std::function<void(std::string_view)>{} : line);
}

void statement(Context& context, Options const& options)
{
    static_cast<void>(day_of(options.day));
    if (options.provider.empty() && options.peer.url.empty()) throw std::runtime_error("--provider with --database-url, or --url as the provider itself");
    if (!options.provider.empty() && options.database.url.empty()) throw std::runtime_error("--provider needs --database-url");
    StatementWriter out{options.out};
    auto const made = options.provider.empty() ? FromHub{options, out}.read() : from_database(options, out);
    out.end();
    if (options.out == "-") return;

    auto const& said = made.statement;
    json::object codes;
    for (auto const& [code, count] : said.refused) codes[code] = count;
    auto text = fmt::format("{}, {} (Vietnam, UTC+7), {}\n{} accepted, {} refused\n", said.provider, options.day, said.closed ? "closed" : "provisional",
                            said.accepted, said.refused_count());
    for (auto const& [code, count] : said.refused) text += fmt::format("  {} {}\n", code, count);
    text += fmt::format("the log had {} leaves, {} when the day before was closed; {}", said.size, said.from,
                        made.signature.empty() ? "NOT SIGNED (--receipt-key, --receipt-certificate)" : "signed by " + signing::hex(said.key_id));
    context.answer(json::object{{"provider", said.provider},
                                {"day", options.day},
                                {"state", said.closed ? "closed" : "provisional"},
                                {"from", said.from},
                                {"size", said.size},
                                {"root", signing::hex(said.root)},
                                {"accepted", said.accepted},
                                {"refused", said.refused_count()},
                                {"refused_by_code", std::move(codes)},
                                {"at", dossier::vietnam_time(said.at)},
                                {"signed", !made.signature.empty()},
                                {"text", made.text},
                                {"signature", schemas::base64_encode(made.signature)}},
                   text);
}

}  // namespace

void add_statement(CLI::App& audit, Context& context)
{
    auto options = std::make_shared<Options>();
    auto* command = audit.add_subcommand("statement", "What of a provider's was accepted and refused on a day, with where the log then stood");
    command->add_option("--day", options->day, "Civil day of Vietnam (UTC+7), YYYY-MM-DD")->required();
    command->add_option("--provider", options->provider, "Whose, read from the database; without it the hub is asked, as the provider that we are");
    command->add_option("--out", options->out, "File for the statement with its list; - is standard output. Without it counts alone");
    options->database.declare(*command);
    command->get_option("--database-url")->required(false);
    command->add_option("--log-name", options->log, "Of the log (ledger.name), where the statement is made now")->capture_default_str();
    command->add_option("--receipt-key", options->key, "Receipt key (PEM file or pkcs11: address) to sign with, where nobody has asked for this day before");
    command->add_option("--receipt-certificate", options->certificate, "Its certificate (PEM)")->check(CLI::ExistingFile);
    options->peer.declare(*command);
    command->get_option("--url")->required(false);
    command->callback([&context, options] { statement(context, *options); });
}

}  // namespace ctl
