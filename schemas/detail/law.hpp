#pragma once

// The data behind the rules: procedures, code lists and bounds of schemas/rules/*.toml, each with its dates in force.
//
// Threads: immutable after load.

#include "schemas/detail/dated.hpp"
#include "schemas/rules.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace schemas::detail {

// Code lists the rules ask for, and their ids in code_lists.toml, in the same order.
enum class ListId : std::size_t {
    change_employee, change_voluntary, provinces, provinces_agency, relations, ethnic_groups, genders, vietnamese, payment_ways,
};
inline constexpr std::array<std::string_view, 9> list_ids{
    "phuong_an.lao_dong", "phuong_an.tu_nguyen", "provinces", "provinces.agency", "relations", "ethnic_groups", "genders",
    "nationality.vietnam", "payment_months.unit",
};

// Bounds the rules ask for, and their ids in bounds.toml, in the same order.
enum class BoundId : std::size_t {
    person_number_digits, identity_digits, passport_length, card_old_length, card_new_length, facility_length, ward_digits,
    period_months_ahead, made_on_days_ahead, salary_coefficient_max, salary_vnd, base_salary, household_rate, household_steps,
    household_months, household_enough, household_collect_days, household_start_days,
};
inline constexpr std::array<std::string_view, 18> bound_ids{
    "person_number.digits", "identity.digits", "passport.length", "health_card.old_length", "health_card.new_length",
    "facility.length", "ward.digits", "period.months_ahead", "made_on.days_ahead", "salary.coefficient_max", "salary.vnd",
    "base_salary", "household.rate_permyriad", "household.step_percent", "household.months", "household.enough_money",
    "household.collect_days_before_expiry", "household.start_days_after_receipt",
};

// Bounds that are a least and a most value.
inline constexpr std::array<std::string_view, 3> bounds_of_two{"passport.length", "facility.length", "salary.vnd"};

using Codes = std::set<std::string, std::less<>>;
using Bound = std::vector<std::int64_t>;

template <class Value>
struct Dated {
    InForce dates;
    Value   value;
};

class Law {
public:
    // Throws std::runtime_error naming every problem.
    [[nodiscard]] static Law load(std::filesystem::path const& rules_directory);

    // Null where nothing is in force that day.
    [[nodiscard]] Codes const* list(ListId id, std::chrono::sys_days day) const noexcept;
    [[nodiscard]] Bound const* bound(BoundId id, std::chrono::sys_days day) const noexcept;
    [[nodiscard]] Procedure const* procedure(std::string_view code, std::chrono::sys_days day) const noexcept;

    [[nodiscard]] std::vector<Dated<Procedure>> const& procedures() const noexcept { return procedures_; }
    [[nodiscard]] bool ever_listed(ListId id, std::string_view code) const noexcept;

private:
    std::vector<Dated<Procedure>> procedures_;
    std::array<std::vector<Dated<Codes>>, list_ids.size()>  lists_;
    std::array<std::vector<Dated<Bound>>, bound_ids.size()> bounds_;
};

// The law of one day, looked up once for a dossier.
class LawOfDay {
public:
    LawOfDay(Law const& law, std::chrono::sys_days day) noexcept;

    // Nothing in force: everything is allowed, as there is no list to break.
    [[nodiscard]] bool listed(ListId id, std::string_view code) const noexcept
    {
        auto const* const codes = lists_[static_cast<std::size_t>(id)];
        return !codes || codes->contains(code);
    }
    [[nodiscard]] Bound const* bound(BoundId id) const noexcept { return bounds_[static_cast<std::size_t>(id)]; }
    [[nodiscard]] Law const& law() const noexcept { return law_; }
    [[nodiscard]] std::chrono::sys_days day() const noexcept { return day_; }

private:
    Law const& law_;
    std::chrono::sys_days day_;
    std::array<Codes const*, list_ids.size()>  lists_{};
    std::array<Bound const*, bound_ids.size()> bounds_{};
};

}  // namespace schemas::detail
