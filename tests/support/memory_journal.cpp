#include "tests/support/memory_journal.hpp"

namespace support {

using store::Failure;
using store::Refusal;
using store::Result;
using store::Stored;

MemoryJournal::MemoryJournal(store::Sealer sealer, dossier::CaseCodeTemplate form) : sealer_{std::move(sealer)}, form_{std::move(form)}
{
}

runtime::Task<Result<Stored>> MemoryJournal::accept(store::Acceptance acceptance, runtime::Deadline deadline)
{
    co_return co_await accept_row(store::detail::row_of(acceptance, store::detail::Codec::none), deadline);
}

runtime::Task<Result<Stored>> MemoryJournal::accept_row(store::detail::Row row, runtime::Deadline deadline)
{
    std::lock_guard const lock{mutex_};
    if (down) co_return Failure{Refusal::unavailable, "the test says so"};
    if (deadline.passed()) co_return Failure{Refusal::deadline_passed, ""};
    Key key{row.facts.provider_code, row.idempotency_key};
    if (auto const found = by_key_.find(key); found != by_key_.end()) {
        auto const& before = entries_[found->second];
        if (before.row.facts.content_sha256 != row.facts.content_sha256) co_return Failure{Refusal::key_reused, before.stored.dossier_id};
        auto stored = before.stored;
        stored.repeated = true;
        co_return stored;
    }
    auto const [owner, first] = owners_.try_emplace(row.facts.agency + "/" + row.facts.unit_code, row.facts.tax_code);
    if (owner->second != row.facts.tax_code) co_return Failure{Refusal::unit_owner_mismatch, owner->first};

    if (auto const& password = row.facts.one_time_password; password && redeem) {
        if (!redeem(password->challenge_id, row.facts.provider_code, row.idempotency_key, row.facts.received_at))
            co_return Failure{Refusal::otp_used, password->challenge_id};
    }

    auto const day = runtime::vietnam_day(row.facts.received_at);
    auto const number = ++counters_[dossier::counter_of(form_, row.facts.agency, day)];
    auto facts = row.facts;
    facts.case_code = dossier::format_case_code(form_, facts.agency, day, number);
    Stored stored{facts.dossier_id, facts.case_code, {}, false};
    try {
        stored.receipt = sealer_(facts);
    } catch (signing::KeyTrouble const& trouble) {
        --counters_[dossier::counter_of(form_, row.facts.agency, day)];
        co_return Failure{Refusal::unavailable, trouble.what()};
    }
    by_key_.emplace(std::move(key), entries_.size());
    entries_.push_back({std::move(row), stored});
    co_return stored;
}

runtime::Task<Result<void>> MemoryJournal::refuse(store::RefusalRecord record, runtime::Deadline deadline)
{
    std::lock_guard const lock{mutex_};
    if (down) co_return Failure{Refusal::unavailable, "the test says so"};
    if (deadline.passed()) co_return Failure{Refusal::deadline_passed, ""};
    refusals_.push_back(std::move(record));
    co_return Result<void>{};
}

runtime::Task<Result<std::optional<Stored>>> MemoryJournal::find(std::string provider, std::string idempotency_key,
                                                                 std::string content_sha256, runtime::Deadline)
{
    std::lock_guard const lock{mutex_};
    if (down) co_return Failure{Refusal::unavailable, "the test says so"};
    auto const found = by_key_.find({provider, idempotency_key});
    if (found == by_key_.end()) co_return std::optional<Stored>{};
    auto const& before = entries_[found->second];
    if (before.row.facts.content_sha256 != content_sha256) co_return Failure{Refusal::key_reused, before.stored.dossier_id};
    auto stored = before.stored;
    stored.repeated = true;
    co_return std::optional<Stored>{std::move(stored)};
}

std::vector<MemoryJournal::Entry> MemoryJournal::entries() const
{
    std::lock_guard const lock{mutex_};
    return entries_;
}

std::vector<store::RefusalRecord> MemoryJournal::refusals() const
{
    std::lock_guard const lock{mutex_};
    return refusals_;
}

}  // namespace support
