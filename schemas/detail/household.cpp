#include "schemas/detail/household.hpp"

#include "schemas/detail/dates.hpp"
#include "schemas/form_names.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace schemas::detail {

namespace {

constexpr std::int64_t whole_percent = 10'000;  // ten_thousandths_of("1")

std::int64_t number_or_zero(Element field) { return ten_thousandths_of(field.text()).value_or(0); }

// What the state, the province and others pay, in ten-thousandths of a per cent, of VND where HotroKhac is an amount.
struct Support {
    std::int64_t share = 0, money = 0;
};

Support support_of(FormCase const& one, Row const& row)
{
    Support support;
    support.share = number_or_zero(one.root.child(form_names::form_head).child(form_names::state_share)) + number_or_zero(row.at(Slot::local_share));
    auto const other = number_or_zero(row.at(Slot::other_support));
    // As with salaries, a value of at most 100 is a share: our own reading, no source says which it is.
    (other <= 100 * whole_percent ? support.share : support.money) += other;
    return support;
}

std::int64_t step_percent(Bound const& steps, Row const& row)
{
    auto const place = whole_of(row.at(Slot::household_place).text());
    // Not said: the smallest step, so that nobody is refused who paid what he owes.
    if (!place || *place < 1) return steps.back();
    return steps[std::min(static_cast<std::size_t>(*place - 1), steps.size() - 1)];
}

// VND due for the months, rounded down. Nothing where a number of the law is not in force.
std::optional<std::int64_t> money_due(FormCase const& one, Row const& row, std::int64_t months, std::chrono::sys_days paid_on)
{
    auto const* const base = one.law.law().bound(BoundId::base_salary, paid_on);
    auto const* const rate = one.law.bound(BoundId::household_rate);
    auto const* const steps = one.law.bound(BoundId::household_steps);
    if (!base || !rate || !steps) return std::nullopt;
    auto const full = months * base->front() * rate->front() / 10'000 * step_percent(*steps, row) / 100;
    auto const support = support_of(one, row);
    auto const supported = full * std::min(support.share, 100 * whole_percent) / (100 * whole_percent) + support.money / whole_percent;
    return std::max<std::int64_t>(full - supported, 0);
}

bool checks_on(FormCase const& one)
{
    auto const* const on = one.law.bound(BoundId::household_enough);
    return on && on->front() == 1;
}

}  // namespace

void check_household_money(FormCase const& one, Row const& row)
{
    auto const money = row.at(Slot::money).text(), months = row.at(Slot::months).text(), receipt = row.at(Slot::receipt_date).text();
    bool const collected = !money.empty() || (!months.empty() && !receipt.empty());
    if (!collected || !checks_on(one)) return;

    auto const place = row.at(Slot::money) ? row.at(Slot::money) : row.at(Slot::months);
    if (money.empty() || months.empty() || receipt.empty()) return one.say(FindingId::household_money_missing, place);

    auto const count = whole_of(months);
    auto const paid_on = day_of(receipt);
    auto const* const ways = one.law.bound(BoundId::household_months);
    if (!count || (ways && std::ranges::find(*ways, *count) == ways->end())) return one.say(FindingId::household_months_wrong, row.at(Slot::months));
    if (!paid_on) return;  // Its own finding says so.

    auto const due = money_due(one, row, *count, *paid_on);
    if (due && number_or_zero(row.at(Slot::money)) < *due * whole_percent)
        one.say(FindingId::household_money_short, row.at(Slot::money), fmt::format("{} months need at least {} VND.", *count, *due),
                fmt::format("{} tháng cần ít nhất {} đồng.", *count, *due));
}

void check_household_dates(FormCase const& one, Row const& row)
{
    auto const paid_on = day_of(row.at(Slot::receipt_date).text());
    if (!paid_on || !checks_on(one)) return;

    auto const expiry = day_of(row.at(Slot::card_expiry).text());
    auto const* const before = one.law.bound(BoundId::household_collect_days);
    if (expiry && before && (*expiry - *paid_on).count() > before->front())
        one.say(FindingId::household_too_early, row.at(Slot::receipt_date), fmt::format("At most {} days before.", before->front()),
                fmt::format("Không quá {} ngày trước ngày hết hạn.", before->front()));

    auto const start = day_of(row.at(Slot::from_day).text());
    auto const* const after = one.law.bound(BoundId::household_start_days);
    if (start && after && (*start - *paid_on).count() > after->front())
        one.say(FindingId::household_start_late, row.at(Slot::from_day), fmt::format("At most {} days after.", after->front()),
                fmt::format("Không quá {} ngày sau ngày biên lai.", after->front()));
}

}  // namespace schemas::detail
