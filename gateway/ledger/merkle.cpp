#include "gateway/ledger/merkle.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <string>

namespace ledger {

Hash empty_root() { return signing::sha256({}); }

Hash leaf_hash(std::string_view leaf)
{
    std::string bytes;
    bytes.reserve(1 + leaf.size());
    bytes += '\x00';
    bytes += leaf;
    return signing::sha256(bytes);
}

Hash node_hash(Hash const& left, Hash const& right)
{
    std::array<char, 1 + 2 * sizeof(Hash)> bytes;
    bytes[0] = '\x01';
    std::copy(left.begin(), left.end(), bytes.begin() + 1);
    std::copy(right.begin(), right.end(), bytes.begin() + 1 + sizeof(Hash));
    return signing::sha256({bytes.data(), bytes.size()});
}

std::uint64_t split(std::uint64_t size) noexcept { return std::bit_floor(size - 1); }

std::vector<NodeId> cover(Span span)
{
    std::vector<NodeId> ids;
    while (span.begin < span.end) {
        // As large as the place allows, and no larger than what is left.
        auto const left = std::bit_floor(span.end - span.begin);
        auto const place = span.begin == 0 ? left : span.begin & (~span.begin + 1);
        auto const size = std::min(left, place);
        auto const level = static_cast<unsigned>(std::countr_zero(size));
        ids.push_back({level, span.begin >> level});
        span.begin += size;
    }
    return ids;
}

}  // namespace ledger
