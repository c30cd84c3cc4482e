#pragma once

// Sample dossiers as files, for ops/quickstart, the acceptance tests and people: every form for every party that files, and
// every kind of bad dossier with the code that must answer it.
//
// Threads: one. Errors: std::runtime_error where files cannot be read or written.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>

namespace loadtest {

struct SamplesConfig {
    std::filesystem::path pki;          // the tree `ivanctl keys pki` leaves (signing/README.md)
    std::filesystem::path seed_folder;  // providers/seed, for names and MaIVAN
    std::filesystem::path out;
    std::string main_party = "THAISON"; // whose samples stand in `out` itself
    std::chrono::sys_days day{};        // filing day; {}: today in Vietnam
    std::uint64_t seed = 1;
};

// OUT/<form>.xml            one dossier per form, of the main party: D02-TS.xml …
// OUT/<party>/<form>.xml    the same for every party: vnpt/D02-TS.xml …
// OUT/<party>.tsv           file TAB label TAB "accepted": what `ivanctl submit --list` takes
// OUT/bad/<name>.xml, OUT/bad.tsv   of the main party, with the code expected
// OUT/person/<form>.xml    unsigned, of a person with the number 001090000001: to be filed with a one-time password
// Returns how many dossiers of the lists were written.
std::size_t write_samples(SamplesConfig const& config);

}  // namespace loadtest
