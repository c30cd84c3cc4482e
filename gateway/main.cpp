// ivan-gateway: the server and what prepares its database. The only code tests do not link.
//
//   serve --config F [--check-config | --print-config]    migrate --config F
//   seed --config F --seed DIR [--overlay F]  docs faults|config|metrics
//
// Exit: 0 yes, 1 no (every problem printed), 2 usage.

#include "gateway/config.hpp"
#include "gateway/docs.hpp"
#include "gateway/observe/log.hpp"
#include "gateway/runtime/heap.hpp"
#include "gateway/runtime/net.hpp"
#include "gateway/server.hpp"
#include "gateway/store/postgres.hpp"
#include "providers/overlay.hpp"
#include "providers/seed.hpp"
#include "schemas/rules.hpp"

#include <CLI/CLI.hpp>
#include <boost/asio/signal_set.hpp>
#include <fmt/format.h>

#include <csignal>
#include <cstdio>
#include <functional>
#include <string>
#include <vector>

namespace {

int complain(std::vector<std::string> const& problems)
{
    for (auto const& problem : problems) fmt::print(stderr, "{}\n", problem);
    return 1;
}

// SIGTERM and SIGINT end the program politely, SIGHUP reads trust and registry again.
void wait_for_end(gateway::Server& server)
{
    net::io_context context{1};
    net::signal_set signals{context, SIGTERM, SIGINT, SIGHUP};
    std::function<void(boost::system::error_code, int)> heard = [&](boost::system::error_code error, int signal) {
        if (error || signal != SIGHUP) return;
        server.reload();
        signals.async_wait(heard);
    };
    signals.async_wait(heard);
    context.run();
}

int serve(gateway::Config const& config)
{
    observe::start_log(config.log);
    int code = 0;
    try {
        gateway::Server server{config};
        server.start();
        fmt::print("{}\n", server.ready_line());
        std::fflush(stdout);
        wait_for_end(server);
        server.stop();
    } catch (gateway::BadStart const& bad) {
        code = complain(bad.problems());
    }
    observe::stop_log();
    return code;
}

int check(gateway::Config const& config)
{
    try {
        gateway::Server const server{config};  // loads every file; touches neither database nor network
    } catch (gateway::BadStart const& bad) {
        return complain(bad.problems());
    }
    fmt::print("the configuration is usable\n");
    return 0;
}

int migrate(gateway::Config const& config)
{
    for (auto const& version : store::migrate(config.store.database_url)) fmt::print("applied {}\n", version);
    return 0;
}

int seed(gateway::Config const& config, std::string const& seed_directory, std::string const& overlay_file)
{
    observe::Metrics metrics;
    auto const never = [](dossier::ReceiptFacts const&) -> dossier::Receipt { throw std::logic_error{"seeding seals no receipts"}; };
    store::Postgres postgres{config.store, never, metrics};
    auto const day = runtime::vietnam_day(runtime::SystemClock{}.now());
    auto const seeded = postgres.reference().seed(providers::load_seed(seed_directory),
                                                  schemas::Rules::load(config.schemas.rules_directory)->procedures(day));
    if (!seeded) return complain({seeded.error().detail});
    if (overlay_file.empty()) return 0;

    auto parties = postgres.reference().providers();
    if (!parties) return complain({parties.error().detail});
    for (auto const& party : providers::overlaid(std::move(*parties), providers::load_overlay(overlay_file))) {
        auto const put = postgres.reference().put(party);
        if (!put) return complain({put.error().detail});
        fmt::print("registered credentials of {}\n", party.code);
    }
    return 0;
}

}  // namespace

int main(int argc, char** argv)
{
    runtime::hold_little();
    CLI::App app{"I-VAN Hub: the gateway for electronic dossiers of Vietnam Social Security"};
    app.require_subcommand(1);
    std::string config_file, seed_directory, overlay_file, page;
    bool check_only = false, print_only = false;

    auto* const serve_command = app.add_subcommand("serve", "Serve until SIGTERM; SIGHUP reads trust and registry again");
    serve_command->add_option("--config", config_file, "Configuration file (TOML)")->required();
    serve_command->add_flag("--check-config", check_only, "Report every problem of the configuration and of the files it names");
    serve_command->add_flag("--print-config", print_only, "Print the effective configuration, secrets masked");

    auto* const migrate_command = app.add_subcommand("migrate", "Bring the database to this version");
    migrate_command->add_option("--config", config_file, "Configuration file (TOML)")->required();

    auto* const seed_command = app.add_subcommand("seed", "Fill what is missing of providers, agencies and procedures");
    seed_command->add_option("--config", config_file, "Configuration file (TOML)")->required();
    seed_command->add_option("--seed", seed_directory, "Folder with providers.toml and agencies.toml")->required();
    seed_command->add_option("--overlay", overlay_file, "TOML file with fingerprints and key hashes of providers");

    auto* const docs_command = app.add_subcommand("docs", "Print a page made from the program: faults, config or metrics");
    docs_command->add_option("page", page, "faults, config or metrics")->required()->check(CLI::IsMember({"faults", "config", "metrics"}));

    try {
        app.parse(argc, argv);
    } catch (CLI::ParseError const& error) {
        return app.exit(error) == 0 ? 0 : 2;
    }

    try {
        if (docs_command->parsed()) {
            fmt::print("{}", *gateway::docs_page(page));
            return 0;
        }
        auto const read = gateway::read_config(config_file);
        if (!read.problems.empty()) return complain(read.problems);
        if (migrate_command->parsed()) return migrate(read.config);
        if (seed_command->parsed()) return seed(read.config, seed_directory, overlay_file);
        if (print_only) {
            fmt::print("{}", gateway::print_config(read.config));
            return 0;
        }
        return check_only ? check(read.config) : serve(read.config);
    } catch (std::exception const& error) {
        return complain({error.what()});
    }
}
