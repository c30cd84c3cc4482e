// The two ways of reading one dossier, side by side: trees, and sweeps with skeletons. The same verdict; the tree takes some
// ten times the document in memory, the sweep none of note (tests/memory).

#include "loadtest/bench/sizes.hpp"
#include "loadtest/bench/world.hpp"

namespace bench {

namespace {

void read_verify_validate(benchmark::State& state, bool swept)
{
    auto const& world = World::shared();
    auto const& bytes = world.dossier(state.range(0));
    auto limits = world.criteria.limits;
    limits.tree_bytes_max = swept ? 0 : bytes.size();
    limits.tree_nodes_max = limits.form.nodes_max;
    for (auto _ : state) {
        auto envelope = schemas::read_envelope(bytes, limits);
        auto verified = world.criteria.verifier->verify(std::move(*envelope), world.now);
        auto valid = world.criteria.validator->validate(verified->envelope(), std::chrono::floor<std::chrono::days>(world.now));
        if (!valid) return state.SkipWithError("the bench's dossier is refused");
    }
    state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) * static_cast<std::int64_t>(bytes.size()));
}

void engine_tree(benchmark::State& state) { read_verify_validate(state, false); }
void engine_sweep(benchmark::State& state) { read_verify_validate(state, true); }

} // namespace

BENCHMARK(engine_tree)->Apply(every_size);
BENCHMARK(engine_sweep)->Apply(every_size);

} // namespace bench
