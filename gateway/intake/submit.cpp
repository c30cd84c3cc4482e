#include "gateway/intake/submit.hpp"

#include "gateway/dossier/case_code.hpp"
#include "gateway/dossier/id.hpp"
#include "gateway/fault/problem.hpp"
#include "gateway/intake/admission.hpp"
#include "gateway/intake/media_type.hpp"
#include "gateway/observe/log.hpp"
#include "gateway/runtime/assert.hpp"
#include "gateway/runtime/on_cpu.hpp"
#include "gateway/runtime/steady.hpp"
#include "signing/digest.hpp"

#include <algorithm>
#include <utility>

namespace intake {
namespace {

using fault::Fault;
using fault::FaultCode;

Fault plain(FaultCode code, std::string detail)
{
    return Fault{code, std::move(detail), {}, {}};
}

bool key_ok(std::string_view key)
{
    auto const visible = [](char c) { return c > ' ' && c < '\x7f'; };
    return !key.empty() && key.size() <= 200 && std::all_of(key.begin(), key.end(), visible);
}

// A dossier's id or case code, in our spelling; whether it is one of theirs is for the journal to say.
fault::Result<std::string> read_correction(std::string_view value)
{
    std::string text{value};
    if (text.empty() || dossier::id_ok(text)) return text;
    if (auto code = dossier::normalise_case_code(text)) return std::move(*code);
    if (!key_ok(text)) return plain(FaultCode::parameter_invalid, "Correction-Of");
    return text;
}

// Whether this fault is a word about the dossier, to be kept, or about the moment, to be tried again.
bool final_word(FaultCode code)
{
    return fault::row_of(code).retry == fault::Retry::never;
}

// One place on the CPU pool's queue, given back whatever happens.
class PoolPlace {
public:
    PoolPlace(std::atomic<std::size_t>& taken, std::size_t places) : taken_{taken}, got_{taken.fetch_add(1) < places} {}
    ~PoolPlace() { taken_.fetch_sub(1); }
    PoolPlace(PoolPlace const&) = delete;
    PoolPlace& operator=(PoolPlace const&) = delete;
    [[nodiscard]] bool got() const noexcept { return got_; }

private:
    std::atomic<std::size_t>& taken_;
    bool got_;
};

// An outage is no measure of how much we can take, and an answer about the dossier's key is as good as a commit.
void tell_commit(Submit::Parts const& parts, std::chrono::steady_clock::time_point whole_at, store::Result<store::Stored> const& stored, std::size_t bytes)
{
    using enum store::Refusal;
    if (!parts.committed) return;
    bool const away = !stored && (stored.error().why == unavailable || stored.error().why == outcome_unknown || stored.error().why == internal);
    bool const turned_away = !stored && (stored.error().why == busy || stored.error().why == deadline_passed);
    if (!away) parts.committed(runtime::Steady::now() - whole_at, !turned_away, bytes);
}

}  // namespace

fault::Result<Terms> read_terms(Request const& request)
{
    if (!xml_body(request.header("Content-Type")))
        return plain(FaultCode::media_type_unsupported, std::string{request.header("Content-Type")});

    auto const accept = request.header("Accept");
    if (!accepts(accept, "application/json") && !accepts(accept, "application/xml"))
        return plain(FaultCode::not_acceptable, std::string{accept});

    auto const key = request.header("Idempotency-Key");
    if (!key_ok(key)) return plain(FaultCode::idempotency_key_missing, key.empty() ? "missing" : "malformed");

    auto password = read_password(request);
    if (!password) return password.error();

    auto corrects = read_correction(request.header("Correction-Of"));
    if (!corrects) return corrects.error();

    return Terms{std::string{accept}, std::string{key}, std::move(*password), std::move(*corrects)};
}

runtime::Task<Reply> Submit::handle(Request request, Lane lane)
{
    GW_ASSERT(request.admitted.has_value());
    StageTimer timer{&parts_.metrics};
    auto whole_at = runtime::Steady::now() - request.turn_waited;
    // One copy of the body for the evidence and for the record of a refusal, whichever it becomes.
    Body const body = std::make_shared<std::string const>(std::move(request.body));
    auto const content_sha256 = signing::hex(signing::sha256(*body));

    auto terms = read_terms(request);
    if (!terms) {
        auto fault = terms.error();
        co_return co_await refuse(request, body, "", "", content_sha256, std::move(fault));
    }

    auto const criteria = parts_.criteria.load();
    // The code is judged before the schemas see anything, and used up only by the commit: a dossier that is refused, or
    // that the store could not take, leaves it for the next try.
    auto examination = terms->password ? examined_personal(request, body, lane, criteria, *terms->password, content_sha256)
                                       : examined(request, body, lane, criteria);
    auto evidence = co_await std::move(examination);
    if (!evidence && evidence.error().code == FaultCode::revocation_unknown && parts_.evidence) {
        // The first dossier of a signer finds no evidence; its fetch has begun. Asked once more where something came.
        if (request.ticket) request.ticket->step_aside();  // a CA that is slow holds nobody else up
        co_await parts_.evidence(evidence.error().wanted, request.deadline);
        if (request.ticket) request.ticket->step_in();
        whole_at = runtime::Steady::now();
        auto fresh = parts_.criteria.load();
        if (fresh != criteria) evidence = co_await examined(request, body, lane, std::move(fresh));
    }
    if (!evidence) {
        auto fault = evidence.error();
        co_return co_await refuse(request, body, terms->idempotency_key, terms->accept, content_sha256, std::move(fault));
    }

    // The promise. One transaction: seen before? number it, sign the receipt, queue it. Until this commit the
    // provider may not forget the dossier; from then on we may not.
    store::Acceptance acceptance{*request.admitted,      std::move(evidence->verified), std::move(evidence->valid),
                                 content_sha256,         terms->idempotency_key,        request.trace.trace_id,
                                 body,                  terms->corrects};
    StageTimer commit{&parts_.metrics};
    auto stored = co_await parts_.journal.accept(std::move(acceptance), request.deadline);
    commit.ended(observe::Stage::commit);
    tell_commit(parts_, whole_at, stored, body->size());
    if (!stored)
        co_return co_await refuse(request, body, terms->idempotency_key, terms->accept, content_sha256, fault::fault_of(stored.error()));

    timer.ended(observe::Stage::submit);
    if (!stored->repeated && parts_.stored) parts_.stored();
    co_return answer(request, *body, *stored, terms->accept);
}

// Small dossiers here and now, large ones on the pool, so that the other connections of this core do not wait for them.
template <class Work>
auto Submit::in_its_place(std::size_t bytes, Work work) -> runtime::Task<std::invoke_result_t<Work&>>
{
    if (bytes <= config_.inline_bytes_max) co_return work();
    PoolPlace const place{on_pool_, config_.pool_waiting_max};
    if (!place.got()) co_return plain(FaultCode::overloaded, "the pool for large dossiers is full");
    co_return co_await runtime::on_cpu(parts_.cpu, std::move(work));
}

runtime::Task<fault::Result<Examined>> Submit::examined(Request const& request, Body body, Lane lane, std::shared_ptr<Criteria const> criteria)
{
    StageTimer timer{&parts_.metrics};
    auto examination = [&] {
        return examine(*criteria, *request.admitted, lane, body, request.received_at, StageTimer{&parts_.metrics});
    };
    auto evidence = co_await in_its_place(body->size(), std::move(examination));
    timer.ended(observe::Stage::examine);
    parts_.metrics.examined(evidence && evidence->engine == Engine::sweep ? "sweep" : "tree");
    if (evidence && parts_.cross_check) parts_.cross_check->offer({criteria, *request.admitted, lane, body, request.received_at, std::nullopt}, *evidence);
    co_return evidence;
}

runtime::Task<fault::Result<Examined>> Submit::examined_personal(Request const& request, Body body, Lane lane,
                                                                 std::shared_ptr<Criteria const> criteria, otp::Password password, std::string content_sha256)
{
    if (!parts_.otp) co_return plain(FaultCode::otp_unavailable, "one-time passwords are off");
    StageTimer timer{&parts_.metrics};
    auto const size = body->size();
    auto reading = [&] { return read_personal(*criteria, body, request.received_at, StageTimer{&parts_.metrics}); };
    auto read = co_await in_its_place(size, std::move(reading));
    if (!read) co_return read.error();

    auto person = read->personal.envelope.unit().tax_code;
    auto proof = co_await parts_.otp->prove(request.admitted->provider().code, std::move(password), std::move(person),
                                            std::move(content_sha256), request.received_at, request.deadline);
    if (!proof) co_return fault::fault_of(proof.error());

    auto examination = [&, vouched = std::move(*read), by = *proof]() mutable {
        return examine_personal(*criteria, *request.admitted, lane, std::move(vouched), std::move(by), request.received_at,
                                StageTimer{&parts_.metrics});
    };
    auto evidence = co_await in_its_place(size, std::move(examination));
    timer.ended(observe::Stage::examine);
    parts_.metrics.examined(evidence && evidence->engine == Engine::sweep ? "sweep" : "tree");
    if (evidence && parts_.cross_check) parts_.cross_check->offer({criteria, *request.admitted, lane, body, request.received_at, *proof}, *evidence);
    co_return evidence;
}

// A step said no. What was accepted once stays accepted, even where a certificate expired or a rule came into force
// since: a repeat gets its stored receipt. Otherwise the refusal is recorded, and only then answered.
runtime::Task<Reply> Submit::refuse(Request const& request, Body body, std::string idempotency_key, std::string accept,
                                    std::string content_sha256, Fault fault)
{
    // Evidence that is away now is no word about the dossier either, but what was accepted before stays accepted.
    if (!final_word(fault.code) && fault.code != FaultCode::revocation_unknown) co_return problem(request, *body, fault);
    auto const provider = request.admitted->provider().code;

    if (!idempotency_key.empty() && fault.code != FaultCode::idempotency_key_reused) {
        auto before = co_await parts_.journal.find(provider, idempotency_key, content_sha256, request.deadline);
        if (before && *before) co_return answer(request, *body, **before, accept);
        if (!before) fault = fault::fault_of(before.error());
        if (!final_word(fault.code)) co_return problem(request, *body, fault);
    }

    store::RefusalRecord record;
    record.provider = provider;
    record.idempotency_key = std::move(idempotency_key);
    record.content_sha256 = std::move(content_sha256);
    record.body = *body;
    record.fault_id = fault::row_of(fault.code).id;
    record.problem = fault::problem_json(fault, request.trace.trace_id);
    record.at = request.received_at;
    record.trace_id = request.trace.trace_id;
    auto const recorded = co_await parts_.journal.refuse(std::move(record), request.deadline);
    if (!recorded) co_return problem(request, *body, plain(FaultCode::store_unavailable, "refusal not recorded: " + recorded.error().detail));

    co_return problem(request, *body, fault);
}

Reply Submit::answer(Request const& request, std::string_view body, store::Stored const& stored, std::string_view accept)
{
    auto const& provider = request.admitted->provider().code;
    parts_.metrics.accepted(provider, stored.repeated);
    observe::log(observe::Level::info, stored.repeated ? "dossier repeated" : "dossier stored",
                 {{"trace_id", request.trace.trace_id},
                  {"provider", provider},
                  {"dossier_id", stored.dossier_id},
                  {"case_code", stored.case_code},
                  {"bytes", body.size()}});
    return Reply::receipt(stored, accept);
}

Reply Submit::problem(Request const& request, std::string_view body, Fault const& fault)
{
    auto const& provider = request.admitted->provider().code;
    auto const& row = fault::row_of(fault.code);
    parts_.metrics.refused(provider, row.id);
    observe::log(observe::Level::info, "dossier refused",
                 {{"trace_id", request.trace.trace_id},
                  {"provider", provider},
                  {"code", row.id},
                  {"fault", row.name},
                  {"detail", fault.detail},
                  {"findings", fault.findings.size()},
                  {"bytes", body.size()}});
    return Reply::problem(fault, request.trace);
}

}  // namespace intake
