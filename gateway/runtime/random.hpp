#pragma once

// Random bytes for names that must be unique and are no secret (dossier ids, trace ids). Drawn some at a time from OpenSSL's
// generator: one of its calls costs as much for ten bytes as for a thousand.
//
// Threads: any; each has a store of its own. Errors: std::runtime_error where the generator gives nothing. Not for keys, codes or
// anything a stranger must not guess, and not across a fork.

#include <array>
#include <cstddef>
#include <span>

namespace runtime {

inline constexpr std::size_t unique_bytes_max = 64;

// REQUIRES: count <= unique_bytes_max. Valid until this thread's next call.
[[nodiscard]] std::span<unsigned char const> unique_bytes(std::size_t count);

}  // namespace runtime
