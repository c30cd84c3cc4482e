#pragma once

// What every benchmark stands on: a development PKI with a trust directory, our schemas and rules, and one dossier (a
// D02-TS) for 1, 10, 100 and 1,000 employees, signed with RSA-2048, as units' certificates are. Made once per process.
//
// Threads: immutable once made.

#include "gateway/intake/examine.hpp"
#include "loadtest/corpus.hpp"
#include "signing/dev/pki.hpp"
#include "signing/trust.hpp"
#include "signing/verifier.hpp"

#include <benchmark/benchmark.h>

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace bench
{

inline constexpr std::int64_t sizes[] = {1, 10, 100, 1000};
inline void every_size(benchmark::internal::Benchmark* benchmark)
{
    for (auto const people : sizes) benchmark->Arg(people);
    benchmark->Unit(benchmark::kMicrosecond)->ArgName("people");
}

class World {
public:
    static World const& shared();

    [[nodiscard]] std::string const& dossier(std::int64_t people) const { return dossiers_.at(people); }
    // Read, and for the later stages verified, anew: evidence is consumed by the stage after it.
    [[nodiscard]] schemas::Envelope envelope(std::int64_t people) const;
    [[nodiscard]] providers::Admitted sender() const;
    [[nodiscard]] intake::Examined examined(std::int64_t people) const;

    signing::Instant now = std::chrono::system_clock::now();
    signing::dev::Authorities authorities;
    std::filesystem::path trust_directory;
    std::shared_ptr<signing::KeyPair const> unit_key, receipt_key;
    std::shared_ptr<signing::TrustStore const> trust;
    intake::Criteria criteria;

private:
    World();
    ~World();
    std::filesystem::path directory_;
    std::map<std::int64_t, std::string> dossiers_;
};

} // namespace bench
