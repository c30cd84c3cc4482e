#pragma once

// What a run sends: dossiers of many units, forms and sizes, each with bytes of its own, signed before the run begins.
//
// Threads: make() uses as many as it is told; Prepared is a value. Deterministic from a seed, but for keys and
// signatures.

#include "loadtest/corpus.hpp"
#include "signing/signer.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace loadtest
{

// A unit that files: its key, and who it says it is.
struct Unit {
    std::shared_ptr<signing::KeyPair const> key; // shared by the threads that sign
    std::string tax_code, unit_code, agency;
};

// Units of a development PKI: a certificate of `issuer` (key and certificate in PEM) for each. Unit n has the same
// codes in every run, since a unit belongs for ever to the tax code that first filed for it.
[[nodiscard]] std::vector<Unit> make_units(std::size_t count, signing::dev::Identity const& issuer,
                                           std::vector<std::string> const& agencies,
                                           signing::dev::KeyKind key = signing::dev::KeyKind::p256);
// Units from a folder of NAME.key and NAME.pem; the tax code is the certificate's.
[[nodiscard]] std::vector<Unit> load_units(std::string const& folder, std::vector<std::string> const& agencies);

struct FormShare {
    std::string code;
    double weight = 1;
};
// "D02-TS=6,TK1-TS=2": main forms and how often. Throws std::runtime_error.
[[nodiscard]] std::vector<FormShare> parse_mix(std::string const& text);

struct MixConfig {
    std::uint64_t seed = 1;
    std::size_t count = 1000;
    std::vector<FormShare> main_forms;     // the form that decides the procedure
    unsigned forms_min = 1, forms_max = 1; // in one dossier; those beyond the first are D01-TS and TK1-TS in turn
    unsigned people = 10;                  // rows of a form
    double refuse_share = 0;               // of bad dossiers, each expecting its code
    std::string alias = "00040";           // MaIVAN
    unsigned threads = 2;
    std::uint64_t bytes_max = 4ull << 30; // of all dossiers together
};

struct Prepared {
    std::string bytes, sha256, expected_code; // expected_code empty: to be accepted
    std::string kind;                         // "D02-TS", or the name of the bad case
    std::string unit_code, agency;
    std::size_t forms = 0;
};

// `bad`: what refuse_share draws from; may be empty where it is 0. `progress` is called from this thread now and then.
// Throws std::runtime_error at bytes_max.
[[nodiscard]] std::vector<Prepared> make(MixConfig const& config, std::vector<Unit> const& units,
                                         std::vector<Prepared> const& bad,
                                         std::function<void(std::size_t done)> const& progress);

} // namespace loadtest
