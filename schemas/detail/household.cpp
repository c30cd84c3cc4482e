#include "schemas/detail/household.hpp"

#include "schemas/detail/dates.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string_view>

namespace schemas::detail {

namespace {

constexpr std::int64_t whole_percent = 10'000;  // ten_thousandths_of("1")

std::int64_t number_or_zero(std::string_view text) { return ten_thousandths_of(text).value_or(0); }

// What the state, the province and others pay, in ten-thousandths of a per cent, of VND where HotroKhac is an amount.
struct Support {
    std::int64_t share = 0, money = 0;
};

Support support_of(RowCase const& one)
{
    Support support;
    support.share = number_or_zero(one.state_share) + number_or_zero(one.row.at(Slot::local_share));
    auto const other = number_or_zero(one.row.at(Slot::other_support));
    // As with salaries, a value of at most 100 is a share: our own reading, no source says which it is.
    (other <= 100 * whole_percent ? support.share : support.money) += other;
    return support;
}

std::int64_t step_percent(Bound const& steps, Row const& row)
{
    auto const place = whole_of(row.at(Slot::household_place));
    // Not said: the smallest step, so that nobody is refused who paid what he owes.
    if (!place || *place < 1) return steps.back();
    return steps[std::min(static_cast<std::size_t>(*place - 1), steps.size() - 1)];
}

// VND due for the months, rounded down. Nothing where a number of the law is not in force.
std::optional<std::int64_t> money_due(RowCase const& one, std::int64_t months, std::chrono::sys_days paid_on)
{
    auto const* const base = one.law.law().bound(BoundId::base_salary, paid_on);
    auto const* const rate = one.law.bound(BoundId::household_rate);
    auto const* const steps = one.law.bound(BoundId::household_steps);
    if (!base || !rate || !steps) return std::nullopt;
    auto const full = months * base->front() * rate->front() / 10'000 * step_percent(*steps, one.row) / 100;
    auto const support = support_of(one);
    auto const supported = full * std::min(support.share, 100 * whole_percent) / (100 * whole_percent) + support.money / whole_percent;
    return std::max<std::int64_t>(full - supported, 0);
}

bool checks_on(RowCase const& one)
{
    auto const* const on = one.law.bound(BoundId::household_enough);
    return on && on->front() == 1;
}

}  // namespace

void check_household_money(RowCase const& one)
{
    auto const money = one.row.at(Slot::money), months = one.row.at(Slot::months), receipt = one.row.at(Slot::receipt_date);
    bool const collected = !money.empty() || (!months.empty() && !receipt.empty());
    if (!collected || !checks_on(one)) return;

    auto const place = one.row.has(Slot::money) ? Slot::money : Slot::months;
    if (money.empty() || months.empty() || receipt.empty()) return one.say(FindingId::household_money_missing, place);

    auto const count = whole_of(months);
    auto const paid_on = day_of(receipt);
    auto const* const ways = one.law.bound(BoundId::household_months);
    if (!count || (ways && std::ranges::find(*ways, *count) == ways->end())) return one.say(FindingId::household_months_wrong, Slot::months);
    if (!paid_on) return;  // Its own finding says so.

    auto const due = money_due(one, *count, *paid_on);
    if (due && number_or_zero(one.row.at(Slot::money)) < *due * whole_percent)
        one.say(FindingId::household_money_short, Slot::money, fmt::format("{} months need at least {} VND.", *count, *due),
                fmt::format("{} tháng cần ít nhất {} đồng.", *count, *due));
}

void check_household_dates(RowCase const& one)
{
    auto const paid_on = day_of(one.row.at(Slot::receipt_date));
    if (!paid_on || !checks_on(one)) return;

    auto const expiry = day_of(one.row.at(Slot::card_expiry));
    auto const* const before = one.law.bound(BoundId::household_collect_days);
    if (expiry && before && (*expiry - *paid_on).count() > before->front())
        one.say(FindingId::household_too_early, Slot::receipt_date, fmt::format("At most {} days before.", before->front()),
                fmt::format("Không quá {} ngày trước ngày hết hạn.", before->front()));

    auto const start = day_of(one.row.at(Slot::from_day));
    auto const* const after = one.law.bound(BoundId::household_start_days);
    if (start && after && (*start - *paid_on).count() > after->front())
        one.say(FindingId::household_start_late, Slot::from_day, fmt::format("At most {} days after.", after->front()),
                fmt::format("Không quá {} ngày sau ngày biên lai.", after->front()));
}

}  // namespace schemas::detail
