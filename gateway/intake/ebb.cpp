#include "gateway/intake/ebb.hpp"

#include <algorithm>
#include <cmath>

namespace intake {
namespace {

using Seconds = std::chrono::duration<double>;

constexpr double memory = 3;  // seconds: how long what was given back counts
constexpr std::chrono::seconds told_max{60};

}  // namespace

double Ebb::per_second(Time now) const
{
    auto const age = std::max(0.0, Seconds{now - rate_at_}.count());
    return rate_ * std::exp(-age / memory);
}

void Ebb::given_back(std::uint64_t amount, Time now)
{
    rate_ = per_second(now) + static_cast<double>(amount) / memory;
    rate_at_ = std::max(now, rate_at_);
}

std::optional<std::chrono::nanoseconds> Ebb::come_again(std::uint64_t amount, Time now)
{
    auto const rate = per_second(now);
    if (rate * Seconds{told_max}.count() < static_cast<double>(amount)) return std::nullopt;
    auto const takes = std::chrono::duration_cast<Time::duration>(Seconds{static_cast<double>(amount) / rate});
    told_ = std::min(std::max(now, told_) + takes, now + told_max);
    return told_ - now;
}

}  // namespace intake
