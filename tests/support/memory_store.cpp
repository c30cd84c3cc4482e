#include "tests/support/memory_store.hpp"

#include "signing/signer.hpp"

#include <algorithm>

namespace support {

using store::Failure;
using store::Refusal;
using store::Result;
using store::Stored;

MemoryStore::MemoryStore(store::Sealer sealer, dossier::CaseCodeTemplate form) : sealer_{std::move(sealer)}, form_{std::move(form)} {}

std::optional<std::size_t> MemoryStore::known(Key const& key) const
{
    auto const found = by_key_.find(key);
    return found == by_key_.end() ? std::nullopt : std::optional{found->second};
}

std::optional<std::size_t> MemoryStore::known_content(Key const& content) const
{
    auto const found = by_content_.find(content);
    return found == by_content_.end() ? std::nullopt : std::optional{found->second};
}

MemoryStore::Entry const* MemoryStore::by_content(std::string const& provider, std::string const& content_sha256) const
{
    auto const found = by_content_.find({provider, content_sha256});
    return found == by_content_.end() ? nullptr : &entries_[found->second];
}

Stored MemoryStore::repeated(Entry const& entry) const
{
    auto stored = entry.stored;
    stored.repeated = true;
    return stored;
}

Result<Stored> MemoryStore::accept(store::detail::Row row)
{
    Key key{row.facts.provider_code, row.idempotency_key};
    if (auto const index = known(key)) {
        auto const& before = entries_[*index];
        if (before.row.facts.content_sha256 != row.facts.content_sha256) return Failure{Refusal::key_reused, before.stored.dossier_id};
        return repeated(before);
    }
    Key const content{row.facts.provider_code, row.facts.content_sha256};
    if (row.corrects.empty()) {
        if (auto const same = known_content(content)) {
            auto const& original = entries_[*same].stored;
            return Failure{Refusal::duplicate, original.dossier_id, store::Original{original.dossier_id, original.case_code}};
        }
    } else if (!correctable(row)) {
        return Failure{Refusal::correction_invalid, row.corrects};
    }
    auto const unit = row.facts.agency + "/" + row.facts.unit_code;
    auto const owner = owners_.find(unit);
    if (owner != owners_.end() && owner->second != row.facts.tax_code) return Failure{Refusal::unit_owner_mismatch, unit};
    if (auto const& password = row.facts.one_time_password; password && redeem) {
        if (!redeem(password->challenge_id, row.facts.provider_code, row.idempotency_key, row.facts.received_at))
            return Failure{Refusal::otp_used, password->challenge_id};
    }

    auto const day = runtime::vietnam_day(row.facts.received_at);
    auto const counted = dossier::counter_of(form_, row.facts.agency, day);
    auto const number = counters_[counted] + 1;
    auto facts = row.facts;
    facts.case_code = dossier::format_case_code(form_, facts.agency, day, number);
    facts.log_index = place();
    Stored stored{facts.dossier_id, facts.case_code, {}, false};
    try {
        stored.receipt = sealer_(facts);
    } catch (signing::KeyTrouble const& trouble) {
        return Failure{Refusal::unavailable, trouble.what()};
    }

    // All of it or nothing: from here on nothing says no.
    bool const first = owners_.try_emplace(unit, row.facts.tax_code).second;
    counters_[counted] = number;
    auto const sequence = ++last_sequence_;
    queue_.emplace(sequence, Queued{sequence, entries_.size(), row.facts.received_at});
    by_key_[key] = entries_.size();
    bool const new_content = by_content_.try_emplace(content, entries_.size()).second;
    entries_.push_back({std::move(row), stored, *facts.log_index});
    ++log_size_;
    undo_with([this, key, content, unit, counted, sequence, first, new_content] {
        by_key_.erase(key);
        if (new_content) by_content_.erase(content);
        if (first) owners_.erase(unit);
        --counters_[counted];
        queue_.erase(sequence);
        settled_.erase(sequence);
        retries_.erase(sequence);
        entries_.pop_back();
        --log_size_;
    });
    accepted(entries_.back());
    durable();
    return stored;
}

bool MemoryStore::correctable(store::detail::Row const& row) const
{
    return std::any_of(entries_.begin(), entries_.end(), [&](Entry const& entry) {
        auto const& facts = entry.row.facts;
        return (entry.stored.dossier_id == row.corrects || entry.stored.case_code == row.corrects) &&
               facts.provider_code == row.facts.provider_code && facts.agency == row.facts.agency && facts.unit_code == row.facts.unit_code;
    });
}

void MemoryStore::refuse(store::RefusalRecord record)
{
    refusals_.push_back(std::move(record));
    refusal_places_.push_back(log_size_++);
    durable();
}

Result<std::optional<Stored>> MemoryStore::find(std::string const& provider, std::string const& key, std::string const& content_sha256) const
{
    auto const found = by_key_.find({provider, key});
    if (found == by_key_.end()) return std::optional<Stored>{};
    auto const& before = entries_[found->second];
    if (before.row.facts.content_sha256 != content_sha256) return Failure{Refusal::key_reused, before.stored.dossier_id};
    return std::optional<Stored>{repeated(before)};
}

bool MemoryStore::take_lease(std::string const& worker, std::chrono::milliseconds time, runtime::Instant now)
{
    if (holder_ != worker && now < held_until_) return false;
    holder_ = worker;
    held_until_ = now + time;
    durable();
    return true;
}

void MemoryStore::let_go(std::string const& worker)
{
    if (holder_ != worker) return;
    held_until_ = {};
    durable();
}

std::vector<MemoryStore::Queued> MemoryStore::unsettled_after(std::int64_t sequence, std::size_t rows) const
{
    std::vector<Queued> out;
    for (auto row = queue_.upper_bound(sequence); row != queue_.end() && out.size() < rows; ++row)
        if (!settled_.contains(row->first)) out.push_back(row->second);
    return out;
}

std::optional<MemoryStore::Retry> MemoryStore::retry_of(std::int64_t sequence) const
{
    auto const found = retries_.find(sequence);
    return found == retries_.end() ? std::nullopt : std::optional{found->second};
}

std::optional<MemoryStore::Outcome> MemoryStore::outcome_of(std::int64_t sequence) const
{
    auto const found = settled_.find(sequence);
    return found == settled_.end() ? std::nullopt : std::optional{found->second};
}

std::string MemoryStore::unit_key(Entry const& entry) const { return entry.row.facts.agency + "/" + entry.row.facts.unit_code; }

void MemoryStore::record(std::vector<Word> const& words)
{
    for (auto const& word : words)
        if (queue_.contains(word.sequence)) write(word);
}

// The first outcome stands, whoever says another later.
void MemoryStore::write(Word const& word)
{
    auto const sequence = word.sequence;
    if (settled_.contains(sequence)) return;
    auto const before = retry_of(sequence);
    auto const entry = queue_.at(sequence).entry;
    if (word.outcome) {
        settled_.emplace(sequence, *word.outcome);
        retries_.erase(sequence);
        if (!word.outcome->delivered) letters_[entry] = {sequence, *word.outcome};
    } else if (word.retry) {
        retries_[sequence] = *word.retry;
    }
    undo_with([this, sequence, before, entry, dead = word.outcome && !word.outcome->delivered] {
        settled_.erase(sequence);
        retries_.erase(sequence);
        if (before) retries_[sequence] = *before;
        if (dead) letters_.erase(entry);
    });
}

std::vector<store::DeadLetter> MemoryStore::dead_letters(std::size_t limit) const
{
    std::vector<store::DeadLetter> out;
    for (auto const& [entry, letter] : letters_) {
        auto const& facts = entries_[entry].row.facts;
        auto const& outcome = letter.outcome;
        out.push_back({letter.sequence, facts.dossier_id, entries_[entry].stored.case_code, facts.provider_code, facts.unit_code,
                       facts.agency, outcome.reason, outcome.http_status, outcome.attempts, outcome.at});
    }
    std::sort(out.begin(), out.end(), [](auto const& a, auto const& b) {
        return std::pair{a.died_at, a.sequence} < std::pair{b.died_at, b.sequence};
    });
    if (out.size() > limit) out.resize(limit);
    return out;
}

// To the end of the unit's line: what came after it may be delivered already.
bool MemoryStore::replay(std::string const& dossier_id)
{
    auto const letter = std::find_if(letters_.begin(), letters_.end(), [&](auto const& one) {
        return entries_[one.first].stored.dossier_id == dossier_id;
    });
    if (letter == letters_.end()) return false;
    auto const sequence = ++last_sequence_;
    queue_.emplace(sequence, Queued{sequence, letter->first, entries_[letter->first].row.facts.received_at});
    letters_.erase(letter);
    durable();
    return true;
}

void MemoryStore::crash(std::size_t lost)
{
    for (; lost > 0 && !undo_.empty(); --lost) {
        auto const step = std::move(undo_.back());
        undo_.pop_back();
        step();
    }
    undo_.clear();
    ++starts_;
}

}  // namespace support
