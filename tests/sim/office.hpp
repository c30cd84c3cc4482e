#pragma once

// What all worlds share: authorities, providers, and signed dossiers, made once a process because signing is dear. Each filing
// takes one of them and writes its number behind the root element in white space, which no signature covers (XML 1.0 §2.8:
// Misc): so all envelopes differ and all are sound.
//
// Threads: immutable after construction.

#include "gateway/intake/examine.hpp"
#include "providers/registry.hpp"
#include "tests/support/temporary_directory.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace sim {

struct Sample {
    std::string envelope;
    std::string unit;  // "<agency>/<unit code>"
};

class Office {
public:
    static Office const& shared();

    // When every world begins. A fixed day, so that a seed shows the same tomorrow; near the end of a year, because case
    // codes count anew from there.
    static constexpr runtime::Instant opens = std::chrono::sys_days{std::chrono::year{2026} / 12 / 31} + std::chrono::hours{10};
    static constexpr std::size_t providers = 5;
    static constexpr std::size_t samples = 12;  // of each provider

    [[nodiscard]] static std::string provider_code(std::size_t provider) { return "P" + std::to_string(provider); }
    [[nodiscard]] static std::string certificate(std::size_t provider) { return std::string(64, static_cast<char>('a' + provider)); }
    [[nodiscard]] Sample const& sample(std::size_t provider, std::size_t n) const { return samples_.at(provider * samples + n); }
    [[nodiscard]] std::string sound(Sample const& sample, std::uint64_t number) const;
    [[nodiscard]] std::string forged(Sample const& sample, std::uint64_t number) const;  // one signed letter is another
    [[nodiscard]] std::shared_ptr<intake::Criteria const> criteria() const noexcept { return criteria_; }
    [[nodiscard]] std::shared_ptr<::providers::Registry const> registry() const noexcept { return registry_; }

private:
    Office();
    support::TemporaryDirectory directory_;
    std::shared_ptr<intake::Criteria const> criteria_;
    std::shared_ptr<::providers::Registry const> registry_;
    std::vector<Sample> samples_;
};

}  // namespace sim
