// Reading back, statuses from the backend, notices, migrations and the registry tables.

#include "gateway/store/pg_reference.hpp"
#include "tests/support/store.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using namespace std::chrono_literals;
using dossier::Status;
using store::Refusal;
using support::Gateway;
using support::soon;

class StoreArchive : public testing::Test {
protected:
    StoreArchive() : gateway_{config()} { support::Database::shared().reset(); }
    static store::StoreConfig config()
    {
        store::StoreConfig out;
        out.database_url = support::Database::shared().url();
        return out;
    }
    store::Stored add(support::PlainDossier const& plain = {})
    {
        auto stored = support::run_task(context_, gateway_.journal.accept_row(support::row_of(plain), soon()));
        EXPECT_TRUE(stored.has_value());
        return *stored;
    }
    store::Result<bool> apply(std::string const& id, std::string const& code, Status status, std::string const& body = "")
    {
        return support::run_task(context_, gateway_.archive.apply(event(id, code, status, body), soon()));
    }
    static store::WorkflowEvent event(std::string const& id, std::string const& code, Status status, std::string const& body = "")
    {
        store::WorkflowEvent out;
        out.event_id = id;
        out.case_code = code;
        out.status = status;
        out.at = std::chrono::sys_days{2026y / 11 / 22} + 3h;
        out.department = "Tổ tiếp nhận";
        out.note = "ghi chú " + id;
        out.body_sha256 = signing::hex(signing::sha256(id + body));
        return out;
    }
    template <class T>
    static std::string why(store::Result<T> const& result)
    {
        return result.has_value() ? "a value" : std::string{store::name_of(result.error().why)};
    }
    std::vector<store::Notice> notices(std::string const& provider, std::int64_t after, std::size_t limit = 100)
    {
        return *support::run_task(context_, gateway_.archive.notices(provider, after, limit, soon()));
    }

    net::io_context context_{1};
    Gateway gateway_;
};

TEST_F(StoreArchive, ShowsADossierToItsProviderAlone)
{
    auto const stored = add();
    auto& archive = gateway_.archive;
    auto const mine = support::run_task(context_, archive.by_id("THAISON", stored.dossier_id, soon()));
    ASSERT_TRUE(mine.has_value()) << mine.error().detail;
    EXPECT_EQ(mine->case_code, stored.case_code);
    EXPECT_EQ(mine->unit_code, "TA0001A");
    EXPECT_EQ(mine->tax_code, "0101300842");
    EXPECT_EQ(mine->procedure, "600");
    EXPECT_EQ(mine->idempotency_key, "key-1");
    EXPECT_EQ(mine->received_at, support::PlainDossier{}.at);
    EXPECT_EQ(mine->status, Status::received);
    EXPECT_EQ(mine->delivery, "stored");
    ASSERT_EQ(mine->history.size(), 1u);
    EXPECT_EQ(mine->history[0].status, Status::received);

    EXPECT_EQ(why(support::run_task(context_, archive.by_id("VNPT", stored.dossier_id, soon()))), "not_found");
    EXPECT_EQ(why(support::run_task(context_, archive.by_key("VNPT", "key-1", soon()))), "not_found");
    EXPECT_EQ(why(support::run_task(context_, archive.by_content("VNPT", mine->content_sha256, soon()))), "not_found");
    EXPECT_EQ(why(support::run_task(context_, archive.receipt("VNPT", stored.dossier_id, soon()))), "not_found");
    EXPECT_EQ(why(support::run_task(context_, archive.by_id("THAISON", "not an id", soon()))), "not_found");
    EXPECT_EQ(why(support::run_task(context_, archive.by_content("THAISON", "not a hash", soon()))), "not_found");
}

TEST_F(StoreArchive, FindsByKeyAndByContent)
{
    auto const stored = add();
    auto const by_key = support::run_task(context_, gateway_.archive.by_key("THAISON", "key-1", soon()));
    ASSERT_TRUE(by_key.has_value());
    EXPECT_EQ(by_key->dossier_id, stored.dossier_id);
    auto const by_content = support::run_task(context_, gateway_.archive.by_content("THAISON", by_key->content_sha256, soon()));
    ASSERT_TRUE(by_content.has_value());
    ASSERT_TRUE(by_content->dossier.has_value());
    EXPECT_FALSE(by_content->refused.has_value());
    EXPECT_EQ(by_content->dossier->dossier_id, stored.dossier_id);
}

