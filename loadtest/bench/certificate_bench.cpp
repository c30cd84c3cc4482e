// The verdict on a certificate among many signers, as they come: known, with 1, 1,000 and 100,000 signers in turn, and seen
// for the first time. The floor of a known one: a SHA-256 of its octets, by which it is looked up. Signers share a key,
// which nobody looks at here, so that 100,000 certificates are made in seconds.
#include "loadtest/bench/sizes.hpp"
#include "loadtest/bench/world.hpp"

#include "signing/digest.hpp"

#include <map>

namespace
{

std::vector<std::string> const& certificates(std::int64_t signers)
{
    static std::vector<std::string> made;
    static signing::dev::Request request;
    auto const& world = bench::World::shared();
    for (auto n = made.size(); n < static_cast<std::size_t>(signers); ++n) {
        request.common_name = "Đơn vị " + std::to_string(n);
        request.tax_code = "0101300842";
        auto const identity = signing::dev::issue(world.authorities.issuing_ca, request);
        request.key_pem = identity.key_pem;
        made.push_back(*signing::certificate_der(identity.certificate_pem));
    }
    return made;
}

// In an order in which neighbours in time are no neighbours in memory: 7,919 is a prime that divides none of the numbers.
std::size_t next_of(std::size_t n, std::size_t signers) { return (n + 7919) % signers; }

void every_number(benchmark::internal::Benchmark* benchmark)
{
    benchmark->Arg(1)->Arg(1'000)->Arg(100'000)->Unit(benchmark::kMicrosecond)->ArgName("signers");
}

void certificate_known(benchmark::State& state)
{
    auto const signers = static_cast<std::size_t>(state.range(0));
    auto const& all = certificates(state.range(0));
    static std::map<std::size_t, std::shared_ptr<signing::TrustStore const>> stores; // verdicts are made once a process
    auto& trust = stores[signers];
    auto const& world = bench::World::shared();
    if (!trust) {
        signing::Policy policy;
        policy.verdicts_max = 2 * signers + 1000;
        trust = signing::TrustStore::load(world.trust_directory, policy);
        for (std::size_t n = 0; n < signers; ++n)
            if (!trust->chain(all[n], world.now)) return state.SkipWithError("refused");
    }
    std::size_t n = 0;
    for (auto _ : state) {
        auto const chained = trust->chain(all[n], world.now);
        benchmark::DoNotOptimize(chained);
        n = next_of(n, signers);
    }
    auto const counts = trust->counts();
    if (counts.misses > signers) state.SkipWithError("verdicts were forgotten");
}
BENCHMARK(certificate_known)->Apply(every_number);

void certificate_unknown(benchmark::State& state)
{
    auto const& world = bench::World::shared();
    auto const& all = certificates(1'000);
    std::shared_ptr<signing::TrustStore const> trust;
    std::size_t n = 0;
    for (auto _ : state) {
        if (n % 1'000 == 0) {
            state.PauseTiming();
            trust = signing::TrustStore::load(world.trust_directory, {});
            state.ResumeTiming();
        }
        if (!trust->chain(all[n++ % 1'000], world.now)) return state.SkipWithError("refused");
    }
}
BENCHMARK(certificate_unknown)->Arg(1'000)->Unit(benchmark::kMicrosecond)->ArgName("signers");

void floor_certificate_hash(benchmark::State& state)
{
    auto const signers = static_cast<std::size_t>(state.range(0));
    auto const& all = certificates(state.range(0));
    std::size_t n = 0;
    for (auto _ : state) {
        benchmark::DoNotOptimize(signing::sha256(all[n]));
        n = next_of(n, signers);
    }
}
BENCHMARK(floor_certificate_hash)->Apply(every_number);

} // namespace
