#include "schemas/rules.hpp"

#include "schemas/detail/dates.hpp"
#include "schemas/detail/findings.hpp"
#include "schemas/detail/form_rules.hpp"
#include "schemas/detail/law.hpp"
#include "schemas/detail/rule_table.hpp"

#include <array>

namespace schemas {

std::vector<FindingCode> const& finding_codes()
{
    static std::vector<FindingCode> const codes = [] {
        std::vector<FindingCode> all;
        for (auto const& text : detail::finding_texts) all.push_back({text.code, text.title_vi, text.title_en});
        return all;
    }();
    return codes;
}

struct Rules::Data {
    detail::Law law;
};

Rules::Rules() = default;
Rules::~Rules() = default;

detail::Law const& Rules::law() const noexcept { return data_->law; }

std::shared_ptr<Rules const> Rules::load(std::filesystem::path const& rules_directory)
{
    std::shared_ptr<Rules> rules{new Rules};
    rules->data_ = std::make_unique<Data>(Data{detail::Law::load(rules_directory)});
    return rules;
}

std::vector<Procedure> Rules::procedures(std::chrono::sys_days day) const
{
    std::vector<Procedure> in_force;
    for (auto const& [dates, procedure] : data_->law.procedures())
        if (dates.on(day)) in_force.push_back(procedure);
    return in_force;
}

Procedure const* Rules::procedure(std::string_view code, std::chrono::sys_days day) const noexcept { return data_->law.procedure(code, day); }

bool Rules::agency_format_ok(std::string_view agency) const
{
    return detail::agency_code_ok(detail::LawOfDay{data_->law, {}}, agency);
}

bool Rules::check(Envelope const& envelope, std::span<FormState const> states, std::chrono::sys_days day, Findings& findings) const
{
    auto const before = findings.total();
    detail::LawOfDay const law{data_->law, day};
    detail::check_envelope(law, envelope, states, findings);
    for (std::size_t i = 0; i < envelope.forms().size(); ++i) {
        if (states[i] == FormState::sound) detail::check_form(law, envelope, envelope.forms()[i], findings);
    }
    return findings.total() == before;
}

bool tax_code_ok(std::string_view code)
{
    constexpr std::array weights{31, 29, 23, 19, 17, 13, 7, 5, 3};
    if (code.size() == 12) return detail::digits_only(code);
    bool const branch = code.size() == 14;
    if (branch && (code[10] != '-' || !detail::digits_only(code.substr(11)) || code.substr(11) == "000")) return false;
    if ((!branch && code.size() != 10) || !detail::digits_only(code.substr(0, 10))) return false;
    if (code.substr(0, 2) == "00" || code.substr(2, 7) == "0000000") return false;

    int sum = 0;
    for (std::size_t i = 0; i < weights.size(); ++i) sum += weights[i] * (code[i] - '0');
    return sum % 11 != 0 && code[9] - '0' == 10 - sum % 11;
}

}  // namespace schemas
