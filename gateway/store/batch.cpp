#include "gateway/store/detail/batch.hpp"

#include "gateway/dossier/id.hpp"
#include "gateway/runtime/assert.hpp"
#include "gateway/store/detail/path_bytes.hpp"
#include "gateway/store/grace.hpp"

#include <algorithm>
#include <map>
#include <tuple>
#include <unordered_set>

namespace store::detail {

namespace {

// Two unique indexes decide: of the key, and of the content. Whoever meets a claim under way waits until it is settled.
constexpr Statement claim_statement{
    "claim",
    "INSERT INTO ivan.idempotency (provider, idempotency_key, content_sha256, dossier_id, agency, received_at) "
    "SELECT p, k, c, d::uuid, a, r FROM unnest($1::text[], $2::text[], $3::bytea[], $4::text[], $5::text[], $6::timestamptz[]) "
    "AS n(p, k, c, d, a, r) ON CONFLICT DO NOTHING RETURNING dossier_id::text"};
// The same where each is taken for new: a conflict is an error, and what nobody has to look up beforehand costs half.
constexpr Statement claim_new_statement{
    "claim_new",
    "INSERT INTO ivan.idempotency (provider, idempotency_key, content_sha256, dossier_id, agency, received_at) "
    "SELECT p, k, c, d::uuid, a, r FROM unnest($1::text[], $2::text[], $3::bytea[], $4::text[], $5::text[], $6::timestamptz[]) "
    "AS n(p, k, c, d, a, r)"};
constexpr std::string_view unique_violation = "23505";
constexpr Statement foreseen_statement{
    "foreseen", "SELECT ivan.as_foreseen($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::bigint, $8::bigint, "
                "$9::bigint, $10::bytea)::text"};
constexpr std::string_view not_foreseen = "IV001", unit_not_foreseen = "IV002", deadlock = "40P01";
// Ends of a transaction that would have been right if all had been as foreseen.
bool only_mistaken(PgError const& error)
{
    auto const& state = error.state();
    return error.kind() == PgError::Kind::refused &&
           (state == unique_violation || state == not_foreseen || state == unit_not_foreseen || state == deadlock);
}
constexpr std::size_t sealed_at_once = 8;  // rows of one insert: signing them takes as long as writing them, and an insert costs one row more
// A correction may bring bytes that were stored before.
constexpr Statement claim_again_statement{
    "claim_again",
    "INSERT INTO ivan.idempotency (provider, idempotency_key, content_sha256, dossier_id, agency, received_at, again) "
    "SELECT p, k, c, d::uuid, a, r, true FROM unnest($1::text[], $2::text[], $3::bytea[], $4::text[], $5::text[], $6::timestamptz[]) "
    "AS n(p, k, c, d, a, r) ON CONFLICT DO NOTHING RETURNING dossier_id::text"};

// OFFSET 0 keeps the look-up of each dossier an index scan of the one partition that holds it.
constexpr Statement known_statement{
    "known",
    "SELECT i.provider, i.idempotency_key, i.content_sha256, d.dossier_id::text, d.case_code, d.receipt_xml, d.receipt_json "
    "FROM unnest($1::text[], $2::text[]) AS n(p, k) "
    "JOIN ivan.idempotency i ON i.provider = n.p AND i.idempotency_key = n.k "
    "JOIN LATERAL (SELECT * FROM ivan.dossiers d WHERE d.agency = i.agency AND d.received_at = i.received_at "
    "AND d.dossier_id = i.dossier_id OFFSET 0) d ON true"};

// Whose content it is. A claim of our own transaction has no status yet and is not found.
constexpr Statement originals_statement{
    "originals",
    "SELECT i.provider, i.content_sha256, s.dossier_id::text, s.case_code FROM unnest($1::text[], $2::bytea[]) AS n(p, c) "
    "JOIN ivan.idempotency i ON i.provider = n.p AND i.content_sha256 = n.c AND NOT i.again "
    "JOIN ivan.dossier_status s ON s.dossier_id = i.dossier_id"};

constexpr Statement corrects_id_statement{
    "corrects_id",
    "SELECT s.dossier_id::text FROM ivan.dossier_status s JOIN LATERAL (SELECT unit_code FROM ivan.dossiers d WHERE d.agency = s.agency "
    "AND d.received_at = s.received_at AND d.dossier_id = s.dossier_id OFFSET 0) d ON true "
    "WHERE s.dossier_id = $1::text::uuid AND s.provider = $2::text AND s.agency = $3::text AND d.unit_code = $4::text"};
constexpr Statement corrects_code_statement{
    "corrects_code",
    "SELECT s.dossier_id::text FROM ivan.dossier_status s JOIN LATERAL (SELECT unit_code FROM ivan.dossiers d WHERE d.agency = s.agency "
    "AND d.received_at = s.received_at AND d.dossier_id = s.dossier_id OFFSET 0) d ON true "
    "WHERE s.case_code = $1::text AND s.provider = $2::text AND s.agency = $3::text AND d.unit_code = $4::text"};

constexpr Statement units_statement{
    "units",
    "INSERT INTO ivan.units (agency, unit_code, tax_code, name, first_seen) "
    "SELECT a, u, t, n, f FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::timestamptz[]) AS n(a, u, t, n, f) "
    "ON CONFLICT DO NOTHING"};
constexpr Statement owners_statement{
    "owners",
    "SELECT u.agency, u.unit_code, u.tax_code FROM unnest($1::text[], $2::text[]) AS n(a, u) "
    "JOIN ivan.units u ON u.agency = n.a AND u.unit_code = n.u"};
constexpr Statement unclaim_statement{
    "unclaim", "DELETE FROM ivan.idempotency i USING unnest($1::text[], $2::text[]) AS n(p, k) "
               "WHERE i.provider = n.p AND i.idempotency_key = n.k"};

// One-time passwords stand for one transaction (NĐ 166/2016 art. 3 cl. 4): this one.
constexpr Statement redeem_statement{
    "redeem", "UPDATE ivan.otp_challenges SET redeemed_at = $3::timestamptz, redeemed_key = $4::text, dossier_id = $5::text::uuid "
              "WHERE challenge_id = $1::text AND provider = $2::text AND redeemed_at IS NULL RETURNING challenge_id"};

constexpr Statement numbers_statement{
    "numbers", "INSERT INTO ivan.case_counters AS c (counter, last) SELECT k, n FROM unnest($1::text[], $2::bigint[]) AS n(k, n) "
               "ON CONFLICT (counter) DO UPDATE SET last = c.last + excluded.last RETURNING counter, last"};
constexpr Statement sequences_statement{
    "sequences", "SELECT nextval('ivan.delivery_sequence') FROM generate_series(1, $1::bigint)"};

constexpr Statement dossiers_statement{
    "dossiers",
    "INSERT INTO ivan.dossiers (agency, received_at, dossier_id, case_code, provider, idempotency_key, procedure, unit_code, "
    "tax_code, period, paper_required, trace_id, content_sha256, content_bytes, forms, body, receipt_xml, receipt_json, authenticated, log_index, corrects) "
    "SELECT a, r, d::uuid, c, p, k, pr, u, t, pe, pa, tr, cs, cb, f::jsonb, b, rx, rj, au, li, nullif(co, '')::uuid "
    "FROM unnest($1::text[], $2::timestamptz[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], "
    "$10::text[], $11::boolean[], $12::text[], $13::bytea[], $14::bigint[], $15::text[], $16::bytea[], $17::bytea[], $18::bytea[], "
    "$19::text[], $20::bigint[], $21::text[]) AS n(a, r, d, c, p, k, pr, u, t, pe, pa, tr, cs, cb, f, b, rx, rj, au, li, co)"};
constexpr Statement status_statement{
    "status", "INSERT INTO ivan.dossier_status (dossier_id, case_code, provider, agency, procedure, received_at, sequence) "
              "SELECT d::uuid, c, p, a, pr, r, s FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], "
              "$6::timestamptz[], $7::bigint[]) AS n(d, c, p, a, pr, r, s)"};
constexpr Statement queue_statement{
    "queue", "INSERT INTO ivan.delivery_queue (slot, sequence, unit_key, dossier_id, agency, received_at, content_bytes, queued_at) "
             "SELECT ivan.delivery_slot(s), s, u, d::uuid, a, r, b, least(r, now()) "
             "FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::bigint[]) AS n(s, u, d, a, r, b)"};
// Dossiers accepted although a signer's revocation evidence had ended: to be looked at again (grace.hpp).
constexpr Statement grace_statement{
    "grace", "INSERT INTO ivan.grace_dossiers (dossier_id, case_code, provider, agency, received_at) "
             "SELECT d::uuid, c, p, a, r FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::timestamptz[]) AS n(d, c, p, a, r)"};
constexpr Statement grace_signers_statement{
    "grace_signers",
    "INSERT INTO ivan.grace_signers (dossier_id, signer, path, source, this_update, next_update) "
    "SELECT d::uuid, s, p, e, t, u FROM unnest($1::text[], $2::bigint[], $3::bytea[], $4::text[], $5::timestamptz[], $6::timestamptz[]) "
    "AS n(d, s, p, e, t, u)"};
constexpr Statement refusals_statement{
    "refusals",
    "INSERT INTO ivan.refusals (refused_at, provider, idempotency_key, content_sha256, fault_id, trace_id, problem, body, "
    "log_index) SELECT * FROM unnest($1::timestamptz[], $2::text[], $3::text[], $4::bytea[], $5::text[], $6::text[], $7::text[], "
    "$8::bytea[], $9::bigint[])"};

std::string_view authentication_of(dossier::ReceiptFacts const& facts)
{
    if (!facts.one_time_password) return "signature";
    return facts.one_time_password->channel == signing::OtpChannel::sms ? "otp/sms" : "otp/email";
}

Failure duplicate(std::string dossier_id, std::string case_code)
{
    auto detail = dossier_id + " " + case_code;
    return {Refusal::duplicate, std::move(detail), Original{std::move(dossier_id), std::move(case_code)}};
}

KnownKey known_of(Rows const& rows, std::size_t row)
{
    auto xml = unpack(rows.text(row, 5), unpacked_bytes_max);
    auto json = unpack(rows.text(row, 6), unpacked_bytes_max);
    if (!xml || !json) throw std::runtime_error("a stored receipt is damaged: " + rows.string(row, 3));
    return {signing::hex(rows.text(row, 2)),
            Stored{rows.string(row, 3), rows.string(row, 4), {std::move(*xml), std::move(*json)}, true}};
}

}  // namespace

std::string unit_key_of(dossier::ReceiptFacts const& facts) { return facts.agency + "/" + facts.unit_code; }

std::optional<KnownKey> find_key(PgConnection& connection, std::string_view provider, std::string_view key)
{
    auto const rows = connection.run(known_statement, Params{}.texts({provider}).texts({key}));
    if (rows.count() == 0) return std::nullopt;
    return known_of(rows, 0);
}

BatchTransaction::BatchTransaction(std::vector<Row*> rows, std::vector<RefusalRecord const*> refusals, Sealer const& sealer,
                                   Codec codec, std::vector<dossier::CaseCodeTemplate> const& case_codes, UnitOwners const& owners,
                                   Foresight const& foresight, bool trusting)
    : rows_{std::move(rows)}, refusals_{std::move(refusals)}, sealer_{sealer}, codec_{codec}, case_codes_{case_codes}, owners_{owners},
      foresight_{foresight}, trusting_{trusting}, results_(rows_.size())
{
    std::map<std::pair<std::string_view, std::string_view>, Group> groups;
    for (std::size_t i = 0; i < rows_.size(); ++i) {
        auto const [found, first] = groups.try_emplace({rows_[i]->facts.provider_code, rows_[i]->idempotency_key});
        if (first) found->second.leader = i;
        else found->second.followers.push_back(i);
    }
    for (auto& [key, group] : groups) groups_.push_back(std::move(group));
    for (std::size_t i = 0; i < groups_.size(); ++i) arrival_.push_back(i);
    std::sort(arrival_.begin(), arrival_.end(), [this](auto a, auto b) { return groups_[a].leader < groups_[b].leader; });
}

void BatchTransaction::run(PgConnection& connection, Meanwhile const& meanwhile)
{
    if (run_as_foreseen(connection, meanwhile)) return;
    connection.send_plain("BEGIN");
    if (!rows_.empty() && !number_at_once(connection)) number_step_by_step(connection);
    take_log(connection);
    write(connection, meanwhile);
}

// In one round trip, as though every dossier were new, its unit its own, and nobody had committed since our last commit. Where the
// database knows better, nothing has happened: false, and no transaction.
bool BatchTransaction::run_as_foreseen(PgConnection& connection, Meanwhile const& meanwhile)
{
    if (!foresee()) return false;
    try {
        connection.send_plain("BEGIN");
        if (!groups_.empty()) connection.send(claim_new_statement, claim_params(all_groups()));
        auto const units = unknown_units();
        note_units(connection, units);
        ask_whether_foreseen(connection, units);
        write(connection, meanwhile);
        for (auto const* const group : units) learned_.emplace_back(unit_key_of(leader(*group).facts), leader(*group).facts.tax_code);
        all_new_ = true;
        numbers_ = Numbers::foreseen;
        return true;
    } catch (PgError const& error) {
        if (!only_mistaken(error)) throw;
        numbers_ = Numbers::mistaken;
        somebody_else_ = error.state() == not_foreseen || error.state() == deadlock;
    }
    start_over(connection);
    return false;
}

// Gives the numbers and places that stand to be given. False where they are not known, or where a dossier asks for more than to be stored.
bool BatchTransaction::foresee()
{
    if (!trusting_ || !foresight_.worth_trying() || !only_to_be_stored()) return false;
    if (!groups_.empty() && !foresight_.sequence()) return false;
    for (auto& group : groups_) group.fresh = true;
    auto last = numbers_wanted();
    for (auto& [counter, number] : last) {
        auto const foreseen = foresight_.last(counter);
        if (!foreseen) {
            for (auto& group : groups_) group.fresh = false;
            return false;
        }
        number = *foreseen;
    }
    std::vector<std::int64_t> sequences(groups_.size());
    for (std::size_t n = 0; n < sequences.size(); ++n) sequences[n] = *foresight_.sequence() + 1 + static_cast<std::int64_t>(n);
    log_.resume(foresight_.log());
    give(std::move(last), sequences);
    return true;
}

void BatchTransaction::ask_whether_foreseen(PgConnection& connection, Groups const& units)
{
    std::vector<std::string_view> counters;
    std::vector<std::int64_t> counts, lasts;
    for (auto const& [counter, last] : last_) {
        counters.push_back(counter);
        counts.push_back(last - foresight_.last(counter).value());
        lasts.push_back(last);
    }
    using Facts = dossier::ReceiptFacts;
    auto const drawn = static_cast<std::int64_t>(groups_.size());
    connection.send(foreseen_statement, Params{}
                                            .texts(texts_of(units, &Facts::agency))
                                            .texts(texts_of(units, &Facts::unit_code))
                                            .texts(texts_of(units, &Facts::tax_code))
                                            .texts(counters)
                                            .numbers(counts)
                                            .numbers(lasts)
                                            .number(sequence_.value_or(0) - drawn + 1)
                                            .number(drawn)
                                            .number(static_cast<std::int64_t>(log_.size()))
                                            .text(ledger::bytes_of(foresight_.log())));
}

// As though nothing had been tried, without a transaction.
void BatchTransaction::start_over(PgConnection& connection)
{
    for (auto& group : groups_) {
        group.fresh = false;
        group.stored.reset();
    }
    results_.assign(rows_.size(), std::nullopt);
    learned_.clear();
    last_.clear();
    sequence_.reset();
    log_ = LogWriter{};
    commit_sent_ = false;
    connection.rollback();
}

// Claims, owners and numbers in one round trip, as though every dossier were new and its unit its own, which nearly all are. Where the
// database knows better, nothing has happened: false, in a new transaction.
bool BatchTransaction::number_at_once(PgConnection& connection)
{
    if (!trusting_ || !only_to_be_stored()) return false;
    for (auto& group : groups_) group.fresh = true;
    connection.send(claim_new_statement, claim_params(all_groups()));
    auto const units = ask_units(connection);
    auto const counts = ask_numbers(connection);
    bool fits = true;
    try {
        auto const answers = connection.finish();
        fits = units.empty() || note_owners(units, answers[answers.size() - numbers_answers - 1]).empty();
        if (fits) take_numbers(counts, answers);
    } catch (PgError const& error) {
        if (error.state() != unique_violation) throw;
        fits = false;
    }
    all_new_ = fits;
    if (fits) return true;
    start_over(connection);
    connection.send_plain("BEGIN");
    return false;
}

// No correction, whose original is to be found, and no one-time password to redeem.
bool BatchTransaction::only_to_be_stored() const
{
    return std::all_of(groups_.begin(), groups_.end(), [this](auto const& group) {
        return leader(group).corrects.empty() && !leader(group).facts.one_time_password;
    });
}

void BatchTransaction::number_step_by_step(PgConnection& connection)
{
    claim_keys(connection);
    read_known(connection);
    check_corrections(connection);
    if (any_fresh()) check_units(connection);
    if (any_fresh()) redeem(connection);
    if (any_fresh()) give_numbers(connection);
}

bool BatchTransaction::any_fresh() const
{
    return std::any_of(groups_.begin(), groups_.end(), [](auto const& group) { return group.fresh; });
}

BatchTransaction::Groups BatchTransaction::fresh_by_arrival()
{
    Groups fresh;
    for (auto const index : arrival_)
        if (groups_[index].fresh) fresh.push_back(&groups_[index]);
    return fresh;
}

BatchTransaction::Groups BatchTransaction::all_groups()
{
    Groups all;
    for (auto& group : groups_) all.push_back(&group);
    return all;
}

Params BatchTransaction::claim_params(Groups const& groups) const
{
    using Facts = dossier::ReceiptFacts;
    std::vector<std::string> hashes;
    std::vector<std::string_view> keys;
    for (auto const* const group : groups) {
        hashes.push_back(signing::bytes_of_hex(leader(*group).facts.content_sha256));
        keys.push_back(leader(*group).idempotency_key);
    }
    return std::move(Params{}
                         .texts(texts_of(groups, &Facts::provider_code))
                         .texts(keys)
                         .byteas({hashes.begin(), hashes.end()})
                         .texts(texts_of(groups, &Facts::dossier_id))
                         .texts(texts_of(groups, &Facts::agency))
                         .instants(times_of(groups)));
}

void BatchTransaction::note_fresh(Rows const& claimed)
{
    std::unordered_set<std::string_view> fresh;
    for (std::size_t i = 0; i < claimed.count(); ++i) fresh.insert(claimed.text(i, 0));
    for (auto& group : groups_) group.fresh = group.fresh || fresh.contains(leader(group).facts.dossier_id);
}

void BatchTransaction::claim_keys(PgConnection& connection)
{
    connection.send(claim_statement, claim_params(all_groups()));
    note_fresh(connection.finish().back());
    all_new_ = std::all_of(groups_.begin(), groups_.end(), [](auto const& group) { return group.fresh; });
    claim_corrections(connection);
}

void BatchTransaction::claim_corrections(PgConnection& connection)
{
    Groups left;
    for (auto& group : groups_)
        if (!group.fresh && !leader(group).corrects.empty()) left.push_back(&group);
    if (!left.empty()) note_fresh(connection.run(claim_again_statement, claim_params(left)));
}

void BatchTransaction::unclaim(PgConnection& connection, Groups const& groups)
{
    if (groups.empty()) return;
    std::vector<std::string_view> providers, keys;
    for (auto* group : groups) {
        group->fresh = false;
        providers.push_back(leader(*group).facts.provider_code);
        keys.push_back(leader(*group).idempotency_key);
    }
    connection.send(unclaim_statement, Params{}.texts(providers).texts(keys));
}

void BatchTransaction::read_known(PgConnection& connection)
{
    using Pair = std::pair<std::string_view, std::string_view>;
    std::vector<std::string> hashes;
    std::vector<std::string_view> providers, keys, contents;
    std::map<Pair, Group*> seen;
    hashes.reserve(groups_.size());
    for (auto& group : groups_) {
        if (group.fresh) continue;
        auto const& row = leader(group);
        providers.push_back(row.facts.provider_code);
        keys.push_back(row.idempotency_key);
        contents.push_back(hashes.emplace_back(signing::bytes_of_hex(row.facts.content_sha256)));
        seen.emplace(Pair{providers.back(), keys.back()}, &group);
    }
    if (seen.empty()) return;
    connection.send(known_statement, Params{}.texts(providers).texts(keys));
    connection.send(originals_statement, Params{}.texts(providers).byteas(contents));
    auto const answers = connection.finish();
    auto const &known = answers[answers.size() - 2], &originals = answers.back();
    for (std::size_t i = 0; i < known.count(); ++i) {
        auto key = known_of(known, i);
        auto& group = *seen.at({known.text(i, 0), known.text(i, 1)});
        group.content_sha256 = std::move(key.content_sha256);
        group.stored = std::move(key.stored);
    }

    // The key is new and the content is not.
    std::map<Pair, std::size_t> fresh;
    for (std::size_t i = 0; i < groups_.size(); ++i)
        if (groups_[i].fresh) fresh.emplace(Pair{leader(groups_[i]).facts.provider_code, leader(groups_[i]).facts.content_sha256}, i);
    std::map<std::pair<std::string_view, std::string>, std::size_t> owner;
    for (std::size_t i = 0; i < originals.count(); ++i) owner.emplace(std::pair{originals.text(i, 0), signing::hex(originals.text(i, 1))}, i);
    for (auto const& [key, group] : seen) {
        if (group->stored) continue;
        auto const& facts = leader(*group).facts;
        if (auto const found = owner.find({facts.provider_code, facts.content_sha256}); found != owner.end()) {
            results_[group->leader] = duplicate(originals.string(found->second, 2), originals.string(found->second, 3));
        } else if (auto const beside = fresh.find({facts.provider_code, facts.content_sha256}); beside != fresh.end()) {
            group->duplicate_of = beside->second;
        } else {
            throw PgError{PgError::Kind::refused, "40001", "a key or a content vanished while it was looked up"};
        }
    }
    // Known from an earlier commit: true whatever becomes of this transaction.
    answer();
}

void BatchTransaction::check_corrections(PgConnection& connection)
{
    Groups correcting, refused;
    for (auto& group : groups_) {
        auto const& row = leader(group);
        if (!group.fresh || row.corrects.empty()) continue;
        correcting.push_back(&group);
        connection.send(dossier::id_ok(row.corrects) ? corrects_id_statement : corrects_code_statement,
                        Params{}.text(row.corrects).text(row.facts.provider_code).text(row.facts.agency).text(row.facts.unit_code));
    }
    if (correcting.empty()) return;
    auto const answers = connection.finish();
    auto place = answers.size() - correcting.size();
    for (auto* group : correcting) {
        auto const& found = answers[place++];
        if (found.count() > 0) {
            group->corrects = found.string(0, 0);
            continue;
        }
        refused.push_back(group);
        results_[group->leader] = Failure{Refusal::correction_invalid, leader(*group).corrects};
    }
    unclaim(connection, refused);
}

void BatchTransaction::check_units(PgConnection& connection)
{
    auto const units = ask_units(connection);
    if (units.empty()) return;
    unclaim(connection, note_owners(units, connection.finish().back()));  // refused dossiers keep neither their key nor a number
}

// Of which this gateway has not seen lately whose they are, sorted as every gateway sorts, the earliest filer of a unit first.
BatchTransaction::Groups BatchTransaction::unknown_units()
{
    Groups units;
    for (auto& group : groups_) {
        auto const& facts = leader(group).facts;
        if (group.fresh && !owners_.is(unit_key_of(facts), facts.tax_code)) units.push_back(&group);
    }
    auto const place = [this](Group const* group) {
        auto const& facts = leader(*group).facts;
        return std::tuple<std::string_view, std::string_view, std::size_t>{facts.agency, facts.unit_code, group->leader};
    };
    std::ranges::sort(units, {}, place);
    return units;
}

void BatchTransaction::note_units(PgConnection& connection, Groups const& units) const
{
    using Facts = dossier::ReceiptFacts;
    if (units.empty()) return;
    connection.send(units_statement, Params{}
                                         .texts(texts_of(units, &Facts::agency))
                                         .texts(texts_of(units, &Facts::unit_code))
                                         .texts(texts_of(units, &Facts::tax_code))
                                         .texts(texts_of(units, &Facts::unit_name))
                                         .instants(times_of(units)));
}

// The answer about owners is the last of what this sends; nothing is sent where all are known.
BatchTransaction::Groups BatchTransaction::ask_units(PgConnection& connection)
{
    using Facts = dossier::ReceiptFacts;
    auto units = unknown_units();
    note_units(connection, units);
    if (!units.empty()) connection.send(owners_statement, Params{}.texts(texts_of(units, &Facts::agency)).texts(texts_of(units, &Facts::unit_code)));
    return units;
}

// Those whose unit is another's.
BatchTransaction::Groups BatchTransaction::note_owners(Groups const& units, Rows const& owners)
{
    std::map<std::pair<std::string_view, std::string_view>, std::string_view> owner;
    for (std::size_t i = 0; i < owners.count(); ++i) owner[{owners.text(i, 0), owners.text(i, 1)}] = owners.text(i, 2);
    Groups refused;
    for (auto* const group : units) {
        auto const& facts = leader(*group).facts;
        auto const found = owner.find({facts.agency, facts.unit_code});
        if (found == owner.end()) throw PgError{PgError::Kind::refused, "40001", "a unit vanished while it was looked up"};
        if (found->second == facts.tax_code) {
            learned_.emplace_back(unit_key_of(facts), facts.tax_code);
            continue;
        }
        refused.push_back(group);
        results_[group->leader] = Failure{Refusal::unit_owner_mismatch, unit_key_of(facts)};
    }
    return refused;
}

void BatchTransaction::redeem(PgConnection& connection)
{
    // Sorted as every gateway sorts, the earliest filer first.
    std::map<std::pair<std::string_view, std::size_t>, Group*> redeeming;
    for (auto& group : groups_) {
        auto const& password = leader(group).facts.one_time_password;
        if (group.fresh && password) redeeming.emplace(std::pair{std::string_view{password->challenge_id}, group.leader}, &group);
    }
    if (redeeming.empty()) return;
    for (auto const& [key, group] : redeeming) {
        auto const& row = leader(*group);
        connection.send(redeem_statement, Params{}
                                              .text(key.first)
                                              .text(row.facts.provider_code)
                                              .instant(row.facts.received_at)
                                              .text(row.idempotency_key)
                                              .text(row.facts.dossier_id));
    }
    auto const answers = connection.finish();
    auto place = answers.size() - redeeming.size();
    Groups refused;
    for (auto const& [key, group] : redeeming) {
        if (answers[place++].count() > 0) continue;
        refused.push_back(group);
        results_[group->leader] = Failure{Refusal::otp_used, std::string{key.first}};
    }
    unclaim(connection, refused);
}

void BatchTransaction::give_numbers(PgConnection& connection)
{
    auto const counts = ask_numbers(connection);
    take_numbers(counts, connection.finish());
}

// How many of each counter.
Counts BatchTransaction::numbers_wanted() const
{
    Counts counts;
    for (auto const& group : groups_)
        if (group.fresh) ++counts[counter_of(leader(group), case_codes_)];
    return counts;
}

// The answers are the last numbers_answers of what has been sent.
Counts BatchTransaction::ask_numbers(PgConnection& connection)
{
    auto counts = numbers_wanted();
    std::vector<std::string_view> counters;
    std::vector<std::int64_t> taken;
    std::int64_t fresh = 0;
    for (auto const& [counter, count] : counts) {
        counters.push_back(counter);
        taken.push_back(count);
        fresh += count;
    }
    // Sequences are drawn while the counters are locked: an agency's queue is in the order of its commits.
    connection.send(numbers_statement, Params{}.texts(counters).numbers(taken));
    connection.send(sequences_statement, Params{}.number(fresh));
    log_.lock(connection);  // last of all locks, and in this round trip, so that it is held no longer than it must be
    return counts;
}

void BatchTransaction::take_numbers(Counts const& counts, std::vector<Rows> const& answers)
{
    log_.take(answers.back());
    auto const numbered = answers.size() - numbers_answers;
    auto const& numbers = answers[numbered];
    auto const& drawn = answers[numbered + 1];
    GW_ASSERT(numbers.count() == counts.size());
    Counts last;
    for (std::size_t i = 0; i < numbers.count(); ++i) last[numbers.string(i, 0)] = numbers.number(i, 1) - counts.at(numbers.string(i, 0));
    std::vector<std::int64_t> sequences;
    for (std::size_t i = 0; i < drawn.count(); ++i) sequences.push_back(drawn.number(i, 0));
    give(std::move(last), sequences);
}

// To each fresh one, by their arrival, the number behind its counter's last, a sequence, and the next place in the log.
void BatchTransaction::give(Counts last, std::vector<std::int64_t> const& sequences)
{
    auto const fresh = fresh_by_arrival();
    GW_ASSERT(sequences.size() == fresh.size());
    Numbering numbering{case_codes_, std::move(last), log_.size()};
    std::size_t drawn = 0;
    for (auto* const group : fresh) {
        auto& row = *rows_[group->leader];
        numbering.give(row);
        group->stored = Stored{row.facts.dossier_id, row.facts.case_code, {}, false};
        group->log_index = static_cast<std::int64_t>(*row.facts.log_index);
        group->content_sha256 = row.facts.content_sha256;
        group->sequence = sequences[drawn++];
    }
    last_ = numbering.last();
    if (!sequences.empty()) sequence_ = sequences.back();
}

void BatchTransaction::take_log(PgConnection& connection)
{
    if (any_fresh() || refusals_.empty()) return;  // with the numbers, or not at all
    log_.lock(connection);
    log_.take(connection.finish().back());
}

void BatchTransaction::write(PgConnection& connection, Meanwhile const& meanwhile)
{
    write_status(connection);
    write_dossiers(connection);
    extend_log();
    write_refusals(connection);
    log_.write(connection);
    commit(connection, meanwhile);
    answer();
}

// Accepted ones by their arrival, then the refused.
void BatchTransaction::extend_log()
{
    for (auto const* const group : fresh_by_arrival()) {
        auto const& facts = leader(*group).facts;
        log_.append(accepted_entry(facts.dossier_id, facts.case_code, facts.content_sha256, group->stored->receipt.xml, facts.received_at,
                                   facts.provider_code));
    }
    for (auto const* record : refusals_) log_.append(refused_entry(record->fault_id, record->content_sha256, record->provider, record->at));
}

std::vector<std::string_view> BatchTransaction::texts_of(Groups const& groups, std::string dossier::ReceiptFacts::* field) const
{
    std::vector<std::string_view> column;
    for (auto const* const group : groups) column.push_back(leader(*group).facts.*field);
    return column;
}

std::vector<runtime::Instant> BatchTransaction::times_of(Groups const& groups) const
{
    std::vector<runtime::Instant> column;
    for (auto const* const group : groups) column.push_back(leader(*group).facts.received_at);
    return column;
}

std::vector<std::int64_t> BatchTransaction::sizes_of(Groups const& groups) const
{
    std::vector<std::int64_t> column;
    for (auto const* const group : groups) column.push_back(static_cast<std::int64_t>(leader(*group).facts.content_bytes));
    return column;
}

// All that needs no receipt.
void BatchTransaction::write_status(PgConnection& connection)
{
    auto const fresh = fresh_by_arrival();
    if (fresh.empty()) return;
    std::vector<std::string> unit_keys;
    std::vector<std::int64_t> sequences;
    for (auto const* const group : fresh) {
        unit_keys.push_back(unit_key_of(leader(*group).facts));
        sequences.push_back(group->sequence);
    }
    using Facts = dossier::ReceiptFacts;
    auto const ids = texts_of(fresh, &Facts::dossier_id), agencies = texts_of(fresh, &Facts::agency);
    auto const times = times_of(fresh);
    connection.send(status_statement, Params{}
                                          .texts(ids)
                                          .texts(texts_of(fresh, &Facts::case_code))
                                          .texts(texts_of(fresh, &Facts::provider_code))
                                          .texts(agencies)
                                          .texts(texts_of(fresh, &Facts::procedure))
                                          .instants(times)
                                          .numbers(sequences));
    connection.send(queue_statement, Params{}
                                         .numbers(sequences)
                                         .texts({unit_keys.begin(), unit_keys.end()})
                                         .texts(ids)
                                         .texts(agencies)
                                         .instants(times)
                                         .numbers(sizes_of(fresh)));
    write_grace(connection, fresh);
}

// The server writes what is there while we sign the next few.
void BatchTransaction::write_dossiers(PgConnection& connection)
{
    auto const fresh = fresh_by_arrival();
    if (fresh.empty()) return;
    connection.start();
    Groups sealed;
    for (auto* const group : fresh) {
        auto& row = *rows_[group->leader];
        seal(row, sealer_, codec_);
        group->stored->receipt = row.sealed->receipt;
        sealed.push_back(group);
        if (sealed.size() < sealed_at_once) continue;
        insert(connection, sealed);
        connection.start();
        sealed.clear();
    }
    if (!sealed.empty()) insert(connection, sealed);
}

void BatchTransaction::insert(PgConnection& connection, Groups const& sealed) const
{
    std::vector<std::string> hashes, forms;
    std::vector<std::string_view> keys, traces, bodies, xmls, jsons, authenticated, corrects;
    std::vector<std::int64_t> places;
    std::vector<bool> papers;
    for (auto const* const group : sealed) {
        auto const& row = leader(*group);
        keys.push_back(row.idempotency_key);
        papers.push_back(row.facts.paper_required);
        traces.push_back(row.trace_id);
        hashes.push_back(signing::bytes_of_hex(row.facts.content_sha256));
        forms.push_back(dossier::forms_json(row.facts));
        bodies.push_back(row.packed_body);
        xmls.push_back(row.sealed->xml);
        jsons.push_back(row.sealed->json);
        authenticated.push_back(authentication_of(row.facts));
        places.push_back(group->log_index);
        corrects.push_back(group->corrects);
    }
    using Facts = dossier::ReceiptFacts;
    Params dossiers;
    dossiers.texts(texts_of(sealed, &Facts::agency)).instants(times_of(sealed)).texts(texts_of(sealed, &Facts::dossier_id));
    dossiers.texts(texts_of(sealed, &Facts::case_code)).texts(texts_of(sealed, &Facts::provider_code)).texts(keys);
    dossiers.texts(texts_of(sealed, &Facts::procedure)).texts(texts_of(sealed, &Facts::unit_code)).texts(texts_of(sealed, &Facts::tax_code));
    dossiers.texts(texts_of(sealed, &Facts::period)).bools(papers).texts(traces).byteas({hashes.begin(), hashes.end()}).numbers(sizes_of(sealed));
    dossiers.texts({forms.begin(), forms.end()}).byteas(bodies).byteas(xmls).byteas(jsons).texts(authenticated).numbers(places).texts(corrects);
    connection.send(dossiers_statement, dossiers);
}

void BatchTransaction::write_refusals(PgConnection& connection)
{
    if (refusals_.empty()) return;
    std::vector<std::string> hashes;
    std::vector<std::string_view> who, key, content, fault, trace, problem, body;
    std::vector<runtime::Instant> at;
    std::vector<std::int64_t> leaves;
    auto leaf = log_.end() - refusals_.size();
    hashes.reserve(refusals_.size());
    for (auto const* record : refusals_) {
        at.push_back(record->at);
        who.push_back(record->provider);
        key.push_back(record->idempotency_key);
        content.push_back(hashes.emplace_back(signing::bytes_of_hex(record->content_sha256)));
        fault.push_back(record->fault_id);
        trace.push_back(record->trace_id);
        problem.push_back(record->problem);
        body.push_back(record->body);
        leaves.push_back(static_cast<std::int64_t>(leaf++));
    }
    connection.send(refusals_statement,
                    Params{}.instants(at).texts(who).texts(key).byteas(content).texts(fault).texts(trace).texts(problem).byteas(body).numbers(leaves));
}

void BatchTransaction::commit(PgConnection& connection, Meanwhile const& meanwhile)
{
    // All the rest first, so that COMMIT goes in one piece: whoever cannot send it knows that it never ran.
    connection.start();
    connection.send_plain("COMMIT");
    connection.conclude();
    // From here on a lost connection is neither yes nor no.
    commit_sent_ = any_fresh() || !refusals_.empty();
    if (meanwhile && commit_sent_) meanwhile(connection, {last_, sequence_, log_.size(), log_.frontier()});
    connection.finish();
    commit_sent_ = false;
    for (auto& group : groups_)
        if (group.fresh) results_[group.leader] = *group.stored;
    for (auto& group : groups_) {
        if (!group.duplicate_of || !groups_[*group.duplicate_of].fresh) continue;  // refused: this one gets its own turn
        auto const& original = *groups_[*group.duplicate_of].stored;
        results_[group.leader] = duplicate(original.dossier_id, original.case_code);
    }
    committed_ = true;
}

std::optional<Foresight::Left> BatchTransaction::left() const
{
    if (!committed_ || log_.end() == log_.size()) return std::nullopt;
    return Foresight::Left{last_, sequence_, log_.size(), log_.frontier()};
}

std::vector<BatchTransaction::Sequenced> BatchTransaction::sequences() const
{
    std::vector<Sequenced> out;
    if (!committed_) return out;
    for (auto const& group : groups_)
        if (group.fresh) out.push_back({group.leader, group.sequence});
    return out;
}

void BatchTransaction::write_grace(PgConnection& connection, Groups const& fresh)
{
    Groups in_grace;
    std::vector<std::string> joined, sources;
    std::vector<std::string_view> signer_ids;
    std::vector<runtime::Instant> since, until;
    std::vector<std::int64_t> places;
    for (auto* const group : fresh) {
        auto const& facts = leader(*group).facts;
        auto const signers = grace_signers(facts.signers);
        if (signers.empty()) continue;
        in_grace.push_back(group);
        for (std::size_t i = 0; i < signers.size(); ++i) {
            signer_ids.push_back(facts.dossier_id);
            places.push_back(static_cast<std::int64_t>(i));
            joined.push_back(join_path(signers[i].path));
            sources.push_back(signers[i].evidence.source);
            since.push_back(signers[i].evidence.this_update);
            until.push_back(signers[i].evidence.next_update);
        }
    }
    if (in_grace.empty()) return;
    using Facts = dossier::ReceiptFacts;
    connection.send(grace_statement, Params{}
                                         .texts(texts_of(in_grace, &Facts::dossier_id))
                                         .texts(texts_of(in_grace, &Facts::case_code))
                                         .texts(texts_of(in_grace, &Facts::provider_code))
                                         .texts(texts_of(in_grace, &Facts::agency))
                                         .instants(times_of(in_grace)));
    connection.send(grace_signers_statement, Params{}
                                                 .texts(signer_ids)
                                                 .numbers(places)
                                                 .byteas({joined.begin(), joined.end()})
                                                 .texts({sources.begin(), sources.end()})
                                                 .instants(since)
                                                 .instants(until));
}

void BatchTransaction::answer()
{
    for (auto const& group : groups_) {
        bool const settled = results_[group.leader].has_value();
        if (group.fresh && !settled) continue;  // not committed yet
        auto const give = [&](std::size_t index) {
            if (!group.stored) return;  // refused: each follower gets its own turn
            if (rows_[index]->facts.content_sha256 != group.content_sha256) {
                results_[index] = Failure{Refusal::key_reused, group.stored->dossier_id};
                return;
            }
            results_[index] = *group.stored;
            (*results_[index])->repeated = true;
        };
        if (!group.fresh && group.stored) give(group.leader);
        for (auto const index : group.followers) give(index);
    }
}

}  // namespace store::detail
