// ivan-drill: what ops/drill runs beside the hub. Exit status: 0 all as it should be, 1 not, 2 wrong usage or trouble.
//
//   file    a provider that never gives up, with a ledger of its receipts
//   relay   a network that loses answers
//   judge   ledger, database and backend compared

#include "gateway/store/audit.hpp"
#include "loadtest/drill/filer.hpp"
#include "loadtest/drill/judge.hpp"
#include "loadtest/drill/relay.hpp"
#include "loadtest/receipt_check.hpp"
#include "loadtest/report.hpp"
#include "signing/digest.hpp"
#include "signing/verifier.hpp"

#include <CLI/CLI.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/json.hpp>

#include <csignal>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <optional>
#include <sstream>

namespace
{

namespace drill = loadtest::drill;

std::string read_file(std::filesystem::path const& path)
{
    std::ifstream in{path, std::ios::binary};
    std::ostringstream text;
    text << in.rdbuf();
    if (!in) throw std::runtime_error("cannot read " + path.string());
    return text.str();
}

struct FileOptions {
    drill::FilerConfig filer;
    loadtest::MixConfig mix;
    std::string pki, party = "thaison", forms = "D02-TS=3,TK1-TS=1,D03-TS=1,D05-TS=1", ready_file, go_file;
    std::vector<std::string> agencies{"00108"};
    std::size_t signers = 100;
    unsigned patience_s = 900;
};

int file(FileOptions& options)
{
    signing::initialise();
    std::filesystem::path const pki{options.pki};
    options.filer.ca_file = pki / "tls/ca.pem";
    if (options.filer.bearer_key.empty()) {
        options.filer.certificate_file = pki / ("tls/" + options.party + ".pem");
        options.filer.key_file = pki / ("tls/" + options.party + ".key");
    }
    options.filer.patience = std::chrono::seconds{options.patience_s};
    options.mix.main_forms = loadtest::parse_mix(options.forms);
    signing::dev::Identity const issuer{read_file(pki / "ca/issuing-ca.key"), read_file(pki / "ca/issuing-ca.pem")};
    auto const units = loadtest::make_units(options.signers, issuer, options.agencies);
    loadtest::Progress making{"made", options.mix.count};
    auto const prepared = loadtest::make(options.mix, units, {}, [&](std::size_t done) { making.at(done); });
    making.end();
    if (!options.ready_file.empty()) std::ofstream{options.ready_file} << prepared.size() << std::endl;

    loadtest::Progress filing{"filed", prepared.size()};
    net::io_context context{1};
    std::optional<drill::FilerReport> report;
    std::exception_ptr error;
    auto done = [&](std::exception_ptr e, drill::FilerReport r) {
        error = e;
        report = std::move(r);
    };
    auto task = drill::file_all(context, options.filer, prepared, [&](std::size_t n) { filing.at(n); });
    net::co_spawn(context.get_executor(), std::move(task), std::move(done));
    context.run();
    if (error) std::rethrow_exception(error);
    filing.end();
    std::cout << to_json(*report) << std::endl;
    return report->good() ? 0 : 1;
}

struct JudgeOptions {
    std::vector<std::string> ledgers;
    std::string record, faults, database_url, certificate;
    std::uint64_t receipts_max = 20'000;
};

// Every row, of whoever filed it: a row that no ledger knows is a finding too.
std::vector<drill::Row> rows_of(JudgeOptions const& options)
{
    auto const certificate = options.certificate.empty() ? std::string{} : read_file(options.certificate);
    std::vector<drill::Row> rows;
    store::for_each_stored(options.database_url, {}, [&](store::StoredRow const& stored) {
        auto const hash = [](std::string const& bytes) { return signing::hex(signing::sha256(bytes)); };
        drill::Row row{stored.idempotency_key, stored.content_sha256,    stored.dossier_id,         stored.case_code,
                       hash(stored.body),      hash(stored.receipt_xml), hash(stored.receipt_json), {}};
        if (rows.size() < options.receipts_max)
            row.trouble = loadtest::receipt_trouble(stored.receipt_xml, stored.body, stored.case_code, stored.dossier_id, certificate);
        rows.push_back(std::move(row));
        return true;
    });
    return rows;
}

int judge(JudgeOptions const& options)
{
    signing::initialise();
    std::vector<drill::Entry> ledger;
    for (auto const& file : options.ledgers)
        for (auto& entry : drill::read_ledger(file)) ledger.push_back(std::move(entry));
    auto const record = drill::read_record(options.record);
    auto const faults = options.faults.empty() ? std::vector<drill::Fault>{} : drill::read_faults(options.faults);
    auto const verdict = drill::judge(ledger, rows_of(options), record, faults);
    boost::json::array words;
    for (auto const& word : verdict.words) words.emplace_back(word);
    boost::json::object const object{{"accepted", verdict.accepted},
                                     {"stored", verdict.stored},
                                     {"delivered", verdict.delivered},
                                     {"handed_over", verdict.handed_over},
                                     {"lost", verdict.lost},
                                     {"doubled", verdict.doubled},
                                     {"differences", verdict.differences},
                                     {"unheard", verdict.unheard},
                                     {"gaps", verdict.gaps},
                                     {"disorder", verdict.disorder},
                                     {"overlaps", verdict.overlaps},
                                     {"set_apart", verdict.set_apart},
                                     {"faults", faults.size()},
                                     {"recover_s", verdict.recover_s ? boost::json::value(*verdict.recover_s) : boost::json::value(nullptr)},
                                     {"good", verdict.good()},
                                     {"words", std::move(words)}};
    std::cout << boost::json::serialize(object) << std::endl;
    return verdict.good() ? 0 : 1;
}

void add_file(CLI::App& app, int& status)
{
    auto const options = std::make_shared<FileOptions>(); // lives as long as the callback
    options->mix.people = 1;
    auto& filer = options->filer;
    auto* const sub = app.add_subcommand("file", "Files dossiers until each has its receipt; a ledger, and a report in JSON");
    sub->add_option("--url", filer.urls, "The gateway's provider listener; again for a second one over the same database")->required();
    sub->add_option("--pki", options->pki, "Development PKI made by `ivanctl keys pki`")->required()->check(CLI::ExistingDirectory);
    sub->add_option("--party", options->party, "Whose client certificate, tls/NAME.pem of it")->capture_default_str();
    sub->add_option("--bearer", filer.bearer_key, "The party's bearer key, instead");
    sub->add_option("--alias", options->mix.alias, "MaIVAN of that party")->capture_default_str();
    sub->add_option("--run", filer.run_id, "Begins every Idempotency-Key")->required();
    sub->add_option("--ledger", filer.ledger_file, "Where receipts are written down")->required();
    sub->add_option("--count", options->mix.count, "Dossiers")->check(CLI::Range(1, 1'000'000))->capture_default_str();
    sub->add_option("--people", options->mix.people, "Rows of a form")->check(CLI::Range(1, 5000))->capture_default_str();
    sub->add_option("--mix", options->forms, "Main forms and their weights")->capture_default_str();
    sub->add_option("--agencies", options->agencies, "Agencies to file with")->delimiter(',');
    sub->add_option("--signers", options->signers, "Units")->check(CLI::Range(1, 100'000))->capture_default_str();
    sub->add_option("--seed", options->mix.seed, "Of the corpus")->capture_default_str();
    sub->add_option("--connections", filer.connections, "Kept at once")->check(CLI::Range(1, 1024))->capture_default_str();
    sub->add_option("--rate", filer.rate, "Dossiers a second; 0: as fast as answers come")->check(CLI::Range(0.0, 1e6));
    sub->add_option("--ask", filer.ask_share, "Share of lost answers that are asked for by hash first")->check(CLI::Range(0.0, 1.0));
    sub->add_option("--patience", options->patience_s, "Seconds until one dossier is given up")->check(CLI::Range(1, 86'400))->capture_default_str();
    sub->add_option("--ready-file", options->ready_file, "Written when the dossiers are made and the first is sent");
    sub->add_option("--stop-file", filer.stop_file, "Once it is there no new dossier is begun");
    sub->add_option("--sent-file", filer.sent_file, "Written when the last one is answered");
    sub->add_option("--repeat-file", filer.repeat_file, "The repeats at the end wait for it");
    sub->callback([options, &status] { status = file(*options); });
}

void add_relay(CLI::App& app, int& status)
{
    struct Options {
        drill::RelayConfig relay;
        std::string dropped_file;
    };
    auto const options = std::make_shared<Options>(); // lives as long as the callback
    auto* const sub = app.add_subcommand("relay", "Passes bytes to a gateway on loopback and loses a share of its answers 201");
    sub->add_option("--port", options->relay.port, "Port to listen on")->required();
    sub->add_option("--to", options->relay.to, "Port of the gateway, plain HTTP")->required();
    sub->add_option("--drop", options->relay.drop_share, "Share lost")->check(CLI::Range(0.0, 1.0))->capture_default_str();
    sub->add_option("--seed", options->relay.seed, "Of the shares");
    sub->add_option("--dropped-file", options->dropped_file, "Written at the end: how many were lost, how many went through");
    sub->callback([options, &status] { status = drill::run_relay(options->relay, options->dropped_file); });
}

void add_judge(CLI::App& app, int& status)
{
    auto const options = std::make_shared<JudgeOptions>(); // lives as long as the callback
    auto* const sub = app.add_subcommand("judge", "Compares ledgers, database and the backend's record, dossier by dossier");
    sub->add_option("--ledger", options->ledgers, "Of a provider; several may be given")->required();
    sub->add_option("--record", options->record, "Of the backend simulator")->required();
    sub->add_option("--faults", options->faults, "NAME, BEGIN, END in microseconds, between tabs");
    sub->add_option("--database-url", options->database_url, "libpq URL")->required();
    sub->add_option("--receipt-cert", options->certificate, "Certificate that must have signed the receipts (PEM)");
    sub->add_option("--receipts-max", options->receipts_max, "Receipts computed again from the stored bytes; of the others the bytes are compared")->capture_default_str();
    sub->callback([options, &status] { status = judge(*options); });
}

} // namespace

int main(int argc, char** argv)
{
    std::signal(SIGPIPE, SIG_IGN);
    int status = 0;
    CLI::App app{"I-VAN Hub: a provider, a network and a judge for fault drills", "ivan-drill"};
    app.require_subcommand(1);
    add_file(app, status);
    add_relay(app, status);
    add_judge(app, status);
    try {
        app.parse(argc, argv);
    } catch (CLI::ParseError const& error) {
        return app.exit(error) == 0 ? 0 : 2;
    } catch (std::exception const& error) {
        std::cerr << "ivan-drill: " << error.what() << '\n';
        return 2;
    }
    return status;
}
