#include "tests/support/memory_journal.hpp"

namespace support {

using store::Failure;
using store::Refusal;
using store::Result;
using store::Stored;

MemoryJournal::MemoryJournal(store::Sealer sealer, dossier::CaseCodeTemplate form) : store_{std::move(sealer), std::move(form)} {}

runtime::Task<Result<Stored>> MemoryJournal::accept(store::Acceptance acceptance, runtime::Deadline deadline)
{
    co_return co_await accept_row(store::detail::row_of(acceptance, store::detail::Codec::none), deadline);
}

runtime::Task<Result<Stored>> MemoryJournal::accept_row(store::detail::Row row, runtime::Deadline deadline)
{
    std::lock_guard const lock{mutex_};
    if (down) co_return Failure{Refusal::unavailable, "the test says so"};
    if (deadline.passed()) co_return Failure{Refusal::deadline_passed, ""};
    store_.redeem = redeem;
    co_return store_.accept(std::move(row));
}

runtime::Task<Result<void>> MemoryJournal::refuse(store::RefusalRecord record, runtime::Deadline deadline)
{
    std::lock_guard const lock{mutex_};
    if (down) co_return Failure{Refusal::unavailable, "the test says so"};
    if (deadline.passed()) co_return Failure{Refusal::deadline_passed, ""};
    store_.refuse(std::move(record));
    co_return Result<void>{};
}

runtime::Task<Result<std::optional<Stored>>> MemoryJournal::find(std::string provider, std::string idempotency_key,
                                                                 std::string content_sha256, runtime::Deadline)
{
    std::lock_guard const lock{mutex_};
    if (down) co_return Failure{Refusal::unavailable, "the test says so"};
    co_return store_.find(provider, idempotency_key, content_sha256);
}

std::vector<MemoryJournal::Entry> MemoryJournal::entries() const
{
    std::lock_guard const lock{mutex_};
    return store_.entries();
}

std::vector<store::RefusalRecord> MemoryJournal::refusals() const
{
    std::lock_guard const lock{mutex_};
    return store_.refusals();
}

std::vector<std::uint64_t> MemoryJournal::refusal_places() const
{
    std::lock_guard const lock{mutex_};
    return store_.refusal_places();
}

}  // namespace support
