#pragma once

// The household health card on D03-TS: TB 2969/TB-BHXH 2024 §3 over the rates of NĐ 146/2018/NĐ-CP. All numbers are data.

#include "schemas/detail/rule_table.hpp"

namespace schemas::detail {

void check_household_money(RowCase const& one);
void check_household_dates(RowCase const& one);

}  // namespace schemas::detail
