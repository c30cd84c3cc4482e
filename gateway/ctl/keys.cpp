// ivanctl keys: keys, certificates and CRLs for development. Everything it makes is made up; a real unit's key comes
// from a licensed CA.

#include "gateway/ctl/context.hpp"
#include "signing/certificate.hpp"
#include "signing/dev/issuer.hpp"
#include "signing/dev/pki.hpp"

#include <fmt/format.h>

#include <chrono>
#include <iterator>
#include <map>
#include <memory>
#include <stdexcept>

namespace ctl {
namespace {

namespace dev = signing::dev;
namespace fs = std::filesystem;
namespace json = boost::json;

struct Options {
    std::string out, name, common_name, tax_code, issuer, key_kind = "p256";
    std::vector<std::string> dns_names, ip_addresses, revoked, providers;
    int days = 365;
    unsigned number = 1;
    bool force = false;
};

std::map<std::string, dev::KeyKind> const key_kinds{{"p256", dev::KeyKind::p256},
                                                    {"p384", dev::KeyKind::p384},
                                                    {"rsa-2048", dev::KeyKind::rsa_2048},
                                                    {"rsa-4096", dev::KeyKind::rsa_4096}};

// DIR/NAME as the commands below take it: NAME.pem beside NAME.key.
dev::Identity read_identity(std::string const& prefix) { return {read_file(prefix + ".key"), read_file(prefix + ".pem")}; }

dev::Request request_of(Options const& options, dev::Request::Use use)
{
    auto const now = std::chrono::system_clock::now();
    dev::Request request;
    request.common_name = options.common_name.empty() ? options.name : options.common_name;
    request.tax_code = options.tax_code;
    request.key = key_kinds.at(options.key_kind);
    request.not_before = now - std::chrono::hours{1};
    request.not_after = now + std::chrono::hours{24} * options.days;
    request.use = use;
    request.dns_names = options.dns_names;
    request.ip_addresses = options.ip_addresses;
    return request;
}

void make_one(Context& context, Options const& options, dev::Request::Use use)
{
    auto const request = request_of(options, use);
    bool const root = use == dev::Request::Use::root;
    auto const identity = root ? dev::make_root(request) : dev::issue(read_identity(options.issuer), request);
    fs::path const out{options.out};
    if (!options.force && fs::exists(out / (options.name + ".key"))) {
        throw std::runtime_error(fmt::format("{} exists; --force writes over it", (out / (options.name + ".key")).string()));
    }
    dev::write_identity(out, options.name, identity);
    auto const facts = signing::read_certificate(identity.certificate_pem).value();
    json::object const answer{{"certificate", (out / (options.name + ".pem")).string()},
                              {"key", (out / (options.name + ".key")).string()},
                              {"subject", facts.subject},
                              {"serial", facts.serial},
                              {"sha256", signing::hex(facts.fingerprint)}};
    context.answer(answer, fmt::format("{}/{}.pem and .key: {}", options.out, options.name, facts.subject));
}

void make_crl(Context& context, Options const& options)
{
    auto const now = std::chrono::system_clock::now();
    std::vector<dev::Revoked> revoked;
    for (auto const& file : options.revoked) revoked.push_back({read_file(file), now - std::chrono::minutes{1}});
    auto const crl = dev::make_crl(read_identity(options.issuer), revoked, now - std::chrono::minutes{1},
                                   now + std::chrono::hours{24} * options.days, options.number);
    write_file(options.out, crl);
    context.answer(json::object{{"crl", options.out}, {"revoked", revoked.size()}},
                   fmt::format("{}: {} revoked", options.out, revoked.size()));
}

void make_pki(Context& context, Options const& options)
{
    fs::path const out{options.out};
    // Running it twice is harmless: keys in use are never replaced by accident.
    if (!options.force && fs::exists(out / "trust/anchors/production/root.pem")) {
        context.answer(json::object{{"directory", options.out}, {"made", false}},
                       fmt::format("{} already holds a development PKI; nothing changed (--force makes a new one)", options.out));
        return;
    }
    dev::PkiOptions pki;
    if (!options.tax_code.empty()) pki.unit_tax_code = options.tax_code;
    if (!options.common_name.empty()) pki.unit_name = options.common_name;
    if (!options.providers.empty()) pki.providers = options.providers;
    for (auto const& name : options.dns_names) pki.server_names.push_back(name);
    for (auto const& address : options.ip_addresses) pki.server_addresses.push_back(address);
    auto const files = dev::write_pki(out, pki);
    json::array names;
    std::string text;
    for (auto const& file : files) {
        names.emplace_back(file.string());
        text += fmt::format("{}/{}\n", options.out, file.string());
    }
    context.answer(json::object{{"directory", options.out}, {"made", true}, {"files", std::move(names)}}, text);
}

struct Kind {
    char const* name;
    char const* help;
    dev::Request::Use use;
};
constexpr Kind kinds[] = {
    {"root", "A self-signed root", dev::Request::Use::root},
    {"ca", "An issuing CA under --issuer", dev::Request::Use::issuing_ca},
    {"unit", "A unit's signing certificate, with --tax-code", dev::Request::Use::sign},
    {"test-unit", "The same, for an issuer under a test anchor", dev::Request::Use::sign},
    {"tls-server", "A TLS server certificate, with --dns and --ip", dev::Request::Use::tls_server},
    {"tls-client", "A TLS client certificate of a provider", dev::Request::Use::tls_client},
    {"receipt", "A key for the hub's receipts", dev::Request::Use::sign},
};

}  // namespace

void add_keys(CLI::App& app, Context& context)
{
    auto* const keys = app.add_subcommand("keys", "Makes keys, certificates and CRLs for development");
    keys->require_subcommand(1);
    auto const options = std::make_shared<Options>();

    auto* const pki = keys->add_subcommand("pki", "A whole development PKI: trust, TLS, receipt key, units good and bad");
    pki->add_option("--out", options->out, "Directory to make")->required();
    pki->add_option("--tax-code", options->tax_code, "Tax code of the sample unit");
    pki->add_option("--name", options->common_name, "Name of the sample unit");
    pki->add_option("--provider", options->providers, "Names of the client certificates (repeat it)");
    pki->add_option("--dns", options->dns_names, "Further names of the TLS servers");
    pki->add_option("--ip", options->ip_addresses, "Further addresses of the TLS servers");
    pki->add_flag("--force", options->force, "Make a new one over an old one");
    pki->callback([&context, options] { make_pki(context, *options); });

    for (auto const& kind : kinds) {
        auto* const command = keys->add_subcommand(kind.name, kind.help);
        command->add_option("--out", options->out, "Directory for NAME.pem and NAME.key")->required();
        command->add_option("--name", options->name, "NAME of the files")->required();
        command->add_option("--cn", options->common_name, "Common name; NAME where not given");
        command->add_option("--tax-code", options->tax_code, "Subject UID=MST:<tax code>");
        command->add_option("--key", options->key_kind, "p256 p384 rsa-2048 rsa-4096")->transform(CLI::IsMember(key_kinds));
        command->add_option("--days", options->days, "Validity")->check(CLI::Range(1, 36'500));
        command->add_option("--dns", options->dns_names, "DNS names");
        command->add_option("--ip", options->ip_addresses, "IP addresses");
        command->add_flag("--force", options->force, "Write over existing files");
        auto* const issuer = command->add_option("--issuer", options->issuer, "DIR/NAME of the issuer's .pem and .key");
        if (kind.use != dev::Request::Use::root) issuer->required();
        command->callback([&context, options, use = kind.use] { make_one(context, *options, use); });
    }

    auto* const crl = keys->add_subcommand("crl", "A CRL of --issuer");
    crl->add_option("--out", options->out, "File")->required();
    crl->add_option("--issuer", options->issuer, "DIR/NAME of the issuer's .pem and .key")->required();
    crl->add_option("--revoked", options->revoked, "Certificates it revokes (repeat it)");
    crl->add_option("--days", options->days, "Until the next update")->check(CLI::Range(1, 36'500));
    crl->add_option("--number", options->number, "CRL number");
    crl->callback([&context, options] { make_crl(context, *options); });
}

}  // namespace ctl
