// A PKI in bad weather: the real server, a real PostgreSQL, and CAs whose lists and responders come and go. Time leaps.

#include "gateway/dossier/time.hpp"
#include "loadtest/source.hpp"
#include "signing/dev/issuer.hpp"
#include "tests/support/hub.hpp"
#include "tests/support/manual_clock.hpp"
#include "tests/support/pki_server.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <string>
#include <thread>
#include <vector>

namespace {

using std::chrono::hours, std::chrono::minutes, std::chrono::seconds, std::chrono::milliseconds;
using support::Database;
using support::Hub;
using support::text_in;
namespace dev = signing::dev;

// One root with one CA below it, and units that name where its evidence is.
struct Ca {
    support::PkiServer& web;
    support::LeapingClock& clock;
    std::string name;
    dev::Identity root, issuing;
    unsigned number = 0;

    Ca(support::PkiServer& server, support::LeapingClock& time, std::string called) : web{server}, clock{time}, name{std::move(called)}
    {
        auto top = request("Root " + name, dev::Request::Use::root);
        root = dev::make_root(top);
        auto below = request("CA " + name, dev::Request::Use::issuing_ca);
        below.extensions = {{"crlDistributionPoints", "URI:" + web.url("/" + name + "-root.crl")}};
        issuing = dev::issue(root, below);
    }
    [[nodiscard]] dev::Request request(std::string common_name, dev::Request::Use use) const
    {
        dev::Request made;
        made.common_name = std::move(common_name);
        made.use = use;
        made.not_before = clock.now() - hours{48};
        made.not_after = clock.now() + hours{24 * 700};
        return made;
    }
    [[nodiscard]] dev::Identity unit(bool with_ocsp = false) const
    {
        auto made = request("Công ty TNHH Thử Nghiệm", dev::Request::Use::sign);
        made.tax_code = "0101300842";
        made.extensions = {{"crlDistributionPoints", "URI:" + web.url("/" + name + ".crl")}};
        if (with_ocsp) made.extensions = {{"authorityInfoAccess", "OCSP;URI:" + web.url("/" + name + "-ocsp")}};
        return dev::issue(issuing, made);
    }
    // Lists as of now, good for `life`.
    void publish(std::vector<dev::Revoked> const& revoked = {}, seconds life = hours{1})
    {
        ++number;
        auto const now = std::chrono::floor<seconds>(clock.now());
        web.put("/" + name + ".crl", dev::make_crl(issuing, revoked, now - minutes{1}, now + life, number));
        web.put("/" + name + "-root.crl", dev::make_crl(root, {}, now - minutes{1}, now + hours{24 * 400}, number));
    }
    void trust(std::filesystem::path const& directory, std::string const& policy) const
    {
        auto const write = [](std::filesystem::path const& file, std::string const& text) { std::ofstream{file} << text; };
        write(directory / "anchors/production" / (name + ".pem"), root.certificate_pem);
        write(directory / "anchors/production" / (name + ".toml"), policy);
        write(directory / "intermediates" / (name + ".pem"), issuing.certificate_pem);
    }
};

class Weather : public testing::Test {
protected:
    Weather()
    {
        std::filesystem::copy(support::hub_pki() / "trust", trust(), std::filesystem::copy_options::recursive);
        hard.trust(trust(), "revocation = \"hard\"\n");
        soft.trust(trust(), "revocation = \"soft\"\ngrace = \"48h\"\n");
        hub.clock = &clock;
        hub.config.signing.trust_directory = trust();
        auto& c = hub.config.revocation;
        c.refresh_interval = hours{1};
        c.refresh_before = minutes{5};
        c.retry_first = milliseconds{100};
        c.retry_max = milliseconds{400};
        c.fetch_timeout = seconds{2};
        c.publish_pause = milliseconds{20};
        c.recheck_interval = milliseconds{200};
    }
    [[nodiscard]] std::filesystem::path trust() const { return directory.path() / "trust"; }
    [[nodiscard]] std::string dossier(dev::Identity const& unit) { return corpus.dossier("600", {corpus.form("D02-TS", 1)}, *support::Pki::key(unit)); }
    runtime::HttpResponse file(dev::Identity const& unit) { return hub.submit(dossier(unit), "key-" + std::to_string(++keys)); }
    bool raised(std::string const& alarm) { return metric("ivan_alarm{name=\"" + alarm + "\"} ") == 1; }
    double metric(std::string const& line)
    {
        auto const text = hub.ops("/metrics").body;
        auto const at = text.find("\n" + line);
        return at == std::string::npos ? -1 : std::stod(text.substr(at + 1 + line.size()));
    }
    std::string value(std::string const& sql) { return Database::shared().value(sql); }

