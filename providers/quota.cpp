#include "providers/quota.hpp"

#include <algorithm>
#include <cmath>

namespace providers {

namespace {
constexpr double rate_min = 0.001;  // a quota of nothing still says when to come again
constexpr std::chrono::seconds wait_max{3600};

double rate_of(Quota const& quota) { return std::max(quota.requests_per_second, rate_min); }

double tokens_at(Quota const& quota, double tokens, QuotaMeter::Time since, QuotaMeter::Time now)
{
    auto const seconds = std::max(0.0, std::chrono::duration<double>(now - since).count());
    return std::min(static_cast<double>(quota.burst), tokens + seconds * rate_of(quota));
}

std::chrono::milliseconds wait_for(double tokens, Quota const& quota)
{
    auto const seconds = std::min(tokens / rate_of(quota), static_cast<double>(wait_max.count()));
    return std::chrono::milliseconds{static_cast<std::int64_t>(std::ceil(seconds * 1000))};
}
}  // namespace

QuotaMeter::QuotaMeter(Quota quota, Time now) : quota_{quota}, tokens_{static_cast<double>(quota.burst)}, refilled_{now} {}

Result<void> QuotaMeter::take(Time now)
{
    tokens_ = tokens_at(quota_, tokens_, refilled_, now);
    refilled_ = std::max(refilled_, now);
    // In flight first: a request turned away for it must not also cost a token.
    if (in_flight_ >= quota_.in_flight_max)
        return Failure{Refusal::too_many_in_flight, "", std::chrono::milliseconds{1000}};
    if (tokens_ < 1) {
        // Never later than a whole new burst takes: beyond, who asks and asks would only put off the others.
        auto const next = std::max(now + wait_for(1 - tokens_, quota_), told_ + wait_for(1, quota_));
        auto const last = now + std::max(wait_for(quota_.burst, quota_), wait_for(1, quota_));
        told_ = std::min(next, last);
        return Failure{Refusal::quota_exceeded, "", std::chrono::ceil<std::chrono::milliseconds>(told_ - now)};
    }
    tokens_ -= 1;
    ++in_flight_;
    return {};
}

void QuotaMeter::give_back()
{
    if (in_flight_ > 0) --in_flight_;
}

void QuotaMeter::refund()
{
    give_back();
    tokens_ = std::min(tokens_ + 1, static_cast<double>(quota_.burst));
}

QuotaMeter::Snapshot QuotaMeter::snapshot(Time now) const
{
    auto const tokens = tokens_at(quota_, tokens_, refilled_, now);
    auto const missing = static_cast<double>(quota_.burst) - tokens;
    auto const reset = std::chrono::ceil<std::chrono::seconds>(wait_for(std::max(0.0, missing), quota_));
    return {quota_.burst, static_cast<std::uint32_t>(tokens), reset, in_flight_};
}

void QuotaMeter::change(Quota quota)
{
    quota_ = quota;
    tokens_ = std::min(tokens_, static_cast<double>(quota.burst));
}

}  // namespace providers
