#pragma once

// Proofs about the log: that a leaf is in a tree (RFC 9162 §2.1.3), and that one tree is the beginning of another (§2.1.4).
//
// Made from stored perfect subtrees: a plan says which, so that they can be fetched in one query by whoever does so.
// Verified by the RFC's own algorithms, which share nothing with the making but node_hash().
//
// Threads: free functions, any thread. Errors: a Failure that names the first thing wrong.
// Trusts: verification trusts the root, the size and nothing else. A size is bound to its root by the signed head
// (head.hpp), not by the proof: the same path may lead to the same root in trees of several sizes.

#include "gateway/ledger/failure.hpp"
#include "gateway/ledger/merkle.hpp"

#include <span>
#include <vector>

namespace ledger {

// Where stored nodes come from.
class NodeSource {
public:
    virtual ~NodeSource() = default;
    // One hash for each id, in their order; asked once a proof, for at most plan_nodes_max.
    virtual Result<std::vector<Hash>> nodes(std::span<NodeId const> ids) const = 0;
};
inline constexpr std::size_t plan_nodes_max = consistency_hashes_max + level_max;  // one hash at most stands on the ragged edge

using Proof = std::vector<Hash>;

// One Span for each hash of the proof, in the proof's order.
struct Plan {
    std::vector<Span> parts;
    [[nodiscard]] std::vector<NodeId> nodes() const;                             // what to fetch
    [[nodiscard]] Result<Proof> assemble(std::vector<Hash> const& fetched) const;  // one hash for each of nodes()
};

[[nodiscard]] Result<Plan> plan_inclusion(std::uint64_t index, std::uint64_t size);          // index < size
[[nodiscard]] Result<Plan> plan_consistency(std::uint64_t from, std::uint64_t to);           // 0 < from ≤ to; empty where equal

[[nodiscard]] Result<Proof> prove_inclusion(NodeSource const& source, std::uint64_t index, std::uint64_t size);
[[nodiscard]] Result<Proof> prove_consistency(NodeSource const& source, std::uint64_t from, std::uint64_t to);

struct InclusionClaim {
    std::uint64_t index = 0, size = 0;
    Hash leaf{};  // leaf_hash() of the entry
    Hash root{};  // of the tree of `size` leaves
};
[[nodiscard]] Result<void> verify_inclusion(InclusionClaim const& claim, std::span<Hash const> proof);

struct ConsistencyClaim {
    std::uint64_t from = 0, to = 0;
    Hash from_root{}, to_root{};
};
// Equal sizes: equal roots and an empty proof. From 0: sizes_wrong, since it would prove nothing about `to_root` (§2.1.4
// knows neither; our own choice).
[[nodiscard]] Result<void> verify_consistency(ConsistencyClaim const& claim, std::span<Hash const> proof);

}  // namespace ledger
