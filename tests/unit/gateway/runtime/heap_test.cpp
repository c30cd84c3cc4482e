#include "gateway/runtime/heap.hpp"
#include "tests/support/sanitized.hpp"

#include <gtest/gtest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <vector>

namespace runtime {
namespace {

using support::sanitized;

long resident_bytes()
{
    auto* const statm = std::fopen("/proc/self/statm", "r");
    long size = 0, pages = 0;
    bool const read = statm && std::fscanf(statm, "%ld %ld", &size, &pages) == 2;
    if (statm) std::fclose(statm);
    return read ? pages * sysconf(_SC_PAGESIZE) : -1;
}

using Block = std::unique_ptr<char[]>;

Block touched(std::size_t bytes)
{
    Block block{new char[bytes]};
    std::fill_n(static_cast<char volatile*>(block.get()), bytes, 'x');
    return block;
}

constexpr long body_bytes = 800'000, lasting_bytes = 20'000;
constexpr int bodies = 16, rounds = 8;

// What a process holds more after rounds of large bodies than before, beside smaller things that were made meanwhile and stay.
long kept_after_bodies()
{
    std::vector<Block> stay;
    auto const before = resident_bytes();
    for (int round = 0; round < rounds; ++round) {
        std::vector<Block> now;
        for (int i = 0; i < bodies; ++i) {
            now.push_back(touched(body_bytes));
            stay.push_back(touched(lasting_bytes));
        }
    }
    return resident_bytes() - before - static_cast<long>(stay.size()) * lasting_bytes;
}

// In a process of its own, because settings of the allocator stay.
template <class Work>
bool holds_in_a_fresh_process(Work work)
{
    auto const child = fork();
    if (child == 0) _exit(work() ? 0 : 1);
    int status = -1;
    waitpid(child, &status, 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

TEST(Heap, LargeBodiesGoBackToTheSystem)
{
    if (sanitized) GTEST_SKIP() << "a sanitizer has an allocator of its own";
    EXPECT_TRUE(holds_in_a_fresh_process([] {
        hold_little();
        return kept_after_bodies() < body_bytes;
    }));
}

// What the setting is for: should this end, it can go.
TEST(Heap, WithoutTheSettingWhatStaysHoldsLargeBodiesBack)
{
    if (sanitized) GTEST_SKIP() << "a sanitizer has an allocator of its own";
    EXPECT_TRUE(holds_in_a_fresh_process([] { return kept_after_bodies() > 4 * body_bytes; }));
}

}  // namespace
}  // namespace runtime
