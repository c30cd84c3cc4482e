#include "providers/overlay.hpp"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <stdexcept>
#include <string_view>

namespace providers {
namespace {

bool hash_ok(std::string_view text)
{
    return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

std::vector<std::string> hashes(toml::table const& table, std::string_view key, std::string const& where, std::string& problems)
{
    std::vector<std::string> found;
    auto const* const node = table.get(key);
    if (!node) return found;
    auto const* const list = node->as_array();
    if (!list) problems += fmt::format("{}: {} is not a list\n", where, key);
    if (!list) return found;
    for (auto const& item : *list) {
        auto const text = item.value_exact<std::string>();
        if (text && hash_ok(*text)) found.push_back(*text);
        else problems += fmt::format("{}: {} has an item that is not 64 lower-case hex digits\n", where, key);
    }
    return found;
}

}  // namespace

std::vector<Overlay> load_overlay(std::filesystem::path const& file)
{
    std::string problems;
    std::vector<Overlay> overlays;
    toml::table top;
    try {
        top = toml::parse_file(file.string());
    } catch (toml::parse_error const& error) {
        throw std::runtime_error{fmt::format("{}: {}", file.string(), error.description())};
    }
    auto const* const rows = top["provider"].as_array();
    if (!rows || top.size() != 1) throw std::runtime_error{file.string() + ": must hold [[provider]] tables and nothing else"};
    for (auto const& row : *rows) {
        auto const* const table = row.as_table();
        auto const where = fmt::format("{}: provider {}", file.string(), overlays.size() + 1);
        Overlay overlay;
        if (table) {
            overlay.code = (*table)["code"].value_or(std::string{});
            overlay.certificates = hashes(*table, "certificates", where, problems);
            overlay.key_hashes = hashes(*table, "key_hashes", where, problems);
        }
        if (overlay.code.empty()) problems += where + ": code is missing\n";
        overlays.push_back(std::move(overlay));
    }
    if (!problems.empty()) throw std::runtime_error{problems};
    return overlays;
}

std::vector<Provider> overlaid(std::vector<Provider> parties, std::vector<Overlay> const& overlays)
{
    std::vector<Provider> changed;
    for (auto const& overlay : overlays) {
        auto const found = std::find_if(parties.begin(), parties.end(), [&](Provider const& party) { return party.code == overlay.code; });
        if (found == parties.end()) throw std::runtime_error{"no provider has the code " + overlay.code};
        found->certificates = overlay.certificates;
        found->key_hashes = overlay.key_hashes;
        changed.push_back(*found);
    }
    return changed;
}

}  // namespace providers
