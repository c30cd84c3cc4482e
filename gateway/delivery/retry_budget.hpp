#pragma once

// How many hand-overs may be retries. What fails again and again (a few dossiers the backend never answers, a tenth that it drops)
// would otherwise come due again and again and take the places of dossiers that were never tried.
//
//   a first attempt earns    share / (1 - share) of a retry, so that retries which fail are `share` of all hand-overs at most
//   a retry takes one        and gives it back where it was answered: what is only late costs nothing, and a queue of
//                            retries alone drains as fast as the window allows
//   the floor                so many a second all the same, or nothing would be tried again where there is nothing new
//
// Where there is none left, the queue is asked for first attempts only; retries stay where they are, due and in order.
// The idea is that of the retry budgets of Finagle and of the AWS clients' token bucket; the numbers are our own choice.
//
// Threads: one core. Pure: time is a parameter.

#include "gateway/runtime/clock.hpp"
#include "gateway/runtime/config_field.hpp"

#include <cstddef>
#include <tuple>

namespace delivery
{

struct RetryBudgetConfig {
    double share = 0.2;
    double per_second_min = 10;
    std::size_t saved_max = 256; // a whole window that failed may be tried again at once
};
inline constexpr std::tuple retry_budget_fields{
    runtime::Field{"delivery.retry_share", &RetryBudgetConfig::share, 0.0, 0.9,
                   "Share of hand-overs that may be retries which fail again."},
    runtime::Field{"delivery.retries_per_second_min", &RetryBudgetConfig::per_second_min, 0.01, 10'000.0,
                   "Retries a second allowed whatever their share."},
    runtime::Field{"delivery.retries_saved_max", &RetryBudgetConfig::saved_max, 1u, 100'000u,
                   "Retries that may be saved up and begun at once."},
};

class RetryBudget {
public:
    RetryBudget(RetryBudgetConfig config, runtime::Instant now);

    // How many retries may begin now.
    [[nodiscard]] std::size_t room(runtime::Instant now) const;
    void first_begun(runtime::Instant now);
    void retry_begun(runtime::Instant now);
    void retry_answered(runtime::Instant now); // accepted or refused: the destination had a word for it

private:
    [[nodiscard]] double saved(runtime::Instant now) const;
    void add(double retries, runtime::Instant now);

    RetryBudgetConfig config_;
    double saved_;
    runtime::Instant at_;
};

} // namespace delivery
