// What the database can do to us: be away, be read-only, be full, be somebody else's, fail over. In all of it dossiers are
// answered "later", nothing that was promised is lost, and service is restored without a restart.

#include "tests/support/cluster.hpp"
#include "tests/support/store.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace std::chrono_literals;
using support::Answers;
using support::Cluster;
using support::Gateway;
using support::PlainDossier;
using support::soon;

PlainDossier plain(std::string const& key)
{
    PlainDossier dossier;
    dossier.key = key;
    dossier.body = "<Hoso>" + key + "</Hoso>";
    return dossier;
}

// A port that takes connections and never says a word: a machine whose network is gone, or that stands still.
class SilentHost {
public:
    SilentHost() : acceptor_{context_, {net::ip::make_address("127.0.0.1"), 0}} {}
    [[nodiscard]] std::string port() const { return std::to_string(acceptor_.local_endpoint().port()); }

private:
    net::io_context context_{1};
    net::ip::tcp::acceptor acceptor_;  // listens, and nobody accepts
};

// "postgresql://ivan@/ivan?host=H&port=P" with another host before H.
std::string with_host_before(std::string url, std::string const& host, std::string const& port)
{
    auto const at = url.find("host=") + 5;
    url.insert(at, host + ",");
    url.insert(url.find("port=") + 5, port + ",");
    return url;
}

class DatabaseFaults : public testing::Test {
protected:
    store::Result<store::Stored> accept(Gateway& gateway, PlainDossier const& dossier)
    {
        return support::run_task(context_, gateway.journal.accept_row(support::row_of(dossier), soon()));
    }
    // The same dossier again and again, as a provider does; only a hang reaches the limit.
    store::Stored insist(Gateway& gateway, PlainDossier const& dossier)
    {
        auto const limit = std::chrono::steady_clock::now() + support::hang_after;
        for (;;) {
            auto stored = accept(gateway, dossier);
            if (stored) return std::move(*stored);
            EXPECT_TRUE(stored.error().why == store::Refusal::unavailable || stored.error().why == store::Refusal::outcome_unknown)
                << store::name_of(stored.error().why) << ": " << stored.error().detail;
            if (std::chrono::steady_clock::now() > limit) throw std::runtime_error("service was not restored: " + stored.error().detail);
            std::this_thread::sleep_for(50ms);
        }
    }
    static store::StoreConfig config(std::string url)
    {
        store::StoreConfig config;
        config.database_url = std::move(url);
        config.connect_timeout = 300ms;
        return config;
    }

    net::io_context context_{1};
};

TEST_F(DatabaseFaults, AFirstHostThatNeverAnswersDoesNotHideTheSecond)
{
    auto& database = support::Database::shared();
    database.reset();
    SilentHost const silent;
    Gateway gateway{config(with_host_before(database.url(), "127.0.0.1", silent.port()))};
    auto const stored = accept(gateway, plain("k1"));
    ASSERT_TRUE(stored.has_value()) << stored.error().detail;
    EXPECT_EQ(database.count("SELECT count(*) FROM ivan.dossiers"), 1);
}

TEST_F(DatabaseFaults, AmongSeveralHostsTheOneThatCanBeWrittenToIsFoundAndTroubleNamesEach)
{
    SilentHost const silent;
    auto const url = "postgresql://ivan@127.0.0.1:" + silent.port() + ",127.0.0.1:1/ivan?target_session_attrs=read-write";
    Gateway gateway{config(url)};
    auto const stored = accept(gateway, plain("k1"));
    ASSERT_FALSE(stored.has_value());
    EXPECT_EQ(stored.error().why, store::Refusal::unavailable);
    EXPECT_NE(stored.error().detail.find("did not answer"), std::string::npos) << stored.error().detail;
    EXPECT_NE(stored.error().detail.find("refused"), std::string::npos) << stored.error().detail;
}

