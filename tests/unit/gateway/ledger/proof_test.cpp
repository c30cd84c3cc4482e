#include "gateway/ledger/proof.hpp"

#include "gateway/ledger/frontier.hpp"
#include "tests/unit/gateway/ledger/known.hpp"

#include <gtest/gtest.h>

namespace {

using ledger::ConsistencyClaim;
using ledger::Hash;
using ledger::InclusionClaim;
using ledger::Proof;
using ledger::Refusal;

struct Log {
    explicit Log(std::vector<Hash> leaves) : naive{leaves}
    {
        ledger::Frontier frontier;
        std::vector<ledger::Node> born;
        for (auto const& leaf : leaves) EXPECT_TRUE(frontier.append(leaf, born).has_value());
        stored.keep(born);
    }
    known::Naive  naive;
    known::Stored stored;
};

std::vector<Hash> some_leaves(std::size_t count)
{
    std::vector<Hash> out;
    for (std::size_t i = 0; i < count; ++i) out.push_back(ledger::leaf_hash("leaf " + std::to_string(i)));
    return out;
}

std::vector<Hash> known_leaves()
{
    std::vector<Hash> out;
    for (auto const& leaf : known::leaves()) out.push_back(ledger::leaf_hash(leaf));
    return out;
}

Proof hashes(std::vector<char const*> const& hex)
{
    Proof out;
    for (auto const* digits : hex) out.push_back(known::hash(digits));
    return out;
}

ledger::Result<void> verify(InclusionClaim const& claim, Proof const& proof) { return ledger::verify_inclusion(claim, proof); }
ledger::Result<void> verify(ConsistencyClaim const& claim, Proof const& proof) { return ledger::verify_consistency(claim, proof); }
bool holds(InclusionClaim const& claim, Proof const& proof) { return verify(claim, proof).has_value(); }
bool holds(ConsistencyClaim const& claim, Proof const& proof) { return verify(claim, proof).has_value(); }

// Every bit (step 1), or for large trees every so many, from another first bit in each hash.
template <class Claim>
void expect_no_bit_can_change(Claim const& claim, Proof proof, std::size_t step)
{
    std::size_t at = 0;
    for (auto& part : proof)
        for (std::size_t bit = at++ % step; bit < 256; bit += step) {
            part[bit / 8] ^= static_cast<std::uint8_t>(1u << bit % 8);
            EXPECT_EQ(ledger::name_of(verify(claim, proof).error().why), "root_mismatch");
            part[bit / 8] ^= static_cast<std::uint8_t>(1u << bit % 8);
        }
}

template <class Claim>
void expect_no_other_length(Claim const& claim, Proof proof)
{
    auto longer = proof;
    longer.push_back(proof.empty() ? Hash{} : proof.back());
    EXPECT_FALSE(holds(claim, longer));
    longer = proof;
    longer.insert(longer.begin(), proof.empty() ? Hash{} : proof.front());
    EXPECT_FALSE(holds(claim, longer));
    if (proof.empty()) return;
    EXPECT_FALSE(holds(claim, {proof.begin() + 1, proof.end()}));
    EXPECT_FALSE(holds(claim, {proof.begin(), proof.end() - 1}));
}

// The proofs that Certificate Transparency's implementations test with (leaves counted from 0 here).
TEST(Inclusion, ProofsAreThoseOfCertificateTransparency)
{
    struct Case { std::uint64_t index, size; std::vector<char const*> proof; };
    std::vector<Case> const cases{
        {0, 1, {}},
        {0, 8, {"96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"}},
        {5, 8, {"bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"}},
        {2, 3, {"fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"}},
        {1, 5, {"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"}},
    };
    Log const log{known_leaves()};
    for (auto const& [index, size, hex] : cases) {
        auto const proof = hashes(hex);
        EXPECT_EQ(*ledger::prove_inclusion(log.stored, index, size), proof) << index << " of " << size;
        EXPECT_TRUE(holds(InclusionClaim{index, size, log.naive.leaf(index), known::hash(known::roots[size])}, proof)) << index << " of " << size;
    }
}

TEST(Consistency, ProofsAreThoseOfCertificateTransparency)
{
    struct Case { std::uint64_t from, to; std::vector<char const*> proof; };
    std::vector<Case> const cases{
        {1, 1, {}},
        {1, 8, {"96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"}},
        {6, 8, {"0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"}},
        {2, 5, {"5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"}},
        {6, 7, {"0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
                "b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"}},
    };
    Log const log{known_leaves()};
    for (auto const& [from, to, hex] : cases) {
        auto const proof = hashes(hex);
        EXPECT_EQ(*ledger::prove_consistency(log.stored, from, to), proof) << from << " to " << to;
        EXPECT_TRUE(holds(ConsistencyClaim{from, to, known::hash(known::roots[from]), known::hash(known::roots[to])}, proof)) << from << " to " << to;
    }
}

TEST(Inclusion, OfEveryLeafInEveryTreeIsTheNaiveDefinitionsAndHolds)
{
    Log log{some_leaves(300)};
    for (std::size_t size = 1; size <= 300; ++size) {
        auto const root = log.naive.root(0, size);
        for (std::size_t index = 0; index < size; ++index) {
            auto const proof = ledger::prove_inclusion(log.stored, index, size);
            ASSERT_TRUE(proof.has_value());
            ASSERT_EQ(*proof, log.naive.path(index, 0, size)) << index << " of " << size;
            ASSERT_TRUE(holds(InclusionClaim{index, size, log.naive.leaf(index), root}, *proof)) << index << " of " << size;
        }
    }
}

TEST(Consistency, OfEveryPairOfTreesIsTheNaiveDefinitionsAndHolds)
{
    Log log{some_leaves(300)};
    for (std::size_t to = 1; to <= 300; ++to) {
        for (std::size_t from = 1; from <= to; ++from) {
            auto const proof = ledger::prove_consistency(log.stored, from, to);
            ASSERT_TRUE(proof.has_value());
            ASSERT_EQ(*proof, log.naive.subproof(from, 0, to, true)) << from << " to " << to;
            ASSERT_TRUE(holds(ConsistencyClaim{from, to, log.naive.root(0, from), log.naive.root(0, to)}, *proof)) << from << " to " << to;
        }
    }
}

TEST(Inclusion, FailsWithAnyBitOfItsProofChanged)
{
    Log log{some_leaves(300)};
    for (std::size_t size = 1; size <= 300; size = size < 17 ? size + 1 : size * 7 / 4)
        for (std::size_t index = 0; index < size; index += size < 17 ? 1 : 13) {
            InclusionClaim const claim{index, size, log.naive.leaf(index), log.naive.root(0, size)};
            auto const proof = log.naive.path(index, 0, size);
            expect_no_bit_can_change(claim, proof, size < 17 ? 1 : 11);
            expect_no_other_length(claim, proof);
        }
}

TEST(Consistency, FailsWithAnyBitOfItsProofChanged)
{
    Log log{some_leaves(300)};
    for (std::size_t to = 2; to <= 300; to = to < 17 ? to + 1 : to * 7 / 4)
        for (std::size_t from = 1; from < to; from += to < 17 ? 1 : 13) {
            ConsistencyClaim const claim{from, to, log.naive.root(0, from), log.naive.root(0, to)};
            auto const proof = log.naive.subproof(from, 0, to, true);
            expect_no_bit_can_change(claim, proof, to < 17 ? 1 : 11);
            expect_no_other_length(claim, proof);
        }
}

TEST(Inclusion, FailsForAnotherLeafRootOrPlace)
{
    Log log{some_leaves(33)};
    for (std::size_t size = 2; size <= 33; ++size)
        for (std::size_t index = 0; index < size; ++index) {
            auto const proof = log.naive.path(index, 0, size);
            auto const leaf = log.naive.leaf(index), root = log.naive.root(0, size);
            for (std::size_t other = 0; other < size; ++other)
                EXPECT_EQ(holds(InclusionClaim{other, size, leaf, root}, proof), other == index) << index << " as " << other << " of " << size;
            EXPECT_FALSE(holds(InclusionClaim{index, size, log.naive.leaf((index + 1) % size), root}, proof));
            EXPECT_FALSE(holds(InclusionClaim{index, size, leaf, log.naive.root(0, size - 1)}, proof));
            EXPECT_FALSE(holds(InclusionClaim{index, size * 2, leaf, root}, proof));
            EXPECT_FALSE(holds(InclusionClaim{index, size / 2, leaf, root}, proof));
        }
}

TEST(Consistency, FailsForATreeThatWasRewritten)
{
    auto leaves = some_leaves(33);
    Log log{leaves};
    for (std::size_t altered = 0; altered < 33; altered += 4) {
        auto changed = leaves;
        changed[altered] = ledger::leaf_hash("another dossier");
        Log other{changed};
        for (std::size_t from = altered + 1; from < 33; ++from) {
            auto const proof = *ledger::prove_consistency(other.stored, from, 33);
            EXPECT_FALSE(holds(ConsistencyClaim{from, 33, log.naive.root(0, from), other.naive.root(0, 33)}, proof)) << altered << ' ' << from;
            auto const honest = *ledger::prove_consistency(log.stored, from, 33);
            EXPECT_FALSE(holds(ConsistencyClaim{from, 33, log.naive.root(0, from), other.naive.root(0, 33)}, honest)) << altered << ' ' << from;
        }
    }
}

TEST(Inclusion, IsRefusedOutsideTheTree)
{
    Log const log{some_leaves(5)};
    for (auto const& [index, size] : {std::pair{0u, 0u}, std::pair{1u, 1u}, std::pair{5u, 5u}, std::pair{9u, 5u}}) {
        EXPECT_EQ(ledger::prove_inclusion(log.stored, index, size).error().why, Refusal::sizes_wrong);
        EXPECT_EQ(verify(InclusionClaim{index, size, {}, {}}, {}).error().why, Refusal::sizes_wrong);
    }
    EXPECT_EQ(ledger::prove_inclusion(log.stored, 0, ledger::size_max + 1).error().why, Refusal::size_over);
    EXPECT_EQ(verify(InclusionClaim{0, ledger::size_max + 1, {}, {}}, {}).error().why, Refusal::size_over);
    EXPECT_EQ(ledger::prove_inclusion(log.stored, 0, 6).error().why, Refusal::nodes_wrong);  // the sixth leaf is not there yet
    EXPECT_EQ(verify(InclusionClaim{0, 8, {}, {}}, Proof(64)).error().why, Refusal::proof_length);
}

TEST(Consistency, IsRefusedFromNothingAndBackwards)
{
    Log log{some_leaves(5)};
    for (auto const& [from, to] : {std::pair{0u, 0u}, std::pair{0u, 5u}, std::pair{2u, 1u}, std::pair{5u, 0u}}) {
        EXPECT_EQ(ledger::prove_consistency(log.stored, from, to).error().why, Refusal::sizes_wrong);
        EXPECT_EQ(verify(ConsistencyClaim{from, to, {}, {}}, {}).error().why, Refusal::sizes_wrong);
    }
    EXPECT_EQ(ledger::prove_consistency(log.stored, 1, ledger::size_max + 1).error().why, Refusal::size_over);
    EXPECT_EQ(verify(ConsistencyClaim{1, ledger::size_max + 1, {}, {}}, {}).error().why, Refusal::size_over);
    EXPECT_EQ(verify(ConsistencyClaim{3, 8, {}, {}}, Proof(65)).error().why, Refusal::proof_length);
    EXPECT_EQ(verify(ConsistencyClaim{3, 5, {}, {}}, {}).error().why, Refusal::proof_length);

    auto const root = log.naive.root(0, 5);
    EXPECT_TRUE(holds(ConsistencyClaim{5, 5, root, root}, {}));
    EXPECT_EQ(verify(ConsistencyClaim{5, 5, root, log.naive.root(0, 4)}, {}).error().why, Refusal::root_mismatch);
    EXPECT_EQ(verify(ConsistencyClaim{5, 5, root, root}, Proof(1)).error().why, Refusal::proof_length);
}

TEST(Plan, TakesExactlyTheNodesItAskedFor)
{
    auto const plan = *ledger::plan_inclusion(2, 7);
    EXPECT_EQ(plan.nodes(), (std::vector<ledger::NodeId>{{0, 3}, {1, 0}, {1, 2}, {0, 6}}));  // the last two fold into one
    EXPECT_EQ(plan.assemble(std::vector<Hash>(4))->size(), 3u);
    EXPECT_EQ(plan.assemble(std::vector<Hash>(3)).error().why, Refusal::nodes_wrong);
    EXPECT_EQ(plan.assemble(std::vector<Hash>(5)).error().why, Refusal::nodes_wrong);
}

TEST(Proofs, HoldInTheLargestLogsWithinTheirBounds)
{
    known::Uniform const uniform;
    auto const leaf = ledger::leaf_hash("hồ sơ");
    auto const root_of = [&](std::uint64_t size) { return *ledger::Frontier::of({0, size}, uniform.over({0, size}))->root(); };
    std::vector<std::uint64_t> const sizes{1, 2, 3, 1000, (1ull << 31) + 1, 1ull << 40, (1ull << 62) - 1, 1ull << 62, (1ull << 62) + 1,
                                           0x5555555555555555, 0x2AAAAAAAAAAAAAAB, ledger::size_max - 1, ledger::size_max};
    std::size_t longest_inclusion = 0, longest_consistency = 0;
    for (auto const to : sizes) {
        for (auto const from : sizes) {
            if (from > to) continue;
            auto const inclusion = *ledger::prove_inclusion(uniform, from - 1, to);
            EXPECT_TRUE(holds(InclusionClaim{from - 1, to, leaf, root_of(to)}, inclusion)) << from << ' ' << to;
            auto const consistency = *ledger::prove_consistency(uniform, from, to);
            EXPECT_TRUE(holds(ConsistencyClaim{from, to, root_of(from), root_of(to)}, consistency)) << from << ' ' << to;
            EXPECT_LE(ledger::plan_inclusion(from - 1, to)->nodes().size(), ledger::plan_nodes_max);
            EXPECT_LE(ledger::plan_consistency(from, to)->nodes().size(), ledger::plan_nodes_max);
            longest_inclusion = std::max(longest_inclusion, inclusion.size());
            longest_consistency = std::max(longest_consistency, consistency.size());
        }
    }
    EXPECT_EQ(longest_inclusion, ledger::inclusion_hashes_max);
    EXPECT_LE(longest_consistency, ledger::consistency_hashes_max);
}

}  // namespace
