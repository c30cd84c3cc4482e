#pragma once

// The fields of the envelope as a table, read by both its readers: the tree's (envelope.cpp), which says what is wrong, and the
// sweep's (one_sweep.cpp), which only accepts. Adding a field is adding a row.

#include "schemas/detail/envelope_fields.hpp"
#include "schemas/detail/findings.hpp"
#include "schemas/names.hpp"

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace schemas::detail {

// The elements that hold fields.
enum class Part : std::size_t { provider, unit, filing, form };

// In the order in which findings are told.
enum class Field : std::size_t {
    provider_alias, provider_name,
    unit_name, unit_code, unit_kind, unit_tax_code, unit_signatory, unit_phone, unit_agency,
    filing_procedure, filing_procedure_name, filing_period, filing_made_on, filing_iso_process, filing_form_count,
    form_code, form_description, form_file_name, form_kind, form_length,
    count,
};

enum class Need { filled, present, optional };

struct FieldRow {
    Field            field;
    Part             part;
    std::string_view name;
    Need             need;
    FindingId        format = FindingId::field_empty;
    bool (*fits)(std::string_view) noexcept = nullptr;
};

inline constexpr std::array<FieldRow, static_cast<std::size_t>(Field::count)> field_rows{{
    {Field::provider_alias, Part::provider, names::provider_alias, Need::filled, FindingId::provider_format, code_format},
    {Field::provider_name, Part::provider, names::provider_name, Need::present},
    {Field::unit_name, Part::unit, names::unit_name, Need::filled},
    {Field::unit_code, Part::unit, names::unit_code, Need::filled, FindingId::unit_code_format, unit_code_format},
    {Field::unit_kind, Part::unit, names::unit_kind, Need::filled, FindingId::unit_kind_format, unit_kind_format},
    {Field::unit_tax_code, Part::unit, names::unit_tax_code, Need::filled, FindingId::tax_code_format, tax_code_format},
    {Field::unit_signatory, Part::unit, names::unit_signatory, Need::present},
    {Field::unit_phone, Part::unit, names::unit_phone, Need::present},
    {Field::unit_agency, Part::unit, names::unit_agency, Need::filled, FindingId::agency_format, agency_format},
    {Field::filing_procedure, Part::filing, names::filing_procedure, Need::filled, FindingId::procedure_format, code_format},
    {Field::filing_procedure_name, Part::filing, names::filing_procedure_name, Need::present},
    {Field::filing_period, Part::filing, names::filing_period, Need::filled, FindingId::period_format, month_format},
    {Field::filing_made_on, Part::filing, names::filing_made_on, Need::filled, FindingId::made_on_format, date_format},
    {Field::filing_iso_process, Part::filing, names::filing_iso_process, Need::optional},
    {Field::filing_form_count, Part::filing, names::filing_form_count, Need::filled, FindingId::number_format, number_format},
    {Field::form_code, Part::form, names::form_code, Need::filled, FindingId::form_code_format, code_format},
    {Field::form_description, Part::form, names::form_description, Need::present},
    {Field::form_file_name, Part::form, names::form_file_name, Need::filled, FindingId::form_name_unsafe, file_name_safe},
    {Field::form_kind, Part::form, names::form_kind, Need::filled},
    {Field::form_length, Part::form, names::form_length, Need::filled, FindingId::number_format, number_format},
}};

// What was read of one part's fields; those of other parts stay as they are.
class FieldValues {
public:
    [[nodiscard]] std::string& operator[](Field field) noexcept { return values_[static_cast<std::size_t>(field)]; }
    [[nodiscard]] std::string const& operator[](Field field) const noexcept { return values_[static_cast<std::size_t>(field)]; }

private:
    std::array<std::string, static_cast<std::size_t>(Field::count)> values_;
};

}  // namespace schemas::detail