TEST_F(DatabaseFaults, FailsOverToTheSynchronousStandbyWithEveryReceiptAndNoRestart)
{
    Cluster cluster;
    cluster.add_standby();
    Gateway gateway{config(cluster.url_of_both())};
    std::vector<store::Stored> before;
    for (int i = 0; i < 5; ++i) before.push_back(insist(gateway, plain("k" + std::to_string(i))));

    cluster.crash();
    auto const down = accept(gateway, plain("k5"));
    ASSERT_FALSE(down.has_value()) << "a standby is not written to";
    cluster.promote_standby();

    for (int i = 0; i < 5; ++i) {
        auto const again = insist(gateway, plain("k" + std::to_string(i)));
        EXPECT_EQ(again.case_code, before[static_cast<std::size_t>(i)].case_code);
        EXPECT_EQ(again.receipt.xml, before[static_cast<std::size_t>(i)].receipt.xml);
        EXPECT_TRUE(again.repeated);
    }
    std::set<std::string> codes;
    for (int i = 0; i < 8; ++i) codes.insert(insist(gateway, plain("k" + std::to_string(i))).case_code);
    EXPECT_EQ(codes.size(), 8u);
    EXPECT_EQ(codes.rbegin()->substr(0, 5), "00008") << "no number is lost or given twice";
}

TEST_F(DatabaseFaults, ACommitThatNoStandbyConfirmedIsNotPromised)
{
    Cluster cluster;
    Gateway gateway{config(cluster.url())};
    insist(gateway, plain("first"));
    // A standby that does not exist: commits wait, as while the real one is away.
    cluster.execute("ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
    cluster.execute("SELECT pg_reload_conf()");

    Answers answers{context_, gateway.journal};
    answers.offer(plain("k1"));
    std::string const waiting = "FROM pg_stat_activity WHERE application_name = 'ivan-gateway' AND wait_event = 'SyncRep'";
    support::wait_until(context_, [&] { return cluster.value("SELECT count(*) " + waiting) == "1"; });
    // Somebody loses patience. PostgreSQL then says COMMIT, with a warning: it is here, and perhaps nowhere else.
    cluster.execute("SELECT pg_cancel_backend(pid) " + waiting);
    answers.wait();
    EXPECT_EQ(answers.why(0), "outcome_unknown");

    cluster.execute("ALTER SYSTEM RESET synchronous_standby_names");
    cluster.execute("SELECT pg_reload_conf()");
    auto const again = insist(gateway, plain("k1"));
    EXPECT_TRUE(again.repeated) << "the same bytes resolve it";
    EXPECT_EQ(cluster.value("SELECT count(*) FROM ivan.dossiers"), "2");
}

TEST_F(DatabaseFaults, AReadOnlyDatabaseIsATroubleOfTheMoment)
{
    Cluster cluster;
    Gateway gateway{config(cluster.url())};
    insist(gateway, plain("k1"));
    cluster.execute("ALTER SYSTEM SET default_transaction_read_only = on");
    cluster.execute("SELECT pg_reload_conf()");
    support::wait_until(context_, [&] { return !accept(gateway, plain("k2")).has_value(); });
    auto const refused = accept(gateway, plain("k3"));
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().why, store::Refusal::unavailable) << refused.error().detail;
    auto const writing = cluster.url() + "&options=-cdefault_transaction_read_only%3Doff";
    support::ask(writing, "ALTER SYSTEM RESET default_transaction_read_only");
    support::ask(writing, "SELECT pg_reload_conf()");
    EXPECT_FALSE(insist(gateway, plain("k3")).case_code.empty());
}

TEST_F(DatabaseFaults, AServerWithoutFreeConnectionsIsATroubleOfTheMoment)
{
    Cluster cluster;
    Gateway gateway{config(cluster.url())};
    insist(gateway, plain("k1"));
    // A role without any connection meets what everybody meets when others have taken all: SQLSTATE 53300.
    cluster.execute("CREATE ROLE few LOGIN CONNECTION LIMIT 0");
    auto url = cluster.url();
    url.replace(url.find("ivan@"), 4, "few");
    Gateway shut_out{config(url)};
    auto const refused = accept(shut_out, plain("k2"));
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().why, store::Refusal::unavailable) << refused.error().detail;
    cluster.execute("ALTER ROLE few SUPERUSER CONNECTION LIMIT -1");
    EXPECT_FALSE(insist(shut_out, plain("k2")).case_code.empty());
}

