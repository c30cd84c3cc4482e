#include "gateway/ledger/frontier.hpp"

#include "tests/unit/gateway/ledger/known.hpp"

#include <gtest/gtest.h>

#include <bit>

namespace {

using ledger::Frontier;
using ledger::Hash;
using ledger::Node;
using ledger::Refusal;

std::vector<Hash> some_leaves(std::size_t count)
{
    std::vector<Hash> out;
    for (std::size_t i = 0; i < count; ++i) out.push_back(ledger::leaf_hash("leaf " + std::to_string(i)));
    return out;
}

Frontier range_of(std::vector<Hash> const& leaves, std::size_t begin, std::size_t end)
{
    auto frontier = *Frontier::starting_at(begin);
    std::vector<Node> born;
    for (auto i = begin; i < end; ++i) EXPECT_TRUE(frontier.append(leaves[i], born).has_value());
    return frontier;
}

TEST(Frontier, HasTheRootsOfCertificateTransparencysEightLeaves)
{
    Frontier log;
    std::vector<Node> born;
    EXPECT_EQ(signing::hex(*log.root()), known::roots[0]);
    auto const leaves = known::leaves();
    for (std::size_t n = 0; n < leaves.size(); ++n) {
        ASSERT_TRUE(log.append(ledger::leaf_hash(leaves[n]), born).has_value());
        EXPECT_EQ(signing::hex(*log.root()), known::roots[n + 1]) << n + 1 << " leaves";
    }
}

TEST(Frontier, AgreesWithTheNaiveDefinitionAtEverySizeInLogarithmicMemory)
{
    auto const leaves = some_leaves(300);
    known::Naive naive{leaves};
    known::Stored stored;
    Frontier log;
    for (std::size_t n = 1; n <= leaves.size(); ++n) {
        std::vector<Node> born;
        ASSERT_TRUE(log.append(leaves[n - 1], born).has_value());
        stored.keep(born);
        EXPECT_EQ(*log.root(), naive.root(0, n)) << n;
        EXPECT_EQ(log.nodes().size(), static_cast<std::size_t>(std::popcount(n)));
        // Every perfect subtree is told once, when its last leaf comes: 2n - popcount(n) of them.
        EXPECT_EQ(stored.size(), 2 * n - static_cast<std::size_t>(std::popcount(n)));
    }
    EXPECT_EQ(stored.repeated(), 0);
    for (std::size_t level = 0; level < 9; ++level) {
        for (std::size_t i = 0; (i + 1) << level <= leaves.size(); ++i) {
            std::vector<ledger::NodeId> const id{{static_cast<unsigned>(level), i}};
            EXPECT_EQ(stored.nodes(id)->front(), naive.root(i << level, (i + 1) << level)) << level << ' ' << i;
        }
    }
}

TEST(Frontier, OfMergedBatchesIsTheOneThatGrewLeafByLeaf)
{
    std::size_t const size = 70;
    auto const leaves = some_leaves(size);
    for (std::size_t a = 0; a <= size; a += 1)
        for (std::size_t b = a; b <= size; b += 3)
            for (std::size_t c = b; c <= size; c += 7) {
                auto left = range_of(leaves, a, b);
                std::vector<Node> born;
                ASSERT_TRUE(left.merge(range_of(leaves, b, c), born).has_value());
                ASSERT_EQ(left, range_of(leaves, a, c)) << a << ' ' << b << ' ' << c;
            }
}

TEST(Frontier, TellsEveryNodeOnceHoweverTheLeavesComeInBatches)
{
    auto const leaves = some_leaves(257);
    known::Stored by_leaf, by_batch;
    Frontier one, other;
    std::vector<Node> born;
    for (auto const& leaf : leaves) ASSERT_TRUE(one.append(leaf, born).has_value());
    by_leaf.keep(born);

    for (std::size_t begin = 0, batch = 1; begin < leaves.size(); begin += batch, batch = batch * 3 % 31 + 1) {
        auto part = *Frontier::starting_at(begin);
        born.clear();
        for (auto i = begin; i < std::min(begin + batch, leaves.size()); ++i) ASSERT_TRUE(part.append(leaves[i], born).has_value());
        ASSERT_TRUE(other.merge(part, born).has_value());
        by_batch.keep(born);
    }
    EXPECT_EQ(one, other);
    EXPECT_EQ(by_batch.repeated(), 0);
    EXPECT_EQ(by_batch.size(), by_leaf.size());
}

TEST(Frontier, MergesOnlyWhatFollows)
{
    auto const leaves = some_leaves(9);
    auto left = range_of(leaves, 0, 4);
    auto const before = left;
    std::vector<Node> born;
    EXPECT_EQ(left.merge(range_of(leaves, 5, 9), born).error().why, Refusal::seam_wrong);
    EXPECT_EQ(left.merge(range_of(leaves, 3, 9), born).error().why, Refusal::seam_wrong);
    EXPECT_EQ(left, before);
    EXPECT_TRUE(born.empty());
    EXPECT_EQ(range_of(leaves, 4, 9).root().error().why, Refusal::sizes_wrong);
}

TEST(Frontier, ReachesTheLargestLogAndNoFurther)
{
    known::Uniform const uniform;
    for (std::uint64_t const middle : {std::uint64_t{1}, ledger::size_max / 2, ledger::size_max / 3, ledger::size_max - 1, std::uint64_t{1} << 62}) {
        auto log = *Frontier::of({0, middle}, uniform.over({0, middle}));
        auto const rest = *Frontier::of({middle, ledger::size_max}, uniform.over({middle, ledger::size_max}));
        EXPECT_LE(rest.nodes().size(), ledger::range_hashes_max);
        std::vector<Node> born;
        ASSERT_TRUE(log.merge(rest, born).has_value());
        EXPECT_EQ(log, *Frontier::of({0, ledger::size_max}, uniform.over({0, ledger::size_max})));
        EXPECT_EQ(log.nodes().size(), 63u);
        EXPECT_EQ(log.append(Hash{}, born).error().why, Refusal::size_over);
    }
    EXPECT_EQ(Frontier::starting_at(ledger::size_max + 1).error().why, Refusal::size_over);
    EXPECT_EQ(ledger::cover({1, ledger::size_max}).size(), 124u);  // up to 2^62 and down again
}

TEST(Frontier, IsReadAsItWasWrittenAndInNoOtherWay)
{
    auto const leaves = some_leaves(40);
    for (std::size_t begin = 0; begin <= leaves.size(); ++begin)
        for (auto end = begin; end <= leaves.size(); ++end) {
            auto const frontier = range_of(leaves, begin, end);
            auto const bytes = ledger::bytes_of(frontier);
            auto const read = ledger::read_frontier(bytes);
            ASSERT_TRUE(read.has_value());
            ASSERT_EQ(*read, frontier);
        }
    auto const bytes = ledger::bytes_of(range_of(leaves, 0, 7));
    for (std::size_t size = 0; size < bytes.size(); ++size) EXPECT_FALSE(ledger::read_frontier({bytes.data(), size}).has_value()) << size;
    EXPECT_FALSE(ledger::read_frontier(bytes + '\0').has_value());
    EXPECT_FALSE(ledger::read_frontier(bytes + std::string(32, '\0')).has_value());
    auto other = bytes;
    other[0] = '\x02';
    EXPECT_EQ(ledger::read_frontier(other).error().why, Refusal::bytes_wrong);
    other = bytes;
    other[16] = '\x05';  // five leaves take two hashes, not three
    EXPECT_EQ(ledger::read_frontier(other).error().why, Refusal::nodes_wrong);
    other[9] = '\x80';  // 2^63 leaves
    EXPECT_EQ(ledger::read_frontier(other).error().why, Refusal::size_over);
    auto const backwards = std::string{'\x01'} + std::string(7, '\0') + '\x02' + std::string(7, '\0') + '\x01';
    EXPECT_EQ(ledger::read_frontier(backwards).error().why, Refusal::sizes_wrong);
}

}  // namespace
