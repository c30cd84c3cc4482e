#include "gateway/runtime/random.hpp"

#include "gateway/runtime/assert.hpp"

#include <openssl/rand.h>

#include <stdexcept>

namespace runtime {

namespace {

struct Drawn {
    std::array<unsigned char, 1024> bytes;
    std::size_t used = bytes.size();
};

}  // namespace

std::span<unsigned char const> unique_bytes(std::size_t count)
{
    GW_ASSERT(count <= unique_bytes_max);
    thread_local Drawn drawn;
    if (drawn.used + count > drawn.bytes.size()) {
        if (RAND_bytes(drawn.bytes.data(), static_cast<int>(drawn.bytes.size())) != 1) throw std::runtime_error("the random generator gives nothing");
        drawn.used = 0;
    }
    std::span<unsigned char const> const out{drawn.bytes.data() + drawn.used, count};
    drawn.used += count;
    return out;
}

}  // namespace runtime
