#include "schemas/detail/schema_errors.hpp"

#include "schemas/detail/fields.hpp"
#include "schemas/detail/findings.hpp"

#include <fmt/format.h>

#include <string_view>

namespace schemas::detail {

namespace {

FindingId finding_of(int code, std::string_view said)
{
    switch (code) {
        case XML_SCHEMAV_ELEMENT_CONTENT:
            return said.find("Missing child element") != said.npos ? FindingId::schema_element_missing : FindingId::schema_element_unexpected;
        case XML_SCHEMAV_CVC_WILDCARD: return FindingId::schema_element_unexpected;
        case XML_SCHEMAV_CVC_ELT_1: return FindingId::schema_root_wrong;
        case XML_SCHEMAV_CVC_COMPLEX_TYPE_4: return FindingId::schema_attribute_missing;
        case XML_SCHEMAV_CVC_COMPLEX_TYPE_3_1:
        case XML_SCHEMAV_CVC_COMPLEX_TYPE_3_2_1:
        case XML_SCHEMAV_CVC_COMPLEX_TYPE_3_2_2:
        case XML_SCHEMAV_CVC_TYPE_3_1_1:
        case XML_SCHEMAV_CVC_ELT_3_1: return FindingId::schema_attribute_unexpected;
        case XML_SCHEMAV_CVC_COMPLEX_TYPE_2_1:
        case XML_SCHEMAV_CVC_COMPLEX_TYPE_2_2:
        case XML_SCHEMAV_CVC_COMPLEX_TYPE_2_3:
        case XML_SCHEMAV_CVC_COMPLEX_TYPE_2_4:
        case XML_SCHEMAV_CVC_TYPE_3_1_2: return FindingId::schema_content_kind;
        case XML_SCHEMAV_CVC_LENGTH_VALID:
        case XML_SCHEMAV_CVC_MINLENGTH_VALID:
        case XML_SCHEMAV_CVC_MAXLENGTH_VALID: return FindingId::schema_value_length;
        case XML_SCHEMAV_CVC_MININCLUSIVE_VALID:
        case XML_SCHEMAV_CVC_MAXINCLUSIVE_VALID:
        case XML_SCHEMAV_CVC_MINEXCLUSIVE_VALID:
        case XML_SCHEMAV_CVC_MAXEXCLUSIVE_VALID: return FindingId::schema_value_range;
        case XML_SCHEMAV_CVC_ENUMERATION_VALID: return FindingId::schema_value_unlisted;
        case XML_SCHEMAV_CVC_PATTERN_VALID:
        case XML_SCHEMAV_CVC_FACET_VALID:
        case XML_SCHEMAV_CVC_TOTALDIGITS_VALID:
        case XML_SCHEMAV_CVC_FRACTIONDIGITS_VALID:
        case XML_SCHEMAV_CVC_DATATYPE_VALID_1_2_1:
        case XML_SCHEMAV_CVC_DATATYPE_VALID_1_2_2:
        case XML_SCHEMAV_CVC_DATATYPE_VALID_1_2_3:
        case XML_SCHEMAV_CVC_ATTRIBUTE_3:
        case XML_SCHEMAV_CVC_AU: return FindingId::schema_value_format;
        default: return FindingId::schema_other;
    }
}

bool about_value(FindingId id)
{
    return id == FindingId::schema_value_length || id == FindingId::schema_value_range || id == FindingId::schema_value_unlisted ||
           id == FindingId::schema_value_format;
}

// "… Expected is ( A )." and "… Expected is one of ( A, B )." name elements of our own schema, nothing of the sender.
std::string_view expected_of(std::string_view said)
{
    auto const begin = said.rfind("Expected is ");
    if (begin == said.npos) return {};
    auto const open = said.find("( ", begin), close = said.find(" )", begin);
    if (open == said.npos || close == said.npos || close < open + 2) return {};
    return said.substr(open + 2, close - open - 2);
}

// "… allowed maximum length of '100'.": a number of our own schema.
std::string_view length_of(std::string_view said)
{
    auto const close = said.rfind('\''), open = close == said.npos || close == 0 ? said.npos : said.rfind('\'', close - 1);
    if (open == said.npos) return {};
    auto const number = said.substr(open + 1, close - open - 1);
    return number.find_first_not_of("0123456789") == number.npos ? number : std::string_view{};
}

// "Element 'A', attribute 'b': …": the name the sender gave an attribute, not its value.
std::string_view attribute_of(std::string_view said)
{
    constexpr std::string_view before = ", attribute '";
    auto const begin = said.find(before);
    auto const end = begin == said.npos ? said.npos : said.find('\'', begin + before.size());
    return end == said.npos ? std::string_view{} : said.substr(begin + before.size(), end - begin - before.size());
}

struct Particular {
    std::string en, vi;
};

Particular particular_of(FindingId id, std::string_view element, std::string_view said)
{
    auto const expected = expected_of(said);
    if (id == FindingId::schema_element_missing && !expected.empty())
        return {fmt::format("{} lacks: {}.", element, expected), fmt::format("{} còn thiếu: {}.", element, expected)};
    if (id == FindingId::schema_element_unexpected && !expected.empty())
        return {fmt::format("{} stands where {} is expected.", element, expected), fmt::format("{} đứng ở vị trí của {}.", element, expected)};
    if (id == FindingId::schema_value_length) {
        auto const length = length_of(said);
        bool const short_of = said.find("minLength") != said.npos;
        if (!length.empty() && short_of)
            return {fmt::format("{} needs at least {} characters.", element, length), fmt::format("{} cần ít nhất {} ký tự.", element, length)};
        if (!length.empty())
            return {fmt::format("{} takes at most {} characters.", element, length), fmt::format("{} nhận tối đa {} ký tự.", element, length)};
    }
    return {fmt::format("Element {}.", element), fmt::format("Phần tử {}.", element)};
}

}  // namespace

void SchemaErrors::receive(void* self, xmlError* error) noexcept
{
    auto& errors = *static_cast<SchemaErrors*>(self);
    if (!error || errors.thrown_) return;
    try {
        errors.add(*error);
    } catch (...) {
        errors.thrown_ = std::current_exception();
    }
}

void SchemaErrors::rethrow() const
{
    if (thrown_) std::rethrow_exception(thrown_);
}

void SchemaErrors::add(xmlError const& error)
{
    std::string_view const said = error.message ? error.message : "";
    auto const id = finding_of(error.code, said);
    trail_ ? add_on_trail(id, error.code, said) : add_at_node(id, error, said);
}

bool SchemaErrors::again(FindingId id, std::uintptr_t place)
{
    if (about_value(id) && place != 0 && place == last_value_of_) return true;
    if (about_value(id) || id == FindingId::schema_content_kind) last_value_of_ = place;
    return false;
}

void SchemaErrors::add_at_node(FindingId id, xmlError const& error, std::string_view said)
{
    if (again(id, reinterpret_cast<std::uintptr_t>(error.node))) return;
    findings_.add([&] {
        Element const place{static_cast<xmlNode const*>(error.node)};
        auto const particular = particular_of(id, place.name(), said);
        auto const attribute = attribute_of(said);
        auto const path = attribute.empty() ? place.path() : fmt::format("{}/@{}", place.path(), attribute);
        return make_finding(id, label_, path, place.line(), particular.en, particular.vi);
    });
}

void SchemaErrors::add_on_trail(FindingId id, int code, std::string_view said)
{
    // An element where none may be is the fault of the one around it.
    bool const of_parent = in_start_tag_ && trail_->depth() > 1 && (id == FindingId::schema_content_kind || code == XML_SCHEMAV_CVC_ELT_3_2_1);
    std::size_t const outwards = of_parent ? 1 : 0;
    if (again(id, trail_->ordinal(outwards))) return;
    findings_.add([&] {
        auto const particular = particular_of(id, trail_->name(outwards), said);
        auto const attribute = attribute_of(said);
        places_->wait(findings_.kept().size(), trail_->chain(outwards), attribute.empty() ? std::string{} : fmt::format("/@{}", attribute));
        return make_finding(id, label_, {}, trail_->line(outwards), particular.en, particular.vi);
    });
}

}  // namespace schemas::detail
