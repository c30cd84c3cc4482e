#pragma once

// A provider's day (gateway/ledger/statement.hpp): the signed summary, and its list in pages.
//
// A day is closed `close_after` its end by Vietnam's clock: then every dossier filed on it has been stored or refused, and nobody
// holds the log. A closed statement is made once and kept: the same bytes whenever it is asked for. Before that it is provisional:
// made anew where the last one is older than `provisional_age_min`. Pages are the same for the same size of the log, whoever asks.
//
// Threads: call from any io_context; the answer comes back on the caller's executor. Errors: Failure; not_found for a day that
// has not begun or a size the log has not; busy where `at_once` are being made.
// Bounds: rows_at_once rows in memory at once, whatever the day has; kept_max provisional summaries.

#include "gateway/ledger/statement.hpp"
#include "gateway/runtime/clock.hpp"
#include "gateway/runtime/deadline.hpp"
#include "gateway/runtime/task.hpp"
#include "gateway/store/failure.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace store {

struct StatementConfig {
    std::chrono::minutes close_after{10};   // longer than any dossier is on its way, and than gateways' clocks differ
    std::chrono::hours late_max{1};         // what comes into the log behind its day's close is looked for so long before the day
    std::chrono::seconds provisional_age_min{60};
    std::size_t rows_at_once = 1000;        // also the lines of a page
    std::size_t at_once = 1;                // summaries in the making, of one gateway
    std::size_t kept_max = 256;
};

struct SignedStatement {
    ledger::Statement statement;
    std::string text;       // ledger::canonical_statement
    std::string signature;  // signing::sign_text over the text; empty: not signed
};

// Signs as of statement.at: fills in the key's id. May throw signing::KeyTrouble.
using StatementSigner = std::function<SignedStatement(ledger::Statement statement)>;

struct StatementPage {
    std::uint64_t size = 0;          // the list's, of the log
    std::vector<std::string> lines;  // ledger::written_line
    std::string next;                // where the next page begins; empty: there is none
};

// Where a page begins, as it is told outside: "a-DOSSIER_ID", or "r-CONTENT_SHA256-MICROSECONDS-NUMBER" of refusals.
struct StatementPlace {
    bool refusals = false;
    std::string dossier_id = "00000000-0000-0000-0000-000000000000";
    std::string content_sha256;  // octets
    std::int64_t at = 0;         // microseconds since 1970
    std::int64_t number = 0;
    bool operator==(StatementPlace const&) const = default;
};
[[nodiscard]] std::string text_of(StatementPlace const& place);
[[nodiscard]] std::optional<StatementPlace> place_from(std::string_view text);  // "" is the beginning

class Statements {
public:
    virtual ~Statements() = default;
    virtual runtime::Task<Result<SignedStatement>> statement(std::string provider, std::chrono::sys_days day, runtime::Instant now,
                                                             runtime::Deadline deadline) = 0;
    // Without a size: the closed statement's, or of all there is now.
    virtual runtime::Task<Result<StatementPage>> page(std::string provider, std::chrono::sys_days day, std::optional<std::uint64_t> size,
                                                      StatementPlace from, runtime::Instant now, runtime::Deadline deadline) = 0;
};

// For commands: the summary as a gateway would give it, to `begin`, then each line, where somebody wants them. A closed statement that nobody has asked for yet is made, and
// kept where there is a signer; without one it has no signature. Blocks, on a connection of its own. Throws std::runtime_error.
struct StatementAsked {
    std::string log, provider;
    std::chrono::sys_days day{};
    runtime::Instant now{};
};
[[nodiscard]] SignedStatement read_statement(std::string const& database_url, StatementAsked const& asked, StatementSigner const& signer,
                                             std::function<void(SignedStatement const&)> const& begin,
                                             std::function<void(std::string_view line)> const& line);

}  // namespace store