    support::LeapingClock clock;
    support::PkiServer web;
    support::TemporaryDirectory directory;
    Ca hard{web, clock, "hard"}, soft{web, clock, "soft"};
    loadtest::Corpus corpus{support::corpus_of_today()};
    Hub hub;
    int keys = 0;
};

TEST_F(Weather, TheFirstDossierOfACaWaitsForItsListAndIsAccepted)
{
    hard.publish();
    auto const unit = hard.unit();
    hub.start();
    auto const answer = file(unit);
    EXPECT_EQ(answer.status, 201) << answer.body;
    EXPECT_EQ(value("SELECT count(*) FROM ivan.grace_dossiers"), "0") << "fresh evidence leaves no doubt";
    auto const first = web.asked("/hard.crl");
    EXPECT_EQ(file(unit).status, 201);
    EXPECT_EQ(web.asked("/hard.crl"), first) << "the list is asked for once";
}

TEST_F(Weather, ASignerWhoseCaHasAResponderOnlyIsJudgedByOcspAndTheAnswerIsKept)
{
    hard.publish();
    auto const good = hard.unit(true), bad = hard.unit(true);
    auto const answer_of = [&](std::string const&) {
        auto const now = std::chrono::floor<seconds>(clock.now());
        std::vector<dev::OcspAnswer> const answers{{good.certificate_pem, dev::OcspAnswer::Status::good, {}},
                                                   {bad.certificate_pem, dev::OcspAnswer::Status::revoked, now - hours{1}}};
        return dev::make_ocsp_response(hard.issuing, hard.issuing, answers, now, now + hours{1});
    };
    web.respond("/hard-ocsp", answer_of);
    hub.start();
    EXPECT_EQ(file(good).status, 201);
    auto const refused = file(bad);
    EXPECT_EQ(refused.status, 422) << refused.body;
    EXPECT_EQ(text_in(refused, "/code"), "GW-2013") << refused.body;
    auto const asked = web.asked("/hard-ocsp");
    EXPECT_EQ(file(good).status, 201);
    EXPECT_EQ(web.asked("/hard-ocsp"), asked) << "the answer holds until its nextUpdate";
    clock.leap(hours{2});
    hard.publish();
    EXPECT_EQ(file(good).status, 201) << "asked anew where it has ended";
    EXPECT_GT(web.asked("/hard-ocsp"), asked);
}

TEST_F(Weather, ADayWithoutAnyCaIsSurvivedAsWrittenAndCaughtUpWith)
{
    hard.publish();
    soft.publish();
    auto const hard_unit = hard.unit(), soft_unit = soft.unit();
    hub.start();
    ASSERT_EQ(file(hard_unit).status, 201);
    ASSERT_EQ(file(soft_unit).status, 201);
    auto const kept = dossier(hard_unit);
    auto const before = hub.submit(kept, "kept");
    ASSERT_EQ(before.status, 201);
    EXPECT_FALSE(raised("revocation_stale"));

    web.away(true);
    clock.leap(hours{24});
    Hub::until("the alarm is raised", [&] { return raised("revocation_stale"); });
    EXPECT_LT(metric("ivan_revocation_next_update_seconds "), 0);

    auto const refused = file(hard_unit);
    EXPECT_EQ(refused.status, 503) << refused.body;
    EXPECT_EQ(text_in(refused, "/code"), "GW-2016");
    EXPECT_EQ(text_in(refused, "/retry"), "after");
    EXPECT_FALSE(refused.header("Retry-After").empty());
    auto const again = hub.submit(kept, "kept");
    EXPECT_EQ(again.status, 200) << "what was accepted stays accepted: " << again.body;
    EXPECT_EQ(again.body, before.body);

    auto const accepted = file(soft_unit);
    ASSERT_EQ(accepted.status, 201) << accepted.body;
    auto const receipt = hub.get(text_in(accepted, "/receipt_url")).body;
    EXPECT_NE(receipt.find("<ChoKiemTraLai>true</ChoKiemTraLai>"), std::string::npos) << receipt;
    auto const age = receipt.find("<TuoiBangChung>");
    ASSERT_NE(age, std::string::npos) << receipt;
    auto const old = std::stol(receipt.substr(age + 15));
    EXPECT_GE(old, seconds{hours{24}}.count());
    EXPECT_LT(old, seconds{hours{25}}.count());
    EXPECT_EQ(value("SELECT count(*) FROM ivan.grace_dossiers WHERE state = 'pending'"), "1");
    Hub::until("it is counted", [&] { return metric("ivan_grace_pending ") == 1; });

    hard.publish();
    soft.publish();
    web.away(false);
    Hub::until("the alarm is over", [&] { return !raised("revocation_stale"); });
    Hub::until("the doubt is settled", [&] { return value("SELECT state FROM ivan.grace_dossiers") == "cleared"; });
    EXPECT_EQ(file(hard_unit).status, 201);
    EXPECT_EQ(file(soft_unit).status, 201);
    EXPECT_EQ(value("SELECT count(*) FROM ivan.grace_dossiers"), "1") << "no doubt about the later ones";
    EXPECT_EQ(value("SELECT count(*) FROM ivan.notices"), "0");
    Hub::until("nothing is pending", [&] { return metric("ivan_grace_pending ") == 0; });
    EXPECT_GE(metric("ivan_grace_settled_total{outcome=\"cleared\"} "), 1);
}

TEST_F(Weather, GraceEndsAndThenASoftAnchorRefusesToo)
{
    soft.publish();
    auto const unit = soft.unit();
    hub.start();
    ASSERT_EQ(file(unit).status, 201);
    web.away(true);
    clock.leap(hours{50});
    auto const refused = file(unit);
    EXPECT_EQ(refused.status, 503);
    EXPECT_EQ(text_in(refused, "/code"), "GW-2016") << refused.body;
}

TEST_F(Weather, ALateRevocationRaisesANoticeAndAnAlarmUntilItIsAcknowledged)
{
    soft.publish();
    auto const late = soft.unit(), good = soft.unit();
    hub.start();
    ASSERT_EQ(file(late).status, 201);
    web.away(true);
    clock.leap(hours{24});
    auto const accepted = file(late);
    ASSERT_EQ(accepted.status, 201) << accepted.body;
    ASSERT_EQ(file(good).status, 201);
    auto const id = text_in(accepted, "/dossier_id");

    auto const revoked_at = std::chrono::floor<seconds>(clock.now()) - hours{12};
    soft.publish({{late.certificate_pem, revoked_at}});
    web.away(false);
    Hub::until("the alarm is raised", [&] { return raised("late_revocation"); });
    EXPECT_EQ(value("SELECT dossier_id::text FROM ivan.grace_dossiers WHERE state = 'revoked'"), id);
    Hub::until("the other is cleared", [&] { return value("SELECT count(*) FROM ivan.grace_dossiers WHERE state = 'cleared'") == "1"; });
    auto const notices = hub.get("/v1/notices?after=0");
    EXPECT_EQ(text_in(notices, "/notices/0/kind"), "late_revocation") << notices.body;
    EXPECT_EQ(text_in(notices, "/notices/0/dossier_id"), id);
    EXPECT_NE(text_in(notices, "/notices/0/note").find(dossier::vietnam_time(revoked_at)), std::string::npos) << notices.body;
    EXPECT_EQ(text_in(notices, "/notices/1/kind"), "") << "one notice, and only of this dossier";
    EXPECT_EQ(file(late).status, 422) << "from now on it is refused";

    observe::Metrics metrics;
    store::StoreConfig store_config;
    store_config.database_url = Database::shared().url();
    store::Postgres postgres{store_config, {}, metrics};
    net::io_context context{1};
    auto const soon = runtime::Deadline::after(support::hang_after);
    ASSERT_TRUE(support::run_task(context, postgres.grace().acknowledge(id, "test", clock.now(), soon)).has_value());
    Hub::until("the alarm is over", [&] { return !raised("late_revocation"); });
}

TEST_F(Weather, ARevocationAfterTheFilingTimeIsNoLateOne)
{
    soft.publish();
    auto const unit = soft.unit();
    hub.start();
    ASSERT_EQ(file(unit).status, 201);
    web.away(true);
    clock.leap(hours{24});
    ASSERT_EQ(file(unit).status, 201);
    clock.leap(hours{1});
    soft.publish({{unit.certificate_pem, std::chrono::floor<seconds>(clock.now()) - minutes{10}}});
    web.away(false);
    Hub::until("the doubt is settled", [&] { return value("SELECT state FROM ivan.grace_dossiers") == "cleared"; });
    EXPECT_EQ(file(unit).status, 422);
    EXPECT_FALSE(raised("late_revocation"));
}

TEST_F(Weather, ARestartInBadWeatherBeginsWithTheLastEvidence)
{
    hard.publish();
    auto const unit = hard.unit();
    hub.start();
    ASSERT_EQ(file(unit).status, 201);
    web.away(true);
    hub.restart();
    EXPECT_EQ(file(unit).status, 201) << "the list lies on the disk";
    web.away(false);
    clock.leap(minutes{56});  // near its end, which the schedule must know after a restart
    hard.publish();
    auto const asked = web.asked("/hard.crl");
    Hub::until("it is fetched before its end", [&] { return web.asked("/hard.crl") > asked; });
}

TEST_F(Weather, AnOlderListIsNotTakenForANewerOneAlsoAfterARestart)
{
    auto const unit = hard.unit();
    hard.publish();
    auto const number = hard.number;
    hard.publish({{unit.certificate_pem, std::chrono::floor<seconds>(clock.now()) - hours{1}}});
    hub.start();
    EXPECT_EQ(file(unit).status, 422);

    // A cache, or somebody on the way, plays the list from before the revocation; its dates still hold.
    hard.number = number - 1;
    hard.publish();
    auto const asked = web.asked("/hard.crl");
    clock.leap(minutes{56});
    Hub::until("it is asked again", [&] { return web.asked("/hard.crl") > asked; });
    Hub::until("the old list is refused", [&] { return metric("ivan_revocation_fetches_total{kind=\"crl\",outcome=\"refused\"} ") >= 1; });
    EXPECT_EQ(file(unit).status, 422);
    hub.restart();
    EXPECT_EQ(file(unit).status, 422);
}

TEST_F(Weather, AStopDoesNotWaitForASourceThatHangs)
{
    hub.config.revocation.fetch_timeout = seconds{60};
    hub.config.revocation.wait_max = milliseconds{50};
    web.hang(true);
    hub.start();
    EXPECT_EQ(file(hard.unit()).status, 503);
    Hub::until("a fetch is under way", [&] { return web.asked("/hard.crl") > 0; });
    auto const begun = std::chrono::steady_clock::now();
    hub.stop();
    EXPECT_LT(std::chrono::steady_clock::now() - begun, support::hang_after);
}

unsigned setting(char const* name, unsigned otherwise)
{
    auto const* const given = std::getenv(name);
    return given ? static_cast<unsigned>(std::stoul(given)) : otherwise;
}

// While requests go on, the CA begins to list one signer. Each sender does what providers do: it files, and asks for the
// status of what was accepted, on one connection. The rates are printed, not asserted; on a quiet machine:
//   IVAN_WEATHER_SECONDS=20 IVAN_WEATHER_SENDERS=16 test_integration --gtest_filter='*NoRequestIsLost'
TEST_F(Weather, ARevocationCountsWithinTheRefreshIntervalAndNoRequestIsLost)
{
    auto const side = seconds{setting("IVAN_WEATHER_SECONDS", 1)};
    auto const senders = setting("IVAN_WEATHER_SENDERS", 4);
    auto const interval = seconds{1};
    hub.config.revocation.refresh_interval = interval;
    hub.config.revocation.refresh_before = seconds{0};
    // One sender stands here for all of them: its quota must not be what is measured.
    Database::shared().execute("UPDATE ivan.providers SET requests_per_second = 100000, burst = 100000, in_flight_max = 1000");
    auto const good = hard.unit(), bad = hard.unit();
    hard.publish();
    hub.start();
    ASSERT_EQ(file(good).status, 201);
    ASSERT_EQ(file(bad).status, 201);

    std::vector<std::string> bodies, doomed;
    for (int i = 0; i < 8; ++i) {
        bodies.push_back(dossier(good));
        doomed.push_back(dossier(bad));
    }
    struct Seen {
        std::map<int, unsigned> good, bad, status;
        unsigned broken = 0;
        std::uint64_t connections = 0;
    };
    std::vector<Seen> seen(senders);
    std::atomic<bool> stop{false};
    std::atomic<unsigned> filed{0}, asked{0}, late_accepts{0};
    std::atomic<std::int64_t> listed_at{0}, first_refused_at{0};
    auto const ticks = [] { return std::chrono::steady_clock::now().time_since_epoch().count(); };
    auto const send = [&](unsigned me) {
        net::io_context context{1};
        runtime::HttpClient http{context, support::client_of(hub.intake_url())};
        auto const call = [&](runtime::HttpRequest request) {
            auto answer = support::run_task(context, http.send(std::move(request), runtime::Deadline::after(support::hang_after), false));
            if (!answer) ++seen[me].broken;
            return answer;
        };
        for (unsigned n = 0; !stop; ++n) {
            bool const use_bad = n % 4 == 3;
            auto const begun = ticks();
            runtime::HttpRequest request{"POST",
                                         "/v1/dossiers",
                                         {{"Content-Type", "application/xml"}, {"Idempotency-Key", "load-" + std::to_string(me) + "-" + std::to_string(n)}},
                                         // Bytes of its own each time: the same content under another key is a duplicate.
                                         (use_bad ? doomed : bodies)[n % bodies.size()] + loadtest::blanks(std::uint64_t{n} * senders + me)};
            auto const answer = call(std::move(request));
            ++filed;
            if (!answer) continue;
            ++(use_bad ? seen[me].bad : seen[me].good)[answer->status];
            if (use_bad && answer->status == 422) {
                std::int64_t none = 0;
                first_refused_at.compare_exchange_strong(none, ticks());
            }
            // One interval to fetch, and as much again for the fetch, the snapshot and a busy machine.
            auto const listed = listed_at.load();
            auto const bound = std::chrono::duration_cast<std::chrono::steady_clock::duration>(2 * interval).count();
            if (use_bad && answer->status == 201 && listed != 0 && begun > listed + bound) ++late_accepts;
            if (answer->status != 201) continue;
            auto const status = call({"GET", "/v1/dossiers/" + text_in(*answer, "/dossier_id"), {}, ""});
            ++asked;
            if (status) ++seen[me].status[status->status];
        }
        seen[me].connections = http.counts().connected;
    };
    std::vector<std::thread> threads;
    auto const begun = std::chrono::steady_clock::now();
    for (unsigned i = 0; i < senders; ++i) threads.emplace_back(send, i);
    std::this_thread::sleep_for(side);
    hard.publish({{bad.certificate_pem, std::chrono::floor<seconds>(clock.now()) - minutes{1}}});
    listed_at = ticks();
    std::this_thread::sleep_for(3 * interval + side);
    stop = true;
    for (auto& thread : threads) thread.join();
    auto const took = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();

    unsigned refused = 0, accepted = 0;
    for (auto const& one : seen) {
        EXPECT_EQ(one.broken, 0u);
        EXPECT_EQ(one.connections, 1u) << "no connection was dropped";
        for (auto const& [status, count] : one.good) EXPECT_EQ(status, 201) << count << " dossiers of the good signer";
        for (auto const& [status, count] : one.status) EXPECT_EQ(status, 200) << count << " questions about what was accepted";
        for (auto const& [status, count] : one.bad) {
            EXPECT_TRUE(status == 201 || status == 422) << status;
            (status == 422 ? refused : accepted) += count;
        }
    }
    EXPECT_GT(refused, 0u);
    EXPECT_GT(accepted, 0u) << "before the list said so";
    EXPECT_EQ(late_accepts, 0u);
    EXPECT_EQ(file(bad).status, 422);
    auto const effect = std::chrono::duration<double>(std::chrono::steady_clock::duration{first_refused_at - listed_at}).count();
    std::printf("requests/s %.0f, dossiers/s %.0f, status/s %.0f, over %u connections in %.1f s; revocation in effect after %.2f s of at most %ld s\n",
                (filed + asked) / took, filed / took, asked / took, senders, took, effect, static_cast<long>(interval.count()));
}

}  // namespace
