#pragma once

// Where paths may end, and what they may be built with: certificates from a trust directory or from a tool's options, and
// what holds for each anchor (NAME.toml). Private to signing/.
//
// Threads: immutable after reading. Errors: std::runtime_error naming every unusable file at once.

#include "signing/detail/openssl.hpp"
#include "signing/trust.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace signing::detail {

// Larger certificates are refused unread: real ones have a few KiB, the bound is ours (pathological name constraints need
// some 60 KiB).
inline constexpr std::size_t certificate_bytes_max = 256u << 10;

struct Anchor {
    X509Ptr          certificate;
    CertificateFacts facts;
    bool             test = false;
    std::optional<std::chrono::sys_days> accepted_until;  // test anchors: the last day, for all of them
    AnchorPolicy     policy = {};
};

// Is the anchor one on that day (in Vietnam)? Its own dates, not its certificate's.
[[nodiscard]] bool in_force(Anchor const& anchor, Instant at);
// First and last instant of what in_force() says, where there are such.
[[nodiscard]] std::optional<Instant> force_begins(Anchor const& anchor);
[[nodiscard]] std::optional<Instant> force_ends(Anchor const& anchor);

struct Intermediate {
    X509Ptr          certificate;
    CertificateFacts facts;
};

struct TrustFiles {
    std::vector<Anchor> anchors;  // production first
    std::vector<Intermediate> intermediates;
    std::vector<Revocations::Piece> crls, ocsp;
};

// Everything in a trust directory; each unusable file is named in one exception.
[[nodiscard]] TrustFiles read_trust_directory(std::filesystem::path const& directory);
// The revocation lists of one folder, none where it is not there; each unusable file is named in one exception.
[[nodiscard]] std::vector<Revocations::Piece> read_crls(std::filesystem::path const& folder);
// Names, sizes and times of these files.
[[nodiscard]] std::string trust_directory_stamp(std::filesystem::path const& directory);
// The same, from a tool's files: any certificate may be an anchor (it then stands for itself, or for what it issued).
[[nodiscard]] TrustFiles read_trust_material(TrustStore::Material const& material);

// NAME.toml. Throws for an unknown key, a wrong value, or a grace that would mean nothing.
[[nodiscard]] AnchorPolicy read_anchor_policy(std::string_view toml);

}  // namespace signing::detail
