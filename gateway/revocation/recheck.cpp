#include "gateway/revocation/recheck.hpp"

#include "gateway/dossier/time.hpp"
#include "gateway/observe/log.hpp"
#include "gateway/runtime/on_cpu.hpp"

#include <fmt/format.h>

#include <utility>

namespace revocation {
namespace {

using runtime::Task;
using Word = signing::Hindsight::Word;

constexpr std::chrono::seconds store_wait{10};

}  // namespace

Judgement judge(signing::Revocations const& revocations, store::GraceDossier const& dossier, runtime::Instant now)
{
    Judgement judgement;
    judgement.hindsight.word = Word::good;
    for (auto const& signer : dossier.signers) {
        auto seen = signing::look_back(revocations, signer.path, dossier.received_at, now);
        if (seen.word == Word::unknown)
            for (std::size_t i = 0; i + 1 < signer.path.size(); ++i)
                if (i >= seen.depth) judgement.wanted.push_back(signing::evidence_sources(signer.path[i], signer.path[i + 1]));
        auto const weight = [](Word word) { return word == Word::revoked ? 2 : word == Word::unknown ? 1 : 0; };
        bool const first = &signer == dossier.signers.data();
        if (first || weight(seen.word) > weight(judgement.hindsight.word)) judgement.hindsight = std::move(seen);
    }
    return judgement;
}

std::string late_note(runtime::Instant revoked_at)
{
    auto const at = dossier::vietnam_time(revoked_at);
    return fmt::format("Chứng thư số của người ký đã bị thu hồi từ {0}, trước thời điểm nộp hồ sơ; khi tiếp nhận chưa có dữ liệu thu hồi mới. / "
                       "A signer's certificate was revoked at {0}, before the dossier was filed; no fresh revocation data was at hand when it was accepted.",
                       at);
}

Recheck::Recheck(RevocationConfig config, Parts parts) : config_{std::move(config)}, parts_{std::move(parts)}, timer_{parts_.context.get_executor()} {}

void Recheck::look()
{
    net::post(parts_.context, [this] {
        woken_ = true;
        timer_.cancel();
    });
}

Task<void> Recheck::run(runtime::TaskGroup& group)
{
    co_await net::this_coro::reset_cancellation_state(net::enable_total_cancellation());
    co_await net::this_coro::throw_if_cancelled(false);
    while (!group.stopping()) {
        woken_ = false;
        bool const answered = co_await sweep();
        if (answered) co_await count();
        if (woken_ || group.stopping()) continue;
        timer_.expires_after(config_.recheck_interval);
        co_await timer_.async_wait(runtime::as_result);
    }
}

Task<bool> Recheck::sweep()
{
    auto const begun = parts_.clock.now();
    for (;;) {
        auto const deadline = runtime::Deadline::after(store_wait);
        auto claimed = co_await parts_.grace.claim(config_.recheck_rows_max, begun, parts_.clock.now(), config_.recheck_lease, deadline);
        if (!claimed) {
            observe::log(observe::Level::warning, "dossiers under grace cannot be read", {{"detail", claimed.error().detail}});
            co_return false;
        }
        if (claimed->empty()) co_return true;

        auto const dossiers = std::move(*claimed);
        auto work = [this, &dossiers] {
            auto const revocations = parts_.revocations();
            auto const now = parts_.clock.now();
            std::vector<Judgement> judgements;
            for (auto const& dossier : dossiers) judgements.push_back(judge(*revocations, dossier, now));
            return judgements;
        };
        auto const judgements = co_await runtime::on_cpu(parts_.blocking, std::move(work));
        for (std::size_t i = 0; i < dossiers.size(); ++i) {
            for (auto const& wanted : judgements[i].wanted) parts_.tell(wanted);
            bool const done = co_await settle(dossiers[i], judgements[i]);
            if (!done) co_return false;
        }
    }
}

// False: the database did not answer; the lease runs out, and the dossier is looked at again.
Task<bool> Recheck::settle(store::GraceDossier const& dossier, Judgement const& judgement)
{
    auto const& seen = judgement.hindsight;
    if (seen.word == Word::unknown) co_return true;
    bool const revoked = seen.word == Word::revoked;
    store::GraceVerdict verdict;
    verdict.dossier_id = dossier.dossier_id;
    if (revoked) {
        verdict.revoked_at = seen.revoked_at;
        verdict.note = late_note(*seen.revoked_at);
    }
    verdict.evidence = seen.evidence;
    verdict.at = parts_.clock.now();
    auto const settled = co_await parts_.grace.settle(std::move(verdict), runtime::Deadline::after(store_wait));
    if (!settled) {
        observe::log(observe::Level::warning, "a dossier under grace cannot be settled",
                     {{"dossier_id", dossier.dossier_id}, {"detail", settled.error().detail}});
        co_return false;
    }
    bool const by_us = *settled;
    if (!by_us) co_return true;
    parts_.metrics.grace_settled(revoked ? "revoked" : "cleared");
    observe::log(revoked ? observe::Level::error : observe::Level::info, revoked ? "late revocation" : "grace cleared",
                 {{"dossier_id", dossier.dossier_id}, {"case_code", dossier.case_code}, {"provider", dossier.provider}, {"evidence", seen.evidence.source}});
    co_return true;
}

Task<void> Recheck::count()
{
    auto const counts = co_await parts_.grace.counts(runtime::Deadline::after(store_wait));
    if (!counts) co_return;
    parts_.metrics.grace(counts->pending, counts->late);
    parts_.alarm("late_revocation", counts->late > 0, fmt::format("{} dossiers; ivanctl trust late", counts->late));
}

}  // namespace revocation
