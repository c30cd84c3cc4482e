// A database of the release before the log and the queue of today, with rows in it, brought up to date: nothing that waited is
// forgotten, nothing that was settled comes again, and what the journal, the queue and the audit make of it is as if it had been theirs.

#include "gateway/store/detail/migrations.hpp"
#include "gateway/store/log_audit.hpp"
#include "signing/digest.hpp"
#include "tests/support/pki.hpp"
#include "tests/support/store.hpp"

#include <fmt/chrono.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <map>

namespace {

using namespace std::chrono_literals;
using store::Refusal;
using support::ask;
using support::Gateway;
using support::PlainDossier;
using support::soon;

constexpr std::size_t migrations_then = 4;  // 0001 to 0004

class MigrateRows : public testing::Test {
protected:
    MigrateRows() : url_{support::Database::shared().empty_database()}
    {
        ask(url_, "CREATE SCHEMA ivan; CREATE TABLE ivan.schema_migrations (version text PRIMARY KEY, sha256 text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())");
        for (auto const& migration : store::detail::migrations().first(migrations_then)) {
            ask(url_, std::string{migration.sql});
            ask(url_, fmt::format("INSERT INTO ivan.schema_migrations VALUES ('{}', '{}')", migration.version, signing::hex(signing::sha256(migration.sql))));
        }
    }
    static std::string bytea(std::string_view bytes) { return "'\\x" + signing::hex(bytes) + "'"; }

    // A dossier as the journal of then stored it; `queue` and `status` are SQL for the rest of it.
    struct Old {
        PlainDossier plain;
        std::string id, code, xml;
    };
    Old const& store_old(PlainDossier plain)
    {
        auto const sequence = old_.size() + 1;
        plain.at += std::chrono::seconds{sequence};
        auto row = support::row_of(plain);
        auto& facts = row.facts;
        facts.case_code = fmt::format("{:05}.G/2026/{}", sequence, facts.agency);
        auto const receipt = dossier::seal(facts, *key_);
        auto const at = fmt::format("'{:%Y-%m-%d %H:%M:%S}+00'", fmt::gmtime(std::chrono::system_clock::to_time_t(plain.at)));
        auto const packed = [](std::string_view text) { return bytea(store::detail::pack(store::detail::Codec::lz4, text)); };
        ask(url_, fmt::format("INSERT INTO ivan.dossiers VALUES ('{}', {}, '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', false, 'trace', '\\x{}', {}, '{}', {}, {}, {})",
                              facts.agency, at, facts.dossier_id, facts.case_code, facts.provider_code, plain.key, facts.procedure, facts.unit_code, facts.tax_code,
                              facts.period, facts.content_sha256, facts.content_bytes, dossier::forms_json(facts), bytea(row.packed_body), packed(receipt.xml), packed(receipt.json)));
        ask(url_, fmt::format("INSERT INTO ivan.idempotency VALUES ('{}', '{}', '\\x{}', '{}', '{}', {})", facts.provider_code, plain.key, facts.content_sha256,
                              facts.dossier_id, facts.agency, at));
        ask(url_, fmt::format("INSERT INTO ivan.dossier_status (dossier_id, case_code, provider, agency, procedure, received_at, sequence) VALUES ('{}', '{}', '{}', '{}', '{}', {}, "
                              "nextval('ivan.delivery_sequence'))", facts.dossier_id, facts.case_code, facts.provider_code, facts.agency, facts.procedure, at));
        ask(url_, fmt::format("INSERT INTO ivan.units VALUES ('{}', '{}', '{}', 'x', {}) ON CONFLICT DO NOTHING", facts.agency, facts.unit_code, facts.tax_code, at));
        ask(url_, fmt::format("INSERT INTO ivan.case_counters VALUES ('{}/2026', 1) ON CONFLICT (counter) DO UPDATE SET last = case_counters.last + 1", facts.agency));
        return old_.emplace_back(Old{plain, facts.dossier_id, facts.case_code, receipt.xml});
    }
    // In the queue of then: `ready_at` and how its attempts went.
    void queued(PlainDossier const& plain, std::string const& rest)
    {
        auto const& row = store_old(plain);
        ask(url_, fmt::format("INSERT INTO ivan.delivery_queue (sequence, unit_key, dossier_id, agency, received_at, content_bytes, queued_at, ready_at, worker, attempts, http_status, reason) "
                              "SELECT sequence, '{0}/{1}', dossier_id, agency, received_at, {2}, received_at, {3} FROM ivan.dossier_status WHERE dossier_id = '{4}'",
                              plain.agency, plain.unit, plain.body.size(), rest, row.id));
    }
    void delivered(PlainDossier const& plain)
    {
        ask(url_, "UPDATE ivan.dossier_status SET delivered_at = '2026-11-21 05:00+00' WHERE dossier_id = '" + store_old(plain).id + "'");
    }
    void dead(PlainDossier const& plain)
    {
        auto const& row = store_old(plain);
        ask(url_, fmt::format("INSERT INTO ivan.dead_letters SELECT dossier_id, sequence, '{0}/{1}', agency, received_at, {2}, 5, 422, 'refused then', '2026-11-21 06:00+00' "
                              "FROM ivan.dossier_status WHERE dossier_id = '{3}'", plain.agency, plain.unit, plain.body.size(), row.id));
    }
    // Everything that stood in a table, by the columns it had then.
    std::map<std::string, std::string> tables(std::map<std::string, std::string> const& columns)
    {
        std::map<std::string, std::string> out;
        for (auto const& [table, names] : columns)
            out[table] = ask(url_, fmt::format("SELECT coalesce(string_agg(t::text, E'\\n' ORDER BY t::text), '') FROM (SELECT {} FROM ivan.{}) t", names, table));
        return out;
    }
    std::string lines(std::string const& columns, std::string const& from)
    {
        return ask(url_, fmt::format("SELECT coalesce(string_agg(concat_ws(' ', {}), ', ' ORDER BY sequence), '') FROM {}", columns, from));
    }
    Old const& old(std::string const& key)
    {
        return *std::find_if(old_.begin(), old_.end(), [&](auto const& one) { return one.plain.key == key; });
    }

