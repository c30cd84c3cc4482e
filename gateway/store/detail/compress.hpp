#pragma once

// Packs what is stored, and gives back exactly the bytes that were packed: what was signed is what is kept. Every value ever
// stored can be unpacked, whatever the configuration says today:
//
//   byte 0      how it is packed:     n  as it is     4  LZ4 block        z  zstd frame
//               with a longer header: N  as it is     L  LZ4 block        Z  zstd frame
//   bytes 1-4   size unpacked, least significant byte first
//   only of N, L and Z:
//   byte 5      how many times base64 was undone before: 0, 1, or 2 where it stood in base64
//   byte 6      number of the dictionary (detail/dictionary.hpp) it was compressed with, 0 for none
//   bytes 7-10  size of what was compressed: where byte 5 is not 0, the stripped form of detail/armour.hpp
//   the rest    the compressed bytes
//
// gateway/store/README.md says how to restore a body by hand.
//
// Threads: free functions, any thread; each keeps its buffers and the compressors' state.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace store::detail {

enum class Codec : char { none = 'n', lz4 = '4', zstd = 'z' };

[[nodiscard]] std::optional<Codec> codec_from(std::string_view name);  // none, lz4, zstd

// REQUIRES: at most 1 GB. The same value for the same bytes. What does not shrink is kept as it is.
[[nodiscard]] std::string pack(Codec codec, std::string_view bytes);
// Nothing where the value is damaged, or larger than `bytes_max`; never more memory than three times `bytes_max`.
[[nodiscard]] std::optional<std::string> unpack(std::string_view packed, std::size_t bytes_max);

}  // namespace store::detail
