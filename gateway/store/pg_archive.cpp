#include "gateway/store/pg_archive.hpp"

#include "gateway/dossier/case_code.hpp"
#include "gateway/dossier/id.hpp"
#include "gateway/store/detail/batch.hpp"
#include "gateway/store/detail/compress.hpp"

#include <algorithm>

namespace store::detail {

namespace {

// Where a dossier stands in delivery follows from where it is: State is a place.
constexpr Statement view_statement{
    "view",
    "SELECT s.dossier_id::text, s.case_code, s.provider, s.agency, s.procedure, d.unit_code, d.tax_code, d.content_sha256, "
    "d.idempotency_key, s.received_at, d.paper_required, s.status, s.result_due, s.result_at, "
    "coalesce(e.outcome, CASE WHEN r.sequence IS NOT NULL THEN 'deferred' ELSE 'stored' END), d.log_index, d.corrects::text "
    "FROM ivan.dossier_status s "
    "JOIN LATERAL (SELECT * FROM ivan.dossiers d WHERE d.agency = s.agency AND d.received_at = s.received_at "
    "AND d.dossier_id = s.dossier_id OFFSET 0) d ON true "
    "LEFT JOIN ivan.deliveries e ON e.sequence = s.sequence LEFT JOIN ivan.delivery_retries r ON r.sequence = s.sequence "
    "WHERE s.dossier_id = $1::text::uuid AND s.provider = $2::text"};
constexpr Statement history_statement{
    "history", "SELECT at, status, department, note FROM ivan.status_history WHERE dossier_id = $1::text::uuid ORDER BY recorded"};
constexpr Statement by_content_statement{
    "by_content", "SELECT dossier_id::text FROM ivan.idempotency WHERE provider = $1::text AND content_sha256 = $2::bytea AND NOT again"};
constexpr Statement refused_statement{
    "refused", "SELECT fault_id, problem, refused_at, log_index FROM ivan.refusals WHERE provider = $1::text AND content_sha256 = $2::bytea "
               "ORDER BY refused_at DESC, refusal_id DESC LIMIT 1"};
constexpr Statement by_key_statement{
    "by_key", "SELECT dossier_id::text FROM ivan.idempotency WHERE provider = $1::text AND idempotency_key = $2::text"};
constexpr Statement receipt_statement{
    "receipt", "SELECT d.receipt_xml FROM ivan.dossier_status s JOIN LATERAL (SELECT receipt_xml FROM ivan.dossiers d "
               "WHERE d.agency = s.agency AND d.received_at = s.received_at AND d.dossier_id = s.dossier_id OFFSET 0) d ON true "
               "WHERE s.dossier_id = $1::text::uuid AND s.provider = $2::text"};
constexpr Statement lookup_statement{
    "lookup", "SELECT s.agency, coalesce(a.name, s.agency), coalesce(nullif(s.department, ''), p.department, ''), s.received_at, "
              "coalesce(s.result_at, s.result_due), s.status FROM ivan.dossier_status s "
              "LEFT JOIN ivan.agencies a ON a.code = s.agency LEFT JOIN ivan.procedures p ON p.code = s.procedure "
              "WHERE s.case_code = ANY($1::text[]) ORDER BY s.case_code = $2::text DESC LIMIT 1"};

constexpr Statement event_statement{
    "event", "INSERT INTO ivan.workflow_events (event_id, case_code, status, body_sha256, at) "
             "VALUES ($1::text, $2::text, $3::text, $4::text, $5::timestamptz) ON CONFLICT DO NOTHING RETURNING event_id"};
constexpr Statement event_before_statement{"event_before", "SELECT body_sha256 FROM ivan.workflow_events WHERE event_id = $1::text"};
constexpr Statement event_target_statement{
    "event_target", "SELECT dossier_id::text, provider, status FROM ivan.dossier_status WHERE case_code = $1::text FOR NO KEY UPDATE"};
constexpr Statement event_status_statement{
    "event_status",
    "UPDATE ivan.dossier_status SET status = $2::text, department = CASE WHEN $3::text = '' THEN department ELSE $3::text END, "
    "result_due = coalesce($4::timestamptz, result_due), result_at = coalesce($5::timestamptz, result_at) "
    "WHERE dossier_id = $1::text::uuid"};
constexpr Statement event_history_statement{
    "event_history", "INSERT INTO ivan.status_history (dossier_id, at, status, department, note) "
                     "VALUES ($1::text::uuid, $2::timestamptz, $3::text, $4::text, $5::text)"};
constexpr Statement notice_lock_statement{"notice_lock", "SELECT pg_advisory_xact_lock(hashtextextended($1::text, 2))::text"};
constexpr Statement notice_statement{
    "notice", "INSERT INTO ivan.notices (provider, dossier_id, case_code, kind, status, at, note) "
              "VALUES ($1::text, $2::text::uuid, $3::text, 'status', $4::text, $5::timestamptz, $6::text)"};
constexpr Statement notices_statement{
    "notices", "SELECT cursor, dossier_id::text, case_code, kind, status, at, note FROM ivan.notices "
               "WHERE provider = $1::text AND cursor > $2::bigint ORDER BY cursor LIMIT $3::bigint"};

constexpr Statement probe_statement{
    "probe", "INSERT INTO ivan.probe (at) VALUES (clock_timestamp()) ON CONFLICT (id) DO UPDATE SET at = excluded.at RETURNING id"};

constexpr std::size_t notices_max = 1000;

dossier::Status status_of(std::string_view id)
{
    auto const status = dossier::status_from(id);
    if (!status) throw std::runtime_error("a stored status is unknown: " + std::string{id});
    return *status;
}

Result<DossierView> read_view(PgConnection& connection, std::string_view provider, std::string_view dossier_id)
{
    connection.send(view_statement, Params{}.text(dossier_id).text(provider));
    connection.send(history_statement, Params{}.text(dossier_id));
    auto const answers = connection.finish();
    auto const &rows = answers[0], &history = answers[1];
    if (rows.count() == 0) return Failure{Refusal::not_found, std::string{dossier_id}};
    DossierView view;
    view.dossier_id = rows.string(0, 0);
    view.case_code = rows.string(0, 1);
    view.provider = rows.string(0, 2);
    view.agency = rows.string(0, 3);
    view.procedure = rows.string(0, 4);
    view.unit_code = rows.string(0, 5);
    view.tax_code = rows.string(0, 6);
    view.content_sha256 = signing::hex(rows.text(0, 7));
    view.idempotency_key = rows.string(0, 8);
    view.received_at = rows.instant(0, 9);
    view.paper_required = rows.boolean(0, 10);
    view.status = status_of(rows.text(0, 11));
    if (!rows.null(0, 12)) view.result_due = rows.instant(0, 12);
    if (!rows.null(0, 13)) view.result_at = rows.instant(0, 13);
    view.delivery = rows.string(0, 14);
    if (!rows.null(0, 15)) view.log_index = static_cast<std::uint64_t>(rows.number(0, 15));
    if (!rows.null(0, 16)) view.corrects = rows.string(0, 16);
    view.history.push_back({view.received_at, dossier::Status::received, "", ""});
    for (std::size_t i = 0; i < history.count(); ++i)
        view.history.push_back({history.instant(i, 0), status_of(history.text(i, 1)), history.string(i, 2), history.string(i, 3)});
    return view;
}

// A code as stored, with and without the suffix: people leave it away, and forms of years differ in it.
std::vector<std::string> spellings(std::string const& code)
{
    std::vector<std::string> out{code};
    auto const slash = code.find('/');
    if (slash == std::string::npos) return out;
    if (slash >= 2 && code.compare(slash - 2, 2, ".G") == 0) out.push_back(code.substr(0, slash - 2) + code.substr(slash));
    else out.push_back(code.substr(0, slash) + ".G" + code.substr(slash));
    return out;
}

}  // namespace

runtime::Task<Result<DossierView>> PgArchive::by_id(std::string provider, std::string dossier_id, runtime::Deadline deadline)
{
    if (!dossier::id_ok(dossier_id)) co_return Failure{Refusal::not_found, dossier_id};
    std::function<Result<DossierView>(PgConnection&)> work = [&](PgConnection& connection) {
        return read_view(connection, provider, dossier_id);
    };
    co_return co_await pool_.run<DossierView>(deadline, true, std::move(work));
}

runtime::Task<Result<Found>> PgArchive::by_content(std::string provider, std::string content_sha256, runtime::Deadline deadline)
{
    auto const hash = signing::bytes_of_hex(content_sha256);
    if (hash.size() != 32) co_return Failure{Refusal::not_found, content_sha256};
    std::function<Result<Found>(PgConnection&)> work = [&](PgConnection& connection) -> Result<Found> {
        auto const accepted = connection.run(by_content_statement, Params{}.text(provider).text(hash));
        if (accepted.count() > 0) {
            auto view = read_view(connection, provider, accepted.text(0, 0));
            if (!view) return view.error();
            return Found{std::move(*view), std::nullopt};
        }
        auto const refused = connection.run(refused_statement, Params{}.text(provider).text(hash));
        if (refused.count() == 0) return Failure{Refusal::not_found, content_sha256};
        RefusedView view{content_sha256, refused.string(0, 0), refused.string(0, 1), refused.instant(0, 2), std::nullopt};
        if (!refused.null(0, 3)) view.log_index = static_cast<std::uint64_t>(refused.number(0, 3));
        return Found{std::nullopt, std::move(view)};
    };
    co_return co_await pool_.run<Found>(deadline, true, std::move(work));
}

runtime::Task<Result<DossierView>> PgArchive::by_key(std::string provider, std::string idempotency_key, runtime::Deadline deadline)
{
    std::function<Result<DossierView>(PgConnection&)> work = [&](PgConnection& connection) -> Result<DossierView> {
        auto const rows = connection.run(by_key_statement, Params{}.text(provider).text(idempotency_key));
        if (rows.count() == 0) return Failure{Refusal::not_found, idempotency_key};
        return read_view(connection, provider, rows.text(0, 0));
    };
    co_return co_await pool_.run<DossierView>(deadline, true, std::move(work));
}

runtime::Task<Result<std::string>> PgArchive::receipt(std::string provider, std::string dossier_id, runtime::Deadline deadline)
{
    if (!dossier::id_ok(dossier_id)) co_return Failure{Refusal::not_found, dossier_id};
    std::function<Result<std::string>(PgConnection&)> work = [&](PgConnection& connection) -> Result<std::string> {
        auto const rows = connection.run(receipt_statement, Params{}.text(dossier_id).text(provider));
        if (rows.count() == 0) return Failure{Refusal::not_found, dossier_id};
        auto xml = unpack(rows.text(0, 0), unpacked_bytes_max);
        if (!xml) return Failure{Refusal::internal, "the stored receipt of " + dossier_id + " is damaged"};
        return std::move(*xml);
    };
    co_return co_await pool_.run<std::string>(deadline, true, std::move(work));
}

runtime::Task<Result<LookupView>> PgArchive::lookup(std::string case_code, runtime::Deadline deadline)
{
    std::function<Result<LookupView>(PgConnection&)> work = [&](PgConnection& connection) -> Result<LookupView> {
        auto const codes = spellings(case_code);
        auto const rows = connection.run(lookup_statement, Params{}.texts({codes.begin(), codes.end()}).text(case_code));
        if (rows.count() == 0) return Failure{Refusal::not_found, case_code};
        LookupView view;
        view.agency = rows.string(0, 0);
        view.agency_name = rows.string(0, 1);
        view.department = rows.string(0, 2);
        view.received_at = rows.instant(0, 3);
        if (!rows.null(0, 4)) view.result_at = rows.instant(0, 4);
        view.status = status_of(rows.text(0, 5));
        return view;
    };
    co_return co_await pool_.run<LookupView>(deadline, true, std::move(work));
}

runtime::Task<Result<bool>> PgArchive::apply(WorkflowEvent event, runtime::Deadline deadline)
{
    std::function<Result<bool>(PgConnection&)> work = [&](PgConnection& connection) -> Result<bool> {
        std::string const status{dossier::text_of(event.status).id};
        connection.send_plain("BEGIN");
        connection.send(event_statement,
                        Params{}.text(event.event_id).text(event.case_code).text(status).text(event.body_sha256).instant(event.at));
        connection.send(event_before_statement, Params{}.text(event.event_id));
        connection.send(event_target_statement, Params{}.text(event.case_code));
        auto const answers = connection.finish();
        auto const &inserted = answers[1], &before = answers[2], &target = answers[3];
        if (inserted.count() == 0) {
            if (before.count() == 0) throw PgError{PgError::Kind::refused, "40001", "an event vanished while it was looked up"};
            if (before.text(0, 0) != event.body_sha256) return Failure{Refusal::event_conflict, event.event_id};
            return false;
        }
        if (target.count() == 0) return Failure{Refusal::not_found, event.case_code};
        // QĐ 352 art. 12: from the status under our lock, so two events cannot both take the same step.
        if (!dossier::lawful(status_of(target.text(0, 2)), event.status))
            return Failure{Refusal::status_unlawful, target.string(0, 2) + " → " + status};

        auto const id = target.text(0, 0), provider = target.text(0, 1);
        Params update;
        update.text(id).text(status).text(event.department);
        if (event.result_due) update.instant(*event.result_due);
        else update.null();
        if (event.status == dossier::Status::done) update.instant(event.at);
        else update.null();
        connection.send(event_status_statement, update);
        connection.send(event_history_statement, Params{}.text(id).instant(event.at).text(status).text(event.department).text(event.note));
        connection.send(notice_lock_statement, Params{}.text(provider));
        connection.send(notice_statement, Params{}.text(provider).text(id).text(event.case_code).text(status).instant(event.at).text(event.note));
        connection.send_plain("COMMIT");
        connection.finish();
        return true;
    };
    co_return co_await pool_.run<bool>(deadline, true, std::move(work));
}

runtime::Task<Result<std::vector<Notice>>> PgArchive::notices(std::string provider, std::int64_t after, std::size_t limit,
                                                              runtime::Deadline deadline)
{
    using Answered = Result<std::vector<Notice>>;
    std::function<Answered(PgConnection&)> work = [&](PgConnection& connection) -> Answered {
        auto const rows = connection.run(
            notices_statement, Params{}.text(provider).number(after).number(static_cast<std::int64_t>(std::min(limit, notices_max))));
        std::vector<Notice> out;
        for (std::size_t i = 0; i < rows.count(); ++i) {
            Notice notice;
            notice.cursor = rows.number(i, 0);
            notice.dossier_id = rows.string(i, 1);
            notice.case_code = rows.string(i, 2);
            notice.kind = rows.string(i, 3);
            notice.status = status_of(rows.text(i, 4));
            notice.at = rows.instant(i, 5);
            notice.note = rows.string(i, 6);
            out.push_back(std::move(notice));
        }
        return out;
    };
    co_return co_await pool_.run<std::vector<Notice>>(deadline, true, std::move(work));
}

runtime::Task<Result<void>> PgArchive::probe(runtime::Deadline deadline)
{
    std::function<Result<void>(PgConnection&)> work = [](PgConnection& connection) -> Result<void> {
        connection.run(probe_statement, Params{});
        return {};
    };
    co_return co_await pool_.run<void>(deadline, true, std::move(work));
}

}  // namespace store::detail
