// ivan-loadtest: makes load and takes it. Exit status: 0 all as it should be, 1 not, 2 wrong usage or trouble.

#include "loadtest/connect.hpp"
#include "loadtest/overload.hpp"
#include "loadtest/run.hpp"
#include "loadtest/samples.hpp"
#include "loadtest/siege.hpp"
#include "loadtest/sink.hpp"
#include "signing/verifier.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <csignal>
#include <exception>
#include <iostream>

namespace
{

using loadtest::SinkConfig;
auto const rate = CLI::Range(0.0, 1.0);

void add_sink(CLI::App& app, int& status)
{
    struct Options {
        SinkConfig sink;
        unsigned lag_ms = 0, retry_after_s = 1, events_delay_ms = 1000, duration_s = 7 * 24 * 3600;
        std::string port_file;
    };
    auto const options = std::make_shared<Options>(); // lives as long as the callback
    auto* const sink = app.add_subcommand("sink", "A workflow backend that checks, lags and lies");
    sink->add_option("--address", options->sink.address, "Address to listen on")->capture_default_str();
    sink->add_option("--port", options->sink.port, "Port; 0: any free one");
    sink->add_option("--port-file", options->port_file, "Write the port here once it listens");
    sink->add_option("--cert", options->sink.certificate_file, "Serve TLS with this certificate (PEM)");
    sink->add_option("--key", options->sink.key_file, "Its key (PEM)");
    sink->add_option("--client-ca", options->sink.client_ca_file,
                     "Take only clients with a certificate of this authority");
    sink->add_option("--lag-ms", options->lag_ms, "Milliseconds before every answer")->check(CLI::Range(0, 600'000));
    sink->add_option("--fail-rate", options->sink.fail_rate, "Share answered 503 with Retry-After")->check(rate);
    sink->add_option("--refuse-rate", options->sink.refuse_rate, "Share answered 422")->check(rate);
    sink->add_option("--cut-rate", options->sink.cut_rate, "Share taken, then cut off without an answer")->check(rate);
    sink->add_option("--lie", options->sink.lie_rate, "Share taken, then answered with rubbish")->check(rate);
    sink->add_option("--retry-after", options->retry_after_s, "Seconds in Retry-After");
    sink->add_option("--seed", options->sink.seed, "Of the shares");
    sink->add_option("--record", options->sink.record_file, "Append every hand-over to this file; what stands there is known at start");
    sink->add_option("--duration", options->duration_s, "Ends after so many seconds")
        ->check(CLI::Range(1, 30 * 24 * 3600));
    sink->add_option("--events", options->sink.events_url,
                     "Send workflow events to this gateway: processing, done, returned");
    sink->add_option("--events-ca", options->sink.events_ca, "Anchors for the gateway's certificate (PEM)");
    sink->add_option("--events-cert", options->sink.events_certificate, "The backend's client certificate (PEM)");
    sink->add_option("--events-key", options->sink.events_key, "Its key (PEM)");
    sink->add_option("--events-bearer", options->sink.events_bearer, "The backend's bearer key");
    sink->add_option("--events-delay-ms", options->events_delay_ms, "Milliseconds between the steps");
    sink->callback([options, &status] {
        auto& config = options->sink;
        config.lag = std::chrono::milliseconds{options->lag_ms};
        config.retry_after = std::chrono::seconds{options->retry_after_s};
        config.events_delay = std::chrono::milliseconds{options->events_delay_ms};
        status = loadtest::run_sink(config, std::chrono::seconds{options->duration_s}, options->port_file);
    });
}

// `source` sends and checks the answers; `run` also waits for the backend and computes every receipt again.
void add_run(CLI::App& app, std::string const& name, bool whole, int& status)
{
    struct Options {
        loadtest::RunConfig run;
        std::string mix = "D02-TS=6,TK1-TS=2,D03-TS=1,D05-TS=1", forms = "1..1", agencies, issuing_ca;
        unsigned duration_s = 3600, drain_s = 300;
        std::uint16_t sink_port = 0;
        bool no_receipts = false, rsa = false;
    };
    auto const options = std::make_shared<Options>(); // lives as long as the callback
    auto& run = options->run;
    auto* const sub =
        app.add_subcommand(name, whole ? "Sends dossiers, waits for the backend, computes every receipt again"
                                       : "Sends dossiers and checks every answer");
    sub->add_option("--url", run.source.url, "The gateway's provider listener")->capture_default_str();
    sub->add_option("--count", run.mix.count, "Dossiers to send")
        ->check(CLI::Range(1, 10'000'000))
        ->capture_default_str();
    sub->add_option("--rounds", run.source.rounds, "Send each dossier so often, every time under a key of its own")
        ->check(CLI::Range(1, 10'000))
        ->capture_default_str();
    sub->add_option("--duration", options->duration_s, "Begin no new one after so many seconds")
        ->check(CLI::Range(1, 86'400));
    sub->add_option("--connections", run.source.connections, "Kept at once")
        ->check(CLI::Range(1, 4096))
        ->capture_default_str();
    sub->add_option("--rate", run.source.rate, "Dossiers a second; 0: as fast as answers come")
        ->check(CLI::Range(0.0, 1e6));
    sub->add_option("--pki", run.pki, "Development PKI made by `ivanctl keys pki`: fills in what is not given below");
    sub->add_option("--ca", run.source.ca_file, "Anchors of the gateway's certificate (PEM)");
    sub->add_option("--cert", run.source.certificate_file, "The provider's client certificate (PEM)");
    sub->add_option("--key", run.source.key_file, "Its key (PEM)");
    sub->add_option("--bearer", run.source.bearer_key, "The provider's bearer key, instead");
    sub->add_option("--alias", run.mix.alias, "MaIVAN of that provider")->capture_default_str();
    sub->add_option("--unit-keys", run.unit_keys, "Folder of units' NAME.key and NAME.pem");
    sub->add_option("--signers", run.signers, "Units to make with the issuing CA")
        ->check(CLI::Range(1, 100'000))
        ->capture_default_str();
    sub->add_flag("--rsa", options->rsa, "Their keys are RSA-2048, as most units' are; else P-256, which is made faster");
    sub->add_option("--issuing-ca", options->issuing_ca, "CERT,KEY of the CA that makes them (PEM files)");
    sub->add_option("--agencies", options->agencies, "Agencies to file with, separated by commas");
    sub->add_option("--mix", options->mix, "Main forms and their weights")->capture_default_str();
    sub->add_option("--forms", options->forms, "Forms in one dossier, as 3 or 1..5")->capture_default_str();
    sub->add_option("--people", run.mix.people, "Rows of a form")->check(CLI::Range(1, 5000))->capture_default_str();
    sub->add_option("--refuse-rate", run.mix.refuse_share, "Share of bad dossiers, each expecting its code")
        ->check(rate);
    sub->add_option("--repeat-rate", run.source.repeat_share, "Share sent twice, expecting the same receipt")
        ->check(rate)
        ->capture_default_str();
    sub->add_option("--seed", run.mix.seed, "Of the corpus")->capture_default_str();
    sub->add_option("--threads", run.mix.threads, "That sign before the run")
        ->check(CLI::Range(1, 64))
        ->capture_default_str();
    sub->add_flag("--json", run.json, "Report in JSON, for programs");
    if (whole) {
        sub->add_option("--ops-url", run.ops_url, "The operations' listener: waits for /readyz there");
        sub->add_option("--sink-url", run.sink_url, "The sink that the gateway delivers to, for its counts");
        sub->add_option("--sink-port", options->sink_port, "Run a sink on this port for the time of the run");
        sub->add_option("--drain", options->drain_s, "Wait so many seconds for the backend to get all")
            ->capture_default_str();
        sub->add_option("--database-url", run.database_url, "Compute receipts again from the bytes stored there");
        sub->add_flag("--no-receipts", options->no_receipts, "Do not compute them again: for long runs, which count rows instead");
        sub->add_option("--receipt-cert", run.receipt_certificate, "Certificate that must have signed them (PEM)");
    }
    sub->callback([options, whole, &status] {
        auto& config = options->run;
        config.mix.main_forms = loadtest::parse_mix(options->mix);
        auto const dots = options->forms.find("..");
        config.mix.forms_min = static_cast<unsigned>(std::stoul(options->forms.substr(0, dots)));
        config.mix.forms_max = dots == std::string::npos
                                   ? config.mix.forms_min
                                   : static_cast<unsigned>(std::stoul(options->forms.substr(dots + 2)));
        if (!options->agencies.empty()) config.agencies = CLI::detail::split(options->agencies, ',');
        if (auto const comma = options->issuing_ca.find(','); comma != std::string::npos) {
            config.issuing_ca_certificate = options->issuing_ca.substr(0, comma);
            config.issuing_ca_key = options->issuing_ca.substr(comma + 1);
        }
        config.source.time_max = std::chrono::seconds{options->duration_s};
        config.drain_max = std::chrono::seconds{options->drain_s};
        if (options->sink_port != 0) {
            config.own_sink.emplace();
            config.own_sink->port = options->sink_port;
        }
        config.unit_keys_made = options->rsa ? signing::dev::KeyKind::rsa_2048 : signing::dev::KeyKind::p256;
        config.check_receipts = whole && !options->no_receipts;
        status = loadtest::run_load(config);
    });
}

void add_samples(CLI::App& app)
{
    auto const config = std::make_shared<loadtest::SamplesConfig>();
    config->seed_folder = "providers/seed";
    auto* const samples = app.add_subcommand("samples", "Writes signed sample dossiers, good and bad, as files");
    samples->add_option("--pki", config->pki, "Development PKI made by `ivanctl keys pki`")
        ->required()
        ->check(CLI::ExistingDirectory);
    samples->add_option("--out", config->out, "Folder to write")->required();
    samples->add_option("--providers", config->seed_folder, "Folder of providers.toml")->capture_default_str();
    samples->add_option("--party", config->main_party, "Whose samples stand in OUT itself")->capture_default_str();
    samples->add_option("--seed", config->seed, "Of names and numbers")->capture_default_str();
    samples->callback([config] {
        signing::initialise();
        std::cout << loadtest::write_samples(*config) << " dossiers written to " << config->out.string() << '\n';
    });
}

// `idle` holds connections open, `handshakes` makes them as fast as they go.
void add_connect(CLI::App& app, std::string const& name, int& status)
{
    struct Options {
        loadtest::ConnectConfig connect;
        unsigned hold_s = 30, each_s = 5;
    };
    auto const options = std::make_shared<Options>(); // lives as long as the callback
    auto& connect = options->connect;
    bool const idle = name == "idle";
    auto* const sub = app.add_subcommand(name, idle ? "Holds idle connections open" : "Full and resumed TLS handshakes a second");
    sub->add_option("--url", connect.url, "The gateway's provider listener")->required();
    sub->add_option("--ca", connect.ca_file, "Anchors of the gateway's certificate (PEM)");
    sub->add_option("--cert", connect.certificate_file, "The provider's client certificate (PEM)");
    sub->add_option("--key", connect.key_file, "Its key (PEM)");
    if (idle) {
        sub->add_option("--count", connect.count, "Connections")->check(CLI::Range(1, 10'000))->capture_default_str();
        sub->add_option("--hold", options->hold_s, "Seconds they stay")->check(CLI::Range(1, 3600))->capture_default_str();
        sub->add_option("--ready-file", connect.ready_file, "Written once all are open");
    } else {
        sub->add_option("--seconds", options->each_s, "Of each kind")->check(CLI::Range(1, 600))->capture_default_str();
        sub->add_option("--threads", connect.threads, "That shake hands at once")->check(CLI::Range(1, 64))->capture_default_str();
    }
    sub->callback([options, idle, &status] {
        auto& config = options->connect;
        config.hold = std::chrono::seconds{options->hold_s};
        config.each = std::chrono::seconds{options->each_s};
        if (idle) {
            auto const left = loadtest::hold_idle(config);
            std::cout << fmt::format("{{\"opened\":{},\"open_at_end\":{}}}\n", config.count, left);
            status = left == config.count ? 0 : 1;
            return;
        }
        auto const made = loadtest::handshakes(config);
        std::cout << fmt::format("{{\"full_per_second\":{:.1f},\"resumed_per_second\":{:.1f},\"failed\":{},\"not_resumed\":{}}}\n",
                                 made.full_per_second, made.resumed_per_second, made.failed, made.not_resumed);
        status = made.failed == 0 && made.full > 0 && made.resumed > 0 ? 0 : 1;
    });
}

void add_siege(CLI::App& app)
{
    struct Options {
        loadtest::SiegeConfig siege;
        std::string kind;
        unsigned seconds = 10;
    };
    auto const options = std::make_shared<Options>(); // lives as long as the callback
    auto& config = options->siege;
    auto* const sub = app.add_subcommand("siege", "Connections without dossiers, from one address: what they cost the gateway, and what they cost the one who makes them");
    sub->add_option("--url", config.url, "The gateway's provider listener")->required();
    sub->add_option("--kind", options->kind, "churn, hello, slow-heads or idle")->required();
    sub->add_option("--pid", config.pid, "Of the gateway")->required()->check(CLI::Range(1, 1 << 30));
    sub->add_option("--seconds", options->seconds, "How long")->check(CLI::Range(1, 3600))->capture_default_str();
    sub->add_option("--held", config.held_max, "Connections held at once")->check(CLI::Range(1, 10'000))->capture_default_str();
    sub->callback([options] {
        auto& siege = options->siege;
        if (!loadtest::siege_from(options->kind, siege.kind)) throw std::runtime_error("no siege is called " + options->kind);
        siege.duration = std::chrono::seconds{options->seconds};
        std::cout << loadtest::to_json(siege, loadtest::besiege(siege)) << '\n';
    });
}

void add_overload(CLI::App& app, int& status)
{
    struct Options {
        loadtest::OverloadConfig overload;
        unsigned calm_s = 10, peak_s = 10, duration_s = 30, after_s = 15;
    };
    auto const options = std::make_shared<Options>(); // lives as long as the callback
    auto& config = options->overload;
    auto* const sub = app.add_subcommand("overload", "One provider floods, another sends within its share: who is served, and how fast");
    sub->add_option("--url", config.url, "The gateway's provider listener")->required();
    sub->add_option("--ops-url", config.ops_url, "The operations' listener");
    sub->add_option("--pki", config.pki, "Development PKI made by `ivanctl keys pki`")->required()->check(CLI::ExistingDirectory);
    sub->add_option("--good", config.good, "The well-behaved provider: NAME of tls/NAME.pem")->capture_default_str();
    sub->add_option("--good-alias", config.good_alias, "Its MaIVAN")->capture_default_str();
    sub->add_option("--flood", config.flood, "The one that floods")->capture_default_str();
    sub->add_option("--flood-alias", config.flood_alias, "Its MaIVAN")->capture_default_str();
    sub->add_option("--rate", config.good_rate, "Dossiers a second of the well-behaved one")->check(CLI::Range(1.0, 1e5))->capture_default_str();
    sub->add_option("--times", config.times, "What the flood offers, of the peak")->check(CLI::Range(0.1, 100.0))->capture_default_str();
    sub->add_option("--connections", config.connections, "Of the flood")->check(CLI::Range(1, 4096))->capture_default_str();
    sub->add_option("--calm", options->calm_s, "Seconds of the well-behaved one alone")->check(CLI::Range(1, 3600))->capture_default_str();
    sub->add_option("--peak", options->peak_s, "Seconds of saturation, for each number of connections")->check(CLI::Range(1, 3600))->capture_default_str();
    sub->add_option("--duration", options->duration_s, "Seconds of the flood")->check(CLI::Range(1, 86'400))->capture_default_str();
    sub->add_option("--after", options->after_s, "Seconds watched after it")->check(CLI::Range(1, 3600))->capture_default_str();
    sub->add_option("--pid", config.pid, "Of the gateway, for its memory");
    sub->add_flag("--json", config.json, "Report in JSON, for programs");
    sub->callback([options, &status] {
        auto& overload = options->overload;
        overload.calm = std::chrono::seconds{options->calm_s};
        overload.peak = std::chrono::seconds{options->peak_s};
        overload.duration = std::chrono::seconds{options->duration_s};
        overload.after = std::chrono::seconds{options->after_s};
        signing::initialise();
        auto const report = loadtest::measure_overload(overload);
        std::cout << (overload.json ? loadtest::to_json(overload, report) + "\n" : loadtest::to_text(overload, report));
        status = report.passed() ? 0 : 1;
    });
}

} // namespace

int main(int argc, char** argv)
{
    std::signal(SIGPIPE, SIG_IGN);
    int status = 0;
    CLI::App app{"I-VAN Hub: load and a backend, both bounded and with a report", "ivan-loadtest"};
    app.require_subcommand(1);
    add_sink(app, status);
    add_run(app, "source", false, status);
    add_run(app, "run", true, status);
    add_samples(app);
    add_connect(app, "idle", status);
    add_connect(app, "handshakes", status);
    add_siege(app);
    add_overload(app, status);
    try {
        app.parse(argc, argv);
    } catch (CLI::ParseError const& error) {
        return app.exit(error) == 0 ? 0 : 2;
    } catch (std::exception const& error) {
        std::cerr << "ivan-loadtest: " << error.what() << '\n';
        return 2;
    }
    return status;
}
