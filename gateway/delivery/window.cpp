#include "gateway/delivery/window.hpp"

#include <algorithm>
#include <cmath>

namespace delivery
{

Window::Window(WindowConfig config)
    : config_{config}, size_{std::clamp(config.start, config.min, config.max)}, threshold_{config.max},
      probe_wait_{config.probe_wait_first}
{
}

std::size_t Window::room(std::size_t in_flight, runtime::Instant now) const
{
    if (now < paused_until_) return 0;
    return in_flight >= size() ? 0 : size() - in_flight;
}

runtime::Instant Window::opens_at(runtime::Instant now) const { return std::max(now, paused_until_); }

void Window::answered(std::size_t in_flight)
{
    cohorts_failed_ = 0;
    if (dead_) { // The probe came through: begin again as with a stranger.
        *this = Window{config_};
        return;
    }
    if (old_ > 0) {
        --old_;
        return;
    }
    if (++outcomes_ >= size_) outcomes_ = troubles_ = 0;
    if (in_flight * 2 < size_) return;
    opened_ += size_ < threshold_ ? 1.0 : 1.0 / static_cast<double>(size_);
    if (opened_ < 1.0) return;
    opened_ = 0;
    size_ = std::min(size_ + 1, config_.max);
}

void Window::troubled(std::size_t in_flight, runtime::Instant now, std::chrono::seconds retry_after)
{
    if (dead_) {
        if (now < paused_until_) return; // an attempt begun before the verdict, not the probe
        probe_wait_ = std::min(probe_wait_ * 2, config_.probe_wait_max);
        paused_until_ =
            now + std::max<std::chrono::milliseconds>(probe_wait_, std::min(retry_after, config_.pause_max));
        return;
    }
    cohorts_failed_ += 1.0 / static_cast<double>(size_);
    if (old_ > 0) {
        --old_;
    } else {
        ++outcomes_;
        ++troubles_;
        auto const bearable = std::max(1.0, std::ceil(config_.trouble_share * static_cast<double>(size_)));
        if (static_cast<double>(troubles_) >= bearable) {
            halve(in_flight);
            if (retry_after.count() > 0)
                paused_until_ = std::max(paused_until_, now + std::min(retry_after, config_.pause_max));
        } else if (outcomes_ >= size_) {
            outcomes_ = troubles_ = 0;
        }
    }
    // The allowance is for rounding: 16 times 1/16 is one cohort.
    if (cohorts_failed_ + 1e-9 >= config_.cohorts_failed_max) {
        dead_ = true;
        paused_until_ = std::max(paused_until_, now + probe_wait_);
    }
}

void Window::halve(std::size_t in_flight)
{
    size_ = std::max(config_.min, size_ / 2);
    threshold_ = size_;
    opened_ = 0;
    outcomes_ = troubles_ = 0;
    old_ = in_flight > 0 ? in_flight - 1 : 0;
}

} // namespace delivery
