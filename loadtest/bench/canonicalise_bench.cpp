// Inclusive Canonical XML of every signed document of a dossier, by libxml2 over trees already there: the envelope and
// its forms. The reference engine does the same inside verify, over a node set, which costs more.
#include "loadtest/bench/sizes.hpp"
#include "loadtest/bench/world.hpp"
#include "schemas/tree.hpp"

#include <libxml/c14n.h>

namespace
{

std::size_t canonical_bytes(schemas::Document const& document)
{
    xmlChar* text = nullptr;
    auto const size = xmlC14NDocDumpMemory(schemas::tree_of(document), nullptr, XML_C14N_1_0, nullptr, 0, &text);
    xmlFree(text);
    return static_cast<std::size_t>(size);
}

void canonicalise(benchmark::State& state)
{
    auto const& world = bench::World::shared();
    auto limits = world.criteria.limits;
    limits.tree_bytes_max = world.dossier(state.range(0)).size();  // a large dossier would be swept instead
    limits.tree_nodes_max = limits.form.nodes_max;
    auto const read = schemas::read_envelope(world.dossier(state.range(0)), limits);
    if (!read) return state.SkipWithError("the bench's dossier cannot be read");
    auto const& envelope = *read;
    for (auto _ : state) {
        auto bytes = canonical_bytes(envelope.xml());
        for (auto const& form : envelope.forms())
            if (form.xml() != nullptr) bytes += canonical_bytes(*form.xml());
        benchmark::DoNotOptimize(bytes);
    }
}
BENCHMARK(canonicalise)->Apply(bench::every_size);

} // namespace
