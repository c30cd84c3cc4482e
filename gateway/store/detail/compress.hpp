#pragma once

// Packs what is stored. The first byte of a packed value says how, the next four its size unpacked (little endian), so
// that every stored value can be unpacked whatever the configuration says today. Threads: free functions, any thread.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace store::detail {

enum class Codec : char { none = 'n', lz4 = '4', zstd = 'z' };

[[nodiscard]] std::optional<Codec> codec_from(std::string_view name);  // none, lz4, zstd

// REQUIRES: at most 1 GB. What does not shrink is packed as none.
[[nodiscard]] std::string pack(Codec codec, std::string_view bytes);
// Nothing where the value is damaged, or larger than `bytes_max`.
[[nodiscard]] std::optional<std::string> unpack(std::string_view packed, std::size_t bytes_max);

}  // namespace store::detail
