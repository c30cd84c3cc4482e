#pragma once

// Sample dossiers as files, for ops/quickstart, the acceptance tests and people: every form for every provider, and every
// kind of bad dossier with the code that must answer it.
//
// Threads: one. Errors: std::runtime_error where files cannot be read or written.

#include "loadtest/corpus.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace loadtest {

// Each is made from good parts and has exactly one thing wrong. `pki` is the tree `ivanctl keys pki` leaves: its units/
// holds certificates that are expired, revoked, of an unknown authority, of another owner …
[[nodiscard]] std::vector<BadCase> bad_cases(Corpus& corpus, std::filesystem::path const& pki);

struct SamplesConfig {
    std::filesystem::path pki, out, seed_folder;  // seed_folder: providers/seed, for names and MaIVAN
    std::string           main_party = "THAISON"; // whose samples stand in `out` itself
    std::chrono::sys_days day{};                  // filing day
    std::uint64_t         seed = 1;
};

// OUT/<form>.xml             of the main party, one dossier per form
// OUT/<party>/<form>.xml     the same for every party
// OUT/<party>.tsv            file TAB label TAB "accepted": what `ivanctl submit --list` takes
// OUT/bad/<name>.xml, OUT/bad.tsv   with the code expected
// Returns how many dossiers were written.
std::size_t write_samples(SamplesConfig const& config);

}  // namespace loadtest
