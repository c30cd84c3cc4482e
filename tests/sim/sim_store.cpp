#include "tests/sim/sim_store.hpp"

#include <algorithm>
#include <stdexcept>

namespace sim {

namespace {

ledger::Hash hash_of_hex(std::string const& hex)
{
    auto const bytes = signing::bytes_of_hex(hex);
    ledger::Hash hash{};
    if (bytes.size() != hash.size()) throw std::logic_error("not a SHA-256");
    std::copy(bytes.begin(), bytes.end(), hash.begin());
    return hash;
}

ledger::Hash leaf_of(ledger::Entry const& entry)
{
    auto const bytes = ledger::bytes_of(entry);
    if (!bytes) throw std::logic_error("an entry of the log is out of bounds: " + bytes.error().detail);
    return ledger::leaf_hash(*bytes);
}

}  // namespace

ledger::Entry log_entry(store::Stored const& stored, dossier::ReceiptFacts const& facts)
{
    ledger::Accepted entry;
    entry.dossier_id = stored.dossier_id;
    entry.case_code = stored.case_code;
    entry.content_sha256 = hash_of_hex(facts.content_sha256);
    entry.receipt_sha256 = signing::sha256(stored.receipt.xml);
    entry.received_at = std::chrono::floor<std::chrono::microseconds>(facts.received_at);
    entry.provider = facts.provider_code;
    return entry;
}

void Log::append(ledger::Hash const& leaf) { leaves_.push_back(leaf); }

void Log::take_back()
{
    leaves_.pop_back();
    if (hashed_ > leaves_.size()) frontier_ = {}, nodes_.clear(), hashed_ = 0;
}

void Log::replace(std::uint64_t index, ledger::Hash const& leaf)
{
    leaves_.at(index) = leaf;
    frontier_ = {}, nodes_.clear(), hashed_ = 0;
}

void Log::hash_on() const
{
    std::vector<ledger::Node> born;
    for (; hashed_ < leaves_.size(); ++hashed_)
        if (!frontier_.append(leaves_[hashed_], born)) throw std::logic_error("the log does not grow");
    for (auto const& node : born) nodes_.emplace(node.id, node.hash);
}

Log::Head Log::head() const
{
    hash_on();
    auto const root = frontier_.root();
    if (!root) throw std::logic_error("the log has no root");
    return {leaves_.size(), *root};
}

ledger::Result<std::vector<ledger::Hash>> Log::nodes(std::span<ledger::NodeId const> ids) const
{
    hash_on();
    std::vector<ledger::Hash> out;
    for (auto const& id : ids) {
        auto const found = nodes_.find(id);
        if (found == nodes_.end()) return ledger::Failure{ledger::Refusal::nodes_wrong, "not stored"};
        out.push_back(found->second);
    }
    return out;
}

SimStore::SimStore(store::Sealer sealer, Planted planted, Random& random)
    : MemoryStore{std::move(sealer)}, planted_{planted}, random_{random}
{
}

// What two gateways would give that extend the log without its lock.
std::uint64_t SimStore::place() const
{
    auto const next = MemoryStore::place();
    return planted_ == Planted::log_place_given_twice && next > 0 && random_.chance(0.02) ? next - 1 : next;
}

void SimStore::accepted(Entry const& entry)
{
    log_.append(leaf_of(log_entry(entry.stored, entry.row.facts)));
    undo_also([this] { log_.take_back(); });
    late_ = planted_ == Planted::acknowledged_before_commit;
    if (planted_ == Planted::log_rewritten && log_.size() > 20 && random_.chance(0.02))
        log_.replace(random_.below(log_.size() - 10), leaf_of(log_entry(entry.stored, entry.row.facts)));
}

void SimStore::durable()
{
    if (!late_) MemoryStore::durable();
    late_ = false;
}

void SimStore::refuse(store::RefusalRecord record)
{
    if (planted_ == Planted::refusal_not_recorded && random_.chance(0.1)) return;
    refused_.insert(record.trace_id);
    ledger::Refused entry;
    entry.fault_id = record.fault_id;
    entry.content_sha256 = hash_of_hex(record.content_sha256);
    entry.provider = record.provider;
    entry.at = std::chrono::floor<std::chrono::microseconds>(record.at);
    log_.append(leaf_of(entry));
    record.body.clear();  // thousands of them, and nobody asks
    MemoryStore::refuse(std::move(record));
}

bool SimStore::take_lease(std::string const& worker, std::chrono::milliseconds time, runtime::Instant now)
{
    auto const held = MemoryStore::take_lease(worker, time, now);
    return held || planted_ == Planted::lease_ignored;
}

std::string SimStore::unit_key(Entry const& entry) const
{
    return planted_ == Planted::unit_order_ignored ? entry.stored.dossier_id : MemoryStore::unit_key(entry);
}

void SimStore::record(std::vector<Word> const& words)
{
    auto written = words;
    for (auto& word : written) {
        if (planted_ == Planted::delivery_forgotten && word.retry && random_.chance(0.05)) {
            word.retry.reset();
            word.outcome = Outcome{true, 1, 0, "", {}};
        }
        if (word.outcome && !word.outcome->delivered && died) died(entry_of(word.sequence).stored.dossier_id);
    }
    MemoryStore::record(written);
}

void SimStore::rolled_back(store::detail::Row const& row)
{
    if (planted_ != Planted::number_burnt) return;
    ++counter(dossier::counter_of(form(), row.facts.agency, runtime::vietnam_day(row.facts.received_at)));
}

std::optional<std::size_t> SimStore::known(Key const& key) const
{
    if (planted_ == Planted::key_not_asked && random_.chance(0.3)) return std::nullopt;
    return MemoryStore::known(key);
}

std::optional<std::size_t> SimStore::known_content(Key const& content) const
{
    if (planted_ == Planted::content_not_asked && random_.chance(0.5)) return std::nullopt;
    return MemoryStore::known_content(content);
}

support::MemoryStore::Entry const* SimStore::by_content(std::string const& provider, std::string const& content_sha256) const
{
    if (planted_ == Planted::question_unheard && random_.chance(0.1)) return nullptr;
    return MemoryStore::by_content(provider, content_sha256);
}

store::Stored SimStore::repeated(Entry const& entry) const
{
    auto stored = MemoryStore::repeated(entry);
    if (planted_ == Planted::receipt_sealed_again) {
        auto facts = entry.row.facts;
        facts.case_code = stored.case_code;
        stored.receipt = sealer()(facts);
    }
    return stored;
}

}  // namespace sim
