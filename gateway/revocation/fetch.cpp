#include "gateway/revocation/fetch.hpp"

#include "gateway/runtime/http_client.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <system_error>

namespace revocation {
namespace {

Fetched failure(std::string trouble)
{
    Fetched fetched;
    fetched.trouble = std::move(trouble);
    return fetched;
}

std::string lower(std::string_view text)
{
    std::string made{text};
    std::transform(made.begin(), made.end(), made.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    return made;
}

std::string_view trimmed(std::string_view text)
{
    while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
    while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
    return text;
}

// A name, or an IPv6 address in its brackets (RFC 3986 §3.2.2); whether there is such a host, the resolver says.
bool host_ok(std::string_view host)
{
    bool const bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
    if (bracketed) host = host.substr(1, host.size() - 2);
    return !host.empty() && host.find_first_of("[]") == std::string_view::npos;
}

bool port_ok(std::string_view digits)
{
    unsigned port = 0;
    auto const [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    return error == std::errc{} && end == digits.data() + digits.size() && digits.size() <= 5 && port > 0 && port <= 65'535;
}

// Of the two, what can be sent and kept again; without it the source is asked for the whole.
std::string validator(std::string_view text) { return usable_validator(text) ? std::string{text} : std::string{}; }

// Nothing: the certificate or its issuer cannot be read.
std::optional<runtime::HttpRequest> request_of(Job const& job, Address const& address, Version const& held)
{
    runtime::HttpRequest request;
    request.target = address.target;
    request.headers = {{"User-Agent", "ivan-hub"}, {"Connection", "close"}};
    if (job.kind == Kind::ocsp) {
        auto body = signing::ocsp_request(job.certificate, job.issuer);
        if (!body) return std::nullopt;
        request.method = "POST";
        request.headers.emplace_back("Content-Type", "application/ocsp-request");
        request.headers.emplace_back("Accept", "application/ocsp-response");
        request.body = std::move(*body);
        return request;
    }
    request.method = "GET";
    request.headers.emplace_back("Accept", "application/pkix-crl, */*;q=0.5");
    if (!held.etag.empty()) request.headers.emplace_back("If-None-Match", held.etag);
    if (!held.last_modified.empty()) request.headers.emplace_back("If-Modified-Since", held.last_modified);
    return request;
}

}  // namespace

std::optional<Address> read_address(std::string_view url)
{
    if (url.size() > address_bytes_max) return std::nullopt;
    constexpr std::string_view scheme = "http://";
    if (lower(url.substr(0, scheme.size())) != scheme) return std::nullopt;
    auto const bad = [](char c) { return c <= ' ' || c >= '\x7f' || c == '"' || c == '<' || c == '>' || c == '\\' || c == '#'; };
    if (std::any_of(url.begin(), url.end(), bad)) return std::nullopt;
    auto rest = url.substr(scheme.size());
    auto const slash = rest.find_first_of("/?");
    auto const authority = lower(rest.substr(0, slash));
    if (authority.empty() || authority.find('@') != std::string::npos) return std::nullopt;
    Address address;
    address.base = std::string{scheme} + authority;
    auto const bracket = authority.find(']');
    auto const colon = authority.find(':', bracket == std::string::npos ? 0 : bracket);
    address.host = authority.substr(0, colon);
    if (!host_ok(address.host) || (colon != std::string::npos && !port_ok(authority.substr(colon + 1)))) return std::nullopt;
    if (slash == std::string_view::npos) address.target = "/";
    else if (rest[slash] == '?') address.target = "/" + std::string{rest.substr(slash)};
    else address.target = std::string{rest.substr(slash)};
    return address;
}

bool usable_validator(std::string_view text)
{
    return text.size() <= validator_bytes_max && std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c < '\x7f'; });
}

bool allowed(std::string_view hosts, std::string_view host)
{
    if (trimmed(hosts).empty()) return true;
    auto const name = lower(host);
    while (!hosts.empty()) {
        auto const comma = hosts.find(',');
        auto const entry = lower(trimmed(hosts.substr(0, comma)));
        hosts.remove_prefix(comma == std::string_view::npos ? hosts.size() : comma + 1);
        if (entry.empty()) continue;
        if (entry.front() == '.' ? name.size() > entry.size() && name.ends_with(entry) : name == entry) return true;
    }
    return false;
}

runtime::Task<Fetched> fetch(net::io_context& context, RevocationConfig const& config, Job job, Version held)
{
    auto const address = read_address(job.url);
    if (!address) co_return failure("not an http:// address");
    if (!allowed(config.hosts, address->host)) co_return failure("its host is not among revocation.hosts");
    auto request = request_of(job, *address, held);
    if (!request) co_return failure("the certificate or its issuer cannot be read");

    std::optional<runtime::HttpClient> client;
    runtime::HttpClientConfig client_config;
    client_config.base_url = address->base;
    client_config.connections_max = 1;
    client_config.response_bytes_max = job.kind == Kind::ocsp ? config.ocsp_bytes_max : config.crl_bytes_max;
    client_config.connect_timeout = std::min(client_config.connect_timeout, config.fetch_timeout);
    try {
        client.emplace(context, client_config);
    } catch (std::runtime_error const& error) {
        co_return failure(error.what());
    }
    auto answer = co_await client->send(std::move(*request), runtime::Deadline::after(config.fetch_timeout), true);
    if (!answer) co_return failure(answer.error().message());

    Fetched fetched;
    fetched.version = {validator(answer->header("ETag")), validator(answer->header("Last-Modified"))};
    if (answer->status == 304 && job.kind != Kind::ocsp) {
        fetched.outcome = Outcome::unchanged;
        co_return fetched;
    }
    if (answer->status != 200) co_return failure(fmt::format("HTTP status {}", answer->status));
    if (answer->body.empty()) co_return failure("an empty answer");
    fetched.outcome = Outcome::fetched;
    fetched.bytes = std::move(answer->body);
    co_return fetched;
}

}  // namespace revocation
