#include "gateway/ctl/certificates.hpp"

#include "gateway/ctl/call.hpp"

#include <fmt/format.h>

#include <optional>
#include <stdexcept>
#include <utility>

namespace ctl {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t certificate_bytes_max = 1u << 20;

void take(std::vector<KnownCertificate>& known, std::string_view text, std::string const& where)
{
    auto facts = signing::read_certificate(text);
    auto der = signing::certificate_der(text);
    if (!facts || !der) throw std::runtime_error(where + ": not exactly one certificate");
    known.push_back({std::move(*facts), std::move(*der)});
}

std::vector<KnownCertificate> ask_hub(CertificatesOption const& options)
{
    auto peer = options.peer;
    peer.url = options.where;
    net::io_context io{1};
    runtime::HttpClient client{io, peer.client()};
    runtime::HttpRequest request{"GET", "/v1/receipt-certificates", peer.headers(), ""};
    auto const answer = finish(io, client.send(std::move(request), runtime::Deadline::after(peer.timeout()), true));
    if (!answer) throw std::runtime_error(fmt::format("{}: {}", peer.url, answer.error().message()));
    if (answer->status != 200) throw std::runtime_error(fmt::format("{}: HTTP {}", peer.url, answer->status));
    std::vector<KnownCertificate> known;
    for (auto const& row : boost::json::parse(answer->body).at("certificates").as_array())
        take(known, std::string_view{row.at("certificate_pem").as_string()}, peer.url);
    return known;
}

}  // namespace

void CertificatesOption::declare(CLI::App& command)
{
    command.add_option("--certificates", where, "Whom to believe: a PEM file, a folder of them, or a hub's address")->required();
    command.add_option("--ca", peer.ca, "PEM: anchors for that address; the system's where not given")->envname("IVAN_CA");
    command.add_option("--timeout", peer.timeout_s, "Seconds to wait for it")->check(CLI::Range(1, 600));
}

std::vector<KnownCertificate> CertificatesOption::read() const
{
    if (where.starts_with("http://") || where.starts_with("https://")) return ask_hub(*this);
    std::vector<KnownCertificate> known;
    if (!fs::is_directory(where)) {
        take(known, read_file(where, certificate_bytes_max), where);
        return known;
    }
    for (auto const& entry : fs::directory_iterator{where})
        if (entry.path().extension() == ".pem") take(known, read_file(entry.path(), certificate_bytes_max), entry.path().string());
    return known;
}

}  // namespace ctl
