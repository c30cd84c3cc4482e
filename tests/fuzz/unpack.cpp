// Can any gzip or zstd body crash the unpacker, pass its bound, or grow faster than its step? The first byte chooses.

#include "gateway/intake/unpack.hpp"
#include "tests/fuzz/must.hpp"

using fuzz::must;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    if (size == 0) return 0;
    constexpr std::uint64_t bytes_max = 1u << 16, step = 1000;
    auto const encoding = data[0] % 2 == 0 ? intake::Encoding::gzip : intake::Encoding::zstd;
    intake::Unpacker unpacker{encoding, fuzz::text_of(data + 1, size - 1), bytes_max};
    for (unsigned steps = 0;; ++steps) {
        must(steps <= bytes_max / step + 2);
        auto const whole = unpacker.step(step);
        if (!whole) return 0;
        if (*whole) break;
    }
    must(std::move(unpacker).take().size() <= bytes_max);
    return 0;
}
