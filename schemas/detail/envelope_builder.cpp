#include "schemas/detail/envelope_builder.hpp"

#include <algorithm>
#include <utility>

namespace schemas {

using namespace detail;

void EnvelopeBuilder::set_provider(FieldValues& values)
{
    envelope_.provider_ = {.alias = std::move(values[Field::provider_alias]), .name = std::move(values[Field::provider_name])};
}

void EnvelopeBuilder::set_unit(FieldValues& values)
{
    envelope_.unit_ = {
        .name = std::move(values[Field::unit_name]),
        .code = std::move(values[Field::unit_code]),
        .kind = std::move(values[Field::unit_kind]),
        .tax_code = std::move(values[Field::unit_tax_code]),
        .signatory = std::move(values[Field::unit_signatory]),
        .phone = std::move(values[Field::unit_phone]),
        .agency = std::move(values[Field::unit_agency]),
    };
}

void EnvelopeBuilder::set_filing(FieldValues& values)
{
    envelope_.filing_ = {
        .procedure = std::string{without_version(values[Field::filing_procedure]).code},
        .procedure_name = std::move(values[Field::filing_procedure_name]),
        .period = std::move(values[Field::filing_period]),
        .made_on = std::move(values[Field::filing_made_on]),
        .iso_process = std::move(values[Field::filing_iso_process]),
    };
}

Form& EnvelopeBuilder::begin_form()
{
    auto& form = envelope_.forms_.emplace_back();
    form.label_ = "#" + std::to_string(envelope_.forms_.size());
    return form;
}

void EnvelopeBuilder::name_form(std::string_view full_code)
{
    auto& form = envelope_.forms_.back();
    auto const [bare_code, version] = without_version(full_code);
    form.code_ = canonical_code(bare_code);
    form.version_ = version;
    if (full_code.empty()) return;
    auto const nth = ++seen_codes_[form.code_];
    form.label_ = nth == 1 ? form.code_ : form.code_ + "#" + std::to_string(nth);
}

void EnvelopeBuilder::set_form_texts(FieldValues& values)
{
    auto& form = envelope_.forms_.back();
    form.description_ = std::move(values[Field::form_description]);
    form.file_name_ = std::move(values[Field::form_file_name]);
}

std::optional<std::string> EnvelopeBuilder::claim_file_name()
{
    auto const& form = envelope_.forms_.back();
    auto const [first, fresh] = seen_names_.try_emplace(folded(form.file_name_), form.label_);
    if (fresh) return std::nullopt;
    return first->second;
}

void EnvelopeBuilder::set_form_bytes(std::string bytes)
{
    auto& form = envelope_.forms_.back();
    form.size_ = bytes.size();
    form.bytes_ = std::make_unique<std::string const>(std::move(bytes));
}

namespace detail {

bool name_fits_kind(std::string_view file_name, std::string_view extension)
{
    auto const own = extension_of(file_name);
    if (own.empty() || extension.empty()) return true;
    auto const claimed = content_for(extension);
    return !claimed || content_for(own) == claimed;
}

bool length_fits(std::uint64_t said, std::string_view base64) noexcept
{
    return said == base64.size() || said == base64.size() - static_cast<std::size_t>(std::ranges::count_if(base64, is_space));
}

}  // namespace detail

}  // namespace schemas
