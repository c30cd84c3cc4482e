#pragma once

// Case code = mã số hồ sơ. A template with a date in force. Built in:
//   bhxh     {number:05}.G/{year}/{agency}            BHXH's printed form; one counter per agency and year
//   national {agency_id}-{yymmdd}-{number:04}         TT 01/2018/TT-VPCP art. 19; one counter per agency and day
// The number grows past its width instead of wrapping.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dossier {

struct CaseCodeTemplate {
    std::string pattern = "{number:05}.G/{year}/{agency}";
    std::chrono::sys_days from{};
};

// bhxh and national, for whoever reads codes without knowing what was in force.
[[nodiscard]] std::vector<CaseCodeTemplate> built_in_templates();

// What is wrong with a pattern, for a bad start; nothing where it is usable. Fields: number, agency, agency_id, year,
// yymmdd, each as {field} or {field:width}. REQUIRED of the functions below: no problem.
[[nodiscard]] std::optional<std::string> problem_of(CaseCodeTemplate const& form);

// Which counter a code takes its number from: "<agency>/<year>" or "<agency>/<yymmdd>", by the pattern.
[[nodiscard]] std::string counter_of(CaseCodeTemplate const& form, std::string_view agency, std::chrono::sys_days day);
[[nodiscard]] std::string format_case_code(CaseCodeTemplate const& form, std::string_view agency, std::chrono::sys_days day,
                                           std::uint64_t number);
// The number in a code that the template gave on that day; nothing: it did not give this code.
[[nodiscard]] std::optional<std::uint64_t> number_in(CaseCodeTemplate const& form, std::string_view agency, std::chrono::sys_days day,
                                                     std::string_view code);
// The template in force on a day: the latest whose `from` is not after it. REQUIRES: not empty, sorted by from.
[[nodiscard]] CaseCodeTemplate const& in_force(std::vector<CaseCodeTemplate> const& templates, std::chrono::sys_days day);
// A code as people type it, in our spelling: 04486_G/2019/08708 and 4486.g/2019/08708 are 04486.G/2019/08708;
// 04486/2019/08708 and the national form stay as they are. Nothing: not a case code of the built-in forms.
[[nodiscard]] std::optional<std::string> normalise_case_code(std::string_view typed);

}  // namespace dossier
