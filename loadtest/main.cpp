// ivan-loadtest: makes load and takes it. Exit status: 0 all as it should be, 1 not, 2 wrong usage or trouble.

#include "loadtest/samples.hpp"
#include "loadtest/sink.hpp"
#include "signing/verifier.hpp"

#include <CLI/CLI.hpp>

#include <csignal>
#include <exception>
#include <iostream>

namespace {

using loadtest::SinkConfig;
auto const rate = CLI::Range(0.0, 1.0);

void add_sink(CLI::App& app, int& status)
{
    struct Options {
        SinkConfig sink;
        unsigned lag_ms = 0, retry_after_s = 1, events_delay_ms = 1000, duration_s = 7 * 24 * 3600;
        std::string port_file;
    };
    auto const options = std::make_shared<Options>();  // lives as long as the callback
    auto* const sink = app.add_subcommand("sink", "A workflow backend that checks, lags and lies");
    sink->add_option("--address", options->sink.address, "Address to listen on")->capture_default_str();
    sink->add_option("--port", options->sink.port, "Port; 0: any free one");
    sink->add_option("--port-file", options->port_file, "Write the port here once it listens");
    sink->add_option("--cert", options->sink.certificate_file, "Serve TLS with this certificate (PEM)");
    sink->add_option("--key", options->sink.key_file, "Its key (PEM)");
    sink->add_option("--client-ca", options->sink.client_ca_file, "Take only clients with a certificate of this authority");
    sink->add_option("--lag-ms", options->lag_ms, "Milliseconds before every answer")->check(CLI::Range(0, 600'000));
    sink->add_option("--fail-rate", options->sink.fail_rate, "Share answered 503 with Retry-After")->check(rate);
    sink->add_option("--refuse-rate", options->sink.refuse_rate, "Share answered 422")->check(rate);
    sink->add_option("--cut-rate", options->sink.cut_rate, "Share taken, then cut off without an answer")->check(rate);
    sink->add_option("--lie", options->sink.lie_rate, "Share taken, then answered with rubbish")->check(rate);
    sink->add_option("--retry-after", options->retry_after_s, "Seconds in Retry-After");
    sink->add_option("--seed", options->sink.seed, "Of the shares");
    sink->add_option("--duration", options->duration_s, "Ends after so many seconds")->check(CLI::Range(1, 30 * 24 * 3600));
    sink->add_option("--events", options->sink.events_url, "Send workflow events to this gateway: processing, done, returned");
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

void add_samples(CLI::App& app)
{
    auto const config = std::make_shared<loadtest::SamplesConfig>();
    config->seed_folder = "providers/seed";
    auto* const samples = app.add_subcommand("samples", "Writes signed sample dossiers, good and bad, as files");
    samples->add_option("--pki", config->pki, "Development PKI made by `ivanctl keys pki`")->required()->check(CLI::ExistingDirectory);
    samples->add_option("--out", config->out, "Folder to write")->required();
    samples->add_option("--providers", config->seed_folder, "Folder of providers.toml")->capture_default_str();
    samples->add_option("--party", config->main_party, "Whose samples stand in OUT itself")->capture_default_str();
    samples->add_option("--seed", config->seed, "Of names and numbers")->capture_default_str();
    samples->callback([config] {
        signing::initialise();
        std::cout << loadtest::write_samples(*config) << " dossiers written to " << config->out.string() << '\n';
    });
}

}  // namespace

int main(int argc, char** argv)
{
    std::signal(SIGPIPE, SIG_IGN);
    int status = 0;
    CLI::App app{"I-VAN Hub: load and a backend, both bounded and with a report", "ivan-loadtest"};
    app.require_subcommand(1);
    add_sink(app, status);
    add_samples(app);
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
