#pragma once

// Gives rows, one behind another, what only a number gives: the case code and the place in the log.
// Threads: one. Errors: none.

#include "gateway/dossier/case_code.hpp"
#include "gateway/store/row.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace store::detail {

using Counts = std::map<std::string, std::int64_t>;  // numbers, by counter

// Which counter the row's code takes its number from.
[[nodiscard]] inline std::string counter_of(Row const& row, std::vector<dossier::CaseCodeTemplate> const& case_codes)
{
    auto const day = runtime::vietnam_day(row.facts.received_at);
    return dossier::counter_of(dossier::in_force(case_codes, day), row.facts.agency, day);
}

class Numbering {
public:
    // `last`: the number before the next, of each counter. `place`: of the next in the log.
    Numbering(std::vector<dossier::CaseCodeTemplate> const& case_codes, Counts last, std::uint64_t place)
        : case_codes_{case_codes}, last_{std::move(last)}, place_{place}
    {
    }

    [[nodiscard]] bool knows(std::string const& counter) const { return last_.contains(counter); }
    void learn(std::string const& counter, std::int64_t last) { last_[counter] = last; }

    // REQUIRES: its counter is known.
    void give(Row& row)
    {
        auto const day = runtime::vietnam_day(row.facts.received_at);
        auto const number = ++last_.at(counter_of(row, case_codes_));
        row.facts.case_code = dossier::format_case_code(dossier::in_force(case_codes_, day), row.facts.agency, day, static_cast<std::uint64_t>(number));
        row.facts.log_index = place_++;
    }

    [[nodiscard]] Counts const& last() const noexcept { return last_; }

private:
    std::vector<dossier::CaseCodeTemplate> const& case_codes_;
    Counts last_;
    std::uint64_t place_;
};

}  // namespace store::detail
