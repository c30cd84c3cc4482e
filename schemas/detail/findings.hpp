#pragma once

// FindingId and the texts of schemas/findings.def.

#include "schemas/failure.hpp"

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace schemas::detail {

enum class FindingId : std::size_t {
#define FINDING(enumerator, id, title_en, title_vi) enumerator,
#include "schemas/findings.def"
};

struct FindingText {
    std::string_view code, title_en, title_vi;
};

inline constexpr std::array finding_texts{
#define FINDING(enumerator, id, title_en, title_vi) FindingText{id, title_en, title_vi},
#include "schemas/findings.def"
};

[[nodiscard]] constexpr FindingText const& text_of(FindingId id) noexcept
{
    return finding_texts[static_cast<std::size_t>(id)];
}

// The title of `id`, and behind it the particular of this place where there is one. Quotes no personal data
// unless the caller puts it into the particulars.
[[nodiscard]] inline Finding make_finding(FindingId id, std::string form, std::string path, long line = 0,
                                          std::string_view particular_en = {}, std::string_view particular_vi = {})
{
    auto const& text = text_of(id);
    auto const said = [](std::string_view title, std::string_view particular) {
        std::string whole{title};
        if (!particular.empty()) whole.append(" ").append(particular);
        return whole;
    };
    return {.form = std::move(form), .path = std::move(path), .line = line, .code = std::string{text.code},
            .message_vi = said(text.title_vi, particular_vi), .message_en = said(text.title_en, particular_en)};
}

}  // namespace schemas::detail
