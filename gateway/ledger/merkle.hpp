#pragma once

// The hashes of the provable log: RFC 9162 §2.1.1 over SHA-256, and the names of its nodes.
//
// Threads: free functions and plain values, any thread. Errors: none.

#include "signing/digest.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace ledger {

using Hash = signing::Sha256;

// Sizes fit a bigint. All other bounds follow from this one.
inline constexpr std::uint64_t size_max = (std::uint64_t{1} << 63) - 1;
inline constexpr unsigned      level_max = 62;               // the largest perfect subtree of a tree of size_max leaves
inline constexpr std::size_t   range_hashes_max = 126;       // of any range of leaves; 63 where it starts at 0
inline constexpr std::size_t   inclusion_hashes_max = 63;
inline constexpr std::size_t   consistency_hashes_max = 64;

// A perfect subtree: the leaves [index · 2^level, (index + 1) · 2^level). Once all of them are in the log its hash never
// changes, so only such nodes are stored; the ragged right edge is folded anew for each proof.
struct NodeId {
    unsigned      level = 0;
    std::uint64_t index = 0;
    bool operator==(NodeId const&) const = default;
    auto operator<=>(NodeId const&) const = default;
};

struct Node {
    NodeId id;
    Hash   hash{};
    bool operator==(Node const&) const = default;
};

// The leaves [begin, end).
struct Span {
    std::uint64_t begin = 0, end = 0;
    bool operator==(Span const&) const = default;
};

[[nodiscard]] Hash empty_root();                               // MTH({}) = SHA-256()
[[nodiscard]] Hash leaf_hash(std::string_view leaf);           // SHA-256(0x00 ‖ leaf)
[[nodiscard]] Hash node_hash(Hash const& left, Hash const& right);  // SHA-256(0x01 ‖ left ‖ right)

// The largest power of two smaller than `size`, which is 2 or more: where §2.1.1 splits a list.
[[nodiscard]] std::uint64_t split(std::uint64_t size) noexcept;

// The fewest perfect subtrees that cover a span, from left to right; at most range_hashes_max. `span.end` ≤ size_max.
[[nodiscard]] std::vector<NodeId> cover(Span span);

}  // namespace ledger
