#pragma once

// One entry of the provable log as octets: what its leaf hash is of. Our own layout, version 1:
//
//   0x01 version · kind: 0x01 accepted, 0x02 refused · time: 8 octets, microseconds since 1970-01-01 UTC, two's complement
//   then fields, each with its length in 2 octets before it; numbers with the most significant octet first:
//   accepted: dossier id (36, as printed) · case code · SHA-256 of the envelope (32) · SHA-256 of the receipt (32) · provider
//   refused:  fault id · SHA-256 of the body as received (32; 0 where it was never read) · provider (may be empty)
//
// Every length is written and every octet is read, so that two entries that differ have different octets, and what
// read_entry() takes writes back as it was. An entry of another version starts with another octet. The layout of a version
// never changes: ten-year-old leaves must hash as they did.
//
// Threads: free functions, any thread. Errors: field_wrong for an entry out of bounds, bytes_wrong for other octets.

#include "gateway/ledger/failure.hpp"
#include "gateway/ledger/merkle.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace ledger {

// As the database keeps it: whoever has nanoseconds says himself how they are cut.
using Time = std::chrono::sys_time<std::chrono::microseconds>;

inline constexpr std::size_t case_code_bytes_max = 200;
inline constexpr std::size_t provider_bytes_max = 200;
inline constexpr std::size_t fault_id_bytes_max = 32;
inline constexpr std::size_t entry_bytes_max = 10 + 5 * 2 + 36 + case_code_bytes_max + 2 * sizeof(Hash) + provider_bytes_max;

struct Accepted {
    std::string dossier_id;  // UUID in lower case
    std::string case_code;
    Hash        content_sha256{};  // of the envelope as received
    Hash        receipt_sha256{};  // of the signed XML receipt
    Time        received_at{};     // the filing time
    std::string provider;          // code
    bool operator==(Accepted const&) const = default;
};

struct Refused {
    std::string         fault_id;  // "GW-2001"
    std::optional<Hash> content_sha256;
    std::string         provider;
    Time                at{};
    bool operator==(Refused const&) const = default;
};

using Entry = std::variant<Accepted, Refused>;

[[nodiscard]] Result<std::string> bytes_of(Entry const& entry);
[[nodiscard]] Result<Entry> read_entry(std::string_view bytes);

}  // namespace ledger
