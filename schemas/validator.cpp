#include "schemas/validator.hpp"

#include "schemas/detail/findings.hpp"
#include "schemas/detail/form_run.hpp"
#include "schemas/detail/law.hpp"

#include <algorithm>
#include <optional>

namespace schemas {

namespace {

// What one form is, as far as the catalogue knows.
struct Examined {
    FormState state = FormState::attachment;
    std::string version;
    std::optional<Refusal> refusal;
};

Examined examine(Catalogue const& catalogue, Form const& form, std::size_t place, std::chrono::sys_days day, Findings& findings)
{
    if (!form.is_xml()) return {};
    auto const entry = catalogue.find(form.code(), form.version(), day);
    if (entry) {
        bool const sound = catalogue.check(**entry, form, findings);
        if (sound) return {.state = FormState::sound, .version = (*entry)->version, .refusal = {}};
        return {.state = FormState::broken, .version = (*entry)->version, .refusal = Refusal::schema_violation};
    }
    auto const why = entry.error().why;
    auto const id = why == Refusal::form_unknown ? detail::FindingId::schema_form_unknown : detail::FindingId::schema_version_unknown;
    findings.add([&] {
        return detail::make_finding(id, form.label(), "/Hoso/NoiDung/ThongTinHoSo/ToKhais/FileToKhai[" + std::to_string(place) + "]/MaToKhai");
    });
    return {.state = FormState::unknown, .version = {}, .refusal = why};
}

}  // namespace

struct Validator::Plans {
    std::vector<std::shared_ptr<detail::FormPlan const>> of_entries;  // in their order; null where a schema has no table

    explicit Plans(Catalogue const& catalogue)
    {
        for (auto const& entry : catalogue.entries()) {
            auto const& shape = catalogue.shape(entry);
            of_entries.push_back(shape ? detail::FormPlan::of(shape, entry.form) : nullptr);
        }
    }
};

Validator::Validator(std::shared_ptr<Catalogue const> catalogue, std::shared_ptr<Rules const> rules)
    : catalogue_{std::move(catalogue)}, rules_{std::move(rules)}, plans_{std::make_shared<Plans const>(*catalogue_)}
{
}

detail::FormPlan const* Validator::plan(SchemaEntry const& entry) const noexcept
{
    return plans_->of_entries[static_cast<std::size_t>(&entry - catalogue_->entries().data())].get();
}

detail::LawOfDay Validator::law(std::chrono::sys_days day) const noexcept { return {rules_->law(), day}; }

Result<Valid> Validator::validate(Envelope const& envelope, std::chrono::sys_days day) const
{
    Findings findings{findings_max};
    std::optional<Refusal> why;
    std::vector<FormState> states;
    Valid valid;
    valid.day_ = day;
    for (auto const& form : envelope.forms()) {
        auto examined = examine(*catalogue_, form, states.size() + 1, day, findings);
        // The refusals stand in the order of the checks: the earliest one names the dossier's.
        if (examined.refusal) why = why ? std::min(*why, *examined.refusal) : *examined.refusal;
        states.push_back(examined.state);
        valid.forms_.push_back({form.code(), std::move(examined.version)});
    }
    if (!rules_->check(envelope, states, day, findings) && !why) why = Refusal::rule_violation;
    if (!why) return valid;
    auto const total = findings.total();
    return Failure{.why = *why, .detail = std::to_string(total) + " findings", .findings = std::move(findings).take()};
}

}  // namespace schemas
