// Envelope → Verified: two signatures, with the certificate's verdict already known, as it is after a unit's first
// dossier.
#include "loadtest/bench/sizes.hpp"
#include "loadtest/bench/world.hpp"

namespace
{

void verify(benchmark::State& state)
{
    auto const& world = bench::World::shared();
    for (auto _ : state) {
        state.PauseTiming();
        auto envelope = world.envelope(state.range(0));
        state.ResumeTiming();
        auto verified = world.criteria.verifier->verify(std::move(envelope), world.now);
        if (!verified) state.SkipWithError("refused");
        state.PauseTiming();
        verified = signing::Failure{}; // freeing the trees is not part of it
        state.ResumeTiming();
    }
}
BENCHMARK(verify)->Apply(bench::every_size);

} // namespace
