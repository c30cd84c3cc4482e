// The ceiling of memory holds for the process, not only in the books: a flood of large dossiers, and what the kernel says was resident.

#include "tests/support/hub.hpp"
#include "tests/support/program.hpp"
#include "tests/support/sanitized.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <fstream>
#include <latch>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

namespace {

using support::Hub;

using support::sanitized;

constexpr std::int64_t mib = 1 << 20;
constexpr std::int64_t ceiling = 8 * mib;     // intake.memory_bytes_max
constexpr unsigned senders = 96, rounds = 2;  // of about a megabyte each: ten times the ceiling
constexpr unsigned people = 1000;

// The most that was ever resident (proc(5)).
std::int64_t most_resident(pid_t pid)
{
    std::ifstream file{"/proc/" + std::to_string(pid) + "/status"};
    for (std::string line; std::getline(file, line);) {
        std::istringstream words{line};
        std::string name;
        std::int64_t kib = 0;
        if (words >> name >> kib && name == "VmHWM:") return kib * 1024;
    }
    return 0;
}

TEST(MemoryCeiling, AFloodOfLargeDossiersTakesNoMoreThanItsCeilingAndWhatExaminingTakes)
{
    if (sanitized) GTEST_SKIP() << "a sanitizer's own memory is no measure";
    Hub hub;  // its own server is never started: the program is
    auto& config = hub.config;
    config.server.io_threads = 1;
    config.server.cpu_threads = 1;
    auto& limits = config.intake;
    limits.memory_bytes_max = ceiling;
    limits.body_bytes_max = ceiling / 2;
    limits.provider_memory_percent_max = 100;
    // Nothing but memory holds anybody back.
    limits.pace.min = limits.pace.max = 1024;
    limits.places.large_percent = 100;
    config.delivery_switch.enabled = false;
    support::TemporaryDirectory const directory;
    auto const file = directory.path() / "gateway.toml";
    std::ofstream{file} << gateway::print_config(config);
    support::Program const program{file};

    auto const small = hub.dossier(), large = hub.dossier(people);
    auto const body = static_cast<std::int64_t>(large.size());
    ASSERT_GT(senders * body, 8 * ceiling);
    // Beyond the ceiling: two dossiers under examination at once (ARCHITECTURE.md: four times its bytes and 8 MiB, of which the ceiling has the
    // body), what a commit holds of them, and what the allocator keeps.
    auto const margin = 2 * (3 * body + 8 * mib) + 8 * mib;

    std::atomic<unsigned> taken{0}, later{0}, others{0};
    std::latch calm{senders}, flood{1};
    std::vector<std::thread> threads;
    for (unsigned n = 0; n < senders; ++n)
        threads.emplace_back([&, n] {
            support::Line line{program.url()};
            auto const key = [&](char const* what) { return std::string{what} + "-" + std::to_string(n); };
            auto const first = line.submit(small, key("small")).status;
            if (n == 0) static_cast<void>(line.submit(large, "large-alone"));
            if (first != 201 && first != 409 && first != 503) ++others;
            calm.count_down();
            flood.wait();
            for (unsigned round = 0; round < rounds; ++round) {
                auto const answer = line.submit(large, key("large") + "-" + std::to_string(round));
                if (answer.status == 503 && !answer.header("Retry-After").empty()) ++later;
                else if (answer.status == 201 || answer.status == 409) ++taken;
                else ++others;
            }
        });
    calm.wait();
    auto const before = most_resident(program.pid());
    flood.count_down();
    for (auto& thread : threads) thread.join();
    auto const after = most_resident(program.pid());

    EXPECT_EQ(others, 0u);
    EXPECT_GT(taken, 0u) << "who finds room is served";
    EXPECT_GT(later, 0u) << "the ceiling was met";
    ASSERT_GT(before, 0);
    EXPECT_LE(after - before, ceiling + margin) << "calm " << before / mib << " MiB, flood " << after / mib << " MiB";
    RecordProperty("grown_mib", std::to_string((after - before) / mib));
    support::Line line{program.url()};
    auto const status = line.submit(small, "after").status;
    EXPECT_TRUE(status == 201 || status == 409) << status;
}

}  // namespace
