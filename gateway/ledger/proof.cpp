#include "gateway/ledger/proof.hpp"

#include "gateway/ledger/frontier.hpp"

#include <algorithm>
#include <bit>

namespace ledger {
namespace {

Failure wrong_sizes(char const* what) { return {Refusal::sizes_wrong, what}; }

Result<Proof> proved(NodeSource const& source, Result<Plan> const& plan)
{
    if (!plan) return plan.error();
    auto const ids = plan->nodes();
    if (ids.empty()) return Proof{};
    auto const hashes = source.nodes(ids);
    if (!hashes) return hashes.error();
    return plan->assemble(*hashes);
}

}  // namespace

std::vector<NodeId> Plan::nodes() const
{
    std::vector<NodeId> ids;
    for (auto const& part : parts) {
        auto const covering = cover(part);
        ids.insert(ids.end(), covering.begin(), covering.end());
    }
    return ids;
}

Result<Proof> Plan::assemble(std::vector<Hash> const& fetched) const
{
    Proof proof;
    auto next = fetched.begin();
    for (auto const& part : parts) {
        auto const count = static_cast<std::ptrdiff_t>(cover(part).size());
        if (fetched.end() - next < count) return Failure{Refusal::nodes_wrong, "fewer nodes than the proof needs"};
        proof.push_back(fold({next, next + count}));
        next += count;
    }
    if (next != fetched.end()) return Failure{Refusal::nodes_wrong, "more nodes than the proof needs"};
    return proof;
}

// §2.1.3.1, PATH(m, D_n), from the root down: the sibling that is not followed belongs to the proof.
Result<Plan> plan_inclusion(std::uint64_t index, std::uint64_t size)
{
    if (size > size_max) return Failure{Refusal::size_over, "a tree larger than the largest log"};
    if (index >= size) return wrong_sizes("the leaf is not in the tree");
    Plan plan;
    for (Span at{0, size}; at.end - at.begin > 1;) {
        auto const middle = at.begin + split(at.end - at.begin);
        bool const left = index < middle;
        plan.parts.push_back(left ? Span{middle, at.end} : Span{at.begin, middle});
        at = left ? Span{at.begin, middle} : Span{middle, at.end};
    }
    std::reverse(plan.parts.begin(), plan.parts.end());
    return plan;
}

// §2.1.4.1, SUBPROOF(m, D_n, b), from the root down, until the older tree's edge is a subtree of the newer.
Result<Plan> plan_consistency(std::uint64_t from, std::uint64_t to)
{
    if (to > size_max) return Failure{Refusal::size_over, "a tree larger than the largest log"};
    if (from == 0 || from > to) return wrong_sizes("the older tree is empty or larger than the newer");
    Plan plan;
    Span at{0, to};
    while (at.end != from) {
        auto const middle = at.begin + split(at.end - at.begin);
        bool const left = from <= middle;
        plan.parts.push_back(left ? Span{middle, at.end} : Span{at.begin, middle});
        at = left ? Span{at.begin, middle} : Span{middle, at.end};
    }
    // b: a subtree that is the whole older tree is known to who asks.
    if (at.begin != 0) plan.parts.push_back(at);
    std::reverse(plan.parts.begin(), plan.parts.end());
    return plan;
}

Result<Proof> prove_inclusion(NodeSource const& source, std::uint64_t index, std::uint64_t size)
{
    return proved(source, plan_inclusion(index, size));
}

Result<Proof> prove_consistency(NodeSource const& source, std::uint64_t from, std::uint64_t to)
{
    return proved(source, plan_consistency(from, to));
}

Result<void> verify_inclusion(InclusionClaim const& claim, std::span<Hash const> proof)
{
    if (claim.size > size_max) return Failure{Refusal::size_over, "a tree larger than the largest log"};
    if (proof.size() > inclusion_hashes_max) return Failure{Refusal::proof_length, "longer than any proof of inclusion"};
    // §2.1.3.2, steps 1 to 5.
    if (claim.index >= claim.size) return wrong_sizes("the leaf is not in the tree");
    auto fn = claim.index, sn = claim.size - 1;
    auto hash = claim.leaf;
    for (auto const& part : proof) {
        if (sn == 0) return Failure{Refusal::proof_length, "longer than the path to the root"};
        if ((fn & 1) != 0 || fn == sn) {
            hash = node_hash(part, hash);
            while ((fn & 1) == 0 && fn != 0) fn >>= 1, sn >>= 1;
        } else {
            hash = node_hash(hash, part);
        }
        fn >>= 1, sn >>= 1;
    }
    if (sn != 0) return Failure{Refusal::proof_length, "shorter than the path to the root"};
    if (hash != claim.root) return Failure{Refusal::root_mismatch, "the path leads to another root"};
    return {};
}

Result<void> verify_consistency(ConsistencyClaim const& claim, std::span<Hash const> proof)
{
    if (claim.to > size_max) return Failure{Refusal::size_over, "a tree larger than the largest log"};
    if (proof.size() > consistency_hashes_max) return Failure{Refusal::proof_length, "longer than any proof of consistency"};
    if (claim.from == 0 || claim.from > claim.to) return wrong_sizes("the older tree is empty or larger than the newer");
    if (claim.from == claim.to) {
        if (!proof.empty()) return Failure{Refusal::proof_length, "one tree needs no proof"};
        if (claim.from_root != claim.to_root) return Failure{Refusal::root_mismatch, "two roots of one size"};
        return {};
    }
    // §2.1.4.2, steps 1 to 7. Where `from` is a power of two the path starts at its root.
    if (proof.empty()) return Failure{Refusal::proof_length, "no proof"};
    auto first = claim.from_root;
    if (!std::has_single_bit(claim.from)) {
        first = proof.front();
        proof = proof.subspan(1);
    }
    auto fn = claim.from - 1, sn = claim.to - 1;
    while ((fn & 1) != 0) fn >>= 1, sn >>= 1;
    auto fr = first, sr = first;
    for (auto const& part : proof) {
        if (sn == 0) return Failure{Refusal::proof_length, "longer than the path to the root"};
        if ((fn & 1) != 0 || fn == sn) {
            fr = node_hash(part, fr);
            sr = node_hash(part, sr);
            while ((fn & 1) == 0 && fn != 0) fn >>= 1, sn >>= 1;
        } else {
            sr = node_hash(sr, part);
        }
        fn >>= 1, sn >>= 1;
    }
    if (sn != 0) return Failure{Refusal::proof_length, "shorter than the path to the root"};
    if (fr != claim.from_root) return Failure{Refusal::root_mismatch, "the proof leads to another older root"};
    if (sr != claim.to_root) return Failure{Refusal::root_mismatch, "the proof leads to another newer root"};
    return {};
}

}  // namespace ledger
