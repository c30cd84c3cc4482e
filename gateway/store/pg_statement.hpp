#pragma once

// Statements over PostgreSQL. The rows of a day are found without an index of their own, because none may cost a dossier anything:
// a dossier's id begins with its filing time (RFC 9562 §5.7), so the small rows of dossier_status lie in the order of time; refused
// ones are found by their provider. Where the log stood at a moment is found by bisection, since commits stand in it in their order.
//
// Threads: any; what is kept and how many are in the making under a mutex.

#include "gateway/store/detail/pg_pool.hpp"
#include "gateway/store/statement.hpp"

#include <map>
#include <mutex>
#include <string>
#include <utility>

namespace store::detail {

// What a statement of a day covers.
struct StatementCut {
    std::chrono::sys_days day{};
    bool closed = false;
    std::uint64_t from = 0, size = 0;
};

class StatementReader {
public:
    StatementReader(PgConnection& connection, StatementConfig const& config) : connection_{connection}, config_{config} {}

    // not_found where the day has not begun, or the log is smaller than a size that is given.
    [[nodiscard]] Result<StatementCut> cut(std::chrono::sys_days day, runtime::Instant now, std::optional<std::uint64_t> size = {});
    [[nodiscard]] std::optional<SignedStatement> kept(std::string const& provider, std::chrono::sys_days day);
    // Gives the one that is kept, which may be another's that came first.
    [[nodiscard]] SignedStatement keep(SignedStatement made);

    // Lines from a place on, which is moved behind them; false: these were the last.
    using Visit = std::function<void(ledger::StatementLine const& line, std::string const& written)>;
    [[nodiscard]] Result<bool> lines(std::string const& provider, StatementCut const& cut, StatementPlace& place, Visit const& visit);
    // The summary over all lines, unsigned.
    [[nodiscard]] Result<ledger::Statement> summary(std::string const& log, std::string const& provider, StatementCut const& cut,
                                                    runtime::Instant now, runtime::Deadline deadline);

private:
    [[nodiscard]] Result<bool> accepted(std::string const& provider, StatementCut const& cut, StatementPlace& place, Visit const& visit);
    [[nodiscard]] Result<bool> refused(std::string const& provider, StatementCut const& cut, StatementPlace& place, Visit const& visit);
    [[nodiscard]] Rows in_order(Statement const& statement, Params const& params);
    [[nodiscard]] std::uint64_t size_at(runtime::Instant at);
    [[nodiscard]] std::uint64_t size_closed(std::chrono::sys_days day);

    PgConnection& connection_;
    StatementConfig const& config_;
};

class PgStatements final : public Statements {
public:
    PgStatements(PgPool& pool, std::string log, StatementSigner signer, StatementConfig config = {})
        : pool_{pool}, log_{std::move(log)}, signer_{std::move(signer)}, config_{config}
    {
    }
    runtime::Task<Result<SignedStatement>> statement(std::string provider, std::chrono::sys_days day, runtime::Instant now,
                                                     runtime::Deadline deadline) override;
    runtime::Task<Result<StatementPage>> page(std::string provider, std::chrono::sys_days day, std::optional<std::uint64_t> size,
                                              StatementPlace from, runtime::Instant now, runtime::Deadline deadline) override;

private:
    Result<SignedStatement> make(PgConnection& connection, std::string const& provider, std::chrono::sys_days day, runtime::Instant now,
                                 runtime::Deadline deadline);
    std::optional<SignedStatement> recent(std::string const& provider, std::chrono::sys_days day, runtime::Instant now);
    bool begin();
    void end(std::optional<SignedStatement> provisional, runtime::Instant now);

    PgPool& pool_;
    std::string const log_;
    StatementSigner const signer_;
    StatementConfig const config_;
    std::mutex mutex_;  // guards the rest
    std::size_t making_ = 0;
    std::map<std::pair<std::string, std::chrono::sys_days>, SignedStatement> recent_;
};

}  // namespace store::detail
