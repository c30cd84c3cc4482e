#include "providers/seed.hpp"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>

namespace providers {

namespace {

using Problems = std::vector<std::string>;

// Every field that is read is checked here, so that one start names every mistake of the files.
class TableReader {
public:
    TableReader(toml::table const& table, std::string where, Problems& problems)
        : table_{table}, where_{std::move(where)}, problems_{problems} {}

    std::string text(std::string_view key, bool required)
    {
        seen_.insert(std::string{key});
        auto const* node = table_.get(key);
        if (!node) {
            if (required) complain(key, "is missing");
            return {};
        }
        auto value = node->value_exact<std::string>();
        if (!value) complain(key, "is not text");
        else if (required && value->empty()) complain(key, "is empty");
        return value.value_or(std::string{});
    }

    std::vector<std::string> texts(std::string_view key)
    {
        seen_.insert(std::string{key});
        std::vector<std::string> out;
        auto const* node = table_.get(key);
        if (!node) return out;
        auto const* array = node->as_array();
        if (!array) {
            complain(key, "is not a list");
            return out;
        }
        for (auto const& item : *array) {
            if (auto value = item.value_exact<std::string>()) out.push_back(*value);
            else complain(key, "has an item that is not text");
        }
        return out;
    }

    std::optional<std::chrono::sys_days> date(std::string_view key, bool required)
    {
        seen_.insert(std::string{key});
        auto const* node = table_.get(key);
        if (!node) {
            if (required) complain(key, "is missing");
            return std::nullopt;
        }
        auto const value = node->value_exact<toml::date>();
        if (!value) {
            complain(key, "is not a date");
            return std::nullopt;
        }
        std::chrono::year_month_day const date{std::chrono::year{value->year}, std::chrono::month{value->month},
                                               std::chrono::day{value->day}};
        return std::chrono::sys_days{date};
    }

    double number(std::string_view key, double otherwise, double least, double most)
    {
        seen_.insert(std::string{key});
        auto const* node = table_.get(key);
        if (!node) return otherwise;
        auto const value = node->value<double>();
        if (!value || *value < least || *value > most) {
            complain(key, fmt::format("is not a number from {} to {}", least, most));
            return otherwise;
        }
        return *value;
    }

    toml::table const* table(std::string_view key)
    {
        seen_.insert(std::string{key});
        auto const* node = table_.get(key);
        if (node && !node->is_table()) complain(key, "is not a table");
        return node ? node->as_table() : nullptr;
    }

    void refuse_unknown()
    {
        for (auto const& [key, value] : table_)
            if (!seen_.contains(std::string{key.str()})) complain(key.str(), "is not known here");
    }

