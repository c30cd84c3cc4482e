#include "gateway/store/pg_grace.hpp"

#include "gateway/dossier/id.hpp"
#include "gateway/store/detail/path_bytes.hpp"

#include <map>

namespace store::detail {
namespace {

constexpr Statement claim_statement{
    "grace_claim",
    "UPDATE ivan.grace_dossiers g SET looked_at = $2::timestamptz, leased_until = $3::timestamptz FROM "
    "(SELECT dossier_id FROM ivan.grace_dossiers WHERE state = 'pending' AND looked_at < $1::timestamptz "
    "AND leased_until <= $2::timestamptz ORDER BY looked_at LIMIT $4::bigint FOR UPDATE SKIP LOCKED) c "
    "WHERE g.dossier_id = c.dossier_id RETURNING g.dossier_id::text, g.case_code, g.provider, g.agency, g.received_at"};
constexpr Statement signers_statement{
    "grace_paths", "SELECT s.dossier_id::text, s.path, s.source, s.this_update, s.next_update FROM ivan.grace_signers s "
                   "JOIN unnest($1::text[]) AS n(d) ON s.dossier_id = n.d::uuid ORDER BY s.dossier_id, s.signer"};
constexpr Statement settle_statement{
    "grace_settle",
    "UPDATE ivan.grace_dossiers SET state = $2::text, settled_at = $3::timestamptz, revoked_at = $4::timestamptz, "
    "evidence = $5::text, this_update = $6::timestamptz, leased_until = '-infinity' "
    "WHERE dossier_id = $1::text::uuid AND state = 'pending' RETURNING provider, case_code"};
constexpr Statement notice_lock_statement{"notice_lock", "SELECT pg_advisory_xact_lock(hashtextextended($1::text, 2))::text"};
constexpr Statement notice_statement{
    "grace_notice", "INSERT INTO ivan.notices (provider, dossier_id, case_code, kind, status, at, note) "
                    "SELECT provider, dossier_id, case_code, 'late_revocation', status, $2::timestamptz, $3::text "
                    "FROM ivan.dossier_status WHERE dossier_id = $1::text::uuid"};
constexpr Statement counts_statement{
    "grace_counts", "SELECT count(*) FILTER (WHERE state = 'pending'), count(*) FILTER (WHERE state = 'cleared'), "
                    "count(*) FILTER (WHERE state = 'revoked' AND acknowledged_at IS NULL), "
                    "min(received_at) FILTER (WHERE state = 'pending') FROM ivan.grace_dossiers"};
constexpr Statement late_statement{
    "grace_late", "SELECT dossier_id::text, case_code, provider, agency, evidence, received_at, revoked_at, settled_at "
                  "FROM ivan.grace_dossiers WHERE state = 'revoked' AND acknowledged_at IS NULL ORDER BY settled_at, dossier_id LIMIT $1::bigint"};
constexpr Statement acknowledge_statement{
    "grace_acknowledge", "UPDATE ivan.grace_dossiers SET acknowledged_at = $2::timestamptz, acknowledged_by = $3::text "
                         "WHERE dossier_id = $1::text::uuid AND state = 'revoked' AND acknowledged_at IS NULL RETURNING case_code"};

constexpr std::size_t rows_max = 10'000;

}  // namespace

runtime::Task<Result<std::vector<GraceDossier>>> PgGrace::claim(std::size_t rows, runtime::Instant sweep, runtime::Instant now,
                                                                std::chrono::seconds lease, runtime::Deadline deadline)
{
    using Answered = Result<std::vector<GraceDossier>>;
    std::function<Answered(PgConnection&)> work = [&](PgConnection& connection) -> Answered {
        auto const limit = static_cast<std::int64_t>(std::min(rows, rows_max));
        auto const claimed = connection.run(claim_statement, Params{}.instant(sweep).instant(now).instant(now + lease).number(limit));
        std::vector<GraceDossier> found;
        std::map<std::string_view, std::size_t> place;
        std::vector<std::string_view> ids;
        for (std::size_t i = 0; i < claimed.count(); ++i) {
            ids.push_back(claimed.text(i, 0));
            place[ids.back()] = i;
            found.push_back({claimed.string(i, 0), claimed.string(i, 1), claimed.string(i, 2), claimed.string(i, 3), claimed.instant(i, 4), {}});
        }
        if (ids.empty()) return found;
        auto const paths = connection.run(signers_statement, Params{}.texts(ids));
        for (std::size_t i = 0; i < paths.count(); ++i) {
            auto path = split_path(paths.text(i, 1));
            if (!path) throw std::runtime_error("a stored path is damaged: " + paths.string(i, 0));
            GraceSigner signer;
            signer.path = std::move(*path);
            signer.evidence = {paths.string(i, 2), paths.instant(i, 3), paths.instant(i, 4), true};
            found[place.at(paths.text(i, 0))].signers.push_back(std::move(signer));
        }
        return found;
    };
    co_return co_await pool_.run<std::vector<GraceDossier>>(deadline, true, std::move(work));
}

runtime::Task<Result<bool>> PgGrace::settle(GraceVerdict verdict, runtime::Deadline deadline)
{
    std::function<Result<bool>(PgConnection&)> work = [&](PgConnection& connection) -> Result<bool> {
        Params params;
        params.text(verdict.dossier_id).text(verdict.revoked_at ? "revoked" : "cleared").instant(verdict.at);
        if (verdict.revoked_at) params.instant(*verdict.revoked_at);
        else params.null();
        params.text(verdict.evidence.source).instant(verdict.evidence.this_update);
        connection.send_plain("BEGIN");
        connection.send(settle_statement, params);
        auto const answers = connection.finish();
        auto const& settled = answers[1];
        if (settled.count() == 0) {
            connection.run_plain("COMMIT");
            return false;
        }
        if (verdict.revoked_at) {
            connection.send(notice_lock_statement, Params{}.text(settled.text(0, 0)));
            connection.send(notice_statement, Params{}.text(verdict.dossier_id).instant(verdict.at).text(verdict.note));
        }
        connection.send_plain("COMMIT");
        connection.finish();
        return true;
    };
    // Twice does no harm: the second finds it settled.
    co_return co_await pool_.run<bool>(deadline, true, std::move(work));
}

runtime::Task<Result<GraceCounts>> PgGrace::counts(runtime::Deadline deadline)
{
    std::function<Result<GraceCounts>(PgConnection&)> work = [](PgConnection& connection) -> Result<GraceCounts> {
        auto const rows = connection.run(counts_statement, Params{});
        GraceCounts counts;
        counts.pending = static_cast<std::uint64_t>(rows.number(0, 0));
        counts.cleared = static_cast<std::uint64_t>(rows.number(0, 1));
        counts.late = static_cast<std::uint64_t>(rows.number(0, 2));
        if (!rows.null(0, 3)) counts.oldest = rows.instant(0, 3);
        return counts;
    };
    co_return co_await pool_.run<GraceCounts>(deadline, true, std::move(work));
}

runtime::Task<Result<std::vector<LateRevocation>>> PgGrace::late(std::size_t limit, runtime::Deadline deadline)
{
    using Answered = Result<std::vector<LateRevocation>>;
    std::function<Answered(PgConnection&)> work = [&](PgConnection& connection) -> Answered {
        auto const rows = connection.run(late_statement, Params{}.number(static_cast<std::int64_t>(std::min(limit, rows_max))));
        std::vector<LateRevocation> found;
        for (std::size_t i = 0; i < rows.count(); ++i)
            found.push_back({rows.string(i, 0), rows.string(i, 1), rows.string(i, 2), rows.string(i, 3), rows.string(i, 4), rows.instant(i, 5),
                             rows.instant(i, 6), rows.instant(i, 7)});
        return found;
    };
    co_return co_await pool_.run<std::vector<LateRevocation>>(deadline, true, std::move(work));
}

runtime::Task<Result<void>> PgGrace::acknowledge(std::string dossier_id, std::string who, runtime::Instant at, runtime::Deadline deadline)
{
    if (!dossier::id_ok(dossier_id)) co_return Failure{Refusal::not_found, dossier_id};
    std::function<Result<void>(PgConnection&)> work = [&](PgConnection& connection) -> Result<void> {
        if (connection.run(acknowledge_statement, Params{}.text(dossier_id).instant(at).text(who)).count() == 0)
            return Failure{Refusal::not_found, dossier_id};
        return {};
    };
    co_return co_await pool_.run<void>(deadline, false, std::move(work));
}

}  // namespace store::detail
