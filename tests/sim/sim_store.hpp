#pragma once

// The database's content in the simulator: the store in memory, its provable log beside it, and the bugs planted on purpose.
//
// Threads: one.

#include "gateway/ledger/frontier.hpp"
#include "gateway/ledger/leaf.hpp"
#include "gateway/ledger/proof.hpp"
#include "tests/sim/planted.hpp"
#include "tests/sim/random.hpp"
#include "tests/support/memory_store.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <unordered_set>
#include <vector>

namespace sim {

[[nodiscard]] ledger::Entry log_entry(store::Stored const& stored, dossier::ReceiptFacts const& facts);

// Every accepted and every refused dossier, in the order of their transactions; what production keeps in tables, with
// production's own hashes and proofs.
class Log final : public ledger::NodeSource {
public:
    struct Head {
        std::uint64_t size = 0;
        ledger::Hash root{};
    };
    void append(ledger::Hash const& leaf);
    void take_back();  // the newest
    void replace(std::uint64_t index, ledger::Hash const& leaf);
    [[nodiscard]] Head head() const;
    [[nodiscard]] std::uint64_t size() const noexcept { return leaves_.size(); }
    [[nodiscard]] ledger::Result<std::vector<ledger::Hash>> nodes(std::span<ledger::NodeId const> ids) const override;

private:
    std::vector<ledger::Hash> leaves_;
    mutable ledger::Frontier frontier_;
    mutable std::map<ledger::NodeId, ledger::Hash> nodes_;
    mutable std::uint64_t hashed_ = 0;  // leaves in frontier_
    void hash_on() const;
};

class SimStore final : public support::MemoryStore {
public:
    SimStore(store::Sealer sealer, Planted planted, Random& random);

    void refuse(store::RefusalRecord record) override;
    bool take_lease(std::string const& worker, std::chrono::milliseconds time, runtime::Instant now) override;
    [[nodiscard]] std::string unit_key(Entry const& entry) const override;
    [[nodiscard]] Entry const* by_content(std::string const& provider, std::string const& content_sha256) const override;
    void record(std::vector<Word> const& words) override;
    void rolled_back(store::detail::Row const& row);  // its transaction failed before the commit

    [[nodiscard]] bool refusal_recorded(std::string const& trace_id) const { return refused_.contains(trace_id); }
    [[nodiscard]] Log const& log() const noexcept { return log_; }
    // Called of each dossier that becomes a dead letter.
    std::function<void(std::string const& dossier_id)> died;

protected:
    [[nodiscard]] std::optional<std::size_t> known(Key const& key) const override;
    [[nodiscard]] std::optional<std::size_t> known_content(Key const& content) const override;
    [[nodiscard]] store::Stored repeated(Entry const& entry) const override;
    [[nodiscard]] std::uint64_t place() const override;
    void durable() override;
    void accepted(Entry const& entry) override;

private:
    Planted planted_;
    Random& random_;
    bool late_ = false;  // the transaction under way is not durable when it is answered
    Log log_;
    std::unordered_set<std::string> refused_;  // trace ids
};

}  // namespace sim
