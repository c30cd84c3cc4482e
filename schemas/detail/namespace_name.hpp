#pragma once

// The plain ones among the names of namespaces: absolute, and a URI beyond doubt (RFC 3986). Others may be lawful too.

#include <algorithm>
#include <string_view>

namespace schemas::detail {

[[nodiscard]] inline bool is_namespace_name(std::string_view uri) noexcept
{
    constexpr auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
    constexpr auto is_plain = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
    };
    constexpr std::size_t bytes_max = 256;
    // Two names that no document may bind: Namespaces in XML 1.0 §3.
    if (uri.size() > bytes_max || uri == "http://www.w3.org/XML/1998/namespace" || uri == "http://www.w3.org/2000/xmlns/") return false;
    std::string_view rest;
    if (uri.starts_with("urn:")) {
        rest = uri.substr(4);
        if (rest.empty()) return false;
    } else {
        auto const authority = uri.starts_with("http://") ? 7u : uri.starts_with("https://") ? 8u : 0u;
        if (authority == 0 || uri.size() == authority || !is_letter(uri[authority])) return false;
        rest = uri.substr(authority);
        auto const host = std::find_if_not(rest.begin(), rest.end(), is_plain);
        if (host != rest.end() && *host != '/' && *host != '#') return false;
        rest.remove_prefix(static_cast<std::size_t>(host - rest.begin()));
    }
    auto const fragment = rest.find('#');
    auto const in_path = [&](char c) { return is_plain(c) || c == '/' || c == ':'; };
    auto const path = rest.substr(0, fragment);
    if (!std::all_of(path.begin(), path.end(), in_path)) return false;
    return fragment == rest.npos || std::all_of(rest.begin() + static_cast<std::ptrdiff_t>(fragment) + 1, rest.end(), is_plain);
}

}  // namespace schemas::detail
