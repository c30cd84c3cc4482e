#pragma once

// The rules as tables: one row is one rule. check_form() goes over a form once and asks every row that applies; the rules
// of the envelope stand in check_envelope(). Adding a rule is adding a row (and its finding in findings.def).
//
// Threads: pure; the tables are immutable.

#include "schemas/detail/fields.hpp"
#include "schemas/detail/findings.hpp"
#include "schemas/detail/law.hpp"
#include "schemas/detail/places.hpp"
#include "schemas/envelope.hpp"
#include "schemas/findings.hpp"
#include "schemas/rules.hpp"

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace schemas::detail {

// The fields of one row that rules compare with each other.
enum class Slot : std::size_t {
    from_month, to_month, manager_from, manager_to, expert_from, expert_to, technician_from, technician_to, other_job_from, other_job_to,
    hazardous_from, hazardous_to, contract_fixed_from, contract_fixed_to, contract_other_from, contract_other_to, from_day, to_day,
    nationality, identity_number, receipt_date, money, months, card_expiry, household_place, local_share, other_support, count,
};

class Row {
public:
    void set(Slot slot, Element element) noexcept { fields_[static_cast<std::size_t>(slot)] = element; }
    [[nodiscard]] Element at(Slot slot) const noexcept { return fields_[static_cast<std::size_t>(slot)]; }

private:
    std::array<Element, static_cast<std::size_t>(Slot::count)> fields_{};
};

// One form in check: what it is, what law holds, where findings go.
struct FormCase {
    LawOfDay const& law;
    Envelope const& envelope;
    Form const&     form;
    Element         root;
    Findings&       findings;
    Places*         places = nullptr;  // where a sweep made the elements: their paths come later

    void say(FindingId id, Element place, std::string_view en = {}, std::string_view vi = {}) const
    {
        findings.add([&] {
            if (places) places->wait(findings.kept().size(), place.chain());
            return make_finding(id, form.label(), places ? std::string{} : place.path(), place.line(), en, vi);
        });
    }
};

// The whole form, on its tree or by a sweep. REQUIRES: its shape is sound.
void check_form(LawOfDay const& law, Envelope const& envelope, Form const& form, Findings& findings);

// The pieces, in the order of the document: every leaf as it ends, every row after its last field, the whole at the end.
[[nodiscard]] std::optional<Slot> check_leaf(FormCase const& one, Element leaf);  // the slot it fills in its row
void check_row(FormCase const& one, std::string_view row_name, Row const& row);
void check_whole(FormCase const& one);
// Signatures stand there: nothing below is read.
[[nodiscard]] bool holds_signature(std::string_view name) noexcept;

void check_envelope(LawOfDay const& law, Envelope const& envelope, std::span<FormState const> states, Findings& findings);

[[nodiscard]] bool agency_code_ok(LawOfDay const& law, std::string_view code);

}  // namespace schemas::detail
