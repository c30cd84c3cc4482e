#pragma once

// Looks again at dossiers that were accepted under grace: whenever new evidence is there, and from time to time.
// Cleared, or revoked already when it was filed: then its provider gets a notice, and an alarm stands until an operator
// has acknowledged it (ivanctl trust late).
//
// Threads: run() on one io_context; judging on `blocking`. look() from any thread.
// Errors: none leave: a database that is away is asked again at the next round.

#include "gateway/observe/metrics.hpp"
#include "gateway/revocation/config.hpp"
#include "gateway/runtime/clock.hpp"
#include "gateway/runtime/task.hpp"
#include "gateway/runtime/task_group.hpp"
#include "gateway/store/grace.hpp"
#include "signing/hindsight.hpp"
#include "signing/revocation.hpp"

#include <boost/asio/thread_pool.hpp>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace revocation {

// What the evidence of now says of one dossier, signer by signer: revoked outweighs unknown, unknown outweighs good.
struct Judgement {
    signing::Hindsight hindsight;
    std::vector<signing::EvidenceWanted> wanted;  // what is still lacking
};
[[nodiscard]] Judgement judge(signing::Revocations const& revocations, store::GraceDossier const& dossier, runtime::Instant now);

// The sentence of the notice, in both languages: Vietnamese, then English.
[[nodiscard]] std::string late_note(runtime::Instant revoked_at);

class Recheck {
public:
    // All of them outlive the Recheck.
    struct Parts {
        net::io_context& context;
        net::thread_pool& blocking;
        store::Grace& grace;
        runtime::Clock const& clock;
        observe::Metrics& metrics;
        std::function<std::shared_ptr<signing::Revocations const>()> revocations;  // the ones in use
        std::function<void(signing::EvidenceWanted)> tell;
        std::function<void(std::string_view name, bool raised, std::string_view detail)> alarm;
    };
    Recheck(RevocationConfig config, Parts parts);

    void look();  // there is new evidence
    [[nodiscard]] runtime::Task<void> run(runtime::TaskGroup& group);
    // Every pending dossier once. False: the database did not answer.
    [[nodiscard]] runtime::Task<bool> sweep();

private:
    runtime::Task<bool> settle(store::GraceDossier const& dossier, Judgement const& judgement);
    runtime::Task<void> count();

    RevocationConfig const config_;
    Parts parts_;
    runtime::Timer timer_;
    bool woken_ = false;
};

}  // namespace revocation