TEST_F(StoreArchive, FindsTheLatestRefusalByContentUntilItIsAccepted)
{
    store::RefusalRecord record;
    record.provider = "THAISON";
    record.body = support::PlainDossier{}.body;
    record.content_sha256 = signing::hex(signing::sha256(record.body));
    record.at = support::PlainDossier{}.at;
    for (auto const* fault : {"GW-2001", "GW-3013"}) {
        record.fault_id = fault;
        record.problem = "{\"code\":\"" + record.fault_id + "\"}";
        record.at += 1s;
        ASSERT_TRUE(support::run_task(context_, gateway_.journal.refuse(record, soon())).has_value());
    }
    auto const refused = support::run_task(context_, gateway_.archive.by_content("THAISON", record.content_sha256, soon()));
    ASSERT_TRUE(refused.has_value() && refused->refused.has_value());
    EXPECT_EQ(refused->refused->fault_id, "GW-3013");
    EXPECT_EQ(refused->refused->problem, "{\"code\":\"GW-3013\"}");
    EXPECT_EQ(refused->refused->at, record.at);
    add();
    auto const accepted = support::run_task(context_, gateway_.archive.by_content("THAISON", record.content_sha256, soon()));
    ASSERT_TRUE(accepted.has_value());
    EXPECT_TRUE(accepted->dossier.has_value());
}

TEST_F(StoreArchive, GivesTheReceiptByteForByte)
{
    auto const stored = add();
    auto const receipt = support::run_task(context_, gateway_.archive.receipt("THAISON", stored.dossier_id, soon()));
    ASSERT_TRUE(receipt.has_value());
    EXPECT_EQ(*receipt, stored.receipt.xml);
}

TEST_F(StoreArchive, LooksUpTheFiveFieldsWithAndWithoutTheSuffix)
{
    support::Database::shared().execute("INSERT INTO ivan.agencies VALUES ('00108', 'BHXH thử', '01', true); "
                                        "INSERT INTO ivan.procedures VALUES ('600', 'Báo tăng', 'Increase', 'Phòng Thu', 5)");
    auto const stored = add();
    for (auto const* code : {"00001.G/2026/00108", "00001/2026/00108"}) {
        auto const view = support::run_task(context_, gateway_.archive.lookup(code, soon()));
        ASSERT_TRUE(view.has_value()) << code;
        EXPECT_EQ(view->agency, "00108");
        EXPECT_EQ(view->agency_name, "BHXH thử");
        EXPECT_EQ(view->department, "Phòng Thu");
        EXPECT_EQ(view->status, Status::received);
        EXPECT_FALSE(view->result_at.has_value());
    }
    ASSERT_TRUE(apply("e1", stored.case_code, Status::processing).has_value());
    auto const view = support::run_task(context_, gateway_.archive.lookup(stored.case_code, soon()));
    ASSERT_TRUE(view.has_value());
    EXPECT_EQ(view->department, "Tổ tiếp nhận");
    EXPECT_EQ(view->status, Status::processing);
    EXPECT_EQ(why(support::run_task(context_, gateway_.archive.lookup("99999.G/2026/00108", soon()))), "not_found");
}

TEST_F(StoreArchive, FollowsTheLawfulPathAndKeepsItsHistory)
{
    auto const stored = add();
    auto processing = event("e1", stored.case_code, Status::processing);
    processing.result_due = std::chrono::sys_days{2026y / 11 / 30};
    ASSERT_TRUE(support::run_task(context_, gateway_.archive.apply(processing, soon())).has_value());
    auto view = *support::run_task(context_, gateway_.archive.by_id("THAISON", stored.dossier_id, soon()));
    EXPECT_EQ(view.result_due, processing.result_due);
    EXPECT_FALSE(view.result_at.has_value());
    EXPECT_TRUE(*apply("e2", stored.case_code, Status::done));
    EXPECT_TRUE(*apply("e3", stored.case_code, Status::returned));
    view = *support::run_task(context_, gateway_.archive.by_id("THAISON", stored.dossier_id, soon()));
    EXPECT_EQ(view.status, Status::returned);
    EXPECT_EQ(view.result_due, processing.result_due);
    EXPECT_EQ(view.result_at, processing.at);
    std::vector<Status> path;
    for (auto const& row : view.history) path.push_back(row.status);
    EXPECT_EQ(path, (std::vector{Status::received, Status::processing, Status::done, Status::returned}));
    EXPECT_EQ(view.history[1].note, "ghi chú e1");
}

