#pragma once

// One piece of fetched evidence as it is kept: in memory, and in a file of a line of JSON (key, kind, url, etag,
// last_modified, fetched_at in seconds since 1970), then the bytes as they came.
//
// Pure. Errors: nothing, where a file is not one of these; what it says beyond its shape is for others to believe.

#include "gateway/revocation/fetch.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace revocation {

// A key, an address (address_bytes_max) twice, two validators (validator_bytes_max), escaped.
inline constexpr std::size_t kept_header_bytes_max = 16u << 10;

struct Kept {
    Kind kind{};
    std::string url;
    Version version;
    Instant fetched_at{};
    std::string bytes;
};

struct KeptFile {
    std::string key;
    Kept piece;
};
// Nothing: no such line within kept_header_bytes_max, no key, a kind or a time there is not, or a validator that nobody
// could ask with again.
[[nodiscard]] std::optional<KeptFile> read_kept(std::string_view file);
// The line before the bytes, its end included.
[[nodiscard]] std::string kept_header(std::string_view key, Kept const& piece);

}  // namespace revocation
