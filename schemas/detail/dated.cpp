#include "schemas/detail/dated.hpp"

#include <algorithm>
#include <stdexcept>

namespace schemas::detail {

void Problems::raise(std::string_view what) const
{
    if (said_.empty()) return;
    std::string all{what};
    for (auto const& problem : said_) all += "\n  " + problem;
    throw std::runtime_error(all);
}

void Entry::problem(std::string_view what) const { problems_.add(where_ + ": " + std::string{what}); }

std::string Entry::text(std::string_view key) const
{
    auto value = table_[key].value<std::string>();
    if (!value || value->empty()) problem(std::string{key} + " must be a text");
    return value.value_or("");
}

std::int64_t Entry::number(std::string_view key) const
{
    auto const value = table_[key].value_exact<std::int64_t>();
    if (!value) problem(std::string{key} + " must be a whole number");
    return value.value_or(0);
}

bool Entry::flag(std::string_view key) const
{
    if (table_.contains(key) && !table_[key].is_boolean()) problem(std::string{key} + " must be true or false");
    return table_[key].value_or(false);
}

std::vector<std::string> Entry::texts(std::string_view key) const
{
    std::vector<std::string> values;
    auto const* const array = table_[key].as_array();
    if (!array) problem(std::string{key} + " must be a list of texts");
    for (std::size_t i = 0; array && i < array->size(); ++i) {
        if (auto value = (*array)[i].value<std::string>()) values.push_back(std::move(*value));
        else problem(std::string{key} + " must hold texts only");
    }
    return values;
}

std::vector<std::int64_t> Entry::numbers(std::string_view key) const
{
    std::vector<std::int64_t> values;
    auto const* const array = table_[key].as_array();
    if (!array || array->empty()) problem(std::string{key} + " must be a list of whole numbers");
    for (std::size_t i = 0; array && i < array->size(); ++i) {
        if (auto const value = (*array)[i].value_exact<std::int64_t>()) values.push_back(*value);
        else problem(std::string{key} + " must hold whole numbers only");
    }
    return values;
}

InForce Entry::in_force() const
{
    auto const day = [this](std::string_view key) -> std::optional<std::chrono::sys_days> {
        auto const date = table_[key].value<toml::date>();
        if (!date) {
            if (table_.contains(key)) problem(std::string{key} + " must be a date");
            return std::nullopt;
        }
        using namespace std::chrono;
        return sys_days{year{date->year} / month{date->month} / std::chrono::day{date->day}};
    };
    auto const from = day("from");
    if (!from) problem("`from` is missing: every entry carries its first day in force");
    InForce const dates{from.value_or(std::chrono::sys_days{}), day("until")};
    if (dates.until && *dates.until < dates.from) problem("`until` lies before `from`");
    return dates;
}

void Entry::only(std::initializer_list<std::string_view> keys) const
{
    for (auto const& [key, value] : table_)
        if (std::ranges::find(keys, key.str()) == keys.end()) problem("unknown key " + std::string{key.str()});
}

toml::table read_toml(std::filesystem::path const& file, std::string_view kind, Problems& problems)
{
    toml::table root;
    try {
        root = toml::parse_file(file.string());
    } catch (toml::parse_error const& error) {
        problems.add(file.string() + ":" + std::to_string(error.source().begin.line) + ": " + std::string{error.description()});
        return root;
    }
    if (!root[kind].is_array_of_tables()) problems.add(file.string() + ": no [[" + std::string{kind} + "]]");
    for (auto const& [key, value] : root)
        if (key.str() != kind) problems.add(file.string() + ": unknown key " + std::string{key.str()});
    return root;
}

}  // namespace schemas::detail
