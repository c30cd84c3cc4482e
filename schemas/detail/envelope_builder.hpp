#pragma once

// Puts an Envelope together from the values of its fields, for both its readers, and knows what must hold between them.
// REQUIRES everywhere: the values passed their rows of envelope_table.hpp (an empty one was refused or may be empty).

#include "schemas/detail/envelope_table.hpp"
#include "schemas/envelope.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace schemas {

class EnvelopeBuilder {
public:
    explicit EnvelopeBuilder(std::shared_ptr<std::string const> bytes) { envelope_.bytes_ = std::move(bytes); }

    [[nodiscard]] Envelope& envelope() noexcept { return envelope_; }
    void set_document(Document document) { envelope_.xml_ = std::move(document); }
    [[nodiscard]] Document& document() noexcept { return *envelope_.xml_; }

    void set_provider(detail::FieldValues& values);
    void set_unit(detail::FieldValues& values);
    void set_filing(detail::FieldValues& values);
    void expect_forms(std::size_t count) { envelope_.forms_.reserve(count); }

    // A form begins. Its code and version are known from here on, and its label, which is "#2" where it has no code.
    Form& begin_form();
    void name_form(std::string_view full_code);
    void set_form_texts(detail::FieldValues& values);
    // The label of the earlier form with this file name, whatever its case; nothing where it is the first.
    [[nodiscard]] std::optional<std::string> claim_file_name();
    void set_content(Content content) noexcept { envelope_.forms_.back().content_ = content; }
    void set_form_bytes(std::string bytes);
    void set_form_size(std::size_t size) noexcept { envelope_.forms_.back().size_ = size; }
    void set_form_document(Document document) { envelope_.forms_.back().xml_ = std::move(document); }

    [[nodiscard]] Envelope take() && { return std::move(envelope_); }

private:
    Envelope envelope_;
    std::unordered_map<std::string, unsigned> seen_codes_;
    std::map<std::u32string, std::string> seen_names_;  // folded TenFile → label
};

namespace detail {

// TenFile and LoaiFile promise the same kind of file, as far as TenFile promises any.
[[nodiscard]] bool name_fits_kind(std::string_view file_name, std::string_view extension);

// DoDaiFile counts the characters of the base64 text (vendors' public code). White space around it is never
// counted; white space inside it may be or may not be, since the vendors' line breaking is not known. `base64`: trimmed.
[[nodiscard]] bool length_fits(std::uint64_t said, std::string_view base64) noexcept;

}  // namespace detail

}  // namespace schemas