TEST_F(StoreArchive, RefusesMovesTheDecisionDoesNotKnowAndForgetsThem)
{
    auto const stored = add();
    for (auto const status : {Status::received, Status::done, Status::returned})
        EXPECT_EQ(why(apply("bad", stored.case_code, status)), "status_unlawful");
    EXPECT_TRUE(*apply("e1", stored.case_code, Status::refused));
    EXPECT_EQ(why(apply("e2", stored.case_code, Status::processing)), "status_unlawful") << "what was refused never moves again";
    EXPECT_EQ(why(apply("e3", "00099.G/2026/00108", Status::processing)), "not_found");
    EXPECT_EQ(notices("THAISON", 0).size(), 1u);
    EXPECT_EQ(support::Database::shared().value("SELECT count(*) FROM ivan.workflow_events"), "1");
}

TEST_F(StoreArchive, AppliesAnEventOnceAndSaysSo)
{
    auto const stored = add();
    EXPECT_TRUE(*apply("e1", stored.case_code, Status::processing));
    EXPECT_TRUE(*apply("e2", stored.case_code, Status::done));
    auto const again = apply("e1", stored.case_code, Status::processing);
    ASSERT_TRUE(again.has_value()) << "though the dossier has moved on";
    EXPECT_FALSE(*again);
    EXPECT_EQ(why(apply("e1", stored.case_code, Status::processing, "other body")), "event_conflict");
    EXPECT_EQ(notices("THAISON", 0).size(), 2u);
}

TEST_F(StoreArchive, OneOfManyRacingEventsTakesTheStep)
{
    auto const stored = add();
    Gateway other{config()};
    int applied = 0, unlawful = 0, answered = 0;
    for (int i = 0; i < 20; ++i) {
        auto done = [&](std::exception_ptr, store::Result<bool> result) {
            ++answered;
            if (result.has_value() && *result) ++applied;
            else if (!result.has_value() && result.error().why == Refusal::status_unlawful) ++unlawful;
        };
        auto& archive = i % 2 ? gateway_.archive : other.archive;
        net::co_spawn(context_.get_executor(), archive.apply(event("race" + std::to_string(i), stored.case_code, Status::processing), soon()), done);
    }
    support::run_until(context_, [&] { return answered == 20; });
    EXPECT_EQ(applied, 1);
    EXPECT_EQ(unlawful, 19);
    EXPECT_EQ(notices("THAISON", 0).size(), 1u);
}

TEST_F(StoreArchive, NoticesGoOutInOrderToTheirProviderAlone)
{
    auto const mine = add();
    auto const theirs = add({.provider = "VNPT", .unit = "TB1"});
    ASSERT_TRUE(*apply("e1", mine.case_code, Status::processing));
    ASSERT_TRUE(*apply("e2", theirs.case_code, Status::processing));
    ASSERT_TRUE(*apply("e3", mine.case_code, Status::done));
    auto const all = notices("THAISON", 0);
    ASSERT_EQ(all.size(), 2u);
    EXPECT_LT(all[0].cursor, all[1].cursor);
    EXPECT_EQ(all[0].status, Status::processing);
    EXPECT_EQ(all[1].status, Status::done);
    EXPECT_EQ(all[0].case_code, mine.case_code);
    EXPECT_EQ(all[0].kind, "status");
    EXPECT_EQ(notices("THAISON", 0, 1).size(), 1u);
    EXPECT_EQ(notices("THAISON", all[0].cursor).size(), 1u);
    EXPECT_TRUE(notices("THAISON", all[1].cursor).empty());
    EXPECT_EQ(notices("VNPT", 0).size(), 1u);
}

