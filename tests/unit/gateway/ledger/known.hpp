#pragma once

// The eight leaves that Certificate Transparency's implementations test with, and the naive definition of RFC 9162 §2.1.

#include "gateway/ledger/proof.hpp"
#include "signing/digest.hpp"

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace known {

inline ledger::Hash hash(std::string_view hex)
{
    ledger::Hash out{};
    auto const bytes = signing::bytes_of_hex(hex);
    std::copy(bytes.begin(), bytes.end(), out.begin());
    return out;
}

// Trees over the leaf hashes given, word for word as the RFC defines them; what was hashed once is kept.
class Naive {
public:
    explicit Naive(std::vector<ledger::Hash> leaves) : leaves_{std::move(leaves)} {}

    [[nodiscard]] ledger::Hash leaf(std::size_t index) const { return leaves_[index]; }

    // MTH(D[begin:end])
    ledger::Hash root(std::size_t begin, std::size_t end)
    {
        if (begin == end) return signing::sha256({});
        if (end - begin == 1) return leaves_[begin];
        auto const [found, fresh] = roots_.try_emplace({begin, end});
        if (!fresh) return found->second;
        auto const k = half(end - begin);
        auto const left = root(begin, begin + k), right = root(begin + k, end);
        std::string bytes{'\x01'};
        bytes.append(left.begin(), left.end());
        bytes.append(right.begin(), right.end());
        return roots_[{begin, end}] = signing::sha256(bytes);
    }

    // PATH(m, D[begin:end])
    std::vector<ledger::Hash> path(std::size_t m, std::size_t begin, std::size_t end)
    {
        if (end - begin == 1) return {};
        auto const k = half(end - begin);
        auto proof = m < k ? path(m, begin, begin + k) : path(m - k, begin + k, end);
        proof.push_back(m < k ? root(begin + k, end) : root(begin, begin + k));
        return proof;
    }

    // SUBPROOF(m, D[begin:end], whole)
    std::vector<ledger::Hash> subproof(std::size_t m, std::size_t begin, std::size_t end, bool whole)
    {
        if (m == end - begin) return whole ? std::vector<ledger::Hash>{} : std::vector{root(begin, end)};
        auto const k = half(end - begin);
        auto proof = m <= k ? subproof(m, begin, begin + k, whole) : subproof(m - k, begin + k, end, false);
        proof.push_back(m <= k ? root(begin + k, end) : root(begin, begin + k));
        return proof;
    }

private:
    static std::size_t half(std::size_t size)
    {
        std::size_t k = 1;
        while (2 * k < size) k *= 2;
        return k;
    }

    std::vector<ledger::Hash> leaves_;
    std::map<std::pair<std::size_t, std::size_t>, ledger::Hash> roots_;
};

inline std::vector<std::string> leaves()
{
    std::vector<std::string> out;
    for (auto const* hex : {"", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"})
        out.push_back(signing::bytes_of_hex(hex));
    return out;
}

inline constexpr char const* roots[] = {
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
};

// Nodes as the database would keep them: written once, never changed.
class Stored final : public ledger::NodeSource {
public:
    void keep(std::vector<ledger::Node> const& born)
    {
        for (auto const& node : born) repeated_ += !hashes_.emplace(node.id, node.hash).second;
    }
    [[nodiscard]] int repeated() const noexcept { return repeated_; }
    [[nodiscard]] std::size_t size() const noexcept { return hashes_.size(); }
    ledger::Result<std::vector<ledger::Hash>> nodes(std::span<ledger::NodeId const> ids) const override
    {
        std::vector<ledger::Hash> out;
        for (auto const& id : ids) {
            auto const found = hashes_.find(id);
            if (found == hashes_.end()) return ledger::Failure{ledger::Refusal::nodes_wrong, "no such node"};
            out.push_back(found->second);
        }
        return out;
    }

private:
    std::map<ledger::NodeId, ledger::Hash> hashes_;
    int repeated_ = 0;
};

// A log of equal leaves: every perfect subtree of a level has one hash, so trees of any size can be reckoned with.
class Uniform final : public ledger::NodeSource {
public:
    Uniform()
    {
        levels_.push_back(ledger::leaf_hash("hồ sơ"));
        while (levels_.size() <= ledger::level_max) levels_.push_back(ledger::node_hash(levels_.back(), levels_.back()));
    }
    ledger::Result<std::vector<ledger::Hash>> nodes(std::span<ledger::NodeId const> ids) const override
    {
        std::vector<ledger::Hash> out;
        for (auto const& id : ids) out.push_back(levels_.at(id.level));
        return out;
    }
    [[nodiscard]] std::vector<ledger::Hash> over(ledger::Span span) const { return *nodes(ledger::cover(span)); }

private:
    std::vector<ledger::Hash> levels_;
};

}  // namespace known
