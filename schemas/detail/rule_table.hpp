#pragma once

// The rules as tables: one row is one rule. A field rule is asked with the field's text, a row rule with the texts of the fields
// that stand together; who finds them is no concern of theirs: the walk over a tree and the one over a sweep (form_rules.hpp) say
// every finding, FormRun (form_run.hpp) only whether there is any. Adding a rule is adding a row (and its finding in findings.def).
//
// Threads: pure; the tables are immutable.

#include "schemas/detail/findings.hpp"
#include "schemas/detail/law.hpp"
#include "schemas/envelope.hpp"
#include "schemas/findings.hpp"
#include "schemas/rules.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace schemas::detail {

// ---- Fields: wherever an element of this name stands in a form (of this code, where one is named). ----

// Values without outer white space. Empty ones are never asked: presence is the schema's business.
using FieldHolds = bool (*)(LawOfDay const& law, std::string_view text);

struct FieldRule {
    std::string_view element;
    std::string_view form;  // empty: any form
    FindingId        finding;
    FieldHolds       holds;
};

// ---- Rows: fields that stand together. ----

// The fields of one row that rules compare with each other.
enum class Slot : std::size_t {
    from_month, to_month, manager_from, manager_to, expert_from, expert_to, technician_from, technician_to, other_job_from, other_job_to,
    hazardous_from, hazardous_to, contract_fixed_from, contract_fixed_to, contract_other_from, contract_other_to, from_day, to_day,
    nationality, identity_number, receipt_date, money, months, card_expiry, household_place, local_share, other_support, count,
};
inline constexpr std::size_t slots = static_cast<std::size_t>(Slot::count);

// The texts of a row's fields, without outer white space; whoever fills it keeps them. The last of a name fills the slot.
class Row {
public:
    void clear() noexcept { met_ = 0; }
    void set(Slot slot, std::string_view text) noexcept
    {
        texts_[static_cast<std::size_t>(slot)] = text;
        met_ |= bit(slot);
    }
    [[nodiscard]] bool has(Slot slot) const noexcept { return (met_ & bit(slot)) != 0; }
    [[nodiscard]] std::string_view at(Slot slot) const noexcept { return has(slot) ? texts_[static_cast<std::size_t>(slot)] : std::string_view{}; }

private:
    static constexpr std::uint32_t bit(Slot slot) noexcept { return std::uint32_t{1} << static_cast<unsigned>(slot); }
    static_assert(slots <= 32);
    std::array<std::string_view, slots> texts_;
    std::uint32_t met_ = 0;
};

// Hears what a row rule finds, and at which of the row's fields.
class RowFindings {
public:
    virtual ~RowFindings() = default;
    virtual void say(FindingId id, Slot place, std::string_view en, std::string_view vi) = 0;
};

// One row in check.
struct RowCase {
    LawOfDay const&  law;
    Row const&       row;
    std::string_view state_share;  // TyleNSNN of the form's head, empty where it has none
    RowFindings&     findings;

    void say(FindingId id, Slot place, std::string_view en = {}, std::string_view vi = {}) const { findings.say(id, place, en, vi); }
};

using RowCheck = void (*)(RowCase const& one);

struct RowRule {
    std::string_view row;
    std::string_view form;  // empty: any form
    RowCheck         check;
};

// ---- Look-ups. ----

[[nodiscard]] inline bool applies(std::string_view rule_form, std::string_view form) noexcept { return rule_form.empty() || rule_form == form; }

struct KnownField {
    std::optional<Slot> slot;             // that it fills in its row
    std::vector<FieldRule const*> rules;  // of any form
};
[[nodiscard]] KnownField const* known_field(std::string_view element);  // null: no rule reads it
[[nodiscard]] std::span<RowRule const> all_row_rules() noexcept;

// Signatures stand there: nothing below is read.
[[nodiscard]] bool holds_signature(std::string_view name) noexcept;

// The rules of the envelope. Of its forms it asks their codes and labels only. REQUIRES: one state for each form.
void check_envelope(LawOfDay const& law, Envelope const& envelope, std::span<FormState const> states, Findings& findings);

[[nodiscard]] bool agency_code_ok(LawOfDay const& law, std::string_view code);

}  // namespace schemas::detail
