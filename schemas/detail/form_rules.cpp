#include "schemas/detail/form_rules.hpp"

#include "schemas/detail/swept_rules.hpp"
#include "schemas/form_names.hpp"
#include "schemas/names.hpp"
#include "schemas/tree.hpp"

namespace schemas::detail {

namespace {

// Depth is bounded by XmlLimits.
void walk(FormCase const& one, Element parent)
{
    ElementRow row;
    bool has_slots = false;
    for (auto at = parent.first_child(); at; at = at.next()) {
        if (at.first_child()) {
            if (!holds_signature(at.name())) walk(one, at);
            continue;
        }
        auto const slot = check_leaf(one, at);
        if (!slot) continue;
        row.set(*slot, at);
        has_slots = true;
    }
    if (has_slots) check_row(one, parent.name(), row);
}

// A row's texts, and its findings at the elements they came from.
class RowOfElements : public RowFindings {
public:
    RowOfElements(FormCase const& one, ElementRow const& elements)
        : one_{one}, elements_{elements}, state_share_{one.root.child(form_names::form_head).child(form_names::state_share).text()}
    {
        for (std::size_t i = 0; i < slots; ++i) {
            auto const slot = static_cast<Slot>(i);
            if (!elements.at(slot)) continue;
            texts_[i] = elements.at(slot).text();
            row_.set(slot, texts_[i]);
        }
    }

    void ask(RowRule const& rule) { rule.check({one_.law, row_, state_share_, *this}); }

    void say(FindingId id, Slot place, std::string_view en, std::string_view vi) override { one_.say(id, elements_.at(place), en, vi); }

private:
    FormCase const& one_;
    ElementRow const& elements_;
    std::string state_share_;
    std::array<std::string, slots> texts_;
    Row row_;
};

}  // namespace

std::optional<Slot> check_leaf(FormCase const& one, Element leaf)
{
    auto const* const known = known_field(leaf.name());
    if (!known) return std::nullopt;
    if (known->rules.empty()) return known->slot;
    auto const text = leaf.text();
    if (text.empty()) return known->slot;
    for (auto const* const rule : known->rules)
        if (applies(rule->form, one.form.code()) && !rule->holds(one.law, text)) one.say(rule->finding, leaf);
    return known->slot;
}

void check_row(FormCase const& one, std::string_view row_name, ElementRow const& row)
{
    std::optional<RowOfElements> texts;  // made once, where any rule asks
    for (auto const& rule : all_row_rules()) {
        if (rule.row != row_name || !applies(rule.form, one.form.code())) continue;
        if (!texts) texts.emplace(one, row);
        texts->ask(rule);
    }
}

void check_whole(FormCase const& one)
{
    // A registration says again who registers: both must be the same unit.
    auto const tax_code = one.root.name() == names::envelope_root ? one.root.child(form_names::form_body).child(form_names::unit_tax_code) : Element{};
    if (tax_code && tax_code.text() != one.envelope.unit().tax_code) one.say(FindingId::tax_code_differs, tax_code);
}

void check_form(LawOfDay const& law, Envelope const& envelope, Form const& form, Findings& findings)
{
    if (form.xml()->swept()) return check_swept_form(law, envelope, form, findings);
    FormCase const one{law, envelope, form, Element::root_of(tree_of(*form.xml())), findings};
    walk(one, one.root);
    check_whole(one);
}

}  // namespace schemas::detail
