#pragma once

#include "gateway/delivery/destination.hpp"

#include <chrono>

namespace delivery
{

struct Attempted {
    Outcome outcome;
    std::chrono::nanoseconds took{0};
};

// One hand-over within a budget, and within the time the queue is held for it. Never throws: a surprise of a library is an attempt that failed for now.
runtime::Task<Attempted> attempt(Destination& destination, store::Claim const& claim, std::chrono::milliseconds budget);

} // namespace delivery