    void complain(std::string_view key, std::string_view what) { problems_.push_back(fmt::format("{}: {} {}", where_, key, what)); }

private:
    toml::table const& table_;
    std::string where_;
    Problems& problems_;
    std::set<std::string> seen_;
};

bool hex_ok(std::string_view text)
{
    return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

bool digits_ok(std::string_view text, std::size_t size)
{
    return text.size() == size && text.find_first_not_of("0123456789") == std::string_view::npos;
}

std::optional<toml::table> parse(std::filesystem::path const& file, Problems& problems)
{
    try {
        return toml::parse_file(file.string());
    } catch (toml::parse_error const& error) {
        problems.push_back(fmt::format("{}:{}: {}", file.string(), error.source().begin.line, error.description()));
        return std::nullopt;
    }
}

template <class Read>
void each(toml::table const& root, std::string_view key, std::string const& file, Problems& problems, Read read)
{
    auto const* array = root.get_as<toml::array>(key);
    if (!array || array->empty()) {
        problems.push_back(fmt::format("{}: no [[{}]]", file, key));
        return;
    }
    std::size_t index = 0;
    for (auto const& item : *array) {
        auto const where = fmt::format("{} [[{}]] {}", file, key, ++index);
        if (auto const* table = item.as_table()) read(*table, where);
        else problems.push_back(where + " is not a table");
    }
}

std::optional<Role> role_from(std::string_view text)
{
    if (text == "provider" || text.empty()) return Role::provider;
    if (text == "portal") return Role::portal;
    if (text == "backend") return Role::backend;
    return std::nullopt;
}

Provider read_provider(toml::table const& table, std::string const& where, Problems& problems)
{
    TableReader in{table, where, problems};
    Provider out;
    out.code = in.text("code", true);
    out.name = in.text("name", true);
    auto const role = role_from(in.text("role", false));
    if (!role) in.complain("role", "is not provider, portal or backend");
    out.role = role.value_or(Role::provider);
    out.aliases = in.texts("aliases");
    out.certificates = in.texts("certificates");
    out.key_hashes = in.texts("key_hashes");
    for (auto const& hash : out.certificates)
        if (!hex_ok(hash)) in.complain("certificates", "has an item that is not 64 lower-case hex digits");
    for (auto const& hash : out.key_hashes)
        if (!hex_ok(hash)) in.complain("key_hashes", "has an item that is not 64 lower-case hex digits");
    out.contract_from = in.date("contract_from", true).value_or(std::chrono::sys_days{});
    out.contract_until = in.date("contract_until", false);
    if (out.contract_until && *out.contract_until < out.contract_from)
        in.complain("contract_until", "is before contract_from");
    out.sha1_until = in.date("sha1_until", false);
    out.source = in.text("source", true);
    out.website = in.text("website", false);
    if (auto const* quota = in.table("quota")) {
        TableReader q{*quota, where + " quota", problems};
        out.quota.requests_per_second = q.number("requests_per_second", out.quota.requests_per_second, 0.001, 1e6);
        out.quota.burst = static_cast<std::uint32_t>(q.number("burst", out.quota.burst, 1, 1e6));
        out.quota.in_flight_max = static_cast<std::uint32_t>(q.number("in_flight_max", out.quota.in_flight_max, 1, 1e6));
        q.refuse_unknown();
    }
    in.refuse_unknown();
    return out;
}

void read_province(toml::table const& table, std::string const& where, Problems& problems, std::vector<Agency>& agencies)
{
    TableReader in{table, where, problems};
    auto const code = in.text("code", true);
    auto const name = in.text("name", true);
    auto const offices = static_cast<unsigned>(in.number("offices", 15, 0, 99));
    in.refuse_unknown();
    if (!digits_ok(code, 2)) {
        in.complain("code", "is not two digits");
        return;
    }
    agencies.push_back({fmt::format("0{}00", code), "BHXH " + name + " (tên minh họa)", code, true});
    for (unsigned office = 1; office <= offices; ++office)
        agencies.push_back({fmt::format("0{}{:02}", code, office),
                            fmt::format("BHXH cơ sở {:02} – {} (tên minh họa)", office, name), code, true});
}

void read_agency(toml::table const& table, std::string const& where, Problems& problems, std::vector<Agency>& agencies)
{
    TableReader in{table, where, problems};
    Agency out;
    out.code = in.text("code", true);
    out.name = in.text("name", true);
    in.text("source", true);
    out.made_up = in.text("name_source", true) == "made up";
    in.refuse_unknown();
    if (!digits_ok(out.code, 5) || out.code.front() != '0') {
        in.complain("code", "is not five digits 0PPOO");
        return;
    }
    out.province = out.code.substr(1, 2);
    auto const same = [&](Agency const& agency) { return agency.code == out.code; };
    auto const found = std::find_if(agencies.begin(), agencies.end(), same);
    if (found == agencies.end()) agencies.push_back(std::move(out));
    else *found = std::move(out);
}

void refuse_shared(std::vector<Provider> const& providers, Problems& problems)
{
    std::set<std::string> codes, aliases, credentials;
    for (auto const& provider : providers) {
        if (!codes.insert(provider.code).second) problems.push_back("two providers have the code " + provider.code);
        for (auto const& alias : provider.aliases)
            if (!aliases.insert(alias).second) problems.push_back("two providers have the alias " + alias);
        for (auto const* list : {&provider.certificates, &provider.key_hashes})
            for (auto const& item : *list)
                if (!credentials.insert(item).second) problems.push_back("two providers have the credential " + item);
    }
}

}  // namespace

Seed load_seed(std::filesystem::path const& directory)
{
    Problems problems;
    Seed seed;
    if (auto const root = parse(directory / "providers.toml", problems)) {
        each(*root, "provider", "providers.toml", problems, [&](toml::table const& table, std::string const& where) {
            seed.providers.push_back(read_provider(table, where, problems));
        });
        refuse_shared(seed.providers, problems);
    }
    if (auto const root = parse(directory / "agencies.toml", problems)) {
        each(*root, "province", "agencies.toml", problems, [&](toml::table const& table, std::string const& where) {
            read_province(table, where, problems, seed.agencies);
        });
        each(*root, "agency", "agencies.toml", problems, [&](toml::table const& table, std::string const& where) {
            read_agency(table, where, problems, seed.agencies);
        });
    }
    if (!problems.empty()) throw std::runtime_error(fmt::format("{}", fmt::join(problems, "\n")));
    return seed;
}

}  // namespace providers
