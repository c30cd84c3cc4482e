#pragma once

// The numbers that case codes have against the counters that gave them: a counter that stands at n has the codes of 1 to n, each
// once. Whoever removes the newest dossiers with all that speaks of them leaves a counter that is ahead of its codes.
//
// Threads: of() any, the rest one. Errors: none. Memory: a bit for each number up to case_numbers_max.

#include "gateway/dossier/case_code.hpp"
#include "gateway/runtime/clock.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace store::detail {

inline constexpr std::uint64_t case_numbers_max = 100'000'000;  // of one counter; codes beyond are no longer told apart
inline constexpr std::size_t case_numbers_named_max = 10;       // runs of missing numbers

// What one code says. Of a template that is not known there is no number, and either of two counters may have given it.
struct CaseNumber {
    std::string counter;
    std::string by_day = {};                      // of a code without a number: this one, where there is such a counter
    std::optional<std::uint64_t> number = {};
    dossier::CaseCodeTemplate const* form = nullptr;  // of the CaseNumbers that read it
    std::chrono::sys_days day{};
};

class CaseNumbers {
public:
    explicit CaseNumbers(std::vector<dossier::CaseCodeTemplate> forms) : forms_{std::move(forms)} {}
    [[nodiscard]] CaseNumber of(std::string_view agency, runtime::Instant received_at, std::string_view case_code) const;

    void counter(std::string name, std::uint64_t last);  // every one, before the first add()
    void add(CaseNumber const& code);

    struct Disagreement {
        std::string first_missing;  // code; empty where it is not known
        std::string detail;
    };
    // `whole`: every dossier was added; else those of the log's end, where numbers follow each other as places do.
    [[nodiscard]] std::vector<Disagreement> disagreements(bool whole) const;

private:
    struct Counter {
        std::optional<std::uint64_t> last = {};  // nothing: there is no such counter
        std::uint64_t codes = 0, unread = 0, twice = 0, lowest = 0, highest = 0;
        std::vector<bool> seen = {};  // by number
        CaseNumber newest = {};
    };
    [[nodiscard]] std::optional<Disagreement> judge(std::string const& name, Counter const& counter, bool whole) const;

    std::vector<dossier::CaseCodeTemplate> const forms_;
    std::map<std::string, Counter> counters_;
};

}  // namespace store::detail
