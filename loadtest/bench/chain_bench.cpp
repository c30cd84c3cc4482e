// The verdict on a certificate: seen first (parsing, path, CRL), and seen before (a look-up). A dossier asks once for
// each signature, whatever its size, so that the size is only a column.
#include "loadtest/bench/sizes.hpp"
#include "loadtest/bench/world.hpp"

namespace
{

constexpr std::size_t strangers = 200;

std::vector<std::string> const& certificates()
{
    static auto const made = [] {
        std::vector<std::string> all;
        auto const& world = bench::World::shared();
        for (std::size_t n = 0; n < strangers; ++n) {
            signing::dev::Request request;
            request.common_name = "Đơn vị " + std::to_string(n);
            request.tax_code = "0101300842";
            auto const identity = signing::dev::issue(world.authorities.issuing_ca, request);
            all.push_back(signing::KeyPair::from_pem(identity.key_pem, identity.certificate_pem)->certificate_der());
        }
        return all;
    }();
    return made;
}

void chain(benchmark::State& state)
{
    auto const& world = bench::World::shared();
    auto const& all = certificates();
    std::shared_ptr<signing::TrustStore const> trust;
    std::size_t n = 0;
    for (auto _ : state) {
        if (n % all.size() == 0) {
            state.PauseTiming();
            trust = signing::TrustStore::load(world.trust_directory, {});
            state.ResumeTiming();
        }
        auto chained = trust->chain(all[n++ % all.size()], world.now);
        if (!chained) state.SkipWithError("refused");
    }
}
BENCHMARK(chain)->Apply(bench::every_size);

void chain_known(benchmark::State& state)
{
    auto const& world = bench::World::shared();
    auto const& der = world.unit_key->certificate_der();
    for (auto _ : state) {
        auto chained = world.trust->chain(der, world.now);
        if (!chained) state.SkipWithError("refused");
    }
}
BENCHMARK(chain_known)->Apply(bench::every_size);

} // namespace
