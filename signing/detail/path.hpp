#pragma once

// Paths from a certificate to an anchor (RFC 5280 §6, RFC 4158 for finding them). Private to signing/.
//
// Found by us, since OpenSSL's builder takes one path and stands or falls with it: every issuer of the right name is tried,
// ours and the sender's, in any order, and a step counts only when its signature verifies. Judged by OpenSSL, which is
// given exactly one path at a time and walks all of RFC 5280 §6.1 but two parts: signatures, which were verified while the
// path was found, and dates, which its own comparison ends a second early (§4.1.2.5: notAfter is included).
//
// Threads: a Graph is immutable; its memo of signatures is locked inside. A search belongs to one thread.
// Errors:  a Failure for bad input; std::runtime_error, std::bad_alloc where OpenSSL fails us.

#include "signing/detail/anchors.hpp"
#include "signing/trust.hpp"

#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace signing::detail {

// A certificate to build with. Name and key together make the identity: a CA whose certificate was renewed keeps it, one
// that changed its key has another.
struct Node {
    X509Ptr       certificate;
    Sha256        id{};        // of its DER
    Sha256        identity{};  // of its subject's name and its key
    Instant       not_before{}, not_after{};
    Anchor const* anchor = nullptr;
    bool          ours = true;  // not the sender's

    // What check_path() finds of an authority whenever it asks for Purpose::sign: of ours it is found once.
    struct Judged {
        bool key = false;                                    // large enough and of a kind we take
        bool other_purpose = false;                          // by its extended key usage
        std::optional<std::string> authority, anchor;        // nonconformity() in either role
    };
    std::optional<Judged> judged = std::nullopt;
};
[[nodiscard]] std::shared_ptr<Node const> make_node(X509Ptr certificate, bool ours);
[[nodiscard]] std::shared_ptr<Node const> make_node(X509Ptr certificate, bool ours, Sha256 const& id);  // where the DER was hashed before

using Path = std::vector<std::shared_ptr<Node const>>;  // the certificate asked about, its issuers, the anchor

// Anchors and intermediates, by name; and which of them signed which.
class Graph {
public:
    explicit Graph(TrustFiles files);
    [[nodiscard]] std::vector<Anchor> const& anchors() const noexcept { return anchors_; }
    [[nodiscard]] std::vector<Intermediate> const& intermediates() const noexcept { return intermediates_; }

    [[nodiscard]] std::shared_ptr<Node const> find(Sha256 const& id) const;
    [[nodiscard]] std::vector<std::shared_ptr<Node const>> named(X509_NAME const* subject) const;
    // DER of the anchors, and of the intermediates that some anchor vouches for: only those may vouch for CRLs.
    [[nodiscard]] std::vector<std::string> authorities() const;

    // Does the issuer's key verify the certificate's signature? Remembered where both are ours. `checked` counts real work.
    [[nodiscard]] bool signed_by(Node const& certificate, Node const& issuer, std::size_t& checked) const;

private:
    void add(std::shared_ptr<Node const> node);
    std::vector<Anchor> anchors_;
    std::vector<Intermediate> intermediates_;
    std::unordered_multimap<unsigned long, std::shared_ptr<Node const>> by_name_;
    std::unordered_map<std::string, std::shared_ptr<Node const>> by_id_;
    mutable std::mutex mutex_;
    mutable std::unordered_map<std::string, bool> signatures_;  // by both ids
};

// Bounds of one search: our own choice, far above what real hierarchies need.
struct SearchBounds {
    std::size_t authorities_max = 10;   // in a path, the anchor included
    std::size_t signatures_max  = 256;  // verified in one search
    std::size_t paths_max       = 32;   // judged in one search
    std::size_t hints_max       = 128;  // certificates of the sender's that are looked at
};

struct SearchReport {
    std::size_t paths = 0;
    bool accepted = false, ended_early = false;
    std::string dead_end;  // where no path was found: what was missing
};

// Hands every path to an anchor of the wanted kind to `visit`, the likeliest first, until it says true.
[[nodiscard]] SearchReport search(Graph const& graph, std::shared_ptr<Node const> const& leaf,
                                  std::vector<std::shared_ptr<Node const>> const& hints, bool test_anchors, Instant at,
                                  SearchBounds const& bounds, std::function<bool(Path const&)> const& visit);

// Why a path does not hold.
struct PathFault {
    Failure failure;
    std::optional<Instant> until;  // may hold after this: a certificate or an anchor begins
    bool anchor_usage = false;     // the anchor is not for this purpose
};

// The certificate asked about, before any path: can it be read, and is its key one we take?
[[nodiscard]] std::optional<Failure> check_subject(X509* certificate, std::size_t rsa_bits_min, Purpose purpose);

// All but revocation. `at` is taken to the second.
[[nodiscard]] std::optional<PathFault> check_path(Path const& path, Instant at, PathOptions const& options);

// The time for which check_path() keeps its answer when it is yes: validity of all, dates in force of the anchor.
struct Window {
    Instant from, until;
};
[[nodiscard]] Window window_of(Path const& path);

}  // namespace signing::detail
