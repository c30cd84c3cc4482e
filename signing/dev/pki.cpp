#include "signing/dev/pki.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <stdexcept>
#include <string_view>

namespace signing::dev {
namespace {

namespace fs = std::filesystem;
using std::chrono::hours;

constexpr hours day{24};

void write(fs::path const& file, std::string_view text)
{
    fs::create_directories(file.parent_path());
    std::ofstream out{file, std::ios::binary | std::ios::trunc};
    out.write(text.data(), static_cast<std::streamsize>(text.size()));
    out.close();
    if (!out) throw std::runtime_error("cannot write " + file.string());
}

void write_secret(fs::path const& file, std::string_view text)
{
    // Made empty and closed to others first, so that the key is never readable by them.
    write(file, "");
    fs::permissions(file, fs::perms::owner_read | fs::perms::owner_write, fs::perm_options::replace);
    write(file, text);
}

Request authority(std::string name, Request::Use use, Instant now, hours life)
{
    Request request;
    request.common_name = std::move(name);
    request.organisation = "I-VAN Hub development, made up";
    request.use = use;
    request.not_before = now - day;
    request.not_after = now + life;
    return request;
}

struct Maker {
    fs::path directory;
    PkiOptions const& options;
    Authorities authorities;

    [[nodiscard]] Request leaf(std::string name, std::string tax_code, KeyKind key = KeyKind::p256) const
    {
        Request request;
        request.common_name = std::move(name);
        request.tax_code = std::move(tax_code);
        request.key = key;
        request.not_before = options.now - day;
        request.not_after = options.now + day * 3650;
        return request;
    }
    void units(TrustOptions& trust) const
    {
        auto const at = directory / "units";
        auto const& ca = authorities.issuing_ca;
        auto const& name = options.unit_name;
        auto const& tax_code = options.unit_tax_code;
        write_identity(at, "unit", issue(ca, leaf(name, tax_code, KeyKind::rsa_2048)));
        write_identity(at, "unit-ec", issue(ca, leaf(name, tax_code)));
        write_identity(at, "test-unit", issue(authorities.test_ca, leaf(name + " (chứng thư thử)", tax_code, KeyKind::rsa_2048)));
        write_identity(at, "other-owner", issue(ca, leaf("Công ty Cổ phần Khác", options.other_tax_code)));
        write_identity(at, "no-owner", issue(ca, leaf("Không có mã số thuế", "")));
        write_identity(at, "weak-rsa", issue(ca, leaf(name, tax_code, KeyKind::rsa_1024)));
        auto wrong_usage = leaf(name, tax_code);
        wrong_usage.digital_signature = false;
        write_identity(at, "wrong-usage", issue(ca, wrong_usage));
        auto expired = leaf(name, tax_code);
        expired.not_before = options.now - day * 800;
        expired.not_after = options.now - day;
        write_identity(at, "expired", issue(ca, expired));
        auto early = leaf(name, tax_code);
        early.not_before = options.now + day * 365;
        write_identity(at, "not-yet-valid", issue(ca, early));
        auto const stranger = make_root(authority("Unknown Root (made up)", Request::Use::root, options.now, day * 3650));
        write_identity(at, "unknown-ca", issue(stranger, leaf(name, tax_code)));
        auto const revoked = issue(ca, leaf(name, tax_code));
        write_identity(at, "revoked", revoked);
        trust.revoked.push_back({revoked.certificate_pem, options.now - hours{2}});
    }
    void tls() const
    {
        auto const at = directory / "tls";
        auto const ca = make_root(authority("I-VAN Hub development TLS CA", Request::Use::root, options.now, day * 3650));
        write(at / "ca.pem", ca.certificate_pem);
        write_identity(directory / "ca", "tls-ca", ca);
        auto server = leaf("localhost", "");
        server.use = Request::Use::tls_server;
        server.dns_names = options.server_names;
        server.ip_addresses = options.server_addresses;
        write_identity(at, "server", issue(ca, server));
        server.common_name = "backend";
        server.dns_names.push_back("backend");
        write_identity(at, "backend", issue(ca, server));
        auto client = leaf("", "");
        client.use = Request::Use::tls_client;
        for (auto const& provider : options.providers) {
            client.common_name = provider;
            write_identity(at, provider, issue(ca, client));
        }
        client.common_name = "stranger";
        write_identity(at, "stranger", issue(ca, client));
    }
    void receipt() const
    {
        auto const ca = make_root(authority("I-VAN Hub development receipt CA", Request::Use::root, options.now, day * 3650));
        write(directory / "receipt" / "ca.pem", ca.certificate_pem);
        write_identity(directory / "ca", "receipt-ca", ca);
        write_identity(directory / "receipt", "receipt", issue(ca, leaf("I-VAN Hub receipts (development)", "")));
    }
};

}  // namespace

void write_identity(fs::path const& directory, std::string const& name, Identity const& identity)
{
    write(directory / (name + ".pem"), identity.certificate_pem);
    write_secret(directory / (name + ".key"), identity.key_pem);
}

Authorities make_authorities(Instant now, hours life)
{
    using Use = Request::Use;
    Authorities made{.root = {}, .issuing_ca = {}, .test_root = {}, .test_ca = {}, .made_at = now};
    auto root = authority("Development National Root CA (made up)", Use::root, now, life);
    root.key = KeyKind::p384;
    made.root = make_root(root);
    made.issuing_ca = issue(made.root, authority("Development Issuing CA (made up)", Use::issuing_ca, now, life));
    root.common_name = "Development Test Root CA (made up)";
    made.test_root = make_root(root);
    made.test_ca = issue(made.test_root, authority("Development Test CA (made up)", Use::issuing_ca, now, life));
    return made;
}

void write_trust(fs::path const& directory, Authorities const& authorities, TrustOptions const& options)
{
    auto const this_update = options.this_update == Instant{} ? authorities.made_at - hours{1} : options.this_update;
    auto const next_update = options.next_update == Instant{} ? authorities.made_at + day * 3650 : options.next_update;
    auto const crl = [&](Identity const& issuer, std::vector<Revoked> const& revoked) {
        return make_crl(issuer, revoked, this_update, next_update, options.crl_number);
    };
    auto const& until = options.test_accepted_until;
    write(directory / "anchors/production/root.pem", authorities.root.certificate_pem);
    write(directory / "anchors/test/test-root.pem", authorities.test_root.certificate_pem);
    write(directory / "anchors/test/test.toml",
          fmt::format("# Last day on which a certificate under these anchors is accepted (Vietnam time).\n"
                      "accepted_until = {:04}-{:02}-{:02}\n",
                      int{until.year()}, unsigned{until.month()}, unsigned{until.day()}));
    write(directory / "intermediates/issuing-ca.pem", authorities.issuing_ca.certificate_pem);
    write(directory / "intermediates/test-ca.pem", authorities.test_ca.certificate_pem);
    write(directory / "crls/root.pem", crl(authorities.root, {}));
    write(directory / "crls/issuing-ca.pem", crl(authorities.issuing_ca, options.revoked));
    write(directory / "crls/test-root.pem", crl(authorities.test_root, {}));
    write(directory / "crls/test-ca.pem", crl(authorities.test_ca, options.test_revoked));
}

std::vector<fs::path> write_pki(fs::path const& directory, PkiOptions const& options)
{
    Maker const maker{directory, options, make_authorities(options.now)};
    auto const& made = maker.authorities;
    TrustOptions trust;
    maker.units(trust);
    write_trust(directory / "trust", made, trust);
    maker.tls();
    maker.receipt();
    write_identity(directory / "ca", "root", made.root);
    write_identity(directory / "ca", "issuing-ca", made.issuing_ca);
    write_identity(directory / "ca", "test-root", made.test_root);
    write_identity(directory / "ca", "test-ca", made.test_ca);
    std::vector<fs::path> files;
    for (auto const& entry : fs::recursive_directory_iterator{directory}) {
        if (entry.is_regular_file()) files.push_back(fs::relative(entry.path(), directory));
    }
    std::ranges::sort(files);
    return files;
}

}  // namespace signing::dev
