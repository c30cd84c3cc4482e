#include "gateway/ledger/frontier.hpp"

#include "gateway/ledger/detail/octets.hpp"

#include <utility>

namespace ledger {
namespace {
constexpr char version = '\x01';
}

Result<Frontier> Frontier::starting_at(std::uint64_t begin)
{
    return of({begin, begin}, {});
}

Result<Frontier> Frontier::of(Span span, std::vector<Hash> hashes)
{
    if (span.begin > size_max || span.end > size_max) return Failure{Refusal::size_over, "a range beyond the largest log"};
    if (span.begin > span.end) return Failure{Refusal::sizes_wrong, "a range that ends before it begins"};
    auto const ids = cover(span);
    if (ids.size() != hashes.size()) return Failure{Refusal::nodes_wrong, "not one hash for each subtree of the range"};
    Frontier frontier;
    frontier.span_ = span;
    for (std::size_t i = 0; i < ids.size(); ++i) frontier.nodes_.push_back({ids[i], hashes[i]});
    return frontier;
}

// A right sibling closes its parent, which may close the next.
void Frontier::push(Node node, std::vector<Node>& born, bool report)
{
    if (report) born.push_back(node);
    while (!nodes_.empty() && nodes_.back().id.level == node.id.level && (node.id.index & 1) != 0) {
        node = {{node.id.level + 1, node.id.index >> 1}, node_hash(nodes_.back().hash, node.hash)};
        nodes_.pop_back();
        born.push_back(node);
    }
    nodes_.push_back(node);
}

Result<void> Frontier::append(Hash const& leaf, std::vector<Node>& born)
{
    if (span_.end >= size_max) return Failure{Refusal::size_over, "the log is full"};
    push({{0, span_.end}, leaf}, born, true);
    ++span_.end;
    return {};
}

Result<void> Frontier::merge(Frontier const& right, std::vector<Node>& born)
{
    if (right.span_.begin != span_.end) return Failure{Refusal::seam_wrong, "the second range does not start where the first ends"};
    auto const nodes = right.nodes_;  // right may be this very range, where both are empty
    auto const end = right.span_.end;
    for (auto const& node : nodes) push(node, born, false);
    span_.end = end;
    return {};
}

Result<Hash> Frontier::root() const
{
    if (span_.begin != 0) return Failure{Refusal::sizes_wrong, "a range that does not start at the first leaf has no root"};
    if (nodes_.empty()) return empty_root();
    std::vector<Hash> hashes;
    for (auto const& node : nodes_) hashes.push_back(node.hash);
    return fold(hashes);
}

Hash fold(std::vector<Hash> const& hashes)
{
    auto hash = hashes.back();
    for (auto i = hashes.size() - 1; i-- > 0;) hash = node_hash(hashes[i], hash);
    return hash;
}

std::string bytes_of(Frontier const& frontier)
{
    std::string out{version};
    detail::put_number<8>(out, frontier.span().begin);
    detail::put_number<8>(out, frontier.span().end);
    for (auto const& node : frontier.nodes()) out.append(node.hash.begin(), node.hash.end());
    return out;
}

Result<Frontier> read_frontier(std::string_view bytes)
{
    detail::Octets in{bytes};
    auto const first = in.take(1);
    auto const begin = in.number<8>();
    auto const end = in.number<8>();
    if (!end || *first != std::string_view{&version, 1}) return Failure{Refusal::bytes_wrong, "not a frontier of version 1"};
    if (in.left() % sizeof(Hash) != 0 || in.left() / sizeof(Hash) > range_hashes_max)
        return Failure{Refusal::bytes_wrong, "a frontier cut short or too long"};
    std::vector<Hash> hashes;
    while (in.left() > 0) hashes.push_back(detail::hash_of(*in.take(sizeof(Hash))));
    return Frontier::of({*begin, *end}, std::move(hashes));
}

}  // namespace ledger
