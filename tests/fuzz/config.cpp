// Any bytes as a configuration: every problem is said, nothing is thrown, and what has no problem reads back the same.

#include "gateway/config.hpp"
#include "tests/fuzz/must.hpp"

using fuzz::must;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    auto const read = gateway::parse_config(fuzz::text_of(data, size));
    for (auto const& problem : read.problems) must(!problem.empty() && problem.size() < 4096);
    if (!read.problems.empty()) return 0;
    auto const printed = gateway::print_config(read.config);
    auto const again = gateway::parse_config(printed);
    must(again.problems.empty());
    must(gateway::print_config(again.config) == printed);
    return 0;
}
