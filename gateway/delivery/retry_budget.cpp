#include "gateway/delivery/retry_budget.hpp"

#include <algorithm>
#include <chrono>

namespace delivery
{

RetryBudget::RetryBudget(RetryBudgetConfig config, runtime::Instant now)
    : config_{config}, saved_{static_cast<double>(config.saved_max)}, at_{now}
{
}

double RetryBudget::saved(runtime::Instant now) const
{
    // A wall clock may step back; then nothing is added until it has caught up.
    auto const passed = std::max(0.0, std::chrono::duration<double>(now - at_).count());
    return std::min(saved_ + passed * config_.per_second_min, static_cast<double>(config_.saved_max));
}

void RetryBudget::add(double retries, runtime::Instant now)
{
    saved_ = std::clamp(saved(now) + retries, 0.0, static_cast<double>(config_.saved_max));
    at_ = std::max(at_, now);
}

std::size_t RetryBudget::room(runtime::Instant now) const
{
    constexpr double rounding = 1e-9; // four quarters are one
    return static_cast<std::size_t>(saved(now) + rounding);
}

void RetryBudget::first_begun(runtime::Instant now) { add(config_.share / (1 - config_.share), now); }
void RetryBudget::retry_begun(runtime::Instant now) { add(-1, now); }
void RetryBudget::retry_answered(runtime::Instant now) { add(1, now); }

} // namespace delivery
