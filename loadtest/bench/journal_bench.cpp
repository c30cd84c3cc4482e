// One dossier's share of a commit: 32 dossiers arrive together, as they do under load, and share what transactions the
// committer makes of them. Needs a database: IVAN_BENCH_DATABASE, a libpq URL; ops/bench makes one.
#include "gateway/dossier/receipt.hpp"
#include "gateway/store/postgres.hpp"
#include "loadtest/bench/world.hpp"
#include "signing/digest.hpp"

#include <boost/asio/co_spawn.hpp>

#include <chrono>
#include <cstdlib>

namespace
{

constexpr std::size_t together = 32;

store::Acceptance acceptance_of(bench::World const& world, std::int64_t people, std::string key)
{
    auto examined = world.examined(people);
    return store::Acceptance{world.sender(),
                             std::move(examined.verified),
                             std::move(examined.valid),
                             signing::hex(signing::sha256(world.dossier(people))),
                             std::move(key),
                             std::string(32, 'b')};
}

void journal(benchmark::State& state)
{
    auto const* const url = std::getenv("IVAN_BENCH_DATABASE");
    if (url == nullptr) {
        state.SkipWithError("IVAN_BENCH_DATABASE is not set");
        return;
    }
    auto const& world = bench::World::shared();
    store::migrate(url);
    observe::Metrics metrics;
    store::StoreConfig config;
    config.database_url = url;
    auto sealer = [&world](dossier::ReceiptFacts const& facts) { return dossier::seal(facts, *world.receipt_key); };
    store::Postgres postgres{config, sealer, metrics};
    net::io_context context{1};
    static unsigned run = 0;
    ++run;
    std::size_t n = 0;
    for (auto _ : state) {
        std::vector<store::Acceptance> ready;
        for (std::size_t k = 0; k < together; ++k)
            ready.push_back(acceptance_of(world, state.range(0),
                                          "bench-" + std::to_string(world.now.time_since_epoch().count()) + "-" +
                                              std::to_string(run) + "-" + std::to_string(++n)));
        std::size_t stored = 0;
        auto const begun = std::chrono::steady_clock::now();
        for (auto& acceptance : ready)
            net::co_spawn(
                context.get_executor(),
                postgres.journal().accept(std::move(acceptance), runtime::Deadline::after(std::chrono::seconds{60})),
                [&stored](std::exception_ptr, store::Result<store::Stored> result) { stored += result ? 1 : 0; });
        context.restart();
        context.run();
        std::chrono::duration<double> const took = std::chrono::steady_clock::now() - begun;
        if (stored != together) state.SkipWithError("not stored");
        state.SetIterationTime(took.count() / static_cast<double>(together));
    }
}
BENCHMARK(journal)->Apply(bench::every_size)->UseManualTime()->Iterations(5);

} // namespace
