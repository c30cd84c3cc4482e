// A running gateway takes anchors and lists that come and go, while one connection to it stays open all the time.

#include "gateway/dossier/time.hpp"
#include "tests/support/hub.hpp"
#include "tests/support/ivanctl.hpp"
#include "tests/support/live_ca.hpp"

#include <gtest/gtest.h>

namespace {

using std::chrono::minutes, std::chrono::milliseconds, std::chrono::seconds;
using support::Hub;
using support::Line;
using support::text_in;
namespace dev = signing::dev;

class TrustLive : public testing::Test {
protected:
    TrustLive()
    {
        std::filesystem::copy(support::hub_pki() / "trust", trust(), std::filesystem::copy_options::recursive);
        hub.config.signing.trust_directory = trust();
        hub.config.revocation.enabled = false;  // what the directory says, and nothing else
        ca.publish();
        ca.write(file("root.pem"), ca.root.certificate_pem);
        ca.write(file("ca.pem"), ca.issuing.certificate_pem);
    }
    [[nodiscard]] std::filesystem::path trust() const { return directory.path() / "trust"; }
    [[nodiscard]] std::string file(std::string const& name) const { return directory.path() / name; }
    // ivanctl trust …, which must succeed.
    void change(std::vector<std::string> arguments) const
    {
        arguments.insert(arguments.begin(), "trust");
        arguments.insert(arguments.end(), {"--trust", trust()});
        auto const ran = support::ivanctl(arguments);
        ASSERT_EQ(ran.status, 0) << arguments[1] << ": " << ran.text;
    }
    void refresh() const { change({"refresh", "--certificate", file("unit.pem")}); }
    std::string answer_to(Line& line, dev::Identity const& unit)
    {
        auto const answer = line.submit(corpus.dossier("600", {corpus.form("D02-TS", 1)}, *support::Pki::key(unit)), "live-" + std::to_string(++keys));
        return answer.status == 201 ? "accepted" : text_in(answer, "/code");
    }
    void until_answered(Line& line, dev::Identity const& unit, std::string const& word)
    {
        Hub::until("a dossier is answered with " + word, [&] { return answer_to(line, unit) == word; });
    }

    support::PkiServer web;
    support::TemporaryDirectory directory;
    support::LiveCa ca{web};
    loadtest::Corpus corpus{support::corpus_of_today()};
    Hub hub;
    int keys = 0;
};

TEST_F(TrustLive, AnchorsAndListsAreTakenAndGivenUpWithoutDroppingAConnection)
{
    // Nobody looks by itself: what counts is what SIGHUP calls.
    hub.config.server.reload_interval = std::chrono::hours{1};
    auto const unit = ca.unit(), other = ca.unit();
    ca.write(file("unit.pem"), unit.certificate_pem);
    hub.start();
    Line line{hub};
    EXPECT_EQ(answer_to(line, unit), "GW-2015") << "its root is nobody's anchor";

    change({"add", file("root.pem"), "--as", "anchor", "--name", "live"});
    change({"add", file("ca.pem"), "--as", "intermediate", "--name", "live-ca"});
    EXPECT_EQ(answer_to(line, unit), "GW-2015") << "not read yet";
    hub.server->reload();
    until_answered(line, unit, "GW-2016");  // an anchor is held to fresh evidence, and there is none yet

    refresh();
    hub.server->reload();
    until_answered(line, unit, "accepted");
    EXPECT_EQ(answer_to(line, other), "accepted");

    ca.publish({{unit.certificate_pem, std::chrono::floor<seconds>(std::chrono::system_clock::now()) - minutes{1}}});
    refresh();
    EXPECT_EQ(answer_to(line, unit), "accepted") << "not read yet";
    hub.server->reload();
    until_answered(line, unit, "GW-2013");
    EXPECT_EQ(answer_to(line, other), "accepted") << "the others of that CA";

    // A list of an authority that is trusted no longer would be refused, and with it the directory: it goes first.
    auto const early = support::ivanctl({"trust", "remove", "live.pem", "--trust", trust()});
    EXPECT_EQ(early.status, 2) << early.text;
    for (auto const& entry : std::filesystem::directory_iterator{trust() / "crls"})
        if (entry.path().filename().string().starts_with("fetched-")) change({"remove", entry.path().filename()});
    change({"remove", "live-ca.pem"});
    change({"remove", "live.pem"});
    hub.server->reload();
    until_answered(line, other, "GW-2015");
    EXPECT_EQ(line.submit(hub.dossier(), "of-an-old-anchor").status, 201);
    EXPECT_EQ(line.connected(), 1u) << "one connection, open all the while";
}

TEST_F(TrustLive, AChangedDirectoryIsReadAlsoWhenNobodyAsks)
{
    hub.config.server.reload_interval = milliseconds{100};
    auto const unit = ca.unit();
    ca.write(file("unit.pem"), unit.certificate_pem);
    hub.start();
    Line line{hub};
    EXPECT_EQ(answer_to(line, unit), "GW-2015");
    change({"add", file("root.pem"), "--as", "anchor"});
    change({"add", file("ca.pem"), "--as", "intermediate"});
    refresh();
    until_answered(line, unit, "accepted");

    // Half a change by hand: what is in force stays, an alarm says so, and the next change that makes sense ends it.
    ca.write(trust() / "anchors/production/broken.pem", "no certificate");
    auto const raised = [&] { return hub.ops("/metrics").body.find("ivan_alarm{name=\"trust_unreadable\"} 1") != std::string::npos; };
    Hub::until("the alarm is raised", raised);
    EXPECT_EQ(answer_to(line, unit), "accepted");
    std::filesystem::remove(trust() / "anchors/production/broken.pem");
    Hub::until("the alarm is over", [&] { return !raised(); });
    EXPECT_EQ(answer_to(line, unit), "accepted");
    EXPECT_EQ(line.connected(), 1u);
}

// The probe of /readyz is a dossier like any other: its signer's anchor wants evidence, and here it is the directory's.
TEST_F(TrustLive, TheProbeUnderAnAnchorWithALocalListIsReadyUntilTheListSaysRevoked)
{
    hub.config.server.reload_interval = milliseconds{100};
    auto const unit = ca.unit();
    ca.write(file("unit.pem"), unit.certificate_pem);
    ca.write(file("unit.key"), unit.key_pem);
    change({"add", file("root.pem"), "--as", "anchor", "--revocation", "hard"});
    change({"add", file("ca.pem"), "--as", "intermediate"});
    refresh();
    hub.config.probe.key_file = file("unit.key");
    hub.config.probe.certificate_file = file("unit.pem");
    hub.start();
    auto const ready = hub.ops("/readyz");
    EXPECT_EQ(ready.status, 200) << ready.body;
    EXPECT_EQ(ready.body.find("outsider"), std::string::npos) << ready.body;

    ca.publish({{unit.certificate_pem, std::chrono::floor<seconds>(std::chrono::system_clock::now()) - minutes{1}}});
    refresh();
    Hub::until("the probe is refused", [&] { return hub.ops("/readyz").status == 503; });
    EXPECT_NE(hub.ops("/readyz").body.find("verify"), std::string::npos);
    ca.publish();
    refresh();
    Hub::until("the probe is believed again", [&] { return hub.ops("/readyz").status == 200; });
}

}  // namespace
