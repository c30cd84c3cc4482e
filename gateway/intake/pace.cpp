#include "gateway/intake/pace.hpp"

#include <algorithm>

namespace intake {
namespace {

constexpr std::size_t samples_max = 256;   // kept of one window: enough for a median
constexpr std::size_t samples_min = 8;     // fewer say little; then the window lasts longer
constexpr unsigned windows_longest = 10;   // but no longer than so many
constexpr double falls = 0.3;              // of the unloaded time, by one shorter window
constexpr double rises_idle = 0.05;        // by one longer window while hardly anything is under way
constexpr double rises_at_floor = 0.02;    // while the limit is at its floor: five seconds of it
constexpr double used_share = 0.8;         // of the limit, before it may grow
constexpr double idle_share = 0.125;       // of the limit: below it, waiting for each other explains nothing
constexpr double gain = 0.5;               // of the way to where the median would be right, each window
constexpr double grows_max = 1.25, shrinks_max = 0.7;
constexpr double failed_share = 0.05;      // of a window's commits, before it counts as trouble

}  // namespace

Pace::Pace(PaceConfig config, Time now) : config_{config}, limit_{static_cast<double>(config.min)}, began_{now}
{
    config_.max = std::max(config_.max, config_.min);
    took_.reserve(samples_max);
}

std::chrono::nanoseconds Pace::nanoseconds_of(double seconds) noexcept
{
    return std::chrono::nanoseconds{static_cast<std::int64_t>(seconds * 1e9)};
}

std::uint32_t Pace::limit() const noexcept { return static_cast<std::uint32_t>(limit_); }

void Pace::committed(std::chrono::nanoseconds took, bool stored, std::uint32_t in_flight, Time now)
{
    peak_ = std::max(peak_, in_flight);
    if (!stored) {
        ++failed_;
    } else {
        auto const seconds = std::chrono::duration<double>(took).count();
        if (took_.size() < samples_max) took_.push_back(seconds);
        else took_[samples_ % samples_max] = seconds;
        ++samples_;
    }
    if (!window_over(now)) return;
    if (samples_ + failed_ >= samples_min || now - began_ >= windows_longest * config_.window) close(now);
}

void Pace::close(Time now)
{
    auto const attempts = samples_ + failed_;
    if (static_cast<double>(failed_) > failed_share * static_cast<double>(attempts)) {
        limit_ = std::max<double>(config_.min, limit_ * shrinks_max);
    } else if (!took_.empty()) {
        auto const middle = took_.begin() + static_cast<std::ptrdiff_t>(took_.size() / 2);
        std::nth_element(took_.begin(), middle, took_.end());
        learn(*middle);
        move(*middle);
    }
    took_.clear();
    samples_ = failed_ = 0;
    peak_ = 0;
    began_ = now;
}

void Pace::learn(double median)
{
    lately_ = median;
    if (unloaded_ <= 0 || median <= 0) {
        unloaded_ = median;
        return;
    }
    auto const idle = std::max(2.0, limit_ * idle_share);
    double weight = 0;  // longer, and of our own making: says nothing about the store
    if (median < unloaded_) weight = falls;
    else if (peak_ <= idle) weight = rises_idle;
    else if (limit_ < config_.min * 1.05) weight = rises_at_floor;
    unloaded_ += weight * (median - unloaded_);
}

void Pace::move(double median)
{
    auto const most = std::chrono::duration<double>(config_.time_max).count();
    auto const tolerance = uneven_ ? std::min(config_.tolerance, config_.tolerance_shared) : config_.tolerance;
    auto const wanted = std::max(std::min(tolerance * unloaded_, most), 1e-9);
    auto const ratio = wanted / std::max(median, 1e-9);
    if (ratio >= 1 && static_cast<double>(peak_) < used_share * limit()) return;
    limit_ *= std::clamp(1 + gain * (ratio - 1), shrinks_max, grows_max);
    limit_ = std::clamp<double>(limit_, config_.min, config_.max);
}

}  // namespace intake
