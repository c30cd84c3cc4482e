#pragma once

// The provable log over PostgreSQL. Nodes of 256 leaves and more are stored, smaller ones are hashed from their group's leaves:
// a proof reads a path of stored nodes and the rows of two blocks of 256 leaves at most.
//
// Threads: any; each call runs on a connection of the pool's, and nothing is kept between calls.

#include "gateway/store/detail/pg_pool.hpp"
#include "gateway/store/log.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace store::detail {

// What a proof is made of, in one round trip. Errors: nodes_wrong where the tables lack one.
class StoredNodes final : public ledger::NodeSource {
public:
    explicit StoredNodes(PgConnection& connection) : connection_{connection} {}
    ledger::Result<std::vector<ledger::Hash>> nodes(std::span<ledger::NodeId const> ids) const override;

private:
    PgConnection& connection_;
};

class PgLog final : public Log {
public:
    PgLog(PgPool& pool, LedgerConfig config, HeadSigner signer) : pool_{pool}, config_{std::move(config)}, signer_{std::move(signer)} {}
    runtime::Task<Result<SignedHead>> head(std::chrono::milliseconds age_max, runtime::Instant now, runtime::Deadline deadline) override;
    runtime::Task<Result<Inclusion>> inclusion(std::string provider, By by, std::string value, std::optional<std::uint64_t> size,
                                               runtime::Instant now, runtime::Deadline deadline) override;
    runtime::Task<Result<ledger::Proof>> consistency(std::uint64_t from, std::uint64_t to, runtime::Deadline deadline) override;

private:
    Result<SignedHead> newest(PgConnection& connection, std::chrono::milliseconds age_max, runtime::Instant now);

    PgPool& pool_;
    LedgerConfig const config_;
    HeadSigner const signer_;
};

}  // namespace store::detail
