#pragma once

// The parts of an examination, each as a function that does it once on a dossier of the World. Time (ivan-bench) and
// instructions (ivan-instructions) are taken of the same functions.
//
// A part that reads a document reads the signed form alone; `sweep`, `examine`, `pack` and `unpack` have the whole dossier.
//
// Threads: one thread's. Errors: std::runtime_error where a part refuses what it must take.

#include "loadtest/bench/world.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string_view>

namespace bench
{

struct Stage {
    std::function<void()> once;
    std::size_t bytes = 0;  // that it reads
    std::size_t packed = 0; // that a stored value of them has; 0: the stage stores nothing
};

struct StageRow {
    char const* name;
    char const* floor; // the row it is compared with; null: none
    Stage (*prepare)(World const& world, std::int64_t people);
};

[[nodiscard]] std::span<StageRow const> stage_rows();

// The whole, by one engine, and the floor under it: SHA-256 of every signed byte once, an RSA-2048 verification a signature.
[[nodiscard]] Stage examine_stage(World const& world, std::int64_t people, std::int64_t forms, intake::Engine engine);
// The verdict on a certificate seen for the first time, each time another one: once for each of the signers, no more.
[[nodiscard]] Stage unknown_certificate_stage(World const& world, std::size_t signers);
[[nodiscard]] Stage crypto_floor_stage(World const& world, std::int64_t people, std::int64_t forms);

} // namespace bench
