#pragma once

// The provable log inside the journal's transaction: lock, give places, write. The leaves of one transaction stand together.
//
//   lock() → take() → append() … → write() → COMMIT
//
// The lock is advisory and the tables are only added to: no row is updated by every commit, so a snapshot held for long leaves
// no dead versions to wade through. Threads: one. Errors: PgError; where the log's newest row is damaged, 58000 (a system
// error: nothing is accepted until somebody has looked). Bounds: one transaction's leaves.

#include "gateway/ledger/frontier.hpp"
#include "gateway/ledger/leaf.hpp"
#include "gateway/runtime/clock.hpp"
#include "gateway/store/detail/pg_connection.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace store::detail {

inline constexpr unsigned log_level_min = 8;  // stored nodes have 256 leaves and more
inline constexpr std::uint64_t log_block = std::uint64_t{1} << log_level_min;

// One of the hashes that a column holds one behind another.
[[nodiscard]] ledger::Hash hash_at(std::string_view hashes, std::size_t place);

// A column that holds one hash and nothing else. std::runtime_error where it has another length.
[[nodiscard]] ledger::Hash hash_of(std::string_view octets);
[[nodiscard]] ledger::Time stored_time(runtime::Instant at);  // as timestamptz keeps it

// What a row says, as the log's entry. std::runtime_error where it is out of the ledger's bounds.
[[nodiscard]] std::string accepted_entry(std::string const& dossier_id, std::string const& case_code, std::string_view content_sha256,
                                         std::string_view receipt_xml, runtime::Instant received_at, std::string const& provider);
[[nodiscard]] std::string refused_entry(std::string const& fault_id, std::string_view content_sha256, std::string const& provider,
                                        runtime::Instant at);

class LogWriter {
public:
    static constexpr std::size_t lock_statements = 2;
    void lock(PgConnection& connection);  // sends; the answer of the last statement is for take()
    void take(Rows const& newest);
    void resume(ledger::Frontier const& foreseen);  // in place of both, where the database is asked whether it is so

    [[nodiscard]] std::uint64_t size() const noexcept { return size_; }                   // before this transaction
    [[nodiscard]] std::uint64_t end() const noexcept { return frontier_.span().end; }     // with what was appended
    [[nodiscard]] ledger::Frontier const& frontier() const noexcept { return frontier_; }
    void append(std::string_view entry);
    void write(PgConnection& connection);  // sends; nothing where nothing was appended

private:
    std::uint64_t size_ = 0;
    ledger::Frontier frontier_;
    std::string hashes_;
    std::vector<ledger::Node> born_;  // of level 8 and more
};

}  // namespace store::detail
