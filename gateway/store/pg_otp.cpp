#include "gateway/store/pg_otp.hpp"

#include <algorithm>
#include <string_view>

namespace store::detail {

namespace {

using std::chrono::milliseconds;

// Two questions of one person wait for each other, whichever gateway they reach.
constexpr Statement person_statement{"otp_person", "SELECT pg_advisory_xact_lock(hashtextextended($1::text, 3))::text"};
constexpr Statement take_statement{"otp_take", "SELECT ivan.otp_take($1::text, $2::timestamptz, $3::bigint, $4::bigint)"};

constexpr Statement address_statement{
    "otp_address", "SELECT channel, address FROM ivan.otp_contacts WHERE person_key = $1::text AND state = 'active' "
                   "AND ($2::text = '' OR channel = $2::text) ORDER BY channel = 'sms' DESC LIMIT 1"};
constexpr Statement replace_statement{
    "otp_replace", "UPDATE ivan.otp_challenges SET replaced_at = $3::timestamptz WHERE person_key = $1::text "
                   "AND content_sha256 = $2::text AND redeemed_at IS NULL AND replaced_at IS NULL"};
constexpr Statement open_statement{
    "otp_open", "INSERT INTO ivan.otp_challenges (challenge_id, person_key, content_sha256, channel, provider, made_at, expires_at, "
                "code_hash) VALUES ($1::text, $2::text, $3::text, $4::text, $5::text, $6::timestamptz, $7::timestamptz, $8::bytea)"};

constexpr Statement attempt_statement{
    "otp_attempt", "UPDATE ivan.otp_challenges SET tries = tries + 1 WHERE challenge_id = $1::text AND provider = $2::text "
                   "AND tries < $4::bigint AND replaced_at IS NULL AND redeemed_at IS NULL AND expires_at > $3::timestamptz "
                   "RETURNING person_key, content_sha256, channel, code_hash, made_at, expires_at"};
constexpr Statement why_not_statement{
    "otp_why_not", "SELECT CASE WHEN redeemed_at IS NOT NULL THEN 1 WHEN replaced_at IS NOT NULL THEN 2 "
                   "WHEN expires_at <= $3::timestamptz THEN 3 ELSE 4 END::bigint FROM ivan.otp_challenges "
                   "WHERE challenge_id = $1::text AND provider = $2::text"};
constexpr Statement approver_statement{
    "otp_approver", "SELECT contact_id, channel, address FROM ivan.otp_contacts WHERE person_key = $1::text AND state = 'active' "
                    "ORDER BY channel = $2::text DESC LIMIT 1"};
constexpr Statement ask_statement{
    "otp_ask", "INSERT INTO ivan.otp_contacts (contact_id, person_key, channel, address_key, address, provider, asked_at, expires_at, "
               "code_hash, approver, approval_hash) VALUES ($1::text, $2::text, $3::text, $4::text, $5::bytea, $6::text, "
               "$7::timestamptz, $8::timestamptz, $9::bytea, $10::text, $11::bytea)"};
constexpr Statement attempt_contact_statement{
    "otp_attempt_contact", "UPDATE ivan.otp_contacts SET tries = tries + 1 WHERE contact_id = $1::text AND provider = $2::text "
                           "AND tries < $4::bigint AND state = 'asked' AND expires_at > $3::timestamptz "
                           "RETURNING person_key, channel, address_key, code_hash, approval_hash, approver, asked_at, expires_at"};
constexpr Statement why_not_contact_statement{
    "otp_why_not_contact", "SELECT CASE WHEN state <> 'asked' THEN 1 WHEN expires_at <= $3::timestamptz THEN 3 ELSE 4 END::bigint "
                           "FROM ivan.otp_contacts WHERE contact_id = $1::text AND provider = $2::text"};
constexpr Statement waiting_contact_statement{
    "otp_waiting_contact", "SELECT person_key, channel, approver FROM ivan.otp_contacts WHERE contact_id = $1::text AND state = 'asked' "
                           "FOR UPDATE"};
constexpr Statement contact_person_statement{"otp_contact_person", "SELECT person_key FROM ivan.otp_contacts WHERE contact_id = $1::text"};
constexpr Statement end_contact_statement{
    "otp_end_contact", "UPDATE ivan.otp_contacts SET state = 'replaced', ended_at = $3::timestamptz WHERE person_key = $1::text "
                       "AND channel = $2::text AND state = 'active'"};
constexpr Statement start_contact_statement{
    "otp_start_contact", "UPDATE ivan.otp_contacts SET state = 'active', confirmed_at = $2::timestamptz WHERE contact_id = $1::text"};
constexpr Statement retire_statement{
    "otp_retire", "UPDATE ivan.otp_contacts SET state = 'retired', ended_at = $2::timestamptz WHERE person_key = $1::text "
                  "AND state IN ('active', 'asked') RETURNING contact_id"};

constexpr Statement sweep_challenges_statement{
    "otp_sweep_challenges", "DELETE FROM ivan.otp_challenges WHERE challenge_id IN (SELECT challenge_id FROM ivan.otp_challenges "
                            "WHERE redeemed_at IS NULL AND expires_at < $1::timestamptz LIMIT $2::bigint FOR UPDATE SKIP LOCKED) "
                            "RETURNING challenge_id"};
// An address that was never confirmed may be a stranger's: it is not kept.
constexpr Statement sweep_contacts_statement{
    "otp_sweep_contacts", "DELETE FROM ivan.otp_contacts WHERE contact_id IN (SELECT contact_id FROM ivan.otp_contacts "
                          "WHERE state = 'asked' AND expires_at < $1::timestamptz LIMIT $2::bigint FOR UPDATE SKIP LOCKED) "
                          "RETURNING contact_id"};
constexpr Statement sweep_limits_statement{
    "otp_sweep_limits", "DELETE FROM ivan.otp_limits WHERE subject IN (SELECT subject FROM ivan.otp_limits "
                        "WHERE full_until < $1::timestamptz LIMIT $2::bigint FOR UPDATE SKIP LOCKED) RETURNING subject"};

std::string_view bytes_of(signing::Sha256 const& digest) { return {reinterpret_cast<char const*>(digest.data()), digest.size()}; }

signing::Sha256 digest_of(std::string_view bytes)
{
    signing::Sha256 digest{};
    if (bytes.size() != digest.size()) throw std::runtime_error("a stored hash of a one-time password is damaged");
    std::copy(bytes.begin(), bytes.end(), digest.begin());
    return digest;
}

signing::OtpChannel channel_of(std::string_view name)
{
    auto const channel = signing::otp_channel_from(name);
    if (!channel) throw std::runtime_error("a stored channel is unknown: " + std::string{name});
    return *channel;
}

milliseconds take(PgConnection& connection, OtpLimit const& limit, std::string const& subject, runtime::Instant at)
{
    auto const rows = connection.run(take_statement, Params{}.text(subject).instant(at).number(limit.interval.count()).number(limit.burst));
    return milliseconds{rows.number(0, 0)};
}

// All, or the longest wait among those that said no. Sorted: every gateway locks in this order.
milliseconds take_all(PgConnection& connection, std::vector<OtpLimit> limits, runtime::Instant at)
{
    std::sort(limits.begin(), limits.end(), [](auto const& a, auto const& b) { return a.subject < b.subject; });
    milliseconds wait{0};
    for (auto const& limit : limits) wait = std::max(wait, take(connection, limit, limit.subject, at));
    return wait;
}

Params try_params(OtpTry const& given)
{
    Params params;
    params.text(given.challenge_id).text(given.provider).instant(given.at);
    return params;
}

OtpState state_of(Rows const& why)
{
    if (why.count() == 0) return OtpState::unknown;
    switch (why.number(0, 0)) {
        case 1: return OtpState::redeemed;
        case 2: return OtpState::replaced;
        case 3: return OtpState::expired;
        default: return OtpState::exhausted;
    }
}

}  // namespace

runtime::Task<Result<OtpOpened>> PgOtp::open(OtpOpening opening, runtime::Deadline deadline)
{
    std::function<Result<OtpOpened>(PgConnection&)> work = [&](PgConnection& connection) -> Result<OtpOpened> {
        OtpOpened opened;
        connection.run_plain("BEGIN");
        connection.run(person_statement, Params{}.text(opening.person_key));
        opened.wait = take_all(connection, opening.limits, opening.made_at);
        if (opened.wait > milliseconds{0}) {
            connection.run_plain("ROLLBACK");
            return opened;
        }
        // From here on the same statements run whether there is a contact or not.
        auto const wanted = opening.channel ? signing::name_of(*opening.channel) : std::string_view{};
        auto const rows = connection.run(address_statement, Params{}.text(opening.person_key).text(wanted));
        bool const known = rows.count() > 0;
        opened.channel = known ? channel_of(rows.text(0, 0)) : opening.channel.value_or(signing::OtpChannel::sms);
        if (known) opened.address = rows.string(0, 1);
        connection.run(replace_statement, Params{}.text(opening.person_key).text(opening.content_sha256).instant(opening.made_at));
        Params row;
        row.text(opening.challenge_id).text(opening.person_key).text(opening.content_sha256).text(signing::name_of(opened.channel));
        row.text(opening.provider).instant(opening.made_at).instant(opening.expires_at);
        row.text(bytes_of(known ? opening.code_hash : opening.dud_hash));
        connection.run(open_statement, row);
        connection.run_plain("COMMIT");
        return opened;
    };
    co_return co_await pool_.run<OtpOpened>(deadline, false, std::move(work));
}

runtime::Task<Result<OtpTried>> PgOtp::attempt(OtpTry given, OtpJudge judge, runtime::Deadline deadline)
{
    std::function<Result<OtpTried>(PgConnection&)> work = [&](PgConnection& connection) -> Result<OtpTried> {
        OtpTried tried;
        connection.run_plain("BEGIN");
        auto const rows = connection.run(attempt_statement, try_params(given).number(given.tries_max));
        if (rows.count() == 0) {
            tried.state = state_of(connection.run(why_not_statement, try_params(given)));
            connection.run_plain("COMMIT");
            return tried;
        }
        tried.state = OtpState::open;
        tried.person_key = rows.string(0, 0);
        tried.wait = take(connection, given.limit, given.limit.subject + tried.person_key, given.at);
        if (tried.wait > milliseconds{0}) {
            connection.run_plain("ROLLBACK");  // nothing is compared, so no try was made
            return tried;
        }
        tried.content_sha256 = rows.string(0, 1);
        tried.channel = channel_of(rows.text(0, 2));
        tried.code_hash = digest_of(rows.text(0, 3));
        tried.made_at = rows.instant(0, 4);
        tried.expires_at = rows.instant(0, 5);
        // The row stays locked until it is known whether the try counts.
        tried.right = judge(tried);
        connection.run_plain(tried.right ? "ROLLBACK" : "COMMIT");
        return tried;
    };
    co_return co_await pool_.run<OtpTried>(deadline, false, std::move(work));
}

runtime::Task<Result<OtpContactAsked>> PgOtp::ask_contact(OtpContactAsk ask, runtime::Deadline deadline)
{
    std::function<Result<OtpContactAsked>(PgConnection&)> work = [&](PgConnection& connection) -> Result<OtpContactAsked> {
        OtpContactAsked asked;
        connection.run_plain("BEGIN");
        connection.run(person_statement, Params{}.text(ask.person_key));
        asked.wait = take_all(connection, ask.limits, ask.asked_at);
        if (asked.wait > milliseconds{0}) {
            connection.run_plain("ROLLBACK");
            return asked;
        }
        auto const channel = signing::name_of(ask.channel);
        auto const rows = connection.run(approver_statement, Params{}.text(ask.person_key).text(channel));
        Params row;
        row.text(ask.contact_id).text(ask.person_key).text(channel).text(ask.address_key).text(ask.address).text(ask.provider);
        row.instant(ask.asked_at).instant(ask.expires_at).text(bytes_of(ask.code_hash));
        if (rows.count() > 0) {
            row.text(rows.text(0, 0));
            asked.approver_channel = channel_of(rows.text(0, 1));
            asked.approver = rows.string(0, 2);
        } else {
            row.null();
        }
        row.text(bytes_of(ask.approval_hash));
        connection.run(ask_statement, row);
        connection.run_plain("COMMIT");
        return asked;
    };
    co_return co_await pool_.run<OtpContactAsked>(deadline, false, std::move(work));
}

runtime::Task<Result<OtpContactTried>> PgOtp::attempt_contact(OtpTry given, runtime::Deadline deadline)
{
    std::function<Result<OtpContactTried>(PgConnection&)> work = [&](PgConnection& connection) -> Result<OtpContactTried> {
        OtpContactTried tried;
        auto const rows = connection.run(attempt_contact_statement, try_params(given).number(given.tries_max));
        if (rows.count() == 0) {
            tried.state = state_of(connection.run(why_not_contact_statement, try_params(given)));
            return tried;
        }
        tried.state = OtpState::open;
        tried.person_key = rows.string(0, 0);
        tried.channel = channel_of(rows.text(0, 1));
        tried.address_key = rows.string(0, 2);
        tried.code_hash = digest_of(rows.text(0, 3));
        tried.approval_hash = digest_of(rows.text(0, 4));
        tried.needs_approval = !rows.null(0, 5);
        tried.asked_at = rows.instant(0, 6);
        tried.expires_at = rows.instant(0, 7);
        return tried;
    };
    co_return co_await pool_.run<OtpContactTried>(deadline, false, std::move(work));
}

runtime::Task<Result<bool>> PgOtp::confirm_contact(std::string contact_id, runtime::Instant at, runtime::Deadline deadline)
{
    std::function<Result<bool>(PgConnection&)> work = [&](PgConnection& connection) -> Result<bool> {
        auto const person = connection.run(contact_person_statement, Params{}.text(contact_id));
        if (person.count() == 0) return false;
        connection.run_plain("BEGIN");
        connection.run(person_statement, Params{}.text(person.text(0, 0)));
        auto const waiting = connection.run(waiting_contact_statement, Params{}.text(contact_id));
        bool ok = waiting.count() > 0;
        if (ok) {
            auto const in_force = connection.run(approver_statement, Params{}.text(person.text(0, 0)).text(waiting.text(0, 1)));
            ok = in_force.count() > 0 ? !waiting.null(0, 2) && in_force.text(0, 0) == waiting.text(0, 2) : waiting.null(0, 2);
        }
        if (!ok) {
            connection.run_plain("ROLLBACK");
            return false;
        }
        connection.run(end_contact_statement, Params{}.text(person.text(0, 0)).text(waiting.text(0, 1)).instant(at));
        connection.run(start_contact_statement, Params{}.text(contact_id).instant(at));
        connection.run_plain("COMMIT");
        return true;
    };
    auto const confirmed = co_await pool_.run<bool>(deadline, false, std::move(work));
    if (!confirmed) co_return confirmed.error();
    co_return Result<bool>{*confirmed};
}

runtime::Task<Result<std::uint64_t>> PgOtp::retire_contacts(std::string person_key, runtime::Instant at, runtime::Deadline deadline)
{
    std::function<Result<std::uint64_t>(PgConnection&)> work = [&](PgConnection& connection) -> Result<std::uint64_t> {
        auto const rows = connection.run(retire_statement, Params{}.text(person_key).instant(at));
        return static_cast<std::uint64_t>(rows.count());
    };
    co_return co_await pool_.run<std::uint64_t>(deadline, true, std::move(work));
}

runtime::Task<Result<std::uint64_t>> PgOtp::sweep(runtime::Instant before, std::uint32_t rows_max, runtime::Deadline deadline)
{
    std::function<Result<std::uint64_t>(PgConnection&)> work = [&](PgConnection& connection) -> Result<std::uint64_t> {
        std::uint64_t rows = 0;
        for (auto const* statement : {&sweep_challenges_statement, &sweep_contacts_statement, &sweep_limits_statement})
            rows += connection.run(*statement, Params{}.instant(before).number(rows_max)).count();
        return rows;
    };
    co_return co_await pool_.run<std::uint64_t>(deadline, true, std::move(work));
}

}  // namespace store::detail
