#pragma once

// Reading our own data files: TOML tables with dates in force. Every problem of a file is kept, so that a bad start
// names all of them at once.

#include <toml++/toml.h>

#include <chrono>
#include <concepts>
#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace schemas::detail {

// First and last day in force.
struct InForce {
    std::chrono::sys_days from{};
    std::optional<std::chrono::sys_days> until;

    [[nodiscard]] bool on(std::chrono::sys_days day) const noexcept { return from <= day && (!until || day <= *until); }
    [[nodiscard]] bool overlaps(InForce const& other) const noexcept
    {
        return (!until || other.from <= *until) && (!other.until || from <= *other.until);
    }
};

class Problems {
public:
    void add(std::string problem) { said_.push_back(std::move(problem)); }
    // Throws std::runtime_error with every problem, one a line, where there is any.
    void raise(std::string_view what) const;

private:
    std::vector<std::string> said_;
};

// One [[table]] of a file, read key by key.
class Entry {
public:
    Entry(toml::table const& table, std::string where, Problems& problems) : table_{table}, where_{std::move(where)}, problems_{problems} {}

    [[nodiscard]] std::string text(std::string_view key) const;         // required, not empty
    [[nodiscard]] std::int64_t number(std::string_view key) const;      // required
    [[nodiscard]] bool flag(std::string_view key) const;                // false where it does not stand
    [[nodiscard]] std::vector<std::string> texts(std::string_view key) const;       // required, may be empty
    [[nodiscard]] std::vector<std::int64_t> numbers(std::string_view key) const;    // required, not empty
    [[nodiscard]] InForce in_force() const;                             // from, until
    void only(std::initializer_list<std::string_view> keys) const;      // any other key is a problem
    void problem(std::string_view what) const;

private:
    toml::table const& table_;
    std::string where_;
    Problems& problems_;
};

// The entries of all [[kind]] tables of a file; another top-level key is a problem.
[[nodiscard]] toml::table read_toml(std::filesystem::path const& file, std::string_view kind, Problems& problems);

template <std::invocable<Entry const&> Each>
void for_each_entry(std::filesystem::path const& file, std::string_view kind, Problems& problems, Each each)
{
    auto const root = read_toml(file, kind, problems);
    auto const* const entries = root[kind].as_array();
    if (!entries) return;
    for (std::size_t i = 0; i < entries->size(); ++i) {
        auto const where = file.filename().string() + ": " + std::string{kind} + " " + std::to_string(i + 1);
        if (auto const* const table = (*entries)[i].as_table()) each(Entry{*table, where, problems});
        else problems.add(where + ": not a table");
    }
}

}  // namespace schemas::detail
