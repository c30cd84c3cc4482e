#include "schemas/detail/law.hpp"

#include <algorithm>
#include <bit>
#include <span>
#include <utility>

namespace schemas::detail {

namespace {

template <class Value>
Value const* in_force(std::vector<Dated<Value>> const& entries, std::chrono::sys_days day) noexcept
{
    auto const at = std::ranges::find_if(entries, [day](auto const& entry) { return entry.dates.on(day); });
    return at == entries.end() ? nullptr : &at->value;
}

// Adds a dated value to the entries of its id; unknown ids and overlapping dates are problems.
template <class Value>
void add(std::span<std::vector<Dated<Value>>> all, std::span<std::string_view const> ids, Entry const& entry, Value value)
{
    auto const id = entry.text("id");
    auto const at = std::ranges::find(ids, id);
    if (at == ids.end()) return entry.problem("no rule asks for " + id);
    auto& entries = all[static_cast<std::size_t>(at - ids.begin())];
    auto const dates = entry.in_force();
    if (std::ranges::any_of(entries, [&](auto const& other) { return other.dates.overlaps(dates); }))
        entry.problem(id + " is there twice on one day");
    entries.push_back({dates, std::move(value)});
}

template <class Value>
void demand_all(std::span<std::vector<Dated<Value>> const> all, std::span<std::string_view const> ids, Problems& problems)
{
    for (std::size_t i = 0; i < ids.size(); ++i)
        if (all[i].empty()) problems.add("a rule asks for " + std::string{ids[i]} + ", which no file holds");
}

Dated<Procedure> procedure_of(Entry const& entry)
{
    entry.only({"code", "name_vi", "name_en", "department", "department_made_up", "working_days", "must", "may", "attachments", "individuals", "from",
                "until", "source"});
    (void)entry.text("source");
    return {entry.in_force(),
            {.code = entry.text("code"),
             .name_vi = entry.text("name_vi"),
             .name_en = entry.text("name_en"),
             .department = entry.text("department"),
             .working_days = static_cast<int>(entry.number("working_days")),
             .must = entry.texts("must"),
             .may = entry.texts("may"),
             .attachments = entry.texts("attachments"),
             .department_made_up = entry.flag("department_made_up"),
             .individuals = entry.flag("individuals")}};
}

}  // namespace

Codes::Codes(std::vector<std::string> codes) : codes_{std::move(codes)}
{
    std::ranges::sort(codes_);
    codes_.erase(std::unique(codes_.begin(), codes_.end()), codes_.end());  // clang 14 cannot compile std::ranges::unique
    places_.resize(std::bit_ceil(2 * codes_.size() + 2));
    for (std::uint32_t i = 0; i < codes_.size(); ++i) {
        auto at = first_place(codes_[i]);
        while (places_[at] != 0) at = (at + 1) & (places_.size() - 1);
        places_[at] = i + 1;
    }
}

Law Law::load(std::filesystem::path const& rules_directory)
{
    Law law;
    Problems problems;
    for_each_entry(rules_directory / "procedures.toml", "procedure", problems, [&](Entry const& entry) {
        auto made = procedure_of(entry);
        auto const twice = [&](auto const& other) { return other.value.code == made.value.code && other.dates.overlaps(made.dates); };
        if (std::ranges::any_of(law.procedures_, twice)) entry.problem(made.value.code + " is there twice on one day");
        law.procedures_.push_back(std::move(made));
    });
    for_each_entry(rules_directory / "code_lists.toml", "list", problems, [&](Entry const& entry) {
        entry.only({"id", "from", "until", "source", "codes"});
        (void)entry.text("source");
        add<Codes>(law.lists_, list_ids, entry, Codes{entry.texts("codes")});
    });
    for_each_entry(rules_directory / "bounds.toml", "bound", problems, [&](Entry const& entry) {
        entry.only({"id", "from", "until", "source", "values"});
        (void)entry.text("source");
        auto values = entry.numbers("values");
        if (std::ranges::any_of(values, [](auto value) { return value < 0; })) entry.problem("values must not be negative");
        if (values.size() < 2 && std::ranges::find(bounds_of_two, entry.text("id")) != bounds_of_two.end())
            entry.problem("values must be the least and the most");
        add<Bound>(law.bounds_, bound_ids, entry, std::move(values));
    });
    demand_all<Codes>(law.lists_, list_ids, problems);
    demand_all<Bound>(law.bounds_, bound_ids, problems);
    problems.raise("The rules cannot be used:");
    return law;
}

Codes const* Law::list(ListId id, std::chrono::sys_days day) const noexcept { return in_force(lists_[static_cast<std::size_t>(id)], day); }

Bound const* Law::bound(BoundId id, std::chrono::sys_days day) const noexcept { return in_force(bounds_[static_cast<std::size_t>(id)], day); }

Procedure const* Law::procedure(std::string_view code, std::chrono::sys_days day) const noexcept
{
    auto const at = std::ranges::find_if(procedures_, [&](auto const& entry) { return entry.value.code == code && entry.dates.on(day); });
    return at == procedures_.end() ? nullptr : &at->value;
}

bool Law::ever_listed(ListId id, std::string_view code) const noexcept
{
    return std::ranges::any_of(lists_[static_cast<std::size_t>(id)], [code](auto const& entry) { return entry.value.contains(code); });
}

LawOfDay::LawOfDay(Law const& law, std::chrono::sys_days day) noexcept : law_{law}, day_{day}
{
    for (std::size_t i = 0; i < list_ids.size(); ++i) lists_[i] = law.list(static_cast<ListId>(i), day);
    for (std::size_t i = 0; i < bound_ids.size(); ++i) bounds_[i] = law.bound(static_cast<BoundId>(i), day);
}

}  // namespace schemas::detail
