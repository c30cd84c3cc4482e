#include "gateway/ctl/context.hpp"
#include "gateway/ctl/database.hpp"
#include "gateway/dossier/time.hpp"
#include "signing/certificate.hpp"
#include "signing/digest.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <openssl/rand.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <stdexcept>

namespace ctl {
namespace {

struct Options {
    DatabaseOption database;
    std::string code, name, role, contract_from, contract_until, sha1_until, source, website;
    std::vector<std::string> aliases, certificates, keys;
    std::optional<double> rate;
    std::optional<std::uint32_t> burst, in_flight;
    bool replace_credentials = false;
};

std::string_view name_of(providers::Role role)
{
    switch (role) {
        case providers::Role::provider: return "provider";
        case providers::Role::portal: return "portal";
        case providers::Role::backend: return "backend";
    }
    return "";
}

providers::Role role_from(std::string const& name)
{
    for (auto role : {providers::Role::provider, providers::Role::portal, providers::Role::backend})
        if (name == name_of(role)) return role;
    throw std::runtime_error("not a role: " + name);
}

std::chrono::sys_days day_from(std::string const& text)
{
    auto const day = dossier::parse_date(text);
    if (!day) throw std::runtime_error("not a day as 2026-11-21: " + text);
    return *day;
}

boost::json::object as_json(providers::Provider const& p)
{
    boost::json::object object{{"code", p.code}, {"name", p.name}, {"role", name_of(p.role)},
                               {"aliases", boost::json::value_from(p.aliases)},
                               {"certificates", boost::json::value_from(p.certificates)},
                               {"bearer_keys", p.key_hashes.size()},
                               {"contract_from", dossier::vietnam_date(p.contract_from)},
                               {"requests_per_second", p.quota.requests_per_second},
                               {"burst", p.quota.burst}, {"in_flight_max", p.quota.in_flight_max},
                               {"source", p.source}, {"website", p.website}};
    object["contract_until"] = p.contract_until ? boost::json::value(dossier::vietnam_date(*p.contract_until)) : boost::json::value(nullptr);
    object["sha1_until"] = p.sha1_until ? boost::json::value(dossier::vietnam_date(*p.sha1_until)) : boost::json::value(nullptr);
    return object;
}

std::string contract(providers::Provider const& p)
{
    return fmt::format("{} .. {}", dossier::vietnam_date(p.contract_from), p.contract_until ? dossier::vietnam_date(*p.contract_until) : "");
}

void list(Context& context, Options const& options)
{
    Database database{options.database.url};
    boost::json::array rows;
    std::vector<std::vector<std::string>> lines{{"code", "name", "role", "MaIVAN", "contract", "certificates", "keys", "req/s"}};
    for (auto const& p : need(database.reference().providers(), "reading providers")) {
        rows.push_back(as_json(p));
        lines.push_back({p.code, p.name, std::string{name_of(p.role)}, fmt::format("{}", fmt::join(p.aliases, ",")), contract(p),
                         std::to_string(p.certificates.size()), std::to_string(p.key_hashes.size()), fmt::format("{}", p.quota.requests_per_second)});
    }
    context.answer(std::move(rows), table(lines));
}

std::optional<providers::Provider> find(Database& database, std::string const& code)
{
    for (auto& p : need(database.reference().providers(), "reading providers"))
        if (p.code == code) return std::move(p);
    return std::nullopt;
}

void print(Context& context, providers::Provider const& p)
{
    auto const object = as_json(p);
    std::vector<std::vector<std::string>> lines;
    for (auto const& [name, value] : object)
        lines.push_back({std::string{name}, value.is_string() ? std::string{value.get_string()} : boost::json::serialize(value)});
    context.answer(object, table(lines));
}

void show(Context& context, Options const& options)
{
    Database database{options.database.url};
    if (auto const p = find(database, options.code)) return print(context, *p);
    context.worsen(Verdict::no);
    context.answer(boost::json::object{{"found", false}}, "no such provider");
}

void add_once(std::vector<std::string>& to, std::string value)
{
    if (std::find(to.begin(), to.end(), value) == to.end()) to.push_back(std::move(value));
}

std::string fingerprint(std::string const& file)
{
    auto const facts = signing::read_certificate(read_file(file, 1u << 20));
    if (!facts) throw std::runtime_error(file + " does not hold exactly one certificate");
    return signing::hex(facts->fingerprint);
}

void change(providers::Provider& p, Options const& options)
{
    if (!options.name.empty()) p.name = options.name;
    if (!options.role.empty()) p.role = role_from(options.role);
    if (!options.aliases.empty()) p.aliases = options.aliases;
    if (!options.contract_from.empty()) p.contract_from = day_from(options.contract_from);
    if (options.contract_until == "none")
        p.contract_until.reset();
    else if (!options.contract_until.empty())
        p.contract_until = day_from(options.contract_until);
    if (options.sha1_until == "none")
        p.sha1_until.reset();
    else if (!options.sha1_until.empty())
        p.sha1_until = day_from(options.sha1_until);
    if (options.rate) p.quota.requests_per_second = *options.rate;
    if (options.burst) p.quota.burst = *options.burst;
    if (options.in_flight) p.quota.in_flight_max = *options.in_flight;
    if (!options.source.empty()) p.source = options.source;
    if (!options.website.empty()) p.website = options.website;
    if (options.replace_credentials) {
        p.certificates.clear();
        p.key_hashes.clear();
    }
    for (auto const& file : options.certificates) add_once(p.certificates, fingerprint(file));
    for (auto const& key : options.keys) {
        if (key.size() < 32) throw std::runtime_error("a bearer key is 256 random bits: use `ivanctl provider key`");
        add_once(p.key_hashes, signing::hex(signing::sha256(key)));
    }
}

void put(Context& context, Options const& options)
{
    Database database{options.database.url};
    auto provider = find(database, options.code);
    if (!provider) {
        if (options.name.empty() || options.contract_from.empty()) throw std::runtime_error("a new party needs --name and --contract-from");
        provider.emplace();
        provider->code = options.code;
    }
    change(*provider, options);
    need(database.reference().put(*provider), "storing " + options.code);
    print(context, *provider);
}

// The key is shown once: only its hash is stored.
void key(Context& context, Options const& options)
{
    Database database{options.database.url};
    auto provider = find(database, options.code);
    if (!provider) throw std::runtime_error("no such provider: " + options.code);
    char random[32];
    if (RAND_bytes(reinterpret_cast<unsigned char*>(random), sizeof random) != 1) throw std::runtime_error("no random bytes");
    auto const bearer = signing::hex(std::string_view{random, sizeof random});
    if (options.replace_credentials) provider->key_hashes.clear();
    provider->key_hashes.push_back(signing::hex(signing::sha256(bearer)));
    need(database.reference().put(*provider), "storing " + options.code);
    context.answer(boost::json::object{{"code", options.code}, {"bearer_key", bearer}}, bearer);
}

void declare_changes(CLI::App& command, Options& options)
{
    command.add_option("--name", options.name, "Name, as the public list shows it");
    command.add_option("--role", options.role, "provider, portal or backend")->check(CLI::IsMember({"provider", "portal", "backend"}));
    command.add_option("--alias", options.aliases, "MaIVAN that means this party; all of them, as they replace what was there");
    command.add_option("--contract-from", options.contract_from, "First day, as 2026-11-21");
    command.add_option("--contract-until", options.contract_until, "Last day, or none");
    command.add_option("--sha1-until", options.sha1_until, "Last day its SHA-1 signatures are taken, or none");
    command.add_option("--rate", options.rate, "Requests per second")->check(CLI::PositiveNumber);
    command.add_option("--burst", options.burst, "Requests at once");
    command.add_option("--in-flight", options.in_flight, "Requests admitted and not yet answered");
    command.add_option("--source", options.source, "Where these facts come from");
    command.add_option("--website", options.website, "Address of its site");
    command.add_option("--certificate", options.certificates, "Client certificate to add (PEM file)")->check(CLI::ExistingFile);
    command.add_option("--bearer", options.keys, "Bearer key to add");
    command.add_flag("--replace-credentials", options.replace_credentials, "Forget all certificates and keys first");
}

}  // namespace

// A running gateway takes changes over at its next reload (SIGHUP, or the interval of its configuration).
void add_provider(CLI::App& app, Context& context)
{
    auto options = std::make_shared<Options>();
    auto* group = app.add_subcommand("provider", "The registry of parties that may call the hub");
    group->require_subcommand(1);

    auto command = [&](char const* name, char const* help, void (*run)(Context&, Options const&), bool with_code) {
        auto* added = group->add_subcommand(name, help);
        if (with_code) added->add_option("code", options->code, "Our short code, as THAISON")->required();
        options->database.declare(*added);
        added->callback([&context, options, run] { run(context, *options); });
        return added;
    };
    command("list", "All parties", &list, false);
    command("show", "One party; exit 1 where there is none", &show, true);
    declare_changes(*command("put", "Changes what is given, or registers a new party", &put, true), *options);
    command("key", "Makes a bearer key, shown this once, and stores its hash", &key, true)
        ->add_flag("--replace", options->replace_credentials, "Earlier keys of the party end now");
}

}  // namespace ctl
