#pragma once

// The rules over one form, as findings: on its tree, or by a sweep (swept_rules.hpp). check_form() goes over a form once and
// asks every row of the tables that applies.
//
// Threads: pure.

#include "schemas/detail/fields.hpp"
#include "schemas/detail/findings.hpp"
#include "schemas/detail/law.hpp"
#include "schemas/detail/places.hpp"
#include "schemas/detail/rule_table.hpp"
#include "schemas/envelope.hpp"
#include "schemas/findings.hpp"

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace schemas::detail {

// The elements of one row that fill its slots.
class ElementRow {
public:
    void set(Slot slot, Element element) noexcept { fields_[static_cast<std::size_t>(slot)] = element; }
    [[nodiscard]] Element at(Slot slot) const noexcept { return fields_[static_cast<std::size_t>(slot)]; }

private:
    std::array<Element, slots> fields_{};
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
void check_row(FormCase const& one, std::string_view row_name, ElementRow const& row);
void check_whole(FormCase const& one);

}  // namespace schemas::detail
