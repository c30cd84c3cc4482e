#pragma once

// A deadline is made once at the edge and passed down; what is left is a budget.

#include "gateway/runtime/steady.hpp"

#include <algorithm>
#include <chrono>

namespace runtime {

class Deadline {
public:
    using Time = std::chrono::steady_clock::time_point;
    [[nodiscard]] static Deadline after(std::chrono::milliseconds budget) { return Deadline{Steady::now() + budget}; }
    explicit Deadline(Time at) : at_{at} {}
    [[nodiscard]] Time at() const noexcept { return at_; }
    [[nodiscard]] bool passed() const { return Steady::now() >= at_; }
    [[nodiscard]] std::chrono::milliseconds left() const
    {
        return std::max(std::chrono::milliseconds{0},
                        std::chrono::duration_cast<std::chrono::milliseconds>(at_ - Steady::now()));
    }

private:
    Time at_;
};

}  // namespace runtime