TEST_F(StoreArchive, NoNoticeAppearsBelowACursorThatWasRead)
{
    // Somebody holds the provider's lock, as an event that has drawn its cursor and not yet committed does: the next event
    // must wait for it, and so cannot become visible with a higher cursor before it.
    auto const stored = add();
    store::detail::PgConnection slow{config().database_url, 5s, 30s};
    slow.run_plain("BEGIN");
    slow.run_plain("SELECT pg_advisory_xact_lock(hashtextextended('THAISON', 2))::text");
    slow.run_plain("INSERT INTO ivan.notices (provider, dossier_id, case_code, kind, status, at, note) "
                   "VALUES ('THAISON', gen_random_uuid(), 'slow', 'status', 'processing', now(), '')");
    bool answered = false;
    auto done = [&](std::exception_ptr, store::Result<bool> result) { answered = result.has_value(); };
    net::co_spawn(context_.get_executor(), gateway_.archive.apply(event("e1", stored.case_code, Status::processing), soon()), done);
    support::wait_until(context_, [&] {
        return support::Database::shared().count("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
                                                 "AND wait_event_type = 'Lock' AND application_name = 'ivan-gateway'") > 0;
    });
    EXPECT_TRUE(notices("THAISON", 0).empty());
    slow.run_plain("COMMIT");
    support::wait_until(context_, [&] { return answered; });
    auto const all = notices("THAISON", 0);
    ASSERT_EQ(all.size(), 2u);
    EXPECT_EQ(all[0].case_code, "slow");
}

TEST_F(StoreArchive, ProbesByWriting)
{
    ASSERT_TRUE(support::run_task(context_, gateway_.archive.probe(soon())).has_value());
    ASSERT_TRUE(support::run_task(context_, gateway_.archive.probe(soon())).has_value());
    EXPECT_EQ(support::Database::shared().value("SELECT count(*) FROM ivan.probe"), "1");
}

TEST(StoreMigrate, AppliesEverythingOnceAndNothingTwice)
{
    auto const url = support::Database::shared().empty_database();
    auto const first = store::migrate(url);
    ASSERT_FALSE(first.empty());
    EXPECT_EQ(first.front(), "0001_journal");
    EXPECT_TRUE(store::migrate(url).empty());
}

TEST(StoreMigrate, TwoGatewaysMayStartAtOnce)
{
    auto const url = support::Database::shared().empty_database();
    std::vector<std::string> one, two;
    std::thread other{[&] { two = store::migrate(url); }};
    one = store::migrate(url);
    other.join();
    EXPECT_NE(one.empty(), two.empty()) << "exactly one of them did it";
}

TEST(StoreMigrate, RefusesADatabaseThatWasMigratedOtherwiseOrFurther)
{
    auto const url = support::Database::shared().empty_database();
    store::migrate(url);
    store::detail::PgConnection connection{url, 5s, 30s};
    connection.run_script("INSERT INTO ivan.schema_migrations (version, sha256) VALUES ('9999_future', 'x')");
    EXPECT_THROW(store::migrate(url), std::runtime_error);
    connection.run_script("DELETE FROM ivan.schema_migrations WHERE version = '9999_future'; UPDATE ivan.schema_migrations SET sha256 = 'x'");
    EXPECT_THROW(store::migrate(url), std::runtime_error);
    EXPECT_THROW(store::migrate("postgresql://ivan@/ivan?host=/nonexistent"), std::runtime_error);
}

TEST(StorePartitions, AreMadeAheadAndOnlyOnce)
{
    auto& database = support::Database::shared();
    database.reset();
    EXPECT_EQ(database.value("SELECT ivan.make_partitions('2031-11-15', 2)"), "6");
    EXPECT_EQ(database.value("SELECT ivan.make_partitions('2031-12-31 23:59', 2)"), "2");
    EXPECT_EQ(database.value("SELECT count(*) FROM pg_class WHERE relname IN ('dossiers_2032_02', 'refusals_2032_02')"), "2");
    // A month whose rows already lie in the default partition stays there, and the rest is made all the same.
    database.execute("INSERT INTO ivan.refusals (refused_at, provider, idempotency_key, content_sha256, fault_id, trace_id, problem, body) "
                     "VALUES ('2033-01-05', 'P', 'k', '', 'GW', '', '', '')");
    EXPECT_EQ(database.value("SELECT ivan.make_partitions('2033-01-01', 1)"), "3");
    database.execute("DROP TABLE ivan.dossiers_2033_01, ivan.dossiers_2033_02, ivan.refusals_2033_02");
}

