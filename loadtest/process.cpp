#include "loadtest/process.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>

#include <unistd.h>

namespace loadtest {

std::int64_t resident_bytes(long pid)
{
    std::ifstream in{fmt::format("/proc/{}/statm", pid)};
    std::int64_t whole = 0, resident = 0;
    in >> whole >> resident;
    return resident * sysconf(_SC_PAGESIZE);
}

double processor_seconds(long pid)
{
    std::ifstream in{fmt::format("/proc/{}/stat", pid)};
    std::string const line{std::istreambuf_iterator<char>{in}, {}};
    return static_cast<double>(ticks_of(line)) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

// The name stands in parentheses and may hold anything; utime and stime are fields 14 and 15.
std::uint64_t ticks_of(std::string_view stat)
{
    auto const end = stat.rfind(')');
    if (end == stat.npos) throw std::runtime_error("no line of /proc/PID/stat");
    auto rest = stat.substr(end + 1);
    std::uint64_t sum = 0;
    for (int field = 3; field <= 15; ++field) {
        rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
        auto const word = rest.substr(0, rest.find(' '));
        if (field >= 14) {
            std::uint64_t ticks = 0;
            if (std::from_chars(word.data(), word.data() + word.size(), ticks).ec != std::errc{}) throw std::runtime_error("no line of /proc/PID/stat");
            sum += ticks;
        }
        rest.remove_prefix(word.size());
    }
    return sum;
}

}  // namespace loadtest
