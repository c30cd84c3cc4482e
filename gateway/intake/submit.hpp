#pragma once

// The coordinator of one dossier: the list of steps from a whole request to an answer.
//
//   terms (media type, Accept, Idempotency-Key, Correction-Of) → examine → journal.accept → receipt
//   with OTP-Challenge and OTP-Code: terms → read → is it the person's code? → examine → journal.accept, which uses it up
//   (where only revocation evidence is lacking: wait for it, examine once more)
//   and wherever a step says no: was it accepted before? → its receipt; else record the refusal → problem
//
// Threads: one Submit serves every core; it holds no state but a count. A handler runs on its session's core, and
//          examinations above inline_bytes_max on the CPU pool.
// Errors:  none leave: every outcome is a Reply.
// Promises: a receipt means stored; every refusal of a dossier is recorded before it is answered, and where it cannot be
//          recorded the answer is store_unavailable, so that the sender repeats.

#include "gateway/intake/cross_check.hpp"
#include "gateway/intake/examine.hpp"
#include "gateway/intake/otp.hpp"
#include "gateway/intake/reply.hpp"
#include "gateway/intake/request.hpp"
#include "gateway/observe/metrics.hpp"
#include "gateway/runtime/snapshot.hpp"
#include "gateway/runtime/task.hpp"
#include "gateway/store/journal.hpp"

#include <boost/asio/thread_pool.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace intake {

struct SubmitConfig {
    // A dossier of 100 employees is about 100 KB and costs about half a millisecond of CPU: up to there a hop to another
    // thread costs more than it saves the neighbours on this core.
    std::size_t inline_bytes_max = 100u << 10;
    std::size_t pool_waiting_max = 256;  // large dossiers on the pool or waiting for it; beyond: overloaded
};

// What the sender's header fields ask for.
struct Terms {
    std::string accept;
    std::string idempotency_key;
    std::optional<otp::Password> password;  // OTP-Challenge and OTP-Code: a person's, in place of signatures
    std::string corrects = {};  // Correction-Of: id or case code of the dossier that this one corrects; empty: none
};
[[nodiscard]] fault::Result<Terms> read_terms(Request const& request);

class Submit {
public:
    // All references outlive the Submit.
    struct Parts {
        store::Journal& journal;
        runtime::Snapshot<Criteria> const& criteria;
        net::thread_pool& cpu;
        observe::Metrics& metrics;
        std::function<void()> stored;  // called for each new dossier, on its core: delivery need not wait for its next look
        // Waits, bounded, until the revocation evidence that an examination lacked (Fault::wanted) has come or cannot be
        // had. Empty: nobody fetches.
        std::function<runtime::Task<void>(std::vector<std::string>, runtime::Deadline)> evidence = {};
        otp::Desk* otp = nullptr;  // null: one-time passwords are off
        CrossCheck* cross_check = nullptr;  // null: the fast engine gets no second opinion
        // What each dossier took from when it was whole until it was stored, and whether it was or was turned away for want of time or room:
        // for admission's limit.
        std::function<void(std::chrono::nanoseconds took, bool stored, std::size_t bytes)> committed = {};
    };
    Submit(SubmitConfig config, Parts parts) : config_{config}, parts_{std::move(parts)} {}

    // REQUIRES: request.admitted is set (the route's access is party).
    [[nodiscard]] runtime::Task<Reply> handle(Request request, Lane lane);
    [[nodiscard]] std::size_t on_pool() const noexcept { return on_pool_; }  // large dossiers there now

private:
    using Body = std::shared_ptr<std::string const>;  // the evidence holds it too, and may outlive the request
    runtime::Task<fault::Result<Examined>> examined(Request const& request, Body body, Lane lane, std::shared_ptr<Criteria const> criteria);
    runtime::Task<fault::Result<Examined>> examined_personal(Request const& request, Body body, Lane lane,
                                                             std::shared_ptr<Criteria const> criteria, otp::Password password,
                                                             std::string content_sha256);
    template <class Work>
    auto in_its_place(std::size_t bytes, Work work) -> runtime::Task<std::invoke_result_t<Work&>>;
    runtime::Task<Reply> refuse(Request const& request, Body body, std::string idempotency_key, std::string accept,
                                std::string content_sha256, fault::Fault fault);
    Reply answer(Request const& request, std::string_view body, store::Stored const& stored, std::string_view accept);
    Reply problem(Request const& request, std::string_view body, fault::Fault const& fault);

    SubmitConfig config_;
    Parts parts_;
    std::atomic<std::size_t> on_pool_{0};
};

}  // namespace intake
