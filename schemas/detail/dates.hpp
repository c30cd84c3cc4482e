#pragma once

// Dates and numbers as the forms write them. Nothing where the text is not one. Pure.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace schemas::detail {

// First and last day a text may mean: "05/03/2024" one day, "03/2024" a month, "2024" a year.
struct Days {
    std::chrono::sys_days first, last;
};

[[nodiscard]] std::optional<std::chrono::sys_days> day_of(std::string_view text);         // dd/MM/yyyy
[[nodiscard]] std::optional<std::chrono::year_month> month_of(std::string_view text);     // MM/yyyy
[[nodiscard]] std::optional<Days> days_of(std::string_view text);                         // any of the three

// "2340000", "2,34", "2.34" in ten-thousandths; nothing past 14 digits before the mark.
[[nodiscard]] std::optional<std::int64_t> ten_thousandths_of(std::string_view text);
[[nodiscard]] std::optional<std::int64_t> whole_of(std::string_view text);  // digits only, at most 15

[[nodiscard]] bool digits_only(std::string_view text) noexcept;  // and not empty

}  // namespace schemas::detail
