// Addresses that certificates name, and the operator's list of hosts. The first line is the address, the rest is the list.
// What is taken can be asked for: the HTTP client takes it, and nothing in it ends a line of a request.

#include "gateway/revocation/fetch.hpp"
#include "gateway/runtime/http_client.hpp"
#include "tests/fuzz/must.hpp"

#include <algorithm>
#include <string>

using fuzz::must;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    auto const text = fuzz::text_of(data, size);
    auto const end = std::min(text.find('\n'), text.size());
    auto const address = revocation::read_address(text.substr(0, end));
    if (!address) return 0;
    must(end <= revocation::address_bytes_max);
    must(!address->host.empty() && address->target.starts_with('/'));
    for (auto const& part : {address->base, address->host, address->target})
        must(std::all_of(part.begin(), part.end(), [](char c) { return c > ' ' && c < '\x7f'; }));

    auto const again = revocation::read_address(address->base + address->target);
    must(again.has_value() && again->base == address->base && again->host == address->host && again->target == address->target);

    static net::io_context context{1};
    runtime::HttpClientConfig config;
    config.base_url = address->base;
    runtime::HttpClient const client{context, config};  // throws for an address it cannot use

    auto const hosts = end < size ? text.substr(end + 1) : std::string_view{};
    must(revocation::allowed("", address->host));
    bool const plain = address->host.find(',') == std::string::npos && address->host.front() != '.';
    must(!plain || revocation::allowed("x," + address->host, address->host));
    if (revocation::allowed(hosts, address->host)) {
        // An operator who adds a host takes none away.
        must(hosts.find_first_not_of(' ') == std::string_view::npos || revocation::allowed(std::string{hosts} + ",other.vn", address->host));
    }
    return 0;
}
