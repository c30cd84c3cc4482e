#include "gateway/store/detail/commit_cost.hpp"

#include <algorithm>

namespace store::detail {
namespace {

constexpr double fades = 0.99;         // of a commit's weight, by each later one: some hundred count
constexpr double weight_min = 8;       // commits before anything is known
constexpr double variance_min = 0.25;  // of their rows: where all had as many, the last slope stays
constexpr std::size_t longer_every = 4;
constexpr double longer = 1.5;

}  // namespace

void CommitCost::took(std::size_t rows, std::chrono::nanoseconds time) noexcept
{
    auto const n = static_cast<double>(rows);
    auto const t = std::chrono::duration<double>(time).count();
    for (auto* const sum : {&weight_, &rows_, &rows_squared_, &time_, &product_}) *sum *= fades;
    ++commits_;
    weight_ += 1;
    rows_ += n;
    rows_squared_ += n * n;
    time_ += t;
    product_ += n * t;

    auto const mean_rows = rows_ / weight_, mean_time = time_ / weight_;
    auto const variance = rows_squared_ / weight_ - mean_rows * mean_rows;
    if (variance >= variance_min) each_ = std::max(0.0, (product_ / weight_ - mean_rows * mean_time) / variance);
    beside_ = std::max(0.0, mean_time - each_ * mean_rows);
}

std::size_t CommitCost::rows_worth(double times, std::size_t min, std::size_t max) const noexcept
{
    if (weight_ < weight_min || each_ <= 0) return max;
    auto worth = std::max(static_cast<double>(min), times * beside_ / each_);
    if (commits_ % longer_every == longer_every - 1) worth *= longer;
    return worth >= static_cast<double>(max) ? max : static_cast<std::size_t>(worth + 0.5);
}

}  // namespace store::detail