// What a full or failing disk says while rows are written: disk_full, out_of_memory, io_error, admin's cancel (PostgreSQL, appendix A).
TEST_F(DatabaseFaults, AServerThatCannotWriteIsATroubleOfTheMoment)
{
    auto& database = support::Database::shared();
    database.reset();
    Gateway gateway{config(database.url())};
    insist(gateway, plain("k0"));
    long stored = 1;
    for (std::string const state : {"53100", "53200", "58030", "57014"}) {
        support::ask(database.url(), "CREATE FUNCTION ivan.cannot_write() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'as "
                                     "told' USING ERRCODE = '" + state + "'; END $$");
        support::ask(database.url(), "CREATE TRIGGER cannot_write BEFORE INSERT ON ivan.dossiers FOR EACH ROW EXECUTE FUNCTION ivan.cannot_write()");
        auto const refused = accept(gateway, plain("k" + state));
        support::ask(database.url(), "DROP FUNCTION ivan.cannot_write CASCADE");
        ASSERT_FALSE(refused.has_value()) << state;
        EXPECT_EQ(refused.error().why, store::Refusal::unavailable) << state << " " << refused.error().detail;
        EXPECT_EQ(database.count("SELECT count(*) FROM ivan.dossiers"), stored) << state;
        EXPECT_FALSE(insist(gateway, plain("k" + state)).repeated) << state;
        ++stored;
        EXPECT_EQ(database.value("SELECT last FROM ivan.case_counters"), std::to_string(stored)) << state << ": no gap";
    }
}

TEST_F(DatabaseFaults, SessionsThatAreEndedAtRandomLoseNothing)
{
    auto& database = support::Database::shared();
    database.reset();
    Gateway gateway{config(database.url())};
    std::atomic<bool> over{false};
    auto killer = std::async(std::launch::async, [&] {
        while (!over) {
            support::ask(database.url(), "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
                                         "AND application_name = 'ivan-gateway' ORDER BY random() LIMIT 1");
            std::this_thread::sleep_for(3ms);
        }
    });
    std::set<std::string> codes;
    for (int i = 0; i < 60; ++i) codes.insert(insist(gateway, plain("k" + std::to_string(i))).case_code);
    over = true;
    killer.get();
    EXPECT_EQ(codes.size(), 60u);
    EXPECT_EQ(codes.rbegin()->substr(0, 5), "00060");
    EXPECT_EQ(database.count("SELECT count(*) FROM ivan.dossiers"), 60);
}

// ---- migrations -----------------------------------------------------------------------------------------------------

TEST(Migrations, ManyGatewaysThatStartAtOnceOnAnEmptyDatabaseApplyEachOnce)
{
    auto const url = support::Database::shared().empty_database();
    std::vector<std::future<std::vector<std::string>>> starting;
    for (int i = 0; i < 4; ++i) starting.push_back(std::async(std::launch::async, [&url] { return store::migrate(url); }));
    std::vector<std::string> applied;
    for (auto& each : starting)
        for (auto& version : each.get()) applied.push_back(std::move(version));
    EXPECT_FALSE(applied.empty());
    EXPECT_EQ(std::set<std::string>(applied.begin(), applied.end()).size(), applied.size()) << "none was applied twice";
    EXPECT_EQ(support::ask(url, "SELECT count(*) FROM ivan.schema_migrations"), std::to_string(applied.size()));
    EXPECT_TRUE(store::migrate(url).empty());
}

TEST(Migrations, OneThatWasCutOffIsBegunAnewByTheNext)
{
    auto const url = support::Database::shared().empty_database();
    std::atomic<bool> over{false};
    auto killer = std::async(std::launch::async, [&] {
        while (!over) {
            support::ask(url, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
                              "AND application_name = 'ivan-gateway' AND query LIKE '%ivan.%'");
            std::this_thread::sleep_for(5ms);
        }
    });
    int cut = 0;
    for (int i = 0; i < 20; ++i) {
        try {
            store::migrate(url);
        } catch (std::runtime_error const&) {
            ++cut;
        }
    }
    over = true;
    killer.get();
    EXPECT_GT(cut, 0) << "the test cut nothing";
    store::migrate(url);
    EXPECT_TRUE(store::migrate(url).empty());
    EXPECT_EQ(support::ask(url, "SELECT count(*) FROM pg_class WHERE relname = 'dossiers' AND relnamespace = 'ivan'::regnamespace"), "1");
}

}  // namespace
