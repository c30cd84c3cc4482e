// The whole of what a dossier costs before the commit, by both engines, and the floor under it: one SHA-256 over the bytes
// of every signed document and one RSA-2048 verification for each signature, which no engine can do without. From one form
// with its envelope (1 + 1 signatures) to five; `linear` up to 16 MB.
#include "loadtest/bench/sizes.hpp"
#include "loadtest/bench/stages.hpp"

namespace
{

void measure(benchmark::State& state, bench::Stage const& stage)
{
    stage.once();
    for (auto _ : state) stage.once();
    state.counters["bytes"] = static_cast<double>(stage.bytes);
    state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) * static_cast<std::int64_t>(stage.bytes));
}

void every_dossier(benchmark::internal::Benchmark* benchmark)
{
    benchmark->Unit(benchmark::kMicrosecond)->ArgNames({"people", "forms"});
    for (auto const people : bench::sizes) benchmark->Args({people, 1});
    for (auto const forms : {2, 5}) benchmark->Args({10, forms});
}

// 12 KB to 12 MB of form, 16 MB as it arrives.
void every_length(benchmark::internal::Benchmark* benchmark)
{
    benchmark->Unit(benchmark::kMicrosecond)->ArgNames({"people", "forms"});
    for (auto const people : {10, 30, 100, 300, 1000, 4000, 14000}) benchmark->Args({people, 1});
}

void examine(benchmark::State& state)
{
    measure(state, bench::examine_stage(bench::World::shared(), state.range(0), state.range(1), intake::Engine::sweep));
}
void examine_tree(benchmark::State& state)
{
    measure(state, bench::examine_stage(bench::World::shared(), state.range(0), state.range(1), intake::Engine::tree));
}
void crypto_floor(benchmark::State& state)
{
    measure(state, bench::crypto_floor_stage(bench::World::shared(), state.range(0), state.range(1)));
}
void linear(benchmark::State& state) { examine(state); }
void linear_floor(benchmark::State& state) { crypto_floor(state); }

BENCHMARK(examine)->Apply(every_dossier);
BENCHMARK(examine_tree)->Apply(every_dossier);
BENCHMARK(crypto_floor)->Apply(every_dossier);
BENCHMARK(linear)->Apply(every_length);
BENCHMARK(linear_floor)->Apply(every_length);

} // namespace
