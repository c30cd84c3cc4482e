#include "gateway/runtime/assert.hpp"

#include <cstdio>
#include <cstdlib>

namespace runtime {
void assertion_failed(char const* what, char const* file, int line) noexcept
{
    std::fprintf(stderr, "assertion failed: %s (%s:%d)\n", what, file, line);
    std::abort();
}
}  // namespace runtime
