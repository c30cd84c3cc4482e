#pragma once

// One-time passwords over PostgreSQL. Threads: call from any io_context.

#include "gateway/store/detail/pg_pool.hpp"
#include "gateway/store/otp.hpp"

namespace store::detail {

class PgOtp final : public Otp {
public:
    explicit PgOtp(PgPool& pool) : pool_{pool} {}
    runtime::Task<Result<OtpOpened>> open(OtpOpening opening, runtime::Deadline deadline) override;
    runtime::Task<Result<OtpTried>> attempt(OtpTry given, OtpJudge judge, runtime::Deadline deadline) override;
    runtime::Task<Result<OtpContactAsked>> ask_contact(OtpContactAsk ask, runtime::Deadline deadline) override;
    runtime::Task<Result<OtpContactTried>> attempt_contact(OtpTry given, runtime::Deadline deadline) override;
    runtime::Task<Result<bool>> confirm_contact(std::string contact_id, runtime::Instant at, runtime::Deadline deadline) override;
    runtime::Task<Result<std::uint64_t>> retire_contacts(std::string person_key, runtime::Instant at, runtime::Deadline deadline) override;
    runtime::Task<Result<std::uint64_t>> sweep(runtime::Instant before, std::uint32_t rows_max, runtime::Deadline deadline) override;

private:
    PgPool& pool_;
};

}  // namespace store::detail
