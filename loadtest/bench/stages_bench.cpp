// The parts of an examination with their floors beside them (stages.cpp says what each is). Parts whose time does not
// depend on the dossier are there once.
#include "loadtest/bench/sizes.hpp"
#include "loadtest/bench/stages.hpp"

#include <array>
#include <exception>
#include <string_view>

namespace
{

void measure(benchmark::State& state, bench::StageRow const& row)
{
    auto const stage = row.prepare(bench::World::shared(), state.range(0));
    stage.once();
    for (auto _ : state) stage.once();
    state.counters["bytes"] = static_cast<double>(stage.bytes);
    if (stage.packed > 0) state.counters["packed"] = static_cast<double>(stage.packed);
}

bool depends_on_size(std::string_view name)
{
    for (std::string_view const word : {"verify", "sign", "receipt"})
        if (name.find(word) != std::string_view::npos) return false;
    return true;
}

[[maybe_unused]] bool const registered = [] {
    for (auto const& row : bench::stage_rows()) {
        auto* const one = benchmark::RegisterBenchmark(row.name, [&row](benchmark::State& state) { measure(state, row); });
        if (depends_on_size(row.name)) one->Apply(bench::every_size);
        else one->Arg(10)->Unit(benchmark::kMicrosecond)->ArgName("people");
    }
    return true;
}();

} // namespace