    static signing::dev::Identity then(support::Pki const& pki)
    {
        auto request = pki.request("0101300842");
        request.not_before = PlainDossier{}.at - 24h;
        request.not_after = PlainDossier{}.at + 24h * 365;
        return signing::dev::issue(pki.issuing_ca, request);
    }
    signing::dev::Identity const identity_ = then(support::Pki::shared());
    std::shared_ptr<signing::KeyPair const> key_ = support::Pki::key(identity_);
    std::string const url_;
    std::deque<Old> old_;
    net::io_context context_{1};
};

TEST_F(MigrateRows, KeepWhatTheySaidAndGoOnAsRowsOfToday)
{
    queued({.key = "waiting", .unit = "A"}, "'2026-11-21 02:00+00', NULL, 0, 0, ''");
    queued({.key = "behind", .unit = "A"}, "'infinity', NULL, 0, 0, ''");
    queued({.key = "deferred", .unit = "B"}, "'2026-11-21 04:00+00', NULL, 3, 503, 'later'");
    queued({.key = "behind, tried", .unit = "B"}, "'infinity', NULL, 2, 500, 'sent again by hand'");
    queued({.key = "leased", .unit = "C"}, "'2026-11-21 02:30+00', 'a gateway of then', 0, 0, ''");
    delivered({.key = "delivered", .unit = "A"});
    dead({.key = "dead", .unit = "D"});
    delivered({.key = "first", .body = "<Hoso>twice</Hoso>", .unit = "E"});
    delivered({.key = "second", .body = "<Hoso>twice</Hoso>", .unit = "E"});
    delivered({.provider = "VNPT", .key = "theirs", .body = "<Hoso>twice</Hoso>", .unit = "E"});
    ask(url_, "INSERT INTO ivan.refusals (refused_at, provider, idempotency_key, content_sha256, fault_id, trace_id, problem, body) "
              "VALUES ('2026-11-21 02:00+00', 'THAISON', 'broken', sha256('<broken'), 'GW-3001', 'trace', '{}', " + bytea(store::detail::pack(store::detail::Codec::lz4, "<broken")) + ")");

    std::map<std::string, std::string> columns;
    for (std::string const table : {"dossiers", "refusals", "idempotency", "dossier_status", "dead_letters", "case_counters", "units"})
        columns[table] = ask(url_, "SELECT string_agg(quote_ident(column_name), ', ' ORDER BY ordinal_position) FROM information_schema.columns "
                                   "WHERE table_schema = 'ivan' AND column_name <> 'delivered_at' AND table_name = '" + table + "'");
    auto const before = tables(columns);

    auto const applied = store::migrate(url_);
    ASSERT_FALSE(applied.empty());
    EXPECT_EQ(applied.front(), "0005_delivery");
    EXPECT_EQ(applied.size(), store::detail::migrations().size() - migrations_then);

    EXPECT_EQ(tables(columns), before);
    EXPECT_EQ(lines("sequence, unit_key, content_bytes, received_at = queued_at", "ivan.delivery_waiting"),
              "1 00108/A 20 t, 2 00108/A 19 t, 3 00108/B 21 t, 4 00108/B 26 t, 5 00108/C 19 t");
    EXPECT_EQ(lines("sequence, attempts, http_status, reason, extract(epoch FROM due_at - '2026-11-21 04:00+00')::bigint", "ivan.delivery_retries WHERE sequence = 3"), "3 3 503 later 0");
    EXPECT_EQ(lines("sequence, attempts, http_status, reason, due_at <= now()", "ivan.delivery_retries WHERE sequence <> 3"), "4 2 500 sent again by hand t");
    EXPECT_EQ(lines("sequence, outcome, to_char(at AT TIME ZONE 'UTC', 'HH24:MI')", "ivan.deliveries"),
              "6 delivered 05:00, 7 dead 06:00, 8 delivered 05:00, 9 delivered 05:00, 10 delivered 05:00");
    EXPECT_EQ(ask(url_, "SELECT string_agg(idempotency_key, ',') FROM ivan.idempotency WHERE again"), "second") << "the later of two that one provider filed";

    store::StoreConfig config;
    config.database_url = url_;
    Gateway gateway{config, [this](dossier::ReceiptFacts const& facts) { return dossier::seal(facts, *key_); }};

    // Handed over: each unit's oldest when its time has come, the next behind it.
    auto const turn = [&](runtime::Instant now) {
        std::vector<std::string> taken;
        auto const claims = support::run_task(context_, gateway.queue.claim("w", 100, 1 << 20, 60s, now, soon()));
        EXPECT_TRUE(claims.has_value());
        std::vector<store::Settlement> settled;
        for (auto const& claim : *claims) {
            taken.push_back(fmt::format("{} {}", claim.idempotency_key, claim.attempts));
            EXPECT_EQ(*claim.body, old(claim.idempotency_key).plain.body);
            EXPECT_EQ(claim.case_code, old(claim.idempotency_key).code);
            settled.push_back({claim.sequence, claim.dossier_id, dossier::State::delivered, {}, 200, "", claim.attempts});
        }
        EXPECT_TRUE(support::run_task(context_, gateway.queue.settle("w", settled, soon())).has_value());
        return taken;
    };
    auto const due = std::chrono::sys_days{2026y / 11 / 21} + 4h;
    EXPECT_THAT(turn(due - 1h), testing::UnorderedElementsAre("waiting 0", "leased 0"));
    EXPECT_THAT(turn(due - 1h), testing::ElementsAre("behind 0")) << "unit B waits for the time that was set then";
    EXPECT_THAT(turn(due), testing::ElementsAre("deferred 3"));
    auto const letters = support::run_task(context_, gateway.queue.dead_letters(10, soon()));
    ASSERT_EQ(letters->size(), 1u);
    EXPECT_EQ(letters->front().reason, "refused then");
    ASSERT_TRUE(support::run_task(context_, gateway.queue.replay(old("dead").id, soon())).has_value());
    auto const much_later = std::chrono::system_clock::now() + 1h;
    EXPECT_THAT(turn(much_later), testing::UnorderedElementsAre("behind, tried 2", "dead 0"));
    EXPECT_TRUE(turn(much_later + 1h).empty());
    EXPECT_EQ(ask(url_, "SELECT count(*) FROM ivan.delivery_waiting"), "0");

    // Filed again: a key of then has its receipt, a content of then its original, and numbers go on.
    auto const file = [&](PlainDossier const& plain) { return support::run_task(context_, gateway.journal.accept_row(support::row_of(plain), soon())); };
    for (auto const* key : {"waiting", "delivered", "dead", "first", "second"}) {
        auto const again = file(old(key).plain);
        ASSERT_TRUE(again.has_value()) << key << ": " << again.error().detail;
        EXPECT_EQ(again->receipt.xml, old(key).xml);
        EXPECT_EQ(again->case_code, old(key).code);
    }
    auto const duplicate = file({.key = "third", .body = "<Hoso>twice</Hoso>", .unit = "E"});
    ASSERT_FALSE(duplicate.has_value());
    EXPECT_EQ(duplicate.error().why, Refusal::duplicate);
    EXPECT_THAT(duplicate.error().detail, testing::HasSubstr(old("first").code));
    auto const fresh = file({.key = "fresh", .unit = "A"});
    ASSERT_TRUE(fresh.has_value()) << fresh.error().detail;
    EXPECT_EQ(fresh->case_code, "00011.G/2026/00108");

    // The log begins with the first dossier of today.
    store::AuditOptions options;
    options.certificates = {identity_.certificate_pem};
    auto const report = store::audit_log(url_, options);
    for (auto const& finding : report.findings) ADD_FAILURE() << finding.what << ": " << finding.detail;
    EXPECT_EQ(report.before_the_log, 10u);
    EXPECT_EQ(report.dossiers, 1u);
    EXPECT_EQ(report.receipts_verified, 11u);
    ask(url_, "DELETE FROM ivan.dossiers WHERE idempotency_key = 'second'; DELETE FROM ivan.idempotency WHERE idempotency_key = 'second'; DELETE FROM ivan.dossier_status WHERE dossier_id = '" + old("second").id + "'");
    auto const without = store::audit_log(url_, options);
    ASSERT_EQ(without.findings.size(), 1u) << "a row of before the log that was removed is told by its number";
    EXPECT_EQ(without.findings.front().case_code, old("second").code);
}

}  // namespace
