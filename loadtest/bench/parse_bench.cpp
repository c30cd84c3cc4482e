// Bytes → envelope: the outer document, every form out of its base64, fields.
#include "loadtest/bench/sizes.hpp"
#include "loadtest/bench/world.hpp"

namespace
{

void parse(benchmark::State& state)
{
    auto const& world = bench::World::shared();
    auto const& bytes = world.dossier(state.range(0));
    for (auto _ : state) {
        auto envelope = schemas::read_envelope(bytes, world.criteria.limits);
        benchmark::DoNotOptimize(envelope);
    }
    state.counters["bytes"] = static_cast<double>(bytes.size());
}
BENCHMARK(parse)->Apply(bench::every_size);

} // namespace
