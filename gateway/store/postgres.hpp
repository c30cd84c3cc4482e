#pragma once

// The one store: PostgreSQL over libpq (which stays in detail/). Everything below shares one Postgres object.
//
// Threads: a committer thread with a connection of its own (group commit without a timer: it takes what gathered
// during the last commit, bounded by rows and bytes), and a small pool of connections each with its thread for
// the rest. No I/O thread ever blocks.

#include "gateway/dossier/case_code.hpp"
#include "gateway/observe/metrics.hpp"
#include "gateway/store/archive.hpp"
#include "gateway/store/grace.hpp"
#include "gateway/store/journal.hpp"
#include "gateway/store/log.hpp"
#include "gateway/store/otp.hpp"
#include "gateway/store/queue.hpp"
#include "gateway/store/reference.hpp"
#include "gateway/store/statement.hpp"

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace store {

struct StoreConfig {
    std::string database_url = "postgresql:///ivan";  // libpq URL or keywords
    std::size_t connections_max = 4;       // pool for reads, events, queue
    std::size_t waiting_max = 4096;        // jobs waiting for a pool connection; beyond: busy
    std::size_t batch_rows_max = 128;      // dossiers in one transaction
    std::size_t batch_rows_min = 16;       // where so many wait, however little a commit costs beside its rows
    std::size_t batch_rows_uneven = 8;     // the same while one provider has few rows in a commit and another many
    std::size_t batch_bytes_max = 4u << 20;  // their bodies together; a larger one goes alone
    std::size_t pending_rows_max = 4096;   // dossiers waiting for the committer; beyond: busy
    std::size_t pending_bytes_max = 256u << 20;
    std::chrono::milliseconds connect_timeout{3000};
    std::chrono::milliseconds statement_timeout{15000};
    std::string compression = "lz4";       // of stored bodies: none, lz4, zstd
    std::vector<dossier::CaseCodeTemplate> case_code{dossier::CaseCodeTemplate{}};
    LedgerConfig ledger;
};

class Postgres {
public:
    // Starts threads; connects lazily and again after every loss. Throws only for a bad configuration.
    Postgres(StoreConfig config, Sealer sealer, observe::Metrics& metrics, HeadSigner head_signer = {}, StatementSigner statement_signer = {});
    ~Postgres();  // waits for the batch under way; what is still pending is answered unavailable

    [[nodiscard]] Journal& journal() noexcept;
    [[nodiscard]] Archive& archive() noexcept;
    [[nodiscard]] Queue& queue() noexcept;
    [[nodiscard]] Reference& reference() noexcept;
    [[nodiscard]] Grace& grace() noexcept;
    [[nodiscard]] Otp& otp() noexcept;
    [[nodiscard]] Log& log() noexcept;  // its heads need a head_signer
    [[nodiscard]] Statements& statements() noexcept;  // need a statement_signer

private:
    struct Data;
    std::unique_ptr<Data> data_;
};

// Applies what is missing of gateway/store/migrations (compiled in), in order, forward only, under an advisory lock,
// so that two gateways may start at once. Returns the versions applied now. Throws std::runtime_error.
std::vector<std::string> migrate(std::string const& database_url);

}  // namespace store
