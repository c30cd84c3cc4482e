#include "gateway/runtime/clock.hpp"

namespace runtime {
std::chrono::sys_days vietnam_day(Instant at) { return std::chrono::floor<std::chrono::days>(at + vietnam_offset); }
}  // namespace runtime
