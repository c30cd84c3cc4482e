#pragma once

// gzip (RFC 1952) and zstd (RFC 8878) bodies, unpacked in steps: the output grows by no more than the step allows, so
// that memory is reserved before it is filled and a bomb costs what a plain body of the bound would.
//
// Exactly one gzip member or one zstd frame: what follows is refused (encoding_broken), as is a body cut short.
// Threads: one at a time. Errors: encoding_broken, body_too_large.

#include "gateway/fault/fault.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace intake {

enum class Encoding { none, gzip, zstd };

// From a Content-Encoding value; nothing where it is another encoding or more than one.
[[nodiscard]] std::optional<Encoding> encoding_of(std::string_view content_encoding);

class Unpacker {
public:
    // `packed` must outlive the object. REQUIRES: encoding is not none.
    Unpacker(Encoding encoding, std::string_view packed, std::uint64_t unpacked_bytes_max);
    Unpacker(Unpacker&&) noexcept;
    ~Unpacker();

    // Makes up to `bytes` more of output. True: the body is whole.
    [[nodiscard]] fault::Result<bool> step(std::uint64_t bytes);
    [[nodiscard]] std::string take() && { return std::move(out_); }

private:
    struct Engine;
    std::unique_ptr<Engine> engine_;
    std::string_view packed_;
    std::uint64_t bytes_max_;
    std::string out_;
};

}  // namespace intake
