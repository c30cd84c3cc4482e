// Envelope → Valid: the schema of each form, then the rules of the day.
#include "loadtest/bench/sizes.hpp"
#include "loadtest/bench/world.hpp"

namespace
{

void validate(benchmark::State& state)
{
    auto const& world = bench::World::shared();
    auto const envelope = world.envelope(state.range(0));
    auto const day = runtime::vietnam_day(world.now);
    for (auto _ : state) {
        auto valid = world.criteria.validator->validate(envelope, day);
        if (!valid) state.SkipWithError("refused");
        benchmark::DoNotOptimize(valid);
    }
}
BENCHMARK(validate)->Apply(bench::every_size);

} // namespace
