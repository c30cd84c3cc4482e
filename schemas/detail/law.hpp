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
#include <cstring>
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

// One code list. Asked once or twice a row of a form, so by a hash of the code's ends: codes are short.
class Codes {
public:
    Codes() = default;
    explicit Codes(std::vector<std::string> codes);  // twice the same is once

    [[nodiscard]] bool contains(std::string_view code) const noexcept
    {
        if (places_.empty()) return false;
        for (auto at = first_place(code);; at = (at + 1) & (places_.size() - 1)) {
            if (places_[at] == 0) return false;
            if (codes_[places_[at] - 1] == code) return true;
        }
    }
    [[nodiscard]] std::size_t size() const noexcept { return codes_.size(); }

private:
    [[nodiscard]] std::size_t first_place(std::string_view code) const noexcept;

    std::vector<std::string>   codes_;   // sorted
    std::vector<std::uint32_t> places_;  // open addressing, at most half full: 1 + a code's index, or 0; 2^n of them
};
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

inline std::size_t Codes::first_place(std::string_view code) const noexcept
{
    // The first and the last eight bytes, which may be the same.
    std::uint64_t head = 0, tail = 0;
    if (code.size() >= 8) {
        std::memcpy(&head, code.data(), 8);
        std::memcpy(&tail, code.data() + code.size() - 8, 8);
    } else {
        for (char const c : code) head = head << 8 | static_cast<unsigned char>(c);
    }
    auto const mixed = (head ^ (tail << 1) ^ code.size()) * 0x9E37'79B9'7F4A'7C15u;  // 2^64 / golden ratio
    return static_cast<std::size_t>(mixed >> 32) & (places_.size() - 1);
}

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
