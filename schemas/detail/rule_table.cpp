#include "schemas/detail/rule_table.hpp"

#include "schemas/detail/dates.hpp"
#include "schemas/detail/household.hpp"
#include "schemas/form_names.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

namespace schemas::detail {

namespace {

using namespace std::chrono;

// ---- What one value must be: true where it is. Empty values are never asked: presence is the schema's business. ----

template <ListId list>
bool listed(LawOfDay const& law, std::string_view text) { return law.listed(list, text); }

template <BoundId bound>
bool digits_of(LawOfDay const& law, std::string_view text)
{
    auto const* const lengths = law.bound(bound);
    return !lengths || (digits_only(text) && std::ranges::find(*lengths, static_cast<std::int64_t>(text.size())) != lengths->end());
}

bool alphanumeric(std::string_view text)
{
    return std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); });
}

template <BoundId bound>
bool code_of_length(LawOfDay const& law, std::string_view text)
{
    auto const* const length = law.bound(bound);
    auto const size = static_cast<std::int64_t>(text.size());
    return !length || (alphanumeric(text) && (*length)[0] <= size && size <= (*length)[1]);
}

bool a_day(LawOfDay const&, std::string_view text) { return day_of(text).has_value(); }
bool a_month(LawOfDay const&, std::string_view text) { return month_of(text).has_value(); }

bool a_birth_date(LawOfDay const& law, std::string_view text)
{
    auto const born = days_of(text);
    return born && born->first >= sys_days{1900y / January / 1} && born->first <= law.day();
}

bool not_ahead_in_months(LawOfDay const& law, std::string_view text)
{
    auto const month = month_of(text);
    auto const* const ahead = law.bound(BoundId::period_months_ahead);
    if (!month || !ahead) return true;  // That it is no month is another row.
    year_month_day const today{law.day()};
    return *month - year_month{today.year(), today.month()} <= months{ahead->front()};
}

bool not_ahead_in_days(LawOfDay const& law, std::string_view text)
{
    auto const made = day_of(text);
    auto const* const ahead = law.bound(BoundId::made_on_days_ahead);
    return !made || !ahead || *made - law.day() <= days{ahead->front()};
}

bool a_tax_code(LawOfDay const&, std::string_view text) { return tax_code_ok(text); }

bool identity(LawOfDay const& law, std::string_view text)
{
    return digits_only(text) ? digits_of<BoundId::identity_digits>(law, text) : code_of_length<BoundId::passport_length>(law, text);
}

bool old_card(std::string_view text)
{
    auto const letter = [](char c) { return c >= 'A' && c <= 'Z'; };
    return letter(text[0]) && letter(text[1]) && text[2] >= '1' && text[2] <= '5' && digits_only(text.substr(3)) && text.substr(3, 2) != "00";
}

// QĐ 1351/QĐ-BHXH 2015: 2 letters, benefit 1 to 5, province 01 to 99, 10 digits; and the new layout.
bool a_health_card(LawOfDay const& law, std::string_view text)
{
    auto const of_length = [&](BoundId bound) {
        auto const* const length = law.bound(bound);
        return length && length->front() == static_cast<std::int64_t>(text.size());
    };
    if (of_length(BoundId::card_old_length)) return text.size() >= 6 && old_card(text);
    return of_length(BoundId::card_new_length) && digits_only(text);
}

// `000`, or the number of a list and an ICD-10 code, as 001A06.1.
bool a_disease(LawOfDay const&, std::string_view text)
{
    if (text == "000") return true;
    if (text.size() < 6 || text.size() > 10 || !digits_only(text.substr(0, 3))) return false;
    auto const icd = text.substr(3);
    auto const point = icd.find('.');
    return icd[0] >= 'A' && icd[0] <= 'Z' && digits_only(icd.substr(1, 2)) &&
           (point == icd.npos ? icd.size() == 3 : point == 3 && digits_only(icd.substr(4)));
}

