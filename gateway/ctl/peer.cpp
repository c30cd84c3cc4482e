#include "gateway/ctl/peer.hpp"

#include <fmt/format.h>

#include <cctype>

namespace ctl {

void Peer::declare(CLI::App& command)
{
    command.add_option("--url", url, "The hub, as https://host:port")->envname("IVAN_URL")->required();
    command.add_option("--ca", ca, "Anchors the hub's certificate must chain to (PEM)")->envname("IVAN_CA");
    command.add_option("--cert", certificate, "Our client certificate (PEM)")->envname("IVAN_PROVIDER_CERT");
    command.add_option("--key", key, "Its key (PEM)")->envname("IVAN_PROVIDER_KEY");
    command.add_option("--bearer", bearer, "Bearer key, instead of a client certificate")->envname("IVAN_BEARER");
    command.add_option("--timeout", timeout_s, "Seconds one call may take")->check(CLI::Range(1u, 3600u))->capture_default_str();
}

runtime::HttpClientConfig Peer::client() const
{
    runtime::HttpClientConfig config;
    config.base_url = url;
    config.ca_file = ca;
    if (bearer.empty()) {
        config.certificate_file = certificate;
        config.key_file = key;
    }
    config.connections_max = 1;
    return config;
}

runtime::Headers Peer::headers() const
{
    if (bearer.empty()) return {};
    return {{"Authorization", "Bearer " + bearer}};
}

std::string percent_encoded(std::string_view text)
{
    std::string out;
    for (unsigned char c : text) {
        if (std::isalnum(c) || c == '-' || c == '.' || c == '_' || c == '~')
            out += static_cast<char>(c);
        else
            out += fmt::format("%{:02X}", c);
    }
    return out;
}

std::string plain(std::string const& json_text)
{
    boost::system::error_code error;
    auto const value = boost::json::parse(json_text, error);
    if (error || !value.is_object()) return json_text;
    std::vector<std::vector<std::string>> rows;
    for (auto const& [name, member] : value.get_object()) {
        auto const* both = member.if_object();  // a word in both languages
        auto const* vi = both ? both->if_contains("vi") : nullptr;
        auto const* en = both ? both->if_contains("en") : nullptr;
        if (vi && en && vi->is_string() && en->is_string())
            rows.push_back({std::string{name}, fmt::format("{} ({})", std::string_view{vi->get_string()}, std::string_view{en->get_string()})});
        else if (member.is_primitive() && !member.is_null())
            rows.push_back({std::string{name}, member.is_string() ? std::string{member.get_string()} : boost::json::serialize(member)});
    }
    return table(rows);
}

}  // namespace ctl
