#pragma once

// A range of consecutive leaves by the hashes of the fewest perfect subtrees that cover it ("compact range"). The one that
// starts at leaf 0 is the whole log, in at most 63 hashes: it is all a commit needs to extend the log.
//
// Threads: a plain value; one thread at a time. Errors: a Failure; where one is returned the frontier is as it was.
// Trusts: hashes it was given. Whoever loads a frontier compares its root with the head it belongs to.

#include "gateway/ledger/failure.hpp"
#include "gateway/ledger/merkle.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace ledger {

class Frontier {
public:
    Frontier() = default;  // the empty log
    // An empty range at a later place, for a batch that is hashed apart and merged when its turn comes.
    [[nodiscard]] static Result<Frontier> starting_at(std::uint64_t begin);
    // From stored nodes: the hashes of cover(span), in its order.
    [[nodiscard]] static Result<Frontier> of(Span span, std::vector<Hash> hashes);

    // One more leaf. The perfect subtrees that came to be are added to `born`, the leaf itself (level 0) first: what is
    // stored, once and for ever.
    [[nodiscard]] Result<void> append(Hash const& leaf, std::vector<Node>& born);
    // The leaves that follow. `born` gets what was made at the seam; the other range has told its own.
    [[nodiscard]] Result<void> merge(Frontier const& right, std::vector<Node>& born);

    [[nodiscard]] Span span() const noexcept { return span_; }
    [[nodiscard]] std::uint64_t size() const noexcept { return span_.end - span_.begin; }
    [[nodiscard]] std::vector<Node> const& nodes() const noexcept { return nodes_; }
    // MTH of all leaves. sizes_wrong where the range does not start at leaf 0: it is no tree of the log.
    [[nodiscard]] Result<Hash> root() const;

    bool operator==(Frontier const&) const = default;

private:
    void push(Node node, std::vector<Node>& born, bool report);

    Span              span_;
    std::vector<Node> nodes_;  // cover(span_) with their hashes
};

// Version 1: 0x01, begin and end as 8 octets each (most significant first), then 32 octets for each node of cover(span).
// One frontier has one text, and every text that is read writes back as it was.
[[nodiscard]] std::string bytes_of(Frontier const& frontier);
[[nodiscard]] Result<Frontier> read_frontier(std::string_view bytes);

// Folds subtrees that follow each other from left to right into one, as §2.1.1 does at a ragged edge. At least one.
[[nodiscard]] Hash fold(std::vector<Hash> const& hashes);

}  // namespace ledger