// Portal: a value of at most 100 is a coefficient, above it VND.
bool a_salary(LawOfDay const& law, std::string_view text)
{
    constexpr std::int64_t unit = 10'000;
    auto const value = ten_thousandths_of(text);
    if (!value || *value <= 0) return false;
    auto const* const coefficient = law.bound(BoundId::salary_coefficient_max);
    if (coefficient && *value <= coefficient->front() * unit) return true;
    auto const* const vnd = law.bound(BoundId::salary_vnd);
    return !vnd || ((*vnd)[0] * unit <= *value && *value <= (*vnd)[1] * unit);
}

bool the_base_salary(LawOfDay const& law, std::string_view text)
{
    auto const* const base = law.bound(BoundId::base_salary);
    auto const value = ten_thousandths_of(text);
    return !base || (value && *value == base->front() * 10'000);
}

// ---- Fields: wherever an element of this name stands in a form (of this code, where one is named). ----

constexpr std::array field_rules{
    FieldRule{form_names::change,              "D02-TS", FindingId::phuong_an_unknown,    listed<ListId::change_employee>},
    FieldRule{form_names::change_upper,        "D03-TS", FindingId::phuong_an_unknown,    listed<ListId::change_voluntary>},
    FieldRule{form_names::change_upper,        "D05-TS", FindingId::phuong_an_unknown,    listed<ListId::change_voluntary>},
    FieldRule{form_names::person_number,       "",       FindingId::person_number_wrong,  digits_of<BoundId::person_number_digits>},
    FieldRule{form_names::identity_number,     "",       FindingId::identity_wrong,       identity},
    FieldRule{form_names::birth_date,          "",       FindingId::birth_date_wrong,     a_birth_date},
    FieldRule{form_names::birth_date_child,    "",       FindingId::birth_date_wrong,     a_birth_date},
    FieldRule{form_names::gender,              "",       FindingId::gender_unknown,       listed<ListId::genders>},
    FieldRule{form_names::ethnic_group,        "",       FindingId::ethnic_group_unknown, listed<ListId::ethnic_groups>},
    FieldRule{form_names::relation,            "",       FindingId::relation_unknown,     listed<ListId::relations>},
    FieldRule{form_names::province_birth,      "",       FindingId::province_unknown,     listed<ListId::provinces>},
    FieldRule{form_names::province_home,       "",       FindingId::province_unknown,     listed<ListId::provinces>},
    FieldRule{form_names::province_living,     "",       FindingId::province_unknown,     listed<ListId::provinces>},
    FieldRule{form_names::province_household,  "",       FindingId::province_unknown,     listed<ListId::provinces>},
    FieldRule{form_names::facility_province,   "",       FindingId::province_unknown,     listed<ListId::provinces>},
    FieldRule{form_names::ward_birth,          "",       FindingId::ward_wrong,           digits_of<BoundId::ward_digits>},
    FieldRule{form_names::ward_home,           "",       FindingId::ward_wrong,           digits_of<BoundId::ward_digits>},
    FieldRule{form_names::ward_living,         "",       FindingId::ward_wrong,           digits_of<BoundId::ward_digits>},
    FieldRule{form_names::ward_household,      "",       FindingId::ward_wrong,           digits_of<BoundId::ward_digits>},
    FieldRule{form_names::facility,            "",       FindingId::facility_wrong,       code_of_length<BoundId::facility_length>},
    FieldRule{form_names::health_card,         "",       FindingId::health_card_wrong,    a_health_card},
    FieldRule{form_names::health_card_child,   "",       FindingId::health_card_wrong,    a_health_card},
    FieldRule{form_names::disease,             "",       FindingId::disease_wrong,        a_disease},
    FieldRule{form_names::salary,              "D02-TS", FindingId::salary_wrong,         a_salary},
    FieldRule{form_names::base_salary,         "D03-TS", FindingId::base_salary_wrong,    the_base_salary},
    FieldRule{form_names::from_month,          "",       FindingId::month_wrong,          a_month},
    FieldRule{form_names::to_month,            "",       FindingId::month_wrong,          a_month},
    FieldRule{form_names::from_month_d05,      "",       FindingId::month_wrong,          a_month},
    FieldRule{form_names::settled_month,       "",       FindingId::month_wrong,          a_month},
    FieldRule{form_names::form_period,         "",       FindingId::month_wrong,          a_month},
    FieldRule{form_names::form_period,         "",       FindingId::period_future,        not_ahead_in_months},
    FieldRule{form_names::manager_from,        "",       FindingId::day_wrong,            a_day},
    FieldRule{form_names::manager_to,          "",       FindingId::day_wrong,            a_day},
    FieldRule{form_names::expert_from,         "",       FindingId::day_wrong,            a_day},
    FieldRule{form_names::expert_to,           "",       FindingId::day_wrong,            a_day},
    FieldRule{form_names::technician_from,     "",       FindingId::day_wrong,            a_day},
    FieldRule{form_names::technician_to,       "",       FindingId::day_wrong,            a_day},
    FieldRule{form_names::other_job_from,      "",       FindingId::day_wrong,            a_day},
    FieldRule{form_names::other_job_to,        "",       FindingId::day_wrong,            a_day},
    FieldRule{form_names::hazardous_from,      "",       FindingId::day_wrong,            a_day},
    FieldRule{form_names::hazardous_to,        "",       FindingId::day_wrong,            a_day},
    FieldRule{form_names::contract_open_from,  "",       FindingId::day_wrong,            a_day},
    FieldRule{form_names::contract_fixed_from, "",       FindingId::day_wrong,            a_day},
    FieldRule{form_names::contract_fixed_to,   "",       FindingId::day_wrong,            a_day},
    FieldRule{form_names::contract_other_from, "",       FindingId::day_wrong,            a_day},
    FieldRule{form_names::contract_other_to,   "",       FindingId::day_wrong,            a_day},
    FieldRule{form_names::receipt_date,        "",       FindingId::day_wrong,            a_day},
    FieldRule{form_names::from_day,            "",       FindingId::day_wrong,            a_day},
    FieldRule{form_names::to_day,              "",       FindingId::day_wrong,            a_day},
    FieldRule{form_names::card_expiry,         "",       FindingId::day_wrong,            a_day},
    FieldRule{form_names::death_date,          "",       FindingId::day_wrong,            a_day},
    FieldRule{form_names::issued_on,           "",       FindingId::day_wrong,            a_day},
    FieldRule{form_names::effective_on,        "",       FindingId::day_wrong,            a_day},
    FieldRule{form_names::back_to_work,        "",       FindingId::day_wrong,            a_day},
    FieldRule{form_names::made_on_day,         "",       FindingId::day_wrong,            a_day},
    FieldRule{form_names::made_on_day,         "",       FindingId::made_on_future,       not_ahead_in_days},
    FieldRule{form_names::registered_on,       "",       FindingId::day_wrong,            a_day},
    FieldRule{form_names::stops_on,            "",       FindingId::day_wrong,            a_day},
    FieldRule{form_names::unit_tax_code,       "",       FindingId::tax_code_wrong,       a_tax_code},
    FieldRule{form_names::agency_of_unit,      "",       FindingId::agency_code_wrong,    agency_code_ok},
    FieldRule{form_names::payment_way,         "TK3-TS", FindingId::payment_way_unknown,  listed<ListId::payment_ways>},
};

// ---- Rows: fields that stand together. ----

struct SlotName {
    Slot slot;
    std::string_view element;
};
constexpr std::array slot_names{
    SlotName{Slot::from_month, form_names::from_month}, SlotName{Slot::to_month, form_names::to_month},
    SlotName{Slot::manager_from, form_names::manager_from}, SlotName{Slot::manager_to, form_names::manager_to},
    SlotName{Slot::expert_from, form_names::expert_from}, SlotName{Slot::expert_to, form_names::expert_to},
    SlotName{Slot::technician_from, form_names::technician_from}, SlotName{Slot::technician_to, form_names::technician_to},
    SlotName{Slot::other_job_from, form_names::other_job_from}, SlotName{Slot::other_job_to, form_names::other_job_to},
    SlotName{Slot::hazardous_from, form_names::hazardous_from}, SlotName{Slot::hazardous_to, form_names::hazardous_to},
    SlotName{Slot::contract_fixed_from, form_names::contract_fixed_from}, SlotName{Slot::contract_fixed_to, form_names::contract_fixed_to},
    SlotName{Slot::contract_other_from, form_names::contract_other_from}, SlotName{Slot::contract_other_to, form_names::contract_other_to},
    SlotName{Slot::from_day, form_names::from_day}, SlotName{Slot::to_day, form_names::to_day},
    SlotName{Slot::nationality, form_names::nationality}, SlotName{Slot::identity_number, form_names::identity_number},
    SlotName{Slot::receipt_date, form_names::receipt_date}, SlotName{Slot::money, form_names::money}, SlotName{Slot::months, form_names::months},
    SlotName{Slot::card_expiry, form_names::card_expiry}, SlotName{Slot::household_place, form_names::household_place},
    SlotName{Slot::local_share, form_names::local_share}, SlotName{Slot::other_support, form_names::other_support},
};
static_assert(slot_names.size() == static_cast<std::size_t>(Slot::count));

template <Slot from, Slot to>
void in_order(RowCase const& one)
{
    auto const from_text = one.row.at(from), to_text = one.row.at(to);
    if (from_text.empty() || to_text.empty()) return;
    auto const first = days_of(from_text), last = days_of(to_text);
    if (first && last && last->last < first->first) one.say(FindingId::interval_reversed, to);
}

void identity_of_citizen(RowCase const& one)
{
    auto const nationality = one.row.at(Slot::nationality), number = one.row.at(Slot::identity_number);
    if (nationality.empty() || number.empty() || !one.law.listed(ListId::vietnamese, nationality)) return;
    if (!digits_only(number)) one.say(FindingId::identity_passport, Slot::identity_number);
}

constexpr std::array row_rules{
    RowRule{form_names::employee_row, "D02-TS",   in_order<Slot::from_month, Slot::to_month>},
    RowRule{form_names::employee_row, "D02-TS",   in_order<Slot::manager_from, Slot::manager_to>},
    RowRule{form_names::employee_row, "D02-TS",   in_order<Slot::expert_from, Slot::expert_to>},
    RowRule{form_names::employee_row, "D02-TS",   in_order<Slot::technician_from, Slot::technician_to>},
    RowRule{form_names::employee_row, "D02-TS",   in_order<Slot::other_job_from, Slot::other_job_to>},
    RowRule{form_names::employee_row, "D02-TS",   in_order<Slot::hazardous_from, Slot::hazardous_to>},
    RowRule{form_names::employee_row, "D02-TS",   in_order<Slot::contract_fixed_from, Slot::contract_fixed_to>},
    RowRule{form_names::employee_row, "D02-TS",   in_order<Slot::contract_other_from, Slot::contract_other_to>},
    RowRule{form_names::employee_row, "M01B-HSB", in_order<Slot::from_day, Slot::to_day>},
    RowRule{form_names::employee_row, "TK1-TS",   identity_of_citizen},
    RowRule{form_names::member_row,   "TK1-TS",   identity_of_citizen},
    RowRule{form_names::employee_row, "D03-TS",   check_household_money},
    RowRule{form_names::employee_row, "D03-TS",   check_household_dates},
};

using Index = std::unordered_map<std::string_view, KnownField>;

Index const& index_of_names()
{
    static Index const index = [] {
        Index made;
        for (auto const& rule : field_rules) made[rule.element].rules.push_back(&rule);
        for (auto const& [slot, element] : slot_names) made[element].slot = slot;
        return made;
    }();
    return index;
}

// ---- The envelope. ----

struct EnvelopeRule {
    std::string_view path;
    std::string const& (*value)(Envelope const& envelope);
    FindingId finding;
    bool (*holds)(LawOfDay const& law, std::string_view text);
};
constexpr std::array envelope_rules{
    EnvelopeRule{"/Hoso/NoiDung/ThongTinDonVi/MaSoThue", [](Envelope const& e) -> std::string const& { return e.unit().tax_code; },
                 FindingId::tax_code_wrong, a_tax_code},
    EnvelopeRule{"/Hoso/NoiDung/ThongTinDonVi/CoQuanQuanLy", [](Envelope const& e) -> std::string const& { return e.unit().agency; },
                 FindingId::agency_code_wrong, agency_code_ok},
    EnvelopeRule{"/Hoso/NoiDung/ThongTinHoSo/KyKeKhai", [](Envelope const& e) -> std::string const& { return e.filing().period; },
                 FindingId::period_future, not_ahead_in_months},
    EnvelopeRule{"/Hoso/NoiDung/ThongTinHoSo/NgayLap", [](Envelope const& e) -> std::string const& { return e.filing().made_on; },
                 FindingId::made_on_future, not_ahead_in_days},
};

constexpr std::string_view procedure_path = "/Hoso/NoiDung/ThongTinHoSo/MaThuTuc";
constexpr std::string_view forms_path = "/Hoso/NoiDung/ThongTinHoSo/ToKhais";

bool holds(std::vector<std::string> const& codes, std::string_view code) { return std::ranges::find(codes, code) != codes.end(); }

void check_form_set(Procedure const& procedure, Envelope const& envelope, std::span<FormState const> states, Findings& findings)
{
    auto const say = [&](FindingId id, std::string const& label, std::string path, std::string_view form) {
        findings.add([&] {
            return make_finding(id, label, std::move(path), 0, fmt::format("Procedure {}, form {}.", procedure.code, form),
                                fmt::format("Thủ tục {}, tờ khai {}.", procedure.code, form));
        });
    };
    auto const& forms = envelope.forms();
    for (auto const& must : procedure.must) {
        auto const there = [&](Form const& form) { return form.code() == must; };
        if (std::ranges::none_of(forms, there)) say(FindingId::procedure_form_missing, {}, std::string{forms_path}, must);
    }
    for (std::size_t i = 0; i < forms.size(); ++i) {
        auto const& code = forms[i].code();
        bool const a_form = holds(procedure.must, code) || holds(procedure.may, code);
        auto const path = [i] { return fmt::format("{}/FileToKhai[{}]", forms_path, i + 1); };
        if (states[i] == FormState::attachment && a_form) say(FindingId::procedure_form_not_xml, forms[i].label(), path(), code);
        else if (states[i] == FormState::attachment && !holds(procedure.attachments, code))
            say(FindingId::procedure_attachment_foreign, forms[i].label(), path(), code);
        else if ((states[i] == FormState::broken || states[i] == FormState::sound) && !a_form)
            say(FindingId::procedure_form_foreign, forms[i].label(), path(), code);
    }
}

}  // namespace

bool agency_code_ok(LawOfDay const& law, std::string_view code)
{
    return code.size() == 5 && digits_only(code) && code[0] == '0' && law.law().ever_listed(ListId::provinces_agency, code.substr(1, 2));
}

KnownField const* known_field(std::string_view element)
{
    auto const known = index_of_names().find(element);
    return known == index_of_names().end() ? nullptr : &known->second;
}

std::span<RowRule const> all_row_rules() noexcept { return row_rules; }

bool holds_signature(std::string_view name) noexcept
{
    return name == form_names::form_signature || name == form_names::unit_signature;
}

void check_envelope(LawOfDay const& law, Envelope const& envelope, std::span<FormState const> states, Findings& findings)
{
    for (auto const& rule : envelope_rules) {
        auto const& value = rule.value(envelope);
        if (!value.empty() && !rule.holds(law, value)) findings.add([&] { return make_finding(rule.finding, {}, std::string{rule.path}); });
    }
    auto const* const procedure = law.law().procedure(envelope.filing().procedure, law.day());
    if (!procedure) return findings.add([] { return make_finding(FindingId::procedure_unknown, {}, std::string{procedure_path}); });
    check_form_set(*procedure, envelope, states, findings);
}

}  // namespace schemas::detail
