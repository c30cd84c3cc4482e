#pragma once

// Failing at step n, for every n: a journal whose every call is two steps, one before its effect (nothing happened) and
// one behind it (it happened, and the answer was lost).

#include "gateway/store/journal.hpp"

#include <utility>

namespace support {

// Counts steps; the n-th fails, once. Threads: one.
class FailAt {
public:
    explicit FailAt(unsigned step) : left_{step} {}
    [[nodiscard]] bool now()
    {
        if (fired_) return false;
        if (left_-- > 0) return false;
        fired_ = true;
        return true;
    }
    [[nodiscard]] bool fired() const noexcept { return fired_; }

private:
    unsigned left_;
    bool fired_ = false;
};

class FailingJournal final : public store::Journal {
public:
    FailingJournal(store::Journal& behind, FailAt& fail) : behind_{behind}, fail_{fail} {}

    runtime::Task<store::Result<store::Stored>> accept(store::Acceptance acceptance, runtime::Deadline deadline) override
    {
        if (fail_.now()) co_return unavailable();
        auto stored = co_await behind_.accept(std::move(acceptance), deadline);
        if (fail_.now()) co_return store::Failure{store::Refusal::outcome_unknown, "the connection died behind the commit"};
        co_return stored;
    }
    runtime::Task<store::Result<void>> refuse(store::RefusalRecord record, runtime::Deadline deadline) override
    {
        if (fail_.now()) co_return unavailable();
        auto const recorded = co_await behind_.refuse(std::move(record), deadline);
        if (fail_.now()) co_return unavailable();
        co_return recorded;
    }
    runtime::Task<store::Result<std::optional<store::Stored>>> find(std::string provider, std::string idempotency_key,
                                                                    std::string content_sha256, runtime::Deadline deadline) override
    {
        if (fail_.now()) co_return unavailable();
        auto found = co_await behind_.find(std::move(provider), std::move(idempotency_key), std::move(content_sha256), deadline);
        if (fail_.now()) co_return unavailable();
        co_return found;
    }

private:
    static store::Failure unavailable() { return {store::Refusal::unavailable, "failing step"}; }
    store::Journal& behind_;
    FailAt& fail_;
};

}  // namespace support
