// What anybody may hand to a verifier of the log. Octets of a frontier, an entry or a head are refused or write back as they
// were; a proof holds where the RFC's recursive definition leads to the root, and nowhere else.

#include "gateway/ledger/frontier.hpp"
#include "gateway/ledger/head.hpp"
#include "gateway/ledger/leaf.hpp"
#include "gateway/ledger/proof.hpp"
#include "tests/fuzz/must.hpp"

#include <algorithm>
#include <optional>
#include <span>
#include <utility>

using fuzz::must;
using ledger::Hash;

namespace {

using Hashes = std::span<Hash const>;

// RFC 9162 §2.1.3.1 read backwards: the last hash of a path is the root's other child.
std::optional<Hash> root_by_path(std::uint64_t m, std::uint64_t n, Hash const& leaf, Hashes path)
{
    if (m >= n) return std::nullopt;
    if (n == 1) return path.empty() ? std::optional{leaf} : std::nullopt;
    if (path.empty()) return std::nullopt;
    auto const k = ledger::split(n);
    auto const rest = path.first(path.size() - 1);
    auto const below = m < k ? root_by_path(m, k, leaf, rest) : root_by_path(m - k, n - k, leaf, rest);
    if (!below) return std::nullopt;
    return m < k ? ledger::node_hash(*below, path.back()) : ledger::node_hash(path.back(), *below);
}

// §2.1.4.1 read backwards: the roots of the older and of the newer tree.
std::optional<std::pair<Hash, Hash>> roots_by_path(std::uint64_t m, std::uint64_t n, bool whole, Hash const& older, Hashes path)
{
    if (m == 0 || m > n) return std::nullopt;
    if (m == n) {
        if (path.size() != (whole ? 0u : 1u)) return std::nullopt;
        auto const& root = whole ? older : path.front();
        return std::pair{root, root};
    }
    if (path.empty()) return std::nullopt;
    auto const k = ledger::split(n);
    auto const rest = path.first(path.size() - 1);
    auto const below = m <= k ? roots_by_path(m, k, whole, older, rest) : roots_by_path(m - k, n - k, false, older, rest);
    if (!below) return std::nullopt;
    if (m <= k) return std::pair{below->first, ledger::node_hash(below->second, path.back())};
    return std::pair{ledger::node_hash(path.back(), below->first), ledger::node_hash(path.back(), below->second)};
}

struct Input {
    std::string_view rest;
    std::uint64_t number()
    {
        std::uint64_t value = 0;
        for (int i = 0; i < 8 && !rest.empty(); ++i, rest.remove_prefix(1)) value = value << 8 | static_cast<unsigned char>(rest[0]);
        return value;
    }
    // Two octets tell hashes apart well enough, and leave the fuzzer long proofs in short inputs.
    Hash hash()
    {
        Hash out{};
        for (int i = 0; i < 2 && !rest.empty(); ++i, rest.remove_prefix(1)) out[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(rest[0]);
        return out;
    }
    std::vector<Hash> hashes()
    {
        std::vector<Hash> out;
        while (!rest.empty()) out.push_back(hash());
        return out;
    }
};

void inclusion(Input in)
{
    ledger::InclusionClaim claim{in.number(), in.number(), in.hash(), in.hash()};
    auto const proof = in.hashes();
    auto const root = claim.size <= ledger::size_max ? root_by_path(claim.index, claim.size, claim.leaf, proof) : std::nullopt;
    must(ledger::verify_inclusion(claim, proof).has_value() == (root && *root == claim.root));
    if (root) claim.root = *root;
    must(ledger::verify_inclusion(claim, proof).has_value() == root.has_value());
}

void consistency(Input in)
{
    ledger::ConsistencyClaim claim{in.number(), in.number(), in.hash(), in.hash()};
    auto const proof = in.hashes();
    auto const roots_of = [&] {
        return claim.to <= ledger::size_max ? roots_by_path(claim.from, claim.to, true, claim.from_root, proof) : std::nullopt;
    };
    auto roots = roots_of();
    must(ledger::verify_consistency(claim, proof).has_value() == (roots && *roots == std::pair{claim.from_root, claim.to_root}));
    if (roots) {
        claim.from_root = roots->first;
        claim.to_root = roots_of()->second;
    }
    must(ledger::verify_consistency(claim, proof).has_value() == roots.has_value());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    auto const text = fuzz::text_of(data, size);
    if (auto const frontier = ledger::read_frontier(text)) must(ledger::bytes_of(*frontier) == text);
    if (auto const entry = ledger::read_entry(text)) {
        must(size <= ledger::entry_bytes_max);
        must(*ledger::bytes_of(*entry) == text);
    }
    if (auto const head = ledger::read_head(text)) must(*ledger::canonical_head(*head) == text);
    inclusion({text});
    consistency({text});
    return 0;
}
