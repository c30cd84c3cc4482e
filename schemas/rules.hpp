#pragma once

// What a schema cannot say: form sets per procedure, code lists, check digits, periods, household card dates.
// Law is data: schemas/rules/*.toml carry every list and bound with its source and its dates in force.

#include "schemas/envelope.hpp"
#include "schemas/failure.hpp"
#include "schemas/findings.hpp"

#include <chrono>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace schemas {

namespace detail {
class Law;
}  // namespace detail

struct Procedure {
    std::string code;        // "600"
    std::string name_vi;
    std::string name_en;
    std::string department;  // shown by the look-up (QĐ 352 art. 12)
    int         working_days = 0;  // processing limit
    std::vector<std::string> must;  // form codes
    std::vector<std::string> may;
    std::vector<std::string> attachments;  // codes of attachments taken, as "CT-DK"
    bool department_made_up = false;       // no source names the department
    bool individuals = false;              // a person may file it with a one-time password (QĐ 352 art. 17)
};

// One finding code of the catalogue that GET /v1/codes lists.
struct FindingCode {
    std::string_view code, title_vi, title_en;
};
[[nodiscard]] std::vector<FindingCode> const& finding_codes();

// What is known of a form when the rules are asked. Fields are read where the shape is sound; a form of unknown code
// is not called foreign besides.
enum class FormState { attachment, unknown, broken, sound };

// Threads: immutable after load. check() is pure.
// Errors:  load() throws std::runtime_error naming every problem of every file: a bad start, not bad input.
class Rules {
public:
    [[nodiscard]] static std::shared_ptr<Rules const> load(std::filesystem::path const& rules_directory);
    ~Rules();

    [[nodiscard]] std::vector<Procedure> procedures(std::chrono::sys_days day) const;
    // Of that code, in force on that day; null where there is none. Lives as long as the rules.
    [[nodiscard]] Procedure const* procedure(std::string_view code, std::chrono::sys_days day) const noexcept;
    [[nodiscard]] bool agency_format_ok(std::string_view agency) const;  // 0PPOO with a known province, old or new

    // Adds every finding of the dossier on that day. True: none added.
    // REQUIRES: one state for each form of the envelope.
    bool check(Envelope const& envelope, std::span<FormState const> states, std::chrono::sys_days day, Findings& findings) const;

private:
    friend class Validator;
    [[nodiscard]] detail::Law const& law() const noexcept;

    struct Data;
    Rules();
    std::unique_ptr<Data> data_;
};

// NNNNNNNNNN or NNNNNNNNNN-NNN with the right check digit (d10 = 10 − (Σ wᵢ·dᵢ mod 11)); 12 digits: a personal
// number (TT 86/2024), format only.
[[nodiscard]] bool tax_code_ok(std::string_view code);

}  // namespace schemas
