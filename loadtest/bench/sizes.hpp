#pragma once

// What Google Benchmark is told in every file of this folder. Threads: none of its own.

#include <benchmark/benchmark.h>

#include <cstdint>

namespace bench
{

inline constexpr std::int64_t sizes[] = {1, 10, 100, 1000}; // employees of one form: 4.6, 12, 85 and 819 KB
inline void every_size(benchmark::internal::Benchmark* benchmark)
{
    for (auto const people : sizes) benchmark->Arg(people);
    benchmark->Unit(benchmark::kMicrosecond)->ArgName("people");
}

} // namespace bench