class StoreReference : public testing::Test {
protected:
    StoreReference() { support::Database::shared().reset(); }
    static store::StoreConfig config()
    {
        store::StoreConfig out;
        out.database_url = support::Database::shared().url();
        return out;
    }
    store::StoreConfig config_ = config();
    store::detail::PgReference reference_{config_};
};

TEST_F(StoreReference, SeedsWhatIsMissingAndLeavesTheRest)
{
    auto const seed = providers::load_seed(IVAN_SOURCE_DIR "/providers/seed");
    schemas::Procedure procedure;
    procedure.code = "600";
    procedure.name_vi = "Báo tăng";
    procedure.name_en = "Increase";
    procedure.department = "Phòng Thu";
    procedure.working_days = 5;
    ASSERT_TRUE(reference_.seed(seed, {procedure}).has_value());
    auto const providers = reference_.providers();
    ASSERT_TRUE(providers.has_value());
    ASSERT_EQ(providers->size(), seed.providers.size());
    auto const find = [](auto const& list, std::string const& code) {
        return *std::find_if(list.begin(), list.end(), [&](auto const& p) { return p.code == code; });
    };
    auto thaison = find(*providers, "THAISON");
    auto const seeded = find(seed.providers, "THAISON");
    EXPECT_EQ(thaison.aliases, (std::vector<std::string>{"00040", "0101300842"}));
    EXPECT_EQ(thaison.contract_from, seeded.contract_from);
    EXPECT_FALSE(thaison.contract_until.has_value());
    EXPECT_EQ(thaison.name, seeded.name);
    EXPECT_EQ(thaison.quota.in_flight_max, seeded.quota.in_flight_max);
    EXPECT_EQ(find(*providers, "TST").role, providers::Role::backend);
    EXPECT_EQ(reference_.agencies()->size(), seed.agencies.size());

    thaison.name = "changed by an operator";
    thaison.aliases = {"00040"};
    ASSERT_TRUE(reference_.put(thaison).has_value());
    ASSERT_TRUE(reference_.seed(seed, {procedure}).has_value());
    auto const after = find(*reference_.providers(), "THAISON");
    EXPECT_EQ(after.name, "changed by an operator");
    EXPECT_EQ(after.aliases, std::vector<std::string>{"00040"});
}

TEST_F(StoreReference, PutReplacesAProviderWhole)
{
    providers::Provider provider;
    provider.code = "NEW";
    provider.name = "Mới";
    provider.aliases = {"1", "2"};
    provider.certificates = {std::string(64, 'a')};
    provider.key_hashes = {std::string(64, 'b')};
    provider.contract_from = std::chrono::sys_days{2026y / 1 / 1};
    provider.contract_until = std::chrono::sys_days{2026y / 12 / 31};
    provider.quota = {12.5, 7, 3};
    provider.sha1_until = std::chrono::sys_days{2026y / 6 / 30};
    provider.source = "test";
    ASSERT_TRUE(reference_.put(provider).has_value());
    auto read = reference_.providers()->at(0);
    EXPECT_EQ(read.certificates, provider.certificates);
    EXPECT_EQ(read.key_hashes, provider.key_hashes);
    EXPECT_EQ(read.contract_until, provider.contract_until);
    EXPECT_EQ(read.sha1_until, provider.sha1_until);
    EXPECT_DOUBLE_EQ(read.quota.requests_per_second, 12.5);
    EXPECT_EQ(read.quota.burst, 7u);
    provider.certificates.clear();
    provider.contract_until.reset();
    provider.sha1_until.reset();
    provider.aliases = {"2", "3"};
    ASSERT_TRUE(reference_.put(provider).has_value());
    read = reference_.providers()->at(0);
    EXPECT_TRUE(read.certificates.empty());
    EXPECT_FALSE(read.contract_until.has_value());
    EXPECT_FALSE(read.sha1_until.has_value());
    EXPECT_EQ(read.aliases, provider.aliases);

    auto thief = provider;
    thief.code = "THIEF";
    auto const refused = reference_.put(thief);
    EXPECT_FALSE(refused.has_value()) << "an alias belongs to one party";
    EXPECT_EQ(reference_.providers()->size(), 1u);
}

}  // namespace
