#pragma once

// A day's statement for one provider: what of theirs was accepted and refused on that day, counted, and where the log then stood.
// A day is a civil day of Vietnam, UTC+7, from 0:00 to 24:00: the filing day of QĐ 528. Our own layout, version 1: these lines in
// this order, each ended by one line feed; `code` as often as there are codes, by their ids:
//
//   IVAN-Hub statement 1
//   log hub.example/2026
//   provider THAISON
//   day 2026-11-22
//   state closed           (or provisional: the day, or the wait for its last dossiers, is not over)
//   from 100000            (leaves in the log when the day before was closed)
//   size 123456            (and at this statement: everything listed stands before)
//   root <64 hex digits>   (of the tree of `size` leaves)
//   accepted 20000
//   refused 50
//   code GW-2010 3         (of the refused)
//   code GW-3012 47
//   entries <64 hex digits: SHA-256 of the list, which has one line for each of them>
//   time 2026-11-22T17:10:00.123Z
//   key <64 hex digits: SHA-256 of the signing certificate's DER>
//
// Lines of the list, each ended by one line feed; a field's octets outside of 21..7E, and %, are written %XX, an empty field is -,
// and - alone is %2D:
//
//   accepted INDEX TIME CONTENT_SHA256 KEY DOSSIER_ID CASE_CODE RECEIPT_SHA256
//   refused INDEX TIME CONTENT_SHA256 KEY FAULT_ID
//
// INDEX is the place in the log, TIME the filing time in UTC with microseconds, KEY the Idempotency-Key: with the provider's code
// they are the log's entry (leaf.hpp), so that each line can be proved. Listed is what was filed on the day and stands before
// `size`; and what an earlier day's statement could not list, because it came into the log behind that day's close (`from`).
//
// Threads: free functions, any thread; a StatementTally is one thread's. Errors: field_wrong for values out of bounds, bytes_wrong
// for another text. Trusts: nothing; read_statement() verifies no signature.

#include "gateway/ledger/failure.hpp"
#include "gateway/ledger/leaf.hpp"
#include "gateway/ledger/merkle.hpp"
#include "signing/digest_pieces.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace ledger {

inline constexpr std::size_t statement_codes_max = 500;
inline constexpr std::size_t statement_bytes_max = 1'500 + statement_codes_max * 64;
inline constexpr std::size_t idempotency_key_bytes_max = 200;
inline constexpr std::size_t statement_line_bytes_max = 300 + 3 * (idempotency_key_bytes_max + case_code_bytes_max);

struct Statement {
    std::string log;
    std::string provider;  // 1..200 visible ASCII characters
    std::chrono::sys_days day{};
    bool closed = false;
    std::uint64_t from = 0, size = 0;  // from <= size
    Hash root{};
    std::uint64_t accepted = 0;
    std::map<std::string, std::uint64_t> refused;  // by fault id, none of them 0
    Hash entries{};
    std::chrono::sys_time<std::chrono::milliseconds> at{};
    Hash key_id{};
    bool operator==(Statement const&) const = default;
    [[nodiscard]] std::uint64_t refused_count() const;
};

[[nodiscard]] Result<std::string> canonical_statement(Statement const& statement);
[[nodiscard]] Result<Statement> read_statement(std::string_view text);

struct StatementLine {
    std::uint64_t index = 0;
    std::string idempotency_key;  // may be empty, of a refused one
    Entry entry;
    bool operator==(StatementLine const&) const = default;
};

// With its line feed.
[[nodiscard]] Result<std::string> written_line(StatementLine const& line);
// Without it; the provider is the statement's.
[[nodiscard]] Result<StatementLine> read_line(std::string_view text, std::string_view provider);

// When it was filed, and the day of that.
[[nodiscard]] Time time_of(Entry const& entry);
[[nodiscard]] std::chrono::sys_days vietnam_day_of(Time at);
// Whether a statement of this day, that begins behind `from` and ends before `size`, lists it.
[[nodiscard]] bool belongs(StatementLine const& line, std::chrono::sys_days day, std::uint64_t from, std::uint64_t size);

// Counts and hashes a list, line after line, for whoever makes one and for whoever checks one.
class StatementTally {
public:
    void add(StatementLine const& line, std::string_view written);  // with its line feed
    // What was counted and hashed so far, into the statement's fields; begins anew.
    void finish(Statement& statement);

private:
    std::uint64_t accepted_ = 0;
    std::map<std::string, std::uint64_t> refused_;
    signing::Sha256Pieces hash_;
};

}  // namespace ledger
