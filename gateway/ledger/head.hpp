#pragma once

// A tree head as the text that is signed. Our own layout, version 1: these six lines, each ended by one line feed, nothing else:
//
//   IVAN-Hub tree head 1
//   log hub.example/2026
//   size 123456
//   root <64 hex digits in lower case>
//   time 2026-11-22T05:45:00.123Z
//   key <64 hex digits: SHA-256 of the signing certificate's DER, as receipts name their key>
//
// One head has one text, and a text that is read writes back as it was, so a signature over the text is one over the values.
// `log` says whose log it is: a head of a sandbox must not pass for one of production, whatever keys the two share.
//
// Threads: free functions, any thread. Errors: field_wrong for a head out of bounds, bytes_wrong for another text.
// Trusts: nothing; read_head() verifies no signature.

#include "gateway/ledger/failure.hpp"
#include "gateway/ledger/merkle.hpp"

#include <chrono>
#include <string>
#include <string_view>

namespace ledger {

inline constexpr std::size_t log_name_bytes_max = 100;
inline constexpr std::size_t head_bytes_max = 400;

struct TreeHead {
    std::string   log;         // 1..100 of a-z 0-9 . - / _
    std::uint64_t size = 0;
    Hash          root{};      // empty_root() where size is 0
    std::chrono::sys_time<std::chrono::milliseconds> at{};  // from 1970 to 9999
    Hash          key_id{};
    bool operator==(TreeHead const&) const = default;
};

[[nodiscard]] Result<std::string> canonical_head(TreeHead const& head);
[[nodiscard]] Result<TreeHead> read_head(std::string_view text);

}  // namespace ledger
